package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// goneStore is a database that goes away at a step of a call: where it begins or where it ends.
type goneStore struct {
	storage.Store
	at      act.Step
	atEnd   bool
	isGone  atomic.Bool
	reached atomic.Bool
}

var errGone = errors.New("the database is gone")

// StepBegan implements act.StepObserver.
func (g *goneStore) StepBegan(s act.Step) (end func()) {
	leave := func() {
		g.reached.Store(true)
		g.isGone.Store(true)
	}
	switch {
	case s != g.at:
		return func() {}
	case g.atEnd:
		return leave
	}
	leave()
	return func() {}
}

func (g *goneStore) away(ctx context.Context) error {
	if g.isGone.Load() {
		return storage.ErrUnavailable(ctx, errGone)
	}
	return nil
}

func (g *goneStore) Card(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	if err := g.away(ctx); err != nil {
		return storage.Card{}, err
	}
	return g.Store.Card(ctx, id)
}

func (g *goneStore) UseNonces(ctx context.Context, uses []storage.NonceUse) ([]bool, error) {
	if err := g.away(ctx); err != nil {
		return nil, err
	}
	return g.Store.UseNonces(ctx, uses)
}

func (g *goneStore) AppendAudit(ctx context.Context, link func(storage.AuditHead) ([]storage.AuditEntry, error)) error {
	if err := g.away(ctx); err != nil {
		return err
	}
	return g.Store.AppendAudit(ctx, link)
}

// TestTheDatabaseGoesAwayAtEachStep of a call that needs it most: whoever gets an answer has a
// record, and whoever gets none is told to come again.
func TestTheDatabaseGoesAwayAtEachStep(t *testing.T) {
	for _, step := range []act.Step{act.StepLookUp, act.StepNonce, act.StepOpen, act.StepSeal, act.StepRecord} {
		for _, atEnd := range []bool{false, true} {
			for _, fault := range []error{nil, errSealer} {
				t.Run(fmt.Sprintf("%s, at its end %t, and sealing fails with %v", step, atEnd, fault), func(t *testing.T) {
					g := &goneStore{at: step, atEnd: atEnd}
					d := newDeviceRig(t)
					g.Store = d.DB
					flow := d.goesThrough(t, g)
					d.pass.err = fault
					result, err := flow.ApplePay(acttest.AsBank(t.Context()), provisioning.ApplePayRequest{
						CardID: acmeCard, AuditUser: "ada@bank.example", Certificates: []string{"leaf", "sub-CA"}, Nonce: testNonce, NonceSignature: testSignature,
					})
					if !g.reached.Load() {
						t.Fatal("the call does not come there")
					}
					if (err == nil) == (result == provisioning.ApplePayResult{}) {
						t.Fatalf("%+v, %v: an error with an answer, or neither", result, err)
					}
					if err != nil && fault == nil && walletport.CodeOf(err) != walletport.CodeUnavailable {
						t.Errorf("error %v: nobody would come again", err)
					}
					entries, readErr := d.DB.AuditAfter(t.Context(), 0, 10)
					must(t, readErr)
					if err == nil && (len(entries) != 1 || entries[0].Record.Outcome != walletport.OutcomeOK) {
						t.Errorf("an answer left, and the trail has %+v", entries)
					}
				})
			}
		}
	}
}

// goesThrough returns the flow with all of its parts on g.
func (d *deviceRig) goesThrough(t *testing.T, g *goneStore) *provisioning.Flow {
	t.Helper()
	cards, err := vault.New(vault.Vault{Cards: g, Tokens: g, Customers: g, Requests: g, Imports: g, Keys: d.Ring, Clock: acttest.Fixed(now)})
	must(t, err)
	log, err := audit.New(audit.Config{Store: g, Keys: d.Ring, Clock: acttest.Fixed(now)})
	must(t, err)
	guard := replay.New(g, replay.Config{})
	for _, work := range []func(context.Context) error{log.Run, guard.Run} {
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		done := make(chan error, 1)
		go func() { done <- work(ctx) }()
		t.Cleanup(func() {
			g.isGone.Store(false)
			stop()
			must(t, <-done)
		})
	}
	flow := *d.Flow
	flow.Vault, flow.Nonces, flow.Audit, flow.Steps = countedVault{cards, d.seen}, guard, log, g
	return &flow
}
