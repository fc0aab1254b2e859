package activation_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/vault"
)

// Published test numbers.
const (
	mastercardPAN = "5204247750001471"
	visaPAN       = "4761120010000492"
)

const (
	mastercardCard walletport.CardID = 1001
	visaCard       walletport.CardID = 1004
	testNonce                        = "75ebe155"
)

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

var errActivator = errors.New("the activator is broken")

// fakeActivator keeps what it was given but for the card, whose last four digits it
// answers.
type fakeActivator struct {
	id     walletport.SchemeID
	name   string
	err    error
	before func() // runs before it answers
	lock   sync.Mutex
	seen   []scheme.ActivationInput
}

func (f *fakeActivator) Scheme() walletport.SchemeID { return f.id }

func (f *fakeActivator) ActivationData(in scheme.ActivationInput) ([]byte, error) {
	if f.before != nil {
		f.before()
	}
	data := []byte(f.name + " " + in.Card.LastFour)
	in.Card = nil
	f.lock.Lock()
	defer f.lock.Unlock()
	f.seen = append(f.seen, in)
	return data, f.err
}

// gate is a step-up gate of which a test sets the answer and sees the question.
type gate struct {
	proof walletport.StepUp
	err   error
	lock  sync.Mutex
	asked []walletport.StepUpSubject
}

func (g *gate) CheckStepUp(_ context.Context, s walletport.StepUpSubject) (walletport.StepUp, error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.asked = append(g.asked, s)
	return g.proof, g.err
}

// rig is the flow on SQLite, vault and audit trail; only the schemes are fakes.
type rig struct {
	*activation.Flow
	db    *sqlite.Store
	vault *vault.Vault
	keys  *keystest.Source
	gate  gate
	tav   *fakeActivator
	tav2  *fakeActivator
	mbpac *fakeActivator
	seen  int64 // audit records that the test has looked at
}

// newRig returns a rig with a Mastercard card and a Visa card.
func newRig(t testing.TB, change ...func(*activation.Flow)) *rig {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "walletport.db")})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Migrate(t.Context()))
	r := &rig{
		db: db, gate: gate{proof: walletport.StepUp{Rule: "eba-sca", Method: "pin+hwk"}},
		keys: keystest.NewSource(keystest.Ring(t, keys.Meta{Purpose: keys.TAVSigning, Alias: "KUR-7"}, keys.Meta{Purpose: keys.WSD, Alias: "401200.1"},
			keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex}, keys.Meta{Purpose: keys.AuditCheckpoint})),
		tav:   &fakeActivator{id: walletport.Mastercard, name: "TAV"},
		tav2:  &fakeActivator{id: walletport.Mastercard, name: "TAV 2"},
		mbpac: &fakeActivator{id: walletport.Visa, name: "MBPAC"},
	}
	r.vault, err = vault.New(vault.Vault{Cards: db, Keys: r.keys, Clock: fixed(now)})
	must(t, err)
	flow := activation.Flow{
		Vault: r.vault, Keys: r.keys, Nonces: startGuard(t, db), Audit: startAudit(t, db, r.keys), StepUp: &r.gate, Rand: rand.Reader, Clock: fixed(now),
		Schemes: map[walletport.SchemeID]*activation.Means{
			walletport.Mastercard: {Activator: r.tav, SigningKey: keys.TAVSigning},
			walletport.Visa:       {Activator: r.mbpac, CipherKey: keys.WSD, AnswersNonce: true},
		},
		TAV2: &activation.Means{Activator: r.tav2, SigningKey: keys.TAVSigning},
	}
	for _, c := range change {
		c(&flow)
	}
	r.Flow, err = activation.New(flow)
	must(t, err)
	r.put(t, newCard(t, mastercardCard, mastercardPAN), newCard(t, visaCard, visaPAN))
	return r
}

