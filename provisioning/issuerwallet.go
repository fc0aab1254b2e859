package provisioning

import (
	"context"

	"github.com/walletport/walletport"
)

// IssuerWallet makes the digitizationData of a card for a wallet provider. Beside
// the errors of Flow:
//
//   - CodeNotFound: wallet_provider_not_found
//   - CodeForbidden: scheme_mismatch
func (f *Flow) IssuerWallet(ctx context.Context, req IssuerWalletRequest) (Result, error) {
	asked := walletport.AuditRecord{
		Action: walletport.ActionProvisionIssuerWallet, CardID: req.CardID, Wallet: string(req.Provider), AuditUser: req.AuditUser,
	}
	return answer(ctx, f, asked, func(c *call) (Result, error) {
		c.record.Announce()
		provider, ok := c.Providers[req.Provider]
		if !ok {
			return Result{}, walletport.ErrWalletProviderNotFound()
		}
		if err := c.findCard(ctx); err != nil {
			return Result{}, err
		}
		if want := provider.Sealer.Scheme(); c.card.Scheme != want {
			return Result{}, walletport.Errorf(walletport.CodeForbidden, "scheme_mismatch",
				"this call provisions %s cards; the card belongs to another scheme", want)
		}
		if err := c.admit(ctx, provider.Terms); err != nil {
			return Result{}, err
		}
		data, err := c.push(ctx, &provider.Push, Client{}, extra{})
		return Result{DigitizationData: data}, err
	})
}
