package activation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/scheme"
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

// rig is the flow on SQLite, vault and audit trail; only the schemes are fakes.
type rig struct {
	*activation.Flow
	*acttest.House
	tav   *fakeActivator
	tav2  *fakeActivator
	mbpac *fakeActivator
}

// newRig returns a rig with a Mastercard card and a Visa card.
func newRig(t testing.TB, change ...func(*activation.Flow)) *rig {
	t.Helper()
	r := &rig{
		House: acttest.Open(t, now, keystest.Ring(t, keys.Meta{Purpose: keys.TAVSigning, Alias: "KUR-7"}, keys.Meta{Purpose: keys.WSD, Alias: "401200.1"},
			keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex}, keys.Meta{Purpose: keys.AuditCheckpoint})),
		tav:   &fakeActivator{id: walletport.Mastercard, name: "TAV"},
		tav2:  &fakeActivator{id: walletport.Mastercard, name: "TAV 2"},
		mbpac: &fakeActivator{id: walletport.Visa, name: "MBPAC"},
	}
	r.Gate.Proof = walletport.StepUp{Rule: "eba-sca", Method: "pin+hwk"}
	flow := activation.Flow{
		Parts: r.House.Parts(t),
		Offers: map[walletport.SchemeID]*activation.Offer{
			walletport.Mastercard: {Activator: r.tav, SigningKey: keys.TAVSigning},
			walletport.Visa:       {Activator: r.mbpac, CipherKey: keys.WSD, AnswersNonce: true},
		},
		TAV2: &activation.Offer{Activator: r.tav2, SigningKey: keys.TAVSigning},
	}
	for _, c := range change {
		c(&flow)
	}
	var err error
	r.Flow, err = activation.New(flow)
	must(t, err)
	r.Put(t, acttest.NewCard(t, mastercardCard, mastercardPAN), acttest.NewCard(t, visaCard, visaPAN))
	return r
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

func mustRefusal(t *testing.T, result activation.Result, err error, code walletport.Code, reason string) {
	t.Helper()
	if result != (activation.Result{}) {
		t.Errorf("a refusal hands out %q", result.ActivationData)
	}
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want %s, %s", err, code, reason)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noted keeps the uses of nonces, and lets each pass.
type noted struct{ uses []string }

func (n *noted) UseNonce(_ context.Context, issuer walletport.IssuerID, w walletport.Wallet, nonce []byte, at time.Time) error {
	n.uses = append(n.uses, fmt.Sprintf("%q of %s, %s, at %s", nonce, w, issuer, at.Format(time.RFC3339)))
	return nil
}
