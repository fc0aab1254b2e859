package register

import (
	"fmt"
	"slices"
	"time"
)

// Call is a write of an issuer.
type Call string

// The writes.
const (
	Enrol          Call = "enrollData"
	AddCards       Call = "enrollPaymentInstruments"
	Replace        Call = "manageConsumerInformation"
	ReplaceCards   Call = "managePaymentInstruments"
	DeleteConsumer Call = "deleteConsumerInformation"
	DeleteCards    Call = "deletePaymentInstruments"
)

// Change is what a write says.
type Change struct {
	// CorrelationID is the caller's own id of the request; "" where it gave none that can be shown.
	CorrelationID string `json:"correlationID,omitempty"`

	Person *Person `json:"person,omitempty"` // of Enrol and Replace
	// Cards are those that the write is about. Of DeleteCards only the references count.
	Cards []Card `json:"cards,omitempty"`
	// Broken are the business rules that the write breaks whatever is known of the consumer.
	Broken []Problem `json:"broken,omitempty"`
	// Declined are the places of cards that get no token.
	Declined []int `json:"declined,omitempty"`
}

// Problem is why a request does not do what it asks for.
type Problem struct {
	Field   string `json:"field"`
	Reason  string `json:"reason"` // VIDC-…, or words of others
	Message string `json:"message"`
}

// Request is a write that was accepted.
type Request struct {
	TraceID    string    `json:"traceID"`
	Call       Call      `json:"call"`
	AcceptedAt time.Time `json:"acceptedAt"`
	EndsAt     time.Time `json:"endsAt"`
	IsStalled  bool      `json:"isStalled,omitempty"` // it does not end before somebody lets it
	Fate       Fate      `json:"fate,omitempty"`
	Change     Change    `json:"change,omitzero"`
}

// Fate is how a request ends, if not on its merits.
type Fate string

// The fates.
const (
	FateDeclined Fate = "declined" // by Visa: no token, VIDC-7000
	FateRefused  Fate = "refused"  // by the cardholder, with a reason that is in no list
	FateSilent   Fate = "silent"   // done, and told without details
	FateDivided  Fate = "divided"  // not done, and told as done and as failed
)

// Detail is one part of a request's outcome.
type Detail struct {
	IsDone   bool
	Problems []Problem
}

// ending is how a request ended.
type ending struct {
	details    []Detail
	tookEffect bool
}

// hasEnded reports whether a request has by now.
func (r Request) hasEnded(now time.Time) bool { return !r.IsStalled && !now.Before(r.EndsAt) }

// at returns what a version has become by now, and nil unless its request has ended.
func (c Consumer) at(now time.Time) (Consumer, *ending) {
	if c.Running == nil || !c.Running.hasEnded(now) {
		return c, nil
	}
	r := *c.Running
	c.Running = nil
	problems := c.breaks(r.Call, r.Change)
	if len(problems) == 0 {
		problems = r.misfortune()
	}
	end := ending{[]Detail{{len(problems) == 0, problems}}, len(problems) == 0}
	if end.tookEffect {
		c = c.after(r.Call, r.Change)
	}
	switch r.Fate {
	case FateSilent:
		end.details = nil
	case FateDivided:
		end.details = []Detail{{IsDone: true}, {Problems: problems}}
	case FateDeclined, FateRefused:
	}
	return c, &end
}

// misfortune is what a request that breaks no rule fails by.
func (r Request) misfortune() (problems []Problem) {
	const message = "Tokenization was declined"
	first := placeOfID
	if len(r.Change.Cards) > 0 {
		first = "paymentInstruments[0].accountNumber"
	}
	switch r.Fate {
	case FateRefused:
		return []Problem{{"consumerInformation", "CONSUMER_DECLINED", "The consumer declined"}}
	case FateDeclined, FateDivided:
		return []Problem{{first, ReasonDeclined, message}}
	case FateSilent:
	}
	for _, i := range r.Change.Declined {
		problems = append(problems, Problem{fmt.Sprintf("paymentInstruments[%d].accountNumber", i), ReasonDeclined, message})
	}
	return problems
}

// after is the consumer with a change done to it that breaks no rule.
func (c Consumer) after(call Call, change Change) Consumer {
	c.Cards = slices.Clone(c.Cards)
	switch call {
	case Enrol:
		c.Person, c.Cards = change.Person, slices.Clone(change.Cards)
	case Replace:
		c.Person = change.Person
	case AddCards:
		for _, card := range change.Cards {
			c.Cards = slices.DeleteFunc(c.Cards, func(k Card) bool { return k.PANReferenceID == card.PANReferenceID }) // a deleted one
			c.Cards = append(c.Cards, card)
		}
	case ReplaceCards:
		for _, card := range change.Cards {
			i := c.card(card.PANReferenceID)
			card.TokenDetails = c.Cards[i].TokenDetails // Visa's own
			c.Cards[i] = card
		}
	case DeleteCards:
		for _, card := range change.Cards {
			c.Cards[c.card(card.PANReferenceID)].Status = StatusDeleted
		}
	case DeleteConsumer:
		c.Person, c.Cards = nil, nil
	}
	return c
}
