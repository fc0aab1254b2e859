package activation

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/scheme"
)

// answer runs one call. choose returns the offer for the cards of a scheme.
func (f *Flow) answer(ctx context.Context, action walletport.Action, req Request, choose func(walletport.SchemeID) (*Offer, error)) (Result, error) {
	asked := act.Request{
		Action: action, CardID: req.CardID, AuditUser: req.AuditUser,
		Texts: []act.Text{{Field: "tokenUniqueReference", Reason: "token_unique_reference_contains_pan", Value: req.TokenUniqueReference}},
	}
	return act.OnCard(ctx, &f.Parts, asked, func(c *act.Call) (Result, error) {
		given, err := req.read()
		if err != nil {
			return Result{}, err
		}
		if err := c.FindCard(ctx); err != nil {
			return Result{}, err
		}
		offer, err := choose(c.Card.Scheme)
		if err != nil {
			return Result{}, err
		}
		if err := c.Admit(ctx, StepUpWallet, offer.term(given)); err != nil {
			return Result{}, err
		}
		return offer.activate(ctx, c, given)
	})
}

// term is the one condition of an offer: a nonce, where the activation data answer one.
func (o *Offer) term(given scheme.ActivationInput) act.Term {
	return func(card walletport.CardSummary, _ time.Time) error {
		if o.AnswersNonce && len(given.Nonce) == 0 {
			return errNeedsNonce(card.Scheme)
		}
		return nil
	}
}

func (o *Offer) activate(ctx context.Context, c *act.Call, given scheme.ActivationInput) (Result, error) {
	data, err := o.makeData(ctx, c, given)
	if err != nil {
		return Result{}, err
	}
	return Result{ActivationData: base64.StdEncoding.EncodeToString(data)}, nil
}

// makeData makes the activation data of one borrow.
func (o *Offer) makeData(ctx context.Context, c *act.Call, in scheme.ActivationInput) ([]byte, error) {
	selected, err := c.SelectKeys(o.SigningKey, o.CipherKey)
	if err != nil {
		return nil, err
	}
	if o.AnswersNonce {
		// PassKit alone gives nonces: what was answered by pass data is not answered again
		// by activation data, nor the other way round.
		if err := c.UseNonce(ctx, walletport.ApplePay, in.Nonce); err != nil {
			return nil, err
		}
	}
	signing, cipher := selected[0], selected[1]
	in.Signer = scheme.Signer{Key: signing.Signer, Alias: signing.Alias}
	in.Cipher = scheme.Cipher{Key: cipher.TDEA, KeyID: cipher.Alias}
	in.Now, in.Rand = c.Now, c.Rand
	var data []byte
	err = c.Borrow(ctx, func(card *walletport.Card) error {
		in.Card = card
		var activationErr error
		data, activationErr = o.Activator.ActivationData(in)
		return activationErr
	})
	return data, err
}
