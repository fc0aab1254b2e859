package provisioning

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/wallet"
)

// Apple is Apple Pay, which is no row of the table of offers: its call gives a nonce,
// and is answered with three values. The zero Apple offers it for no card.
type Apple struct {
	Encoder wallet.PassEncoder
	Schemes map[walletport.SchemeID]*Pass
}

// Pass is how the cards of one scheme become pass data of Apple Pay.
type Pass struct {
	act.Terms
	Activator    scheme.Activator
	SigningKey   keys.Purpose        // of the activation data; "" for none
	CipherKey    keys.Purpose        // of activation data and sealed number; "" for none
	NumberSealer scheme.NumberSealer // nil where the pass data hold the number in clear
}

// check reports every part that Apple Pay lacks.
func (a Apple) check() error {
	var errs []error
	for id, p := range a.Schemes {
		errs = append(errs, p.check(id, a.Encoder))
	}
	return errors.Join(errs...)
}

func (p *Pass) check(id walletport.SchemeID, encoder wallet.PassEncoder) error {
	if encoder == nil || p.Activator == nil {
		return errors.Join(act.Missing(encoder == nil, "the encoder of Apple Pay"), act.Missing(p.Activator == nil, "the activator of Apple Pay for "+string(id)))
	}
	return errors.Join(sameScheme(walletport.ApplePay, id, p.Activator.Scheme()),
		act.Missing(p.NumberSealer == nil && encoder.NeedsSealedNumber(id), "the number sealer of Apple Pay for "+string(id)))
}

// ApplePay makes what an app sets on Apple's PKAddPaymentPassRequest. The nonce is used up
// when whoever may refuse the call has not, before the pass is made: a call that was refused
// may come again with it, but after CodeUnavailable, and after a fault of an encoder, it may
// be used up; and of two calls at once one gets an answer. Beside the errors of Flow:
//
//   - CodeInvalid: nonce, signature or certificates are not as PassKit gave them
//   - CodeForbidden: wallet_not_offered
//   - CodeConflict: nonce_reused
func (f *Flow) ApplePay(ctx context.Context, req ApplePayRequest) (ApplePayResult, error) {
	asked := act.Request{
		Action: walletport.ActionProvision(walletport.ApplePay), CardID: req.CardID, Wallet: string(walletport.ApplePay), AuditUser: req.AuditUser,
	}
	return act.OnCard(ctx, &f.Parts, asked, func(c *act.Call) (ApplePayResult, error) {
		in, err := f.Apple.readRequest(req, c.Now)
		if err != nil {
			return ApplePayResult{}, err
		}
		if err := c.FindCard(ctx); err != nil {
			return ApplePayResult{}, err
		}
		offer, ok := f.Apple.Schemes[c.Card.Scheme]
		if !ok {
			return ApplePayResult{}, errNotOffered(walletport.ApplePay, c.Card.Scheme)
		}
		if err := c.Admit(ctx, string(walletport.ApplePay), offer.Check); err != nil {
			return ApplePayResult{}, err
		}
		pass, err := f.Apple.makePass(ctx, c, offer, in)
		if err != nil {
			return ApplePayResult{}, err
		}
		return ApplePayResult{
			ActivationData: pass.ActivationData, EncryptedPassData: pass.EncryptedPassData,
			EphemeralPublicKey: pass.EphemeralPublicKey, CertificateForm: in.Recipient.Form,
		}, nil
	})
}

// readRequest reads what PassKit gave, before anything is looked up.
func (a Apple) readRequest(req ApplePayRequest, now time.Time) (wallet.PassInput, error) {
	var in wallet.PassInput
	if a.Encoder == nil {
		return in, nil // the wallet is offered for no card, which the card will say
	}
	var err error
	if in.Nonce, in.NonceSignature, err = a.Encoder.ParseNonce(req.Nonce, req.NonceSignature); err != nil {
		return in, err
	}
	in.Recipient, err = a.Encoder.CheckChain(req.Certificates, now)
	return in, err
}

// makePass makes the pass of one borrow.
func (a Apple) makePass(ctx context.Context, c *act.Call, offer *Pass, in wallet.PassInput) (wallet.Pass, error) {
	selected, err := c.SelectKeys(offer.SigningKey, offer.CipherKey)
	if err != nil {
		return wallet.Pass{}, err
	}
	if err := c.UseNonce(ctx, walletport.ApplePay, in.Nonce); err != nil {
		return wallet.Pass{}, err
	}
	signer := scheme.Signer{Key: selected[0].Signer, Alias: selected[0].Alias}
	cipher := scheme.Cipher{Key: selected[1].TDEA, KeyID: selected[1].Alias}
	in.Rand = c.Rand
	var pass wallet.Pass
	err = c.Borrow(ctx, func(card *walletport.Card) error {
		in.Card = card
		var encodeErr error
		pass, encodeErr = a.encodePass(offer, in, signer, cipher, c.Now)
		return encodeErr
	})
	return pass, err
}

// encodePass makes activation data, the sealed number where the scheme wants one,
// and the pass data that hold them.
func (a Apple) encodePass(offer *Pass, in wallet.PassInput, signer scheme.Signer, cipher scheme.Cipher, now time.Time) (wallet.Pass, error) {
	var err error
	in.ActivationData, err = offer.Activator.ActivationData(scheme.ActivationInput{
		Card: in.Card, Signer: signer, Cipher: cipher, Nonce: in.Nonce, Now: now, Rand: in.Rand,
	})
	if err != nil {
		return wallet.Pass{}, err
	}
	if a.Encoder.NeedsSealedNumber(in.Card.Scheme) {
		in.SealedNumber, err = offer.NumberSealer.SealNumber(scheme.NumberInput{Card: in.Card, Cipher: cipher, Now: now, Rand: in.Rand})
		if err != nil {
			return wallet.Pass{}, err
		}
	}
	return a.Encoder.EncodePass(in)
}
