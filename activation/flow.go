// Package activation is the flow of in-app activation: a card that its holder
// typed into a wallet by hand, and the proof for the scheme that the issuer's app
// knows the holder. It decides who may and whether the card can, picks keys, and
// lets nothing out before the audit record is durable. It does no HTTP and knows no
// format.
package activation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// Vault is what the flow needs of the card vault.
type Vault interface {
	// Find returns the sealed card, or CodeNotFound with the reason card_not_found.
	Find(ctx context.Context, id walletport.CardID) (storage.Card, error)
	// Borrow opens the card for the time of use and wipes it afterwards.
	Borrow(ctx context.Context, card storage.Card, use func(*walletport.Card) error) error
}

// Nonces is what the flow needs of the guard against nonces that come again.
type Nonces interface {
	// UseNonce records a use durably, or returns CodeConflict, reason nonce_reused.
	// After CodeUnavailable it may have been recorded.
	UseNonce(ctx context.Context, use storage.NonceUse) error
}

// Means is how the cards of one scheme are activated.
type Means struct {
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
	Vault  Vault
	Keys   keys.Source
	Nonces Nonces // may be nil where no Means answers a nonce
	Audit  walletport.AuditTrail
	StepUp walletport.StepUpGate
	Rand   io.Reader // crypto/rand.Reader outside of tests
	Clock  func() time.Time
	// NonceRetention is for how long a nonce cannot come again; 0 is 24 hours. It must
	// be that of provisioning.Flow.
	NonceRetention time.Duration

	Schemes map[walletport.SchemeID]*Means
	// TAV2 answers the deprecated calls, which only Mastercard's cards have: a TAV of
	// version 2, whatever Schemes has. Nil offers them for no card.
	TAV2 *Means
}

// New returns f, or an error that names each missing part.
func New(f Flow) (*Flow, error) {
	errs := []error{
		missing(f.Vault == nil, "Vault"), missing(f.Keys == nil, "Keys"), missing(f.Audit == nil, "Audit"),
		missing(f.StepUp == nil, "StepUp"), missing(f.Rand == nil, "Rand"), missing(f.Clock == nil, "Clock"),
	}
	for id, m := range f.Schemes {
		errs = append(errs, f.check(id, m))
	}
	if f.TAV2 != nil {
		errs = append(errs, f.check(walletport.Mastercard, f.TAV2))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if f.NonceRetention == 0 {
		f.NonceRetention = storage.DefaultNonceRetention
	}
	return &f, nil
}

func missing(absent bool, name string) error {
	if absent {
		return errors.New("activation: " + name + " is missing")
	}
	return nil
}

func (f *Flow) check(id walletport.SchemeID, m *Means) error {
	if m.Activator == nil {
		return missing(true, "the activator for "+string(id))
	}
	if got := m.Activator.Scheme(); got != id {
		return fmt.Errorf("activation: the activator for %s cards is for %s", id, got)
	}
	return missing(m.AnswersNonce && f.Nonces == nil, "Nonces")
}
