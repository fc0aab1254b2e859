package clicktopay

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// LeftOutReason is why a card is not enrolled with its portfolio. Scripts rely on the words.
type LeftOutReason string

// The reasons: of the card itself, of its product's row in the table, of its customer, and
// of what was asked for before.
const (
	LeftOutNotVisa           LeftOutReason = "not_visa"
	LeftOutCardForgotten     LeftOutReason = "card_forgotten" // or deleted since it was listed
	LeftOutCardNotActive     LeftOutReason = "card_not_active"
	LeftOutCardExpired       LeftOutReason = "card_expired"
	LeftOutCardExpiresSoon   LeftOutReason = "card_expires_soon"
	LeftOutProductNotListed  LeftOutReason = "product_not_listed"
	LeftOutProductCommercial LeftOutReason = "product_commercial"
	LeftOutProductOffline    LeftOutReason = "product_no_ecommerce"
	LeftOutProductSingleUse  LeftOutReason = "product_single_use"
	LeftOutProductUnloadable LeftOutReason = "product_not_reloadable"

	LeftOutCustomerMissing  LeftOutReason = "customer_missing"  // the card names none
	LeftOutCustomerUnknown  LeftOutReason = "customer_unknown"  // none of that number is stored, or the data was erased
	LeftOutDataInvalid      LeftOutReason = "data_invalid"      // of customer or card; the fields say what
	LeftOutOptedOut         LeftOutReason = "opted_out"         // the customer is
	LeftOutCustomerInactive LeftOutReason = "customer_inactive" // somebody switched the customer's Click to Pay off
	LeftOutOtherBID         LeftOutReason = "other_bid"         // the customer is enrolled with another one of the issuer

	LeftOutAlreadyEnrolled LeftOutReason = "already_enrolled"
	LeftOutAlreadyAsked    LeftOutReason = "already_asked" // its enrolment is not completed yet
	LeftOutRefusedBefore   LeftOutReason = "refused_before"
	LeftOutRemovedBefore   LeftOutReason = "removed_before" // it, or its customer, who is not enrolled since
	LeftOutCustomerBusy    LeftOutReason = "customer_busy"  // with requests that are not completed; a later run takes the card
	LeftOutNotTaken        LeftOutReason = "not_taken"      // the request was refused; the detail says with which reason
)

// LeftOut is why a card is left out; the zero LeftOut is that it is not.
type LeftOut struct {
	Reason LeftOutReason
	Detail string             // the card's status, or the code that refused it; may be empty
	Fields []walletport.Field // of LeftOutDataInvalid: what is wrong, without a value
}

// eligibility is what decides of cards whether they are enrolled with their portfolio.
type eligibility struct {
	products         map[string]Product
	daysBeforeExpiry int
	bid              string
	retryRefused     bool
	retryRemoved     bool
	kindOf           func(code string) scheme.FaultKind // of the scheme, see scheme.Enroller
}

// ofCard looks at what is known of a card alone.
func (e *eligibility) ofCard(card walletport.CardSummary, now time.Time) LeftOut {
	switch {
	case card.Scheme != walletport.Visa:
		return LeftOut{Reason: LeftOutNotVisa}
	case card.Status == walletport.CardForgotten:
		return LeftOut{Reason: LeftOutCardForgotten}
	case !card.Status.Tokenizable():
		return LeftOut{Reason: LeftOutCardNotActive, Detail: string(card.Status)}
	case card.Expiry.ExpiredAt(now):
		return LeftOut{Reason: LeftOutCardExpired}
	case card.Expiry.ExpiredAt(now.AddDate(0, 0, e.daysBeforeExpiry)):
		return LeftOut{Reason: LeftOutCardExpiresSoon}
	}
	if reason := e.ofProduct(card.Product); reason != "" {
		return LeftOut{Reason: reason}
	}
	if card.CustomerID == "" {
		return LeftOut{Reason: LeftOutCustomerMissing}
	}
	return LeftOut{}
}

