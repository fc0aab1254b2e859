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
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/wallet"
)

// Vault is what the flow needs of the card vault.
type Vault interface {
	// Find returns the sealed card, or CodeNotFound with the reason card_not_found.
	Find(ctx context.Context, id walletport.CardID) (storage.Card, error)
	// Borrow opens the card for the time of use and wipes it afterwards.
	Borrow(ctx context.Context, card storage.Card, use func(*walletport.Card) error) error
}

// Provider is one wallet provider that cards may be pushed to.
type Provider struct {
	ID               walletport.WalletProviderID
	DisplayName      string
	TokenRequestorID string // 11 digits, assigned by the scheme
	Scheme           walletport.SchemeID
	Issuers          []walletport.IssuerID // empty serves every issuer
	Products         []string              // empty takes every card product
	EncryptionKey    keys.Purpose          // the scheme's public key
	SigningKey       keys.Purpose          // the issuer's proof
	Sealer           scheme.CardSealer
	Encoder          wallet.Encoder
}

// Flow provisions cards. Every field is required. It is safe for concurrent use.
type Flow struct {
	Vault     Vault
	Keys      keys.Source
	Audit     walletport.AuditRecorder
	Providers map[walletport.WalletProviderID]*Provider
	Rand      io.Reader // crypto/rand.Reader outside of tests
	Clock     func() time.Time
}

// New returns f, or an error that names each missing part.
func New(f Flow) (*Flow, error) {
	missing := func(absent bool, name string) error {
		if absent {
			return errors.New("provisioning: " + name + " is missing")
		}
		return nil
	}
	err := errors.Join(missing(f.Vault == nil, "Vault"), missing(f.Keys == nil, "Keys"), missing(f.Audit == nil, "Audit"),
		missing(f.Rand == nil, "Rand"), missing(f.Clock == nil, "Clock"))
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// IssuerWallet makes the digitizationData of a card for a wallet provider. The
// actor and the request come from ctx. Errors by class:
//
//   - CodeNotFound: wallet_provider_not_found, card_not_found (also for a card of
//     an issuer that the actor is not bound to)
//   - CodeForbidden: scheme_mismatch, card_not_eligible
//   - CodeUnavailable: key_unavailable, store_unavailable, audit_unavailable
//
// Success and refusal are both recorded; without the record there is no answer.
func (f *Flow) IssuerWallet(ctx context.Context, req IssuerWalletRequest) (Result, error) {
	record := f.newRecord(ctx, req)
	defer f.recordPanic(ctx, &record)
	result, err := f.issuerWallet(ctx, req, &record)
	record.Outcome = walletport.OutcomeOK
	if err != nil {
		record.Outcome = walletport.ReasonOf(err)
	}
	if auditErr := f.Audit.Record(ctx, record); auditErr != nil {
		return Result{}, auditErr
	}
	return result, err
}

// recordPanic keeps the trail whole when an encoder breaks: the card may have been
// open. It must be deferred directly.
func (f *Flow) recordPanic(ctx context.Context, record *walletport.AuditRecord) {
	fault := recover()
	if fault == nil {
		return
	}
	record.Outcome = string(walletport.CodeInternal)
	_ = f.Audit.Record(context.WithoutCancel(ctx), *record) // there is no answer to hold back
	panic(fault)
}

func (f *Flow) newRecord(ctx context.Context, req IssuerWalletRequest) walletport.AuditRecord {
	request := walletport.RequestFrom(ctx)
	return walletport.AuditRecord{
		Time:          f.Clock(),
		RequestID:     request.ID,
		ClientID:      walletport.ActorFrom(ctx).ClientID,
		AuditUser:     req.AuditUser,
		Action:        walletport.ActionProvisionIssuerWallet,
		CardID:        req.CardID,
		Wallet:        string(req.Provider),
		RemoteAddress: request.RemoteAddr,
	}
}

// issuerWallet does the work and fills record with what it learns on the way.
func (f *Flow) issuerWallet(ctx context.Context, req IssuerWalletRequest, record *walletport.AuditRecord) (Result, error) {
	provider, ok := f.Providers[req.Provider]
	if !ok {
		return Result{}, walletport.ErrWalletProviderNotFound()
	}
	card, err := f.Vault.Find(ctx, req.CardID)
	if err != nil {
		return Result{}, err
	}
	record.Issuer, record.Scheme = card.Issuer, card.Scheme
	if !walletport.ActorFrom(ctx).ActsFor(card.Issuer) {
		return Result{}, walletport.ErrCardNotFound()
	}
	now := f.Clock()
	if err := eligible(card.CardSummary, provider, now); err != nil {
		return Result{}, err
	}
	return f.seal(ctx, card, provider, now, record)
}

func (f *Flow) seal(ctx context.Context, card storage.Card, provider *Provider, now time.Time, record *walletport.AuditRecord) (Result, error) {
	ring := f.Keys.Current()
	encryption, err := ring.Select(provider.EncryptionKey, card.Issuer, card.BIN, now)
	if err != nil {
		return Result{}, err
	}
	signing, err := ring.Select(provider.SigningKey, card.Issuer, card.BIN, now)
	if err != nil {
		return Result{}, err
	}
	record.KeyVersions = []string{string(encryption.ID), string(signing.ID)}

	var sealed []byte
	err = f.Vault.Borrow(ctx, card, func(c *walletport.Card) error {
		var sealErr error
		sealed, sealErr = provider.Sealer.SealCard(scheme.SealInput{
			Card:      c,
			Recipient: scheme.Recipient{Public: encryption.Public, Certificate: encryption.Certificate, Fingerprint: encryption.SchemeFingerprint},
			Signer:    scheme.Signer{Key: signing.Signer, Alias: signing.Alias},
			Now:       now,
			Rand:      f.Rand,
		})
		return sealErr
	})
	if err != nil {
		return Result{}, err
	}
	payload, err := provider.Encoder.Encode(wallet.Input{Sealed: sealed})
	if err != nil {
		return Result{}, err
	}
	return Result{DigitizationData: payload.DigitizationData}, nil
}
