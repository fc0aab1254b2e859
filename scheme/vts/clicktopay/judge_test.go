package clicktopay_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// shownAs is a card as getData shows it.
func shownAs(c scheme.ConsumerCard) scheme.EnrolledCard {
	digits := string(c.PAN.Reveal())
	return scheme.EnrolledCard{FirstDigits: digits[:6], LastFour: digits[len(digits)-4:], Name: c.Name, Expiry: c.Expiry, Address: c.Address, Status: "ACTIVE"}
}

// visaHas is what getData says where a consumer has these cards.
func visaHas(cards ...scheme.EnrolledCard) *scheme.Enrolled {
	return &scheme.Enrolled{IsEnrolled: true, Status: "ACTIVE", Consumer: testConsumer(), Cards: cards}
}

func refusedBy(kinds ...scheme.FaultKind) (faults []scheme.Fault) {
	for _, kind := range kinds {
		faults = append(faults, scheme.Fault{Kind: kind})
	}
	return faults
}

func TestJudgeByWhatIsEnrolled(t *testing.T) {
	nobody := &scheme.Enrolled{}
	card, other := shownAs(testCard(testPAN)), shownAs(testCard(otherPAN))
	edited := func(edit func(*scheme.EnrolledCard)) scheme.EnrolledCard {
		c := card
		edit(&c)
		return c
	}
	consumer := func(edit func(*scheme.Enrolled)) *scheme.Enrolled {
		e := visaHas(card)
		edit(e)
		return e
	}
	for _, c := range []struct {
		name   string
		action scheme.EnrolmentAction
		has    *scheme.Enrolled
		after  time.Duration
		want   scheme.Verdict
	}{
		{"nobody asked", scheme.EnrolConsumer, nil, time.Hour, scheme.AskLater},
		{"enrolled", scheme.EnrolConsumer, visaHas(card), 0, scheme.WasDone},
		{"not enrolled, soon after", scheme.EnrolConsumer, nobody, 59 * time.Second, scheme.AskLater},
		{"not enrolled", scheme.EnrolConsumer, nobody, time.Minute, scheme.WasNotDone},
		{"another's enrolment, without the card", scheme.EnrolConsumer, visaHas(other), time.Minute, scheme.WasNotDone},
		{"the card is added", scheme.EnrolCards, visaHas(other, card), 0, scheme.WasDone},
		{"the card is not added", scheme.EnrolCards, visaHas(other), time.Minute, scheme.WasNotDone},
		{"a card of the same digits", scheme.EnrolCards, visaHas(edited(func(c *scheme.EnrolledCard) { c.Expiry.Year++ })), time.Minute, scheme.WasNotDone},
		{"a card that was deleted", scheme.EnrolCards, visaHas(edited(func(c *scheme.EnrolledCard) { c.Deleted = true })), time.Minute, scheme.WasNotDone},
		{"a card of which four digits are shown", scheme.EnrolCards, visaHas(edited(func(c *scheme.EnrolledCard) { c.FirstDigits = "" })), 0, scheme.WasDone},
		{"the consumer is gone", scheme.EnrolCards, nobody, time.Minute, scheme.WasNotDone},

		{"replaced", scheme.ReplaceConsumer, visaHas(), 0, scheme.WasDone},
		{"an old e-mail", scheme.ReplaceConsumer, consumer(func(e *scheme.Enrolled) { e.Consumer.Emails = privates("old@example.com") }), time.Minute, scheme.WasNotDone},
		{"one more phone", scheme.ReplaceConsumer, consumer(func(e *scheme.Enrolled) {
			e.Consumer.Phones = append(e.Consumer.Phones, private("16504005555"))
		}), time.Minute, scheme.WasNotDone},
		{"an old name, soon after", scheme.ReplaceConsumer, consumer(func(e *scheme.Enrolled) { e.Consumer.LastName = private("Old") }), time.Second, scheme.AskLater},
		{"a middle name that was erased", scheme.ReplaceConsumer, consumer(func(e *scheme.Enrolled) { e.Consumer.MiddleName = walletport.Private{} }), time.Minute, scheme.WasNotDone},
		{"still inactive", scheme.ReplaceConsumer, consumer(func(e *scheme.Enrolled) { e.Status = "INACTIVE" }), time.Minute, scheme.WasNotDone},
		{"no status", scheme.ReplaceConsumer, consumer(func(e *scheme.Enrolled) { e.Status = "" }), time.Minute, scheme.WasNotDone},

		{"card replaced", scheme.ReplaceCards, visaHas(other, card), 0, scheme.WasDone},
		{"an old address", scheme.ReplaceCards, visaHas(edited(func(c *scheme.EnrolledCard) { c.Address.City = private("Old Town") })), time.Minute, scheme.WasNotDone},
		{"an old month", scheme.ReplaceCards, visaHas(edited(func(c *scheme.EnrolledCard) { c.Expiry.Year-- })), time.Minute, scheme.WasNotDone},
		{"the card is not there", scheme.ReplaceCards, visaHas(other), time.Minute, scheme.WasNotDone},

		{"deleted", scheme.DeleteConsumer, nobody, 0, scheme.WasDone},
		{"still there, soon after", scheme.DeleteConsumer, visaHas(), time.Second, scheme.AskLater},
		{"still there", scheme.DeleteConsumer, visaHas(), time.Minute, scheme.WasNotDone},
		{"card deleted", scheme.DeleteCards, visaHas(other), 0, scheme.WasDone},
		{"card shown as deleted", scheme.DeleteCards, visaHas(edited(func(c *scheme.EnrolledCard) { c.Deleted = true })), 0, scheme.WasDone},
		{"the whole consumer is gone", scheme.DeleteCards, nobody, 0, scheme.WasDone},
		{"card still there", scheme.DeleteCards, visaHas(card, other), time.Minute, scheme.WasNotDone},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := scheme.EnrolmentEvidence{Enrolment: enrolment(c.action), SentAt: testNow, Now: testNow.Add(c.after), Enrolled: c.has}
			if got := newMessages(t, nil).JudgeEnrolment(e); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
}

func TestJudgeByARepeat(t *testing.T) {
	nobody := &scheme.Enrolled{}
	card, other := shownAs(testCard(testPAN)), shownAs(testCard(otherPAN))
	renewed := card // since it was sent first
	renewed.Expiry.Year--
	for _, c := range []struct {
		name   string
		action scheme.EnrolmentAction
		isTwo  bool // cards
		says   []scheme.Fault
		has    *scheme.Enrolled
		want   scheme.Verdict
	}{
		{"the consumer was there: ask whose", scheme.EnrolConsumer, false, refusedBy(scheme.FaultConsumerEnrolled), nil, scheme.AskLater},
		{"the consumer was there, with the card", scheme.EnrolConsumer, false, refusedBy(scheme.FaultConsumerEnrolled), visaHas(card), scheme.WasDone},
		{"the consumer was there, without the card", scheme.EnrolConsumer, false, refusedBy(scheme.FaultConsumerEnrolled), visaHas(other), scheme.WasNotDone},
		{"the consumer was there, with the card as it was sent first", scheme.EnrolConsumer, false, refusedBy(scheme.FaultConsumerEnrolled), visaHas(renewed), scheme.WasDone},
		{"the consumer was there, and went", scheme.EnrolConsumer, false, refusedBy(scheme.FaultConsumerEnrolled), nobody, scheme.WasNotDone},
		{"the card was there", scheme.EnrolCards, false, refusedBy(scheme.FaultCardEnrolled), nil, scheme.WasDone},
		{"one of two was there", scheme.EnrolCards, true, refusedBy(scheme.FaultCardEnrolled), nil, scheme.AskLater},
		{"one of two is there", scheme.EnrolCards, true, refusedBy(scheme.FaultCardEnrolled), visaHas(card), scheme.WasNotDone},
		{"both are there", scheme.EnrolCards, true, refusedBy(scheme.FaultCardEnrolled), visaHas(card, other), scheme.WasDone},
		{"both are there, one as it was sent first", scheme.EnrolCards, true, refusedBy(scheme.FaultCardEnrolled), visaHas(renewed, other), scheme.WasDone},
		{"the consumer was gone", scheme.DeleteConsumer, false, refusedBy(scheme.FaultConsumerNotEnrolled), nil, scheme.WasDone},
		{"the card was gone", scheme.DeleteCards, false, refusedBy(scheme.FaultCardNotEnrolled), nil, scheme.WasDone},
		{"the card was gone with the consumer", scheme.DeleteCards, true, refusedBy(scheme.FaultConsumerNotEnrolled), nil, scheme.WasDone},
		{"one of two was gone", scheme.DeleteCards, true, refusedBy(scheme.FaultCardNotEnrolled), nil, scheme.AskLater},
		{"one of two is gone", scheme.DeleteCards, true, refusedBy(scheme.FaultCardNotEnrolled), visaHas(card), scheme.WasNotDone},
		{"both are gone", scheme.DeleteCards, true, refusedBy(scheme.FaultCardNotEnrolled), visaHas(), scheme.WasDone},
		{"no consumer to add to", scheme.EnrolCards, false, refusedBy(scheme.FaultConsumerNotEnrolled), nil, scheme.WasNotDone},
		{"no consumer to replace", scheme.ReplaceConsumer, false, refusedBy(scheme.FaultConsumerNotEnrolled), nil, scheme.WasNotDone},
		{"no card to replace", scheme.ReplaceCards, false, refusedBy(scheme.FaultCardNotEnrolled), nil, scheme.WasNotDone},
		{"declined", scheme.EnrolCards, false, refusedBy(scheme.FaultDeclined), nil, scheme.WasNotDone},
		{"busy", scheme.EnrolCards, false, refusedBy(scheme.FaultBusy), visaHas(), scheme.AskLater},
		{"signature refused", scheme.DeleteCards, false, refusedBy(scheme.FaultAccess), nil, scheme.AskLater},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := scheme.EnrolmentEvidence{Enrolment: enrolment(c.action), SentAt: testNow, Now: testNow.Add(time.Hour), Enrolled: c.has, Repeat: c.says}
			if c.isTwo {
				e.Enrolment.Cards = append(e.Enrolment.Cards, testCard(otherPAN))
			}
			if got := newMessages(t, nil).JudgeEnrolment(e); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
}

// TestJudgeOfWhatWasRead: what getData says of an enrolment is that it was made.
func TestJudgeOfWhatWasRead(t *testing.T) {
	has, err := enrolledQuery(t).Read(answer(t, 200, sample(t, "getdata.json")))
	must(t, err)
	for _, action := range []scheme.EnrolmentAction{scheme.EnrolConsumer, scheme.EnrolCards, scheme.ReplaceConsumer, scheme.ReplaceCards} {
		e := scheme.EnrolmentEvidence{Enrolment: enrolment(action), SentAt: testNow, Now: testNow, Enrolled: &has}
		if got := newMessages(t, nil).JudgeEnrolment(e); got != scheme.WasDone {
			t.Errorf("%s: verdict %d", action, got)
		}
	}
	e := scheme.EnrolmentEvidence{Enrolment: enrolment(scheme.ReplaceConsumer), SentAt: testNow, Now: testNow.Add(time.Hour), Enrolled: &has}
	e.Enrolment.Consumer.Emails = privates("second@example.com", "canary@example.com")
	has.Consumer.Emails = privates("canary@example.com", "second@example.com")
	if got := newMessages(t, nil).JudgeEnrolment(e); got != scheme.WasDone {
		t.Errorf("in another order: verdict %d", got)
	}
	e.Enrolment.Consumer.Inactive = true
	if got := newMessages(t, nil).JudgeEnrolment(e); got != scheme.WasNotDone {
		t.Errorf("inactive: verdict %d", got)
	}
}
