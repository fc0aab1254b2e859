package register

import "fmt"

// The reasons of business rules that depend on what is known of a consumer.
const (
	ReasonEnrolled     = "VIDC-2000"
	ReasonNotEnrolled  = "VIDC-2001"
	ReasonCardEnrolled = "VIDC-2004"
	ReasonCardUnknown  = "VIDC-2005"
	ReasonDeclined     = "VIDC-7000"
)

const placeOfID = "consumerInformation.externalConsumerID"

var (
	alreadyEnrolled = Problem{placeOfID, ReasonEnrolled, "Consumer already enrolled"}
	notEnrolled     = Problem{placeOfID, ReasonNotEnrolled, "Consumer not enrolled"}
)

// breaks returns the business rules that a write breaks; none if it may be done. That a rule
// is of one consumer, so that two consumers may have one card, is inferred.
func (c Consumer) breaks(call Call, change Change) []Problem {
	isEnrolled := c.Person != nil
	switch {
	case call == Enrol && isEnrolled:
		return []Problem{alreadyEnrolled}
	case call != Enrol && !isEnrolled:
		return []Problem{notEnrolled}
	}
	problems := change.Broken[:len(change.Broken):len(change.Broken)]
	seen := map[string]bool{}
	for i, card := range change.Cards {
		field, isThere := fmt.Sprintf("paymentInstruments[%d].accountNumber", i), c.card(card.PANReferenceID) >= 0
		switch call {
		case Enrol, AddCards:
			if isThere || seen[card.PANReferenceID] {
				problems = append(problems, Problem{field, ReasonCardEnrolled, "Payment instrument already exists"})
			}
		case ReplaceCards, DeleteCards:
			if !isThere || call == DeleteCards && seen[card.PANReferenceID] {
				problems = append(problems, Problem{field, ReasonCardUnknown, "Payment instrument not enrolled"})
			}
		case Replace, DeleteConsumer:
		}
		seen[card.PANReferenceID] = true
	}
	return problems
}