func (e *eligibility) ofProduct(name string) LeftOutReason {
	product, isListed := e.products[name]
	switch {
	case !isListed:
		return LeftOutProductNotListed
	case product.Segment != segmentConsumer:
		return LeftOutProductCommercial
	case !product.Ecommerce:
		return LeftOutProductOffline
	case product.Form == formSingleUse:
		return LeftOutProductSingleUse
	case product.Prepaid == prepaidNotReloadable:
		return LeftOutProductUnloadable
	}
	return ""
}

// ofConsumers looks at what was asked for before with all BIDs of the customer's issuer, and
// returns the action that enrols the card if it is not left out.
func (e *eligibility) ofConsumers(card walletport.CardID, consumers []storage.Consumer) (walletport.ClickToPayAction, LeftOut) {
	own, isElsewhere := storage.Consumer{}, false
	for i := range consumers {
		c := &consumers[i]
		if out := inHand(card, c); out.Reason != "" {
			return "", out
		}
		if c.BID == e.bid {
			own = *c
		} else {
			isElsewhere = isElsewhere || c.IsEnrolled || c.Open > 0
		}
	}
	if isElsewhere && !own.IsEnrolled { // nobody asked to have the customer enrolled twice
		return "", LeftOut{Reason: LeftOutOtherBID}
	}
	return e.ofConsumer(card, &own)
}

// ofConsumer looks at the consumer that the card would be enrolled for. While requests of
// theirs are open nobody knows whether a further card comes after the first one or is it:
// a card behind a first one that is refused would be refused with it. So the cards of a
// customer are enrolled one after the other.
func (e *eligibility) ofConsumer(card walletport.CardID, c *storage.Consumer) (walletport.ClickToPayAction, LeftOut) {
	if out := inHand(card, c); out.Reason != "" {
		return "", out
	}
	stands := standing(c.Cards, card)
	switch {
	case c.Open > 0:
		return "", LeftOut{Reason: LeftOutCustomerBusy}
	case stands.State == storage.CardRefused && !e.retryRefused && e.isOfCard(stands.Reason):
		return "", LeftOut{Reason: LeftOutRefusedBefore, Detail: stands.Reason}
	case !e.retryRemoved && (stands.State == storage.CardRemoved || hasLeft(c)):
		return "", LeftOut{Reason: LeftOutRemovedBefore}
	case c.IsEnrolled && c.IsInactive:
		return "", LeftOut{Reason: LeftOutCustomerInactive}
	case c.IsEnrolled:
		return walletport.EnrolCard, LeftOut{}
	}
	return walletport.EnrolCustomer, LeftOut{}
}

// hasLeft reports whether a consumer was enrolled once and is no longer. Who left is not enrolled
// again because a new card came, which the customer did not ask for.
func hasLeft(c *storage.Consumer) bool {
	return !c.IsEnrolled && slices.ContainsFunc(c.Cards, func(card storage.ConsumerCard) bool { return card.State == storage.CardRemoved })
}

// isOfCard reports whether a refusal says something of the card. That the customer is enrolled
// already, or is not, does not; the row knows better since, and the next request is the right
// one. Nor does an opt-out that was withdrawn.
func (e *eligibility) isOfCard(reason string) bool {
	kind := e.kindOf(reason)
	isOfCustomer := kind == scheme.FaultConsumerEnrolled || kind == scheme.FaultConsumerNotEnrolled
	return !isOfCustomer && reason != walletport.ReasonOf(ErrOptedOut)
}

// inHand leaves out a card that is enrolled, or whose enrolment is under way.
func inHand(card walletport.CardID, c *storage.Consumer) LeftOut {
	switch standing(c.Cards, card).State {
	case storage.CardEnrolled:
		return LeftOut{Reason: LeftOutAlreadyEnrolled}
	case storage.CardAsked:
		return LeftOut{Reason: LeftOutAlreadyAsked}
	case storage.CardRefused, storage.CardRemoved:
	}
	return LeftOut{}
}
