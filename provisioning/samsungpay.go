package provisioning

import (
	"context"

	"github.com/walletport/walletport"
)

// SamsungPay makes the digitizationData of a card for Samsung Pay. Beside the
// errors of Flow:
//
//   - CodeInvalid: a client id is malformed, reasons client_…
//   - CodeForbidden: wallet_not_offered
func (f *Flow) SamsungPay(ctx context.Context, req SamsungPayRequest) (Result, error) {
	asked := walletport.AuditRecord{
		Action: walletport.ActionProvisionSamsungPay, CardID: req.CardID, Wallet: string(walletport.SamsungPay), AuditUser: req.AuditUser,
	}
	return answer(ctx, f, asked, func(c *call) (Result, error) {
		c.record.Announce()
		if err := req.Client.check(); err != nil {
			return Result{}, err
		}
		push, err := c.findPush(ctx, req.Client, c.Samsung.Schemes)
		if err != nil {
			return Result{}, err
		}
		data, err := c.push(ctx, push, req.Client, extra{})
		return Result{DigitizationData: data}, err
	})
}

// findPush finds the card and what a device wallet has for it, and asks whether it
// may.
func (c *call) findPush(ctx context.Context, client Client, schemes map[walletport.SchemeID]*Push) (*Push, error) {
	if err := c.findCard(ctx); err != nil {
		return nil, err
	}
	if err := client.checkOwn(c.card.CardSummary); err != nil {
		return nil, err
	}
	push, err := offered(c, schemes)
	if err != nil {
		return nil, err
	}
	return push, c.admit(ctx, push.Terms)
}
