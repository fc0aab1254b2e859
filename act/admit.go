package act

import (
	"context"
	"fmt"
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

// IssuerTerms says which of its cards an issuer has tokens made of, whatever the offer.
type IssuerTerms struct {
	// Refuses says why cards of a scheme may not be put into a wallet, as Admit and Trial
	// name it; "" is that they may. nil refuses none.
	Refuses          func(wallet string, scheme walletport.SchemeID) string
	Products         []string // empty takes every card product
	DaysBeforeExpiry int      // a card that expires within so many days is refused; 0 refuses none that is still good
}

// check returns CodeForbidden, reason card_not_eligible.
func (t *IssuerTerms) check(wallet string, card walletport.CardSummary, now time.Time) error {
	if refusal := t.refusal(wallet, card.Scheme); refusal != "" {
		return errNotEligible(refusal)
	}
	switch {
	case len(t.Products) > 0 && !slices.Contains(t.Products, card.Product):
		return errNotEligible("the card's issuer has no tokens made of cards of this product")
	case t.DaysBeforeExpiry > 0 && card.Expiry.ExpiredAt(now.AddDate(0, 0, t.DaysBeforeExpiry)):
		return errNotEligible(fmt.Sprintf("the card expires within %d days, and its issuer has no tokens made of it any more", t.DaysBeforeExpiry))
	}
	return nil
}

func (t *IssuerTerms) refusal(wallet string, scheme walletport.SchemeID) string {
	if t.Refuses == nil {
		return ""
	}
	return t.Refuses(wallet, scheme)
}

// termsOf returns what the issuer says; nothing where nobody knows.
func (p *Parts) termsOf(issuer walletport.IssuerID) IssuerTerms {
	if p.Issuer == nil {
		return IssuerTerms{}
	}
	return p.Issuer(issuer)
}

func errNotEligible(rule string) error {
	return walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "%s", rule)
}

// Admit asks, in this order, whether a token may be made of the card at all, what its
// issuer says (Parts.Issuer), what the terms of the offer say, and whether the cardholder
// has been authenticated for the wallet. Errors are CodeForbidden: card_not_eligible, the
// reasons of walletport.StepUpGate, and what the terms say.
func (c *Call) Admit(ctx context.Context, wallet string, terms ...Term) error {
	if err := c.Card.CheckTokenizable(c.Now); err != nil {
		return err
	}
	own := c.parts.termsOf(c.Card.Issuer)
	if err := own.check(wallet, c.Card.CardSummary, c.Now); err != nil {
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
