package provisioning

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// provisionable is the table of card states: may a token be made of such a card?
// CARD_NO_RENEWAL only blocks the card's renewal. Tokens of lost and stolen cards
// live on until the card is reissued, but no new one is made.
var provisionable = map[walletport.CardStatus]bool{
	walletport.CardOK:               true,
	walletport.CardNoRenewal:        true,
	walletport.CardBlocked:          false,
	walletport.CardSuspectedFraud:   false,
	walletport.CardLost:             false,
	walletport.CardStolen:           false,
	walletport.CardClosedDueToFraud: false,
	walletport.CardClosed:           false,
}

// eligible decides on what is known without the PAN, first reason first. All
// refusals are CodeForbidden; the message names the rule, for the support agent.
func eligible(card walletport.CardSummary, p *Provider, now time.Time) error {
	refuse := func(reason, message string) error {
		return walletport.Errorf(walletport.CodeForbidden, reason, "%s", message)
	}
	switch {
	case card.Scheme != p.Scheme:
		return refuse("scheme_mismatch", "this call provisions "+string(p.Scheme)+" cards; the card belongs to another scheme")
	case !provisionable[card.Status]:
		return refuse("card_not_eligible", "the card's status does not allow provisioning: "+string(card.Status))
	case card.Expiry.ExpiredAt(now):
		return refuse("card_not_eligible", "the card has expired")
	case len(p.Issuers) > 0 && !slices.Contains(p.Issuers, card.Issuer):
		return refuse("card_not_eligible", "the wallet provider does not serve the card's issuer")
	case len(p.Products) > 0 && !slices.Contains(p.Products, card.Product):
		return refuse("card_not_eligible", "the wallet provider does not take the card's product")
	}
	return nil
}
