// Package provisioning is the flow of push provisioning: a card and a wallet in,
// the payload that the wallet hands to the scheme out. It decides whether the wallet
// is offered for the card, has act do what every act on a card takes, lends the card
// to the scheme's sealer, and lets nothing out before the audit record is durable. It
// does no HTTP and knows no format.
package provisioning

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport/act"
)

// Flow provisions cards. It is safe for concurrent use. Every call does the same,
// and stops at the first fault: what the request says alone, the card and whose it
// is, who may, the proof of the cardholder, the keys, and then the work. Success
// and refusal are both recorded; without the record there is no answer. The actor
// and the request come from ctx.
//
// Every call may fail with
//
//   - CodeNotFound: card_not_found, also for a card of an issuer that the actor is
//     not bound to
//   - CodeInvalid, CodeForbidden: a text of the request holds the card's number, reasons
//     that end in contains_pan
//   - CodeForbidden: card_not_eligible, and the reasons of walletport.StepUpGate
//   - CodeUnavailable: key_unavailable, store_unavailable, audit_unavailable
//
// and with what the scheme's sealer and the wallet's encoder refuse.
type Flow struct {
	act.Parts // Nonces may be nil without Apple Pay

	Apple Apple
	// Offers is the table of the wallets that cards are pushed into, one row for each
	// wallet and scheme.
	Offers []*Offer

	offers map[target][]*Offer // Offers by target
}

// New returns f, or an error that names each missing part.
func New(f Flow) (*Flow, error) {
	var tableErr error
	f.offers, tableErr = indexOffers(f.Offers)
	err := errors.Join(act.CheckParts(&f.Parts), act.Missing(f.Nonces == nil && len(f.Apple.Schemes) > 0, "Nonces"), f.Apple.check(), tableErr)
	if err != nil {
		return nil, fmt.Errorf("provisioning: %w", err)
	}
	return &f, nil
}
