package act

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// Vault is what acts on cards need of the card vault.
type Vault interface {
	// Find returns the sealed card, or CodeNotFound with the reason card_not_found.
	Find(ctx context.Context, id walletport.CardID) (storage.Card, error)
	// Borrow opens the card for the time of use and wipes it afterwards.
	Borrow(ctx context.Context, card storage.Card, use func(*walletport.Card) error) error
}

// Nonces is what acts on cards need of the guard against nonces that come again.
type Nonces interface {
	// UseNonce records durably that a nonce which a wallet gave to an issuer is used at
	// that time, or returns CodeConflict, reason nonce_reused. After CodeUnavailable it
	// may have been recorded.
	UseNonce(ctx context.Context, issuer walletport.IssuerID, w walletport.Wallet, nonce []byte, at time.Time) error
}

// Parts are what every flow of acts on cards asks.
type Parts struct {
	Vault  Vault
	Keys   keys.Source
	Nonces Nonces // may be nil where no nonce is used
	Audit  walletport.AuditTrail
	StepUp walletport.StepUpGate
	// Limit counts a call on a card of the issuer and refuses one too many, CodeRateLimited.
	// nil limits nobody.
	Limit func(walletport.IssuerID) error
	// Issuer returns what an issuer says about its own cards; nil says nothing.
	Issuer func(walletport.IssuerID) IssuerTerms
	Steps  StepObserver // may be nil
	Rand   io.Reader    // crypto/rand.Reader outside of tests
	Clock  func() time.Time
}

// CheckParts returns an error that names each missing part, but those that may be nil.
func CheckParts(p *Parts) error {
	return errors.Join(
		Missing(p.Vault == nil, "Vault"), Missing(p.Keys == nil, "Keys"), Missing(p.Audit == nil, "Audit"),
		Missing(p.StepUp == nil, "StepUp"), Missing(p.Rand == nil, "Rand"), Missing(p.Clock == nil, "Clock"))
}

// Missing returns an error that names what is absent, or nil.
func Missing(absent bool, name string) error {
	if absent {
		return errors.New(name + " is missing")
	}
	return nil
}

// Call is an act on one card under way, and what it has learned. It is not safe for
// concurrent use.
type Call struct {
	Now  time.Time    // the same for all that the act does
	Rand io.Reader    // of Parts
	Card storage.Card // sealed; the zero Card until FindCard has found it

	parts  *Parts
	asked  *Request
	record *Record
}

// OnCard does an act on the card of a request, as Audited does, at the time of the
// clock.
func OnCard[R any](ctx context.Context, p *Parts, asked Request, do func(*Call) (R, error)) (R, error) {
	now := p.Clock()
	asked.Time = now
	return Audited(ctx, p.Audit, asked, func(record *Record) (R, error) {
		record.steps = p.Steps
		return do(&Call{Now: now, Rand: p.Rand, parts: p, asked: &record.asked, record: record})
	})
}

// FindCard looks the card up, and for its number in the texts of the caller. It needs
// no open card, so it does for an act that ends before one is opened. A card of an
// issuer that the actor of ctx is not bound to looks like none, but for Request.AnyIssuer.
// Errors:
//
//   - CodeNotFound, card_not_found, and CodeInvalid, card_id_contains_pan: see
//     walletport.ErrNoCard
//   - CodeInvalid: audit_user_contains_pan, request_id_contains_pan, and the reasons of
//     Request.Texts
//   - CodeForbidden: client_id_contains_pan
//   - what Vault.Find and Parts.Limit say
//
// A text with the card's number is not in the record, also where the card looks like
// none.
func (c *Call) FindCard(ctx context.Context) error {
	card, err := c.lookUp(ctx)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return walletport.ErrNoCard(c.asked.CardID)
	}
	if err != nil {
		return err
	}
	c.record.Issuer, c.record.Scheme = card.Issuer, card.Scheme
	textErr := c.record.redactNumber(card.CardSummary)
	if !c.record.ActsFor(ctx, card.Issuer) {
		return walletport.ErrNoCard(c.asked.CardID)
	}
	c.Card, c.record.subjectKnown = card, true
	if c.parts.Limit != nil {
		if err := c.parts.Limit(card.Issuer); err != nil {
			return err
		}
	}
	if textErr != nil {
		return textErr
	}
	return c.record.checkTexts(card.CardSummary)
}

func (c *Call) lookUp(ctx context.Context) (storage.Card, error) {
	defer measure(c.parts.Steps, StepLookUp)()
	return c.parts.Vault.Find(ctx, c.asked.CardID)
}

// SelectKeys returns a key of the card for each purpose, in the order given; the
// purpose "" gets the zero Key. All are recorded, or none. The error is
// CodeUnavailable, reason key_unavailable.
func (c *Call) SelectKeys(purposes ...keys.Purpose) ([]*keys.Key, error) {
	selected, used, err := c.parts.Keys.Current().SelectAll(c.Card.Issuer, c.Card.BIN, c.Now, purposes...)
	if err != nil {
		return nil, err
	}
	c.record.KeyVersions = used
	return selected, nil
}

// UsedKeys records the keys that the flow selected itself.
func (c *Call) UsedKeys(ids []string) { c.record.KeyVersions = ids }

// SetDetail adds a detail to the record, see Facts.SetDetail.
func (c *Call) SetDetail(name walletport.DetailName, value string) { c.record.SetDetail(name, value) }

// Borrow opens the card for the time of use and wipes it afterwards. When it is open, the
// record is handed in as that of an act that is done, and becomes durable while use works:
// whoever may refuse has not, and the keys are selected. If the act fails after all, a second
// record tells of it. use must not add to the record.
func (c *Call) Borrow(ctx context.Context, use func(*walletport.Card) error) error {
	opened := sync.OnceFunc(measure(c.parts.Steps, StepOpen))
	defer opened()
	return c.parts.Vault.Borrow(ctx, c.Card, func(card *walletport.Card) error {
		opened()
		defer measure(c.parts.Steps, StepSeal)()
		if err := c.record.submit(c.parts.Audit); err != nil {
			return err
		}
		return use(card)
	})
}

// UseNonce uses a nonce of a wallet up, on all replicas: see Nonces. A flow does it before
// Borrow, so that one that comes again opens no card and has no record of success.
func (c *Call) UseNonce(ctx context.Context, w walletport.Wallet, nonce []byte) error {
	defer measure(c.parts.Steps, StepNonce)()
	return c.parts.Nonces.UseNonce(ctx, c.Card.Issuer, w, nonce, c.Now)
}
