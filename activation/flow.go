// Package activation is the flow of in-app activation: a card that its holder
// typed into a wallet by hand, and the proof for the scheme that the issuer's app
// knows the holder. It decides whether activation is offered for the card, has act do
// what every act on a card takes, and lets nothing out before the audit record is
// durable. It does no HTTP and knows no format.
package activation

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// Offer is how this server activates the cards of one scheme.
type Offer struct {
	Activator  scheme.Activator
	SigningKey keys.Purpose // "" for none
	CipherKey  keys.Purpose // "" for none
	// AnswersNonce says that the activation data answer a nonce of the wallet. A call
	// without one is refused. Else a nonce is read, and left alone.
	//
	// It is the choice that Visa leaves open: an MBPAC holds a nonce, which only the
	// push provisioning of Apple Pay gives. Where there is none, the token has to be
	// activated at Visa, by the issuer's own channel to it.
	AnswersNonce bool
}

// Flow activates cards. It is safe for concurrent use. The actor and the request
// come from ctx. Success and refusal are both recorded; without the record there is
// no answer.
type Flow struct {
	act.Parts // Nonces may be nil where no offer answers a nonce

	// Offers are the schemes whose cards are activated.
	Offers map[walletport.SchemeID]*Offer
	// TAV2 answers the deprecated calls, which only Mastercard's cards have: a TAV of
	// version 2, whatever Offers has. Nil offers them for no card.
	TAV2 *Offer
}

// New returns f, or an error that names each missing part.
func New(f Flow) (*Flow, error) {
	errs := []error{act.CheckParts(&f.Parts)}
	for id, o := range f.Offers {
		errs = append(errs, f.check(id, o))
	}
	if f.TAV2 != nil {
		errs = append(errs, f.check(walletport.Mastercard, f.TAV2))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("activation: %w", err)
	}
	return &f, nil
}

func (f *Flow) check(id walletport.SchemeID, o *Offer) error {
	if o.Activator == nil {
		return act.Missing(true, "the activator for "+string(id))
	}
	if got := o.Activator.Scheme(); got != id {
		return fmt.Errorf("the activator for %s cards is for %s", id, got)
	}
	return act.Missing(o.AnswersNonce && f.Nonces == nil, "Nonces")
}
