package provisioning

import (
	"time"

	"github.com/walletport/walletport"
)

// eligible decides on what is known without the PAN, first rule first. The message
// names the rule, for the support agent.
func eligible(card walletport.CardSummary, terms Terms, now time.Time) error {
	switch {
	case !card.Status.Tokenizable():
		return errNotEligible("the card's status does not allow provisioning: " + string(card.Status))
	case card.Expiry.ExpiredAt(now):
		return errNotEligible("the card has expired")
	}
	return terms.takes(card)
}

func errNotEligible(rule string) error {
	return walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "%s", rule)
}
