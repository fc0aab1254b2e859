// Package provisioning is the flow of push provisioning: a card and a wallet in,
// the payload that the wallet hands to the scheme out. It decides who may and
// whether the card can, picks keys, lends the card to the scheme's sealer, and
// lets nothing out before the audit record is durable. It does no HTTP and knows
// no format.
package provisioning

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
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
	Vault  Vault
	Keys   keys.Source
	Nonces Nonces // may be nil without Apple Pay
	Audit  walletport.AuditTrail
	StepUp walletport.StepUpGate
	Rand   io.Reader // crypto/rand.Reader outside of tests
	Clock  func() time.Time
	// NonceRetention is for how long a nonce cannot come again; 0 is 24 hours. It must
	// be that of activation.Flow.
	NonceRetention time.Duration

	Providers map[walletport.WalletProviderID]*Provider // issuer wallets
	Apple     Apple
	Google    Google
	Samsung   Samsung
}

// New returns f, or an error that names each missing part.
func New(f Flow) (*Flow, error) {
	err := errors.Join(
		missing(f.Vault == nil, "Vault"), missing(f.Keys == nil, "Keys"), missing(f.Audit == nil, "Audit"),
		missing(f.StepUp == nil, "StepUp"), missing(f.Rand == nil, "Rand"), missing(f.Clock == nil, "Clock"),
		missing(f.Nonces == nil && len(f.Apple.Schemes) > 0, "Nonces"),
		f.checkWallets())
	if err != nil {
		return nil, err
	}
	if f.NonceRetention == 0 {
		f.NonceRetention = storage.DefaultNonceRetention
	}
	return &f, nil
}

func missing(absent bool, name string) error {
	if absent {
		return errors.New("provisioning: " + name + " is missing")
	}
	return nil
}
