package provisioning

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/wallet"
)

// GooglePay makes the digitizationData of a card for Google Pay and, where it was
// asked for, Google's own opaque payment card, both of one opening of the card.
// Beside the errors of Flow:
//
//   - CodeInvalid: a client id is malformed, reasons client_…;
//     server_session_id_missing, server_session_id_malformed
//   - CodeForbidden: wallet_not_offered
//   - CodeUnavailable: opc_recipient_unfit
func (f *Flow) GooglePay(ctx context.Context, req GooglePayRequest) (Result, error) {
	asked := act.Request{
		Action: walletport.ActionProvisionGooglePay, CardID: req.CardID, Wallet: string(walletport.GooglePay), AuditUser: req.AuditUser,
		Texts: req.Client.texts(),
	}
	return act.OnCard(ctx, &f.Parts, asked, func(c *act.Call) (Result, error) {
		c.Announce()
		if err := f.Google.check(req); err != nil {
			return Result{}, err
		}
		push, err := findPush(ctx, c, walletport.GooglePay, f.Google.Schemes)
		if err != nil {
			return Result{}, err
		}
		var opaqueCard string
		beside := extra{}
		if req.OpaquePaymentCardRequested {
			beside = f.Google.opaqueCard(c, req.ServerSessionID, &opaqueCard)
		}
		data, err := makePush(ctx, c, push, req.Client, beside)
		return Result{DigitizationData: data, GoogleOpaquePaymentCard: opaqueCard}, err
	})
}

// check looks at the request alone. The session id counts only where an
// opaque card is asked for.
func (g Google) check(req GooglePayRequest) error {
	if err := req.Client.check(); err != nil || !req.OpaquePaymentCardRequested {
		return err
	}
	if g.OpaqueCards == nil {
		return nil // the wallet is offered for no card, which the card will say
	}
	return g.OpaqueCards.CheckServerSessionID(req.ServerSessionID)
}

// opaqueCard is the making of Google's opaque card, which it puts in place.
func (g Google) opaqueCard(c *act.Call, session string, place *string) extra {
	return extra{
		keys: []keys.Purpose{keys.OPCEncryption, keys.OPCSigning},
		make: func(card *walletport.Card, selected []*keys.Key) error {
			encryption, signing := selected[0], selected[1]
			made, err := g.OpaqueCards.EncodeOpaqueCard(wallet.OpaqueCardInput{
				Card: card, ServerSessionID: session,
				Recipient: certificateOf(encryption),
				Signer:    wallet.OpenPGPSigner{Key: signing.Signer, Certificate: certificateOf(signing)},
				Now:       c.Now, Rand: c.Rand,
			})
			*place = made
			return err
		},
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
