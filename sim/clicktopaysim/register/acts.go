package register

import "github.com/walletport/walletport"

// Act is what others than the issuer do.
type Act string

// The acts.
const (
	Lock        Act = "lock"         // another writer takes the consumer's lock
	Unlock      Act = "unlock"       // and gives it back
	Deactivate  Act = "deactivate"   // another writer writes INACTIVE
	OptOut      Act = "opt_out"      // the cardholder ends the enrolment at Visa's site
	RemoveCard  Act = "remove_card"  // the cardholder removes a card there
	Decline     Act = "decline"      // the running request fails, or the next one
	Stall       Act = "stall"        // the running request does not end, or the next one
	GoOn        Act = "go_on"        // what stalls ends now
	OmitDetails Act = "omit_details" // the running request's outcome has no details, or the next one's
	Divide      Act = "divide"       // it has two that disagree
)

// fates are those that an act means, by who acts.
var fates = map[Party]map[Act]Fate{
	Cardholder: {Decline: FateRefused},
	Visa:       {Decline: FateDeclined, OmitDetails: FateSilent, Divide: FateDivided},
}

// Acts returns what a party can do.
func Acts(by Party) []Act {
	return map[Party][]Act{
		AnotherWriter: {Lock, Unlock, Deactivate},
		Cardholder:    {OptOut, RemoveCard, Decline},
		Visa:          {Decline, Stall, GoOn, OmitDetails, Divide},
	}[by]
}

// Act does what a party can do; card is the PAN reference that RemoveCard is about. Only
// GoOn, Unlock and what needs an enrolment need a consumer who is known. Errors:
// CodeConflict, reasons consumer_not_enrolled, card_not_enrolled, lock_taken, lock_free and
// request_not_stalled; those of Accept.
func (r *Register) Act(name Name, by Party, act Act, card string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now().UTC()
	c, err := r.current(name, now)
	if err != nil {
		return err
	}
	if c, err = c.acted(by, act, card); err != nil {
		return err
	}
	if act == GoOn {
		c.Running.EndsAt = now
	}
	return r.write(c, Deed{Call: string(act), By: by, At: now})
}

// acted is the consumer after an act. Its Running may be written to.
func (c Consumer) acted(by Party, act Act, card string) (Consumer, error) {
	if fate, ok := fates[by][act]; ok {
		if c.Running != nil {
			c.Running.Fate = fate
		} else {
			c.Next.Fate = fate
		}
		return c, nil
	}
	switch act {
	case Lock, Unlock:
		return c.locked(act == Lock)
	case Stall:
		if c.Running != nil {
			c.Running.IsStalled = true
		} else {
			c.Next.Stalls = true
		}
		return c, nil
	case GoOn:
		if c.Running == nil || !c.Running.IsStalled {
			return c, conflict("request_not_stalled", "no request of this consumer stalls")
		}
		c.Running.IsStalled = false
		return c, nil
	case Deactivate, OptOut, RemoveCard, Decline, OmitDetails, Divide:
	}
	return c.alteredBy(act, card)
}

func (c Consumer) locked(isHeld bool) (Consumer, error) {
	switch {
	case isHeld && c.IsHeld:
		return c, conflict("lock_taken", "another writer has the lock already")
	case !isHeld && !c.IsHeld:
		return c, conflict("lock_free", "no other writer has the lock")
	}
	c.IsHeld = isHeld
	return c, nil
}

// alteredBy is the consumer after an act that needs an enrolment.
func (c Consumer) alteredBy(act Act, card string) (Consumer, error) {
	if c.Person == nil {
		return c, conflict("consumer_not_enrolled", "this consumer is not enrolled")
	}
	switch act {
	case OptOut:
		return c.after(DeleteConsumer, Change{}), nil
	case Deactivate:
		person := *c.Person
		person.Status = StatusInactive
		c.Person = &person
		return c, nil
	case RemoveCard:
		if c.card(card) < 0 {
			return c, conflict("card_not_enrolled", "this consumer has no such card")
		}
		return c.after(DeleteCards, Change{Cards: []Card{{PANReferenceID: card}}}), nil
	case Lock, Unlock, Stall, GoOn, Decline, OmitDetails, Divide:
	}
	return c, walletport.Errorf(walletport.CodeInvalid, "act_unknown", "there is no such act")
}

func conflict(reason, message string) error {
	return walletport.Errorf(walletport.CodeConflict, reason, "%s", message)
}
