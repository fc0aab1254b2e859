package act

import (
	"context"
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Term is a condition of an offer. It reports why the offer does not take the card at
// that time, as far as is known without opening it.
type Term func(card walletport.CardSummary, now time.Time) error

// Terms says whose cards an offer takes.
type Terms struct {
	Issuers  []walletport.IssuerID // empty serves every issuer
	Products []string              // empty takes every card product
}

// Check is a Term: CodeForbidden, reason card_not_eligible.
func (t *Terms) Check(card walletport.CardSummary, _ time.Time) error {
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

// Admit asks, in this order, whether a token may be made of the card at all, what the
// terms of the offer say, and whether the cardholder has been authenticated for the
// wallet. Errors are CodeForbidden: card_not_eligible, the reasons of
// walletport.StepUpGate, and what the terms say.
func (c *Call) Admit(ctx context.Context, wallet string, terms ...Term) error {
	if err := c.Card.CheckTokenizable(c.Now); err != nil {
		return err
	}
	for _, term := range terms {
		if err := term(c.Card.CardSummary, c.Now); err != nil {
			return err
		}
	}
	proof, err := c.parts.StepUp.CheckStepUp(ctx, walletport.StepUpSubject{
		Issuer: c.Card.Issuer, CustomerID: c.Card.CustomerID, CardID: c.Card.ID, Wallet: wallet, Now: c.Now,
	})
	if err != nil {
		return err
	}
	c.record.stepUp = proof.String()
	return nil
}
