package provisioning

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/wallet"
)

// Push makes the digitizationData of a card for a wallet of the table of offers and,
// where it was asked for and the wallet takes one, an opaque payment card, both of one
// opening of the card. Beside the errors of Flow:
//
//   - CodeInvalid: a client id is malformed, reasons client_…; what is wrong with the
//     session of an opaque payment card, reasons server_session_id_…
//   - CodeNotFound: wallet_provider_not_found
//   - CodeForbidden: wallet_not_offered; scheme_mismatch for an issuer wallet
func (f *Flow) Push(ctx context.Context, req PushRequest) (PushResult, error) {
	to := target{req.Wallet, req.Provider}
	asked := act.Request{
		Action: walletport.ActionProvision(req.Wallet), CardID: req.CardID, Wallet: to.name(), AuditUser: req.AuditUser,
		Texts: req.Client.texts(),
	}
	return act.OnCard(ctx, &f.Parts, asked, func(c *act.Call) (PushResult, error) {
		offers := f.offers[to]
		if err := req.check(offers); err != nil {
			return PushResult{}, err
		}
		if err := c.FindCard(ctx); err != nil {
			return PushResult{}, err
		}
		offer, ok := offerFor(offers, c.Card.Scheme)
		switch {
		case !ok && req.Wallet == walletport.IssuerWallet:
			return PushResult{}, errSchemeMismatch(offers)
		case !ok:
			return PushResult{}, errNotOffered(req.Wallet, c.Card.Scheme)
		}
		if err := c.Admit(ctx, to.name(), offer.Check); err != nil {
			return PushResult{}, err
		}
		return offer.push(ctx, c, req)
	})
}

// check looks at the request alone. The session counts only where an opaque card is
// asked for. A device wallet that is offered for no card is the card's to refuse.
func (r PushRequest) check(offers []*Offer) error {
	if r.Wallet == walletport.IssuerWallet && len(offers) == 0 {
		return walletport.ErrWalletProviderNotFound()
	}
	if err := r.Client.check(); err != nil || !r.OpaquePaymentCardRequested {
		return err
	}
	for _, o := range offers {
		if o.OpaqueCards != nil {
			return o.OpaqueCards.CheckServerSessionID(r.ServerSessionID)
		}
	}
	return nil
}

// push makes what the wallet gets, of one borrow.
func (o *Offer) push(ctx context.Context, c *act.Call, req PushRequest) (PushResult, error) {
	purposes := []keys.Purpose{o.EncryptionKey, o.SigningKey}
	wantsOpaque := req.OpaquePaymentCardRequested && o.OpaqueCards != nil
	if wantsOpaque {
		purposes = append(purposes, opaqueCardKeys...)
	}
	selected, err := c.SelectKeys(purposes...)
	if err != nil {
		return PushResult{}, err
	}
	in := o.sealInput(c, req.Client, selected)
	if err := o.Sealer.CheckClient(in.Client); err != nil {
		return PushResult{}, err
	}
	var sealed []byte
	var result PushResult
	err = c.Borrow(ctx, func(card *walletport.Card) error {
		in.Card = card
		var makeErr error
		if sealed, makeErr = o.Sealer.SealCard(in); makeErr != nil || !wantsOpaque {
			return makeErr
		}
		result.GoogleOpaquePaymentCard, makeErr = o.OpaqueCards.EncodeOpaqueCard(opaqueCardInput(c, card, req.ServerSessionID, selected[2:]))
		return makeErr
	})
	if err != nil {
		return PushResult{}, err
	}
	payload, err := o.Encoder.Encode(wallet.Input{Sealed: sealed, Scheme: o.Scheme, Shape: o.Sealer.Shape()})
	result.DigitizationData = payload.DigitizationData
	return result, err
}

// sealInput is what the sealer works from but the card. selected begins with the keys
// of encryption and signing.
func (o *Offer) sealInput(c *act.Call, client Client, selected []*keys.Key) scheme.SealInput {
	encryption, signing := selected[0], selected[1]
	return scheme.SealInput{
		Recipient: scheme.Recipient{
			Public: encryption.Public, OAEP: encryption.OAEP, Certificate: encryption.Certificate, Fingerprint: encryption.SchemeFingerprint,
			Wrapper: encryption.KEK, KeyID: encryption.Alias,
		},
		Signer: scheme.Signer{Key: signing.Signer, Alias: signing.Alias},
		Client: scheme.Client{
			TokenRequestorID: o.TokenRequestorID, AppID: client.AppID, DeviceID: client.DeviceID, WalletAccountID: client.WalletAccountID,
		},
		Now: c.Now, Rand: c.Rand,
	}
}

// opaqueCardKeys are the keys of an opaque payment card.
var opaqueCardKeys = []keys.Purpose{keys.OPCEncryption, keys.OPCSigning}

// opaqueCardInput is what an opaque payment card is made from. selected are the keys of
// opaqueCardKeys.
func opaqueCardInput(c *act.Call, card *walletport.Card, session string, selected []*keys.Key) wallet.OpaqueCardInput {
	encryption, signing := selected[0], selected[1]
	return wallet.OpaqueCardInput{
		Card: card, ServerSessionID: session,
		Recipient: certificateOf(encryption),
		Signer:    wallet.OpenPGPSigner{Key: signing.Signer, Certificate: certificateOf(signing)},
		Now:       c.Now, Rand: c.Rand,
	}
}

// certificateOf returns the OpenPGP certificate of a key; custody that has none
// leaves it to the encoder to refuse.
func certificateOf(k *keys.Key) []byte {
	if k.OpenPGP == nil {
		return nil
	}
	return k.OpenPGP.Certificate
}