// startAudit runs a trail until the test ends, before its database closes.
func startAudit(t testing.TB, db *sqlite.Store, source keys.Source) *audit.Log {
	t.Helper()
	log, err := audit.New(audit.Config{Store: db, Keys: source, Clock: fixed(now)})
	must(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	return log
}

// startGuard runs a guard of nonces until the test ends, before its database closes.
func startGuard(t testing.TB, db *sqlite.Store) *replay.Guard {
	t.Helper()
	guard := replay.New(db)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- guard.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	return guard
}

func newCard(t testing.TB, id walletport.CardID, digits string, change ...func(*walletport.Card)) walletport.Card {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	must(t, err)
	schemeID, err := pan.Scheme()
	must(t, err)
	card := walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: id, Issuer: "acme", CustomerID: "5001", Scheme: schemeID, Status: walletport.CardOK,
			Expiry: walletport.Expiry{Year: 2031, Month: time.December}, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN: pan, CardholderName: walletport.NewPrivate("ADA LOVELACE"),
	}
	for _, c := range change {
		c(&card)
	}
	return card
}

func (r *rig) put(t testing.TB, cards ...walletport.Card) {
	t.Helper()
	_, err := r.vault.Put(t.Context(), cards...)
	must(t, err)
}

// changeKeys changes the keys of a purpose, or drops them.
func (r *rig) changeKeys(p keys.Purpose, change func(*keys.Meta)) {
	var kept []*keys.Key
	for _, k := range r.keys.Current().All() {
		changed := *k
		if k.Purpose == p && change == nil {
			continue
		}
		if k.Purpose == p {
			change(&changed.Meta)
		}
		kept = append(kept, &changed)
	}
	r.keys.Replace(keys.NewRing(kept))
}

// asBank is a call of acme's client.
func asBank(ctx context.Context) context.Context { return asClientOf(ctx, "acme") }

func asClientOf(ctx context.Context, issuers ...walletport.IssuerID) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: "bank-app", Issuers: issuers, Scopes: []walletport.Scope{walletport.ScopeActivate}})
	return walletport.WithRequest(ctx, walletport.Request{ID: "req-7", RemoteAddr: "192.0.2.7"})
}

// ask is a good request for the card, but for change.
func ask(id walletport.CardID, change ...func(*activation.Request)) activation.Request {
	req := activation.Request{CardID: id, AuditUser: "ada@bank.example"}
	if id == visaCard {
		req.Nonce = testNonce
	}
	for _, c := range change {
		c(&req)
	}
	return req
}

// mustRecord returns the one audit record that came since the last look.
func (r *rig) mustRecord(t testing.TB) walletport.AuditRecord {
	t.Helper()
	entries, err := r.db.AuditAfter(context.WithoutCancel(t.Context()), r.seen, 10)
	must(t, err)
	if len(entries) != 1 {
		t.Fatalf("%d audit records, want 1", len(entries))
	}
	r.seen = entries[0].Seq
	return entries[0].Record
}

func mustRefusal(t *testing.T, result activation.Result, err error, code walletport.Code, reason string) {
	t.Helper()
	if result != (activation.Result{}) {
		t.Errorf("a refusal hands out %q", result.ActivationData)
	}
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want %s, %s", err, code, reason)
	}
}

// brokenAudit refuses every record.
type brokenAudit struct{}

func (brokenAudit) Record(context.Context, walletport.AuditRecord) error {
	return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
}

func (a brokenAudit) Expect() walletport.AuditRecorder { return a }

func fixed(at time.Time) func() time.Time { return func() time.Time { return at } }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nonceDigest is what sha256sum says of the bytes of testNonce.
const nonceDigest = "fc87cba1aedf5fbd47b9448f49af9ddb74059b7689525c546b07085ee94cadd9"

// noted keeps the uses of nonces, and lets each pass.
type noted struct {
	uses []storage.NonceUse
}

func (n *noted) UseNonce(_ context.Context, use storage.NonceUse) error {
	n.uses = append(n.uses, use)
	return nil
}
