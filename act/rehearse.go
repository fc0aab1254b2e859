package act

import (
	"context"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// Trial is an offer as a rehearsal tries it: a piece of work with the open card of one
// scheme, for which keys are selected.
type Trial struct {
	Name     string // as readiness shows it: "applepay for VISA cards"
	Wallet   string // as Admit names it
	Scheme   walletport.SchemeID
	Issuers  []walletport.IssuerID // empty serves every issuer
	Purposes []keys.Purpose        // without a key of each of them it cannot work
}

// Rehearse tries an offer for each issuer that it serves, those of the list where it
// names none. An issuer that does not offer the wallet is left out. try does the work of an
// act, from SelectKeys on, with a call whose card nobody has: see keys.Rehearse. Nothing is
// looked up or recorded.
func Rehearse(p *Parts, o Trial, issuers []walletport.IssuerID, try func(*Call) error) []walletport.Rehearsal {
	if len(o.Issuers) > 0 {
		issuers = o.Issuers
	}
	all := make([]walletport.Rehearsal, 0, len(issuers))
	for _, issuer := range issuers {
		if terms := p.termsOf(issuer); terms.refusal(o.Wallet, o.Scheme) != "" {
			continue
		}
		err := keys.Rehearse(p.Keys.Current(), o.Purposes, issuer, o.Scheme, p.Clock(), func(card *walletport.Card) error {
			return try(rehearsal(p, card))
		})
		all = append(all, walletport.Rehearsal{Offer: o.Name, Issuer: issuer, Err: err})
	}
	return all
}

// rehearsal is a call that lends the card, and of which nothing is kept. It has no gate.
func rehearsal(p *Parts, card *walletport.Card) *Call {
	return &Call{
		Now: p.Clock(), Rand: p.Rand, Card: storage.Card{CardSummary: card.CardSummary},
		parts: &Parts{Vault: madeUp{card}, Keys: p.Keys, Nonces: unkept{}, Audit: unkept{}}, record: &Record{},
	}
}

// unkept is a trail and a guard of nonces of which nothing is left.
type unkept struct{}

func (unkept) UseNonce(context.Context, walletport.IssuerID, walletport.Wallet, []byte, time.Time) error {
	return nil
}

func (unkept) Record(context.Context, walletport.AuditRecord) error      { return nil }
func (unkept) Submit(walletport.AuditRecord) (walletport.Receipt, error) { return unkept{}, nil }
func (unkept) Wait(context.Context) error                                { return nil }

// madeUp is a vault of one card that was never stored.
type madeUp struct{ card *walletport.Card }

func (v madeUp) Find(context.Context, walletport.CardID) (storage.Card, error) {
	return storage.Card{}, walletport.ErrCardNotFound()
}

func (v madeUp) Borrow(_ context.Context, _ storage.Card, use func(*walletport.Card) error) error {
	return use(v.card)
}
