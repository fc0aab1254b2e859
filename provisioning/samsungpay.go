package provisioning

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// SamsungPay makes the digitizationData of a card for Samsung Pay. Beside the
// errors of Flow:
//
//   - CodeInvalid: a client id is malformed, reasons client_…
//   - CodeForbidden: wallet_not_offered
func (f *Flow) SamsungPay(ctx context.Context, req SamsungPayRequest) (Result, error) {
	asked := act.Request{
		Action: walletport.ActionProvisionSamsungPay, CardID: req.CardID, Wallet: string(walletport.SamsungPay), AuditUser: req.AuditUser,
		Texts: req.Client.texts(),
	}
	return act.OnCard(ctx, &f.Parts, asked, func(c *act.Call) (Result, error) {
		c.Announce()
		if err := req.Client.check(); err != nil {
			return Result{}, err
		}
		push, err := findPush(ctx, c, walletport.SamsungPay, f.Samsung.Schemes)
		if err != nil {
			return Result{}, err
		}
		data, err := makePush(ctx, c, push, req.Client, extra{})
		return Result{DigitizationData: data}, err
	})
}

// findPush finds the card and what a device wallet has for it, and asks whether it
// may.
func findPush(ctx context.Context, c *act.Call, w walletport.Wallet, schemes map[walletport.SchemeID]*Push) (*Push, error) {
	if err := c.FindCard(ctx); err != nil {
		return nil, err
	}
	push, err := offered(schemes, w, c.Card.Scheme)
	if err != nil {
		return nil, err
	}
	return push, c.Admit(ctx, string(w), push.Terms.Check)
}
