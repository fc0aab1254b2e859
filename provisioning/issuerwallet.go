package provisioning

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// IssuerWallet makes the digitizationData of a card for a wallet provider. Beside
// the errors of Flow:
//
//   - CodeNotFound: wallet_provider_not_found
//   - CodeForbidden: scheme_mismatch
func (f *Flow) IssuerWallet(ctx context.Context, req IssuerWalletRequest) (Result, error) {
	asked := act.Request{
		Action: walletport.ActionProvisionIssuerWallet, CardID: req.CardID, Wallet: string(req.Provider), AuditUser: req.AuditUser,
	}
	return act.OnCard(ctx, &f.Parts, asked, func(c *act.Call) (Result, error) {
		c.Announce()
		provider, ok := f.Providers[req.Provider]
		if !ok {
			return Result{}, walletport.ErrWalletProviderNotFound()
		}
		if err := c.FindCard(ctx); err != nil {
			return Result{}, err
		}
		if want := provider.Sealer.Scheme(); c.Card.Scheme != want {
			return Result{}, walletport.Errorf(walletport.CodeForbidden, "scheme_mismatch",
				"this call provisions %s cards; the card belongs to another scheme", want)
		}
		if err := c.Admit(ctx, string(req.Provider), provider.Terms.Check); err != nil {
			return Result{}, err
		}
		data, err := makePush(ctx, c, &provider.Push, Client{}, extra{})
		return Result{DigitizationData: data}, err
	})
}
