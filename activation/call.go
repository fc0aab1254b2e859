package activation

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// call is one request on its way through the flow, and what it has learned.
type call struct {
	*Flow
	req    Request
	nonce  []byte
	now    time.Time
	record *walletport.Auditing
	card   storage.Card
}

func (f *Flow) answer(ctx context.Context, action walletport.Action, req Request, choose func(storage.Card) (*Means, error)) (Result, error) {
	asked := walletport.AuditRecord{Time: f.Clock(), Action: action, CardID: req.CardID, AuditUser: req.AuditUser}
	return walletport.Audited(ctx, f.Audit, asked, func(record *walletport.Auditing) (Result, error) {
		c := &call{Flow: f, req: req, now: asked.Time, record: record}
		if err := c.readRequest(); err != nil {
			return Result{}, err
		}
		if len(c.nonce) == 0 { // one may be used up in a commit of its own
			record.Announce()
		}
		if err := c.findCard(ctx); err != nil {
			return Result{}, err
		}
		means, err := choose(c.card)
		if err != nil {
			return Result{}, err
		}
		if err := c.admit(ctx, means); err != nil {
			return Result{}, err
		}
		return c.activate(ctx, means)
	})
}

// findCard looks the card up, and for its number in the request.
func (c *call) findCard(ctx context.Context) error {
	card, err := c.Vault.Find(ctx, c.req.CardID)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return walletport.ErrNoCard(c.req.CardID)
	}
	if err != nil {
		return err
	}
	c.card = card
	if err := c.record.Found(ctx, card.CardSummary); err != nil {
		return err
	}
	if card.NumberIn(c.req.TokenUniqueReference) {
		return errReferencePAN()
	}
	return nil
}

// admit asks whether a token may be made of the card, and whether its holder has
// been authenticated for it.
func (c *call) admit(ctx context.Context, means *Means) error {
	if err := c.card.CheckTokenizable(c.now); err != nil {
		return err
	}
	if means.AnswersNonce && len(c.nonce) == 0 {
		return errNeedsNonce(c.card.Scheme)
	}
	proof, err := c.StepUp.CheckStepUp(ctx, walletport.StepUpSubject{
		Issuer: c.card.Issuer, CustomerID: c.card.CustomerID, CardID: c.card.ID, Wallet: StepUpWallet, Now: c.now,
	})
	if err != nil {
		return err
	}
	c.record.StepUp = proof.String()
	return nil
}

func (c *call) activate(ctx context.Context, means *Means) (Result, error) {
	data, err := c.makeData(ctx, means)
	if err != nil {
		return Result{}, err
	}
	if means.AnswersNonce {
		err = c.useNonce(ctx)
	}
	return Result{ActivationData: base64.StdEncoding.EncodeToString(data)}, err
}

// makeData makes the activation data of one borrow.
func (c *call) makeData(ctx context.Context, means *Means) ([]byte, error) {
	signing, cipher, err := c.selectKeys(means)
	if err != nil {
		return nil, err
	}
	in := scheme.ActivationInput{
		Signer: scheme.Signer{Key: signing.Signer, Alias: signing.Alias},
		Cipher: scheme.Cipher{Key: cipher.TDEA, KeyID: cipher.Alias},
		Nonce:  c.nonce, TokenUniqueReference: c.req.TokenUniqueReference, Now: c.now, Rand: c.Rand,
	}
	var data []byte
	err = c.Vault.Borrow(ctx, c.card, func(card *walletport.Card) error {
		in.Card = card
		var activationErr error
		data, activationErr = means.Activator.ActivationData(in)
		return activationErr
	})
	return data, err
}

// selectKeys returns the keys of the card, the zero Key where none is needed. Both
// are recorded, or none.
func (c *call) selectKeys(means *Means) (signing, cipher *keys.Key, err error) {
	ring := c.Keys.Current()
	if signing, err = c.selectKey(ring, means.SigningKey); err != nil {
		return nil, nil, err
	}
	if cipher, err = c.selectKey(ring, means.CipherKey); err != nil {
		return nil, nil, err
	}
	for _, key := range []*keys.Key{signing, cipher} {
		if key.ID != "" {
			c.record.KeyVersions = append(c.record.KeyVersions, string(key.ID))
		}
	}
	return signing, cipher, nil
}

func (c *call) selectKey(ring *keys.Ring, purpose keys.Purpose) (*keys.Key, error) {
	if purpose == "" {
		return &keys.Key{}, nil
	}
	return ring.Select(purpose, c.card.Issuer, c.card.BIN, c.now)
}

// useNonce uses the nonce up, on all replicas. It counts as one of Apple Pay, whose
// PassKit alone gives nonces: what was answered by pass data is not answered again
// by activation data, nor the other way round.
func (c *call) useNonce(ctx context.Context) error {
	return c.Nonces.UseNonce(ctx, storage.PassKitNonceUse(c.card.Issuer, c.nonce, c.now, c.NonceRetention))
}
