package provisioning

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/wallet"
)

// ApplePay makes what an app sets on Apple's PKAddPaymentPassRequest. The nonce is
// used up last, right before the record: a call that was refused may come again with
// it, but after CodeUnavailable it may be used up; and of two calls at once one gets
// an answer. Beside the errors of Flow:
//
//   - CodeInvalid: nonce, signature or certificates are not as PassKit gave them
//   - CodeForbidden: wallet_not_offered
//   - CodeConflict: nonce_reused
func (f *Flow) ApplePay(ctx context.Context, req ApplePayRequest) (ApplePayResult, error) {
	asked := walletport.AuditRecord{
		Action: walletport.ActionProvisionApplePay, CardID: req.CardID, Wallet: string(walletport.ApplePay), AuditUser: req.AuditUser,
	}
	return answer(ctx, f, asked, func(c *call) (ApplePayResult, error) {
		in, err := c.readPassRequest(req)
		if err != nil {
			return ApplePayResult{}, err
		}
		if err := c.findCard(ctx); err != nil {
			return ApplePayResult{}, err
		}
		offer, err := offered(c, c.Apple.Schemes)
		if err != nil {
			return ApplePayResult{}, err
		}
		if err := c.admit(ctx, offer.Terms); err != nil {
			return ApplePayResult{}, err
		}
		pass, err := c.makePass(ctx, offer, in)
		if err != nil {
			return ApplePayResult{}, err
		}
		return ApplePayResult{
			ActivationData: pass.ActivationData, EncryptedPassData: pass.EncryptedPassData,
			EphemeralPublicKey: pass.EphemeralPublicKey, CertificateForm: in.Recipient.Form,
		}, c.useNonce(ctx, in.Nonce)
	})
}

// readPassRequest reads what PassKit gave, before anything is looked up.
func (c *call) readPassRequest(req ApplePayRequest) (wallet.PassInput, error) {
	in := wallet.PassInput{Rand: c.Rand}
	if c.Apple.Encoder == nil {
		return in, nil // the wallet is offered for no card, which the card will say
	}
	var err error
	if in.Nonce, in.NonceSignature, err = c.Apple.Encoder.ParseNonce(req.Nonce, req.NonceSignature); err != nil {
		return in, err
	}
	in.Recipient, err = c.Apple.Encoder.CheckChain(req.Certificates, c.now)
	return in, err
}

// makePass makes the pass of one borrow.
func (c *call) makePass(ctx context.Context, offer *Pass, in wallet.PassInput) (wallet.Pass, error) {
	selected, err := c.selectKeys(offer.SigningKey, offer.CipherKey)
	if err != nil {
		return wallet.Pass{}, err
	}
	signer := scheme.Signer{Key: selected[0].Signer, Alias: selected[0].Alias}
	cipher := scheme.Cipher{Key: selected[1].TDEA, KeyID: selected[1].Alias}
	var pass wallet.Pass
	err = c.Vault.Borrow(ctx, c.card, func(card *walletport.Card) error {
		in.Card = card
		var encodeErr error
		pass, encodeErr = c.encodePass(offer, in, signer, cipher)
		return encodeErr
	})
	return pass, err
}

// encodePass makes activation data, the sealed number where the scheme wants one,
// and the pass data that hold them.
func (c *call) encodePass(offer *Pass, in wallet.PassInput, signer scheme.Signer, cipher scheme.Cipher) (wallet.Pass, error) {
	var err error
	in.ActivationData, err = offer.Activator.ActivationData(scheme.ActivationInput{
		Card: in.Card, Signer: signer, Cipher: cipher, Nonce: in.Nonce, Now: c.now, Rand: c.Rand,
	})
	if err != nil {
		return wallet.Pass{}, err
	}
	if c.Apple.Encoder.NeedsSealedNumber(in.Card.Scheme) {
		in.SealedNumber, err = offer.NumberSealer.SealNumber(scheme.NumberInput{Card: in.Card, Cipher: cipher, Now: c.now, Rand: c.Rand})
		if err != nil {
			return wallet.Pass{}, err
		}
	}
	return c.Apple.Encoder.EncodePass(in)
}

// useNonce uses the nonce up, on all replicas.
func (c *call) useNonce(ctx context.Context, nonce []byte) error {
	return c.Nonces.UseNonce(ctx, storage.PassKitNonceUse(c.card.Issuer, nonce, c.now, c.NonceRetention))
}
