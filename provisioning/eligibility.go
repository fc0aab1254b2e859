package provisioning

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
)

// Terms says whose cards may be put into a wallet.
type Terms struct {
	Issuers  []walletport.IssuerID // empty serves every issuer
	Products []string              // empty takes every card product
}

// check reports why a wallet does not take the card.
func (t Terms) check(card walletport.CardSummary) error {
	switch {
	case len(t.Issuers) > 0 && !slices.Contains(t.Issuers, card.Issuer):
		return errNotEligible("the wallet does not serve the card's issuer")
	case len(t.Products) > 0 && !slices.Contains(t.Products, card.Product):
		return errNotEligible("the wallet does not take the card's product")
	}
	return nil
}

func errNotEligible(rule string) error {
	return walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "%s", rule)
}

// admit asks whether the card may be put into the wallet, on what is known without
// its number, and whether its holder has been authenticated for it.
func (c *call) admit(ctx context.Context, terms Terms) error {
	if err := c.card.CheckTokenizable(c.now); err != nil {
		return err
	}
	if err := terms.check(c.card.CardSummary); err != nil {
		return err
	}
	proof, err := c.StepUp.CheckStepUp(ctx, walletport.StepUpSubject{
		Issuer: c.card.Issuer, CustomerID: c.card.CustomerID, CardID: c.card.ID, Wallet: c.record.Wallet, Now: c.now,
	})
	if err != nil {
		return err
	}
	c.record.StepUp = proof.String()
	return nil
}
