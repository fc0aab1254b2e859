package clicktopay

import (
	"bytes"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// JudgeEnrolment says what became of a change without an outcome. It was done if Visa has
// what the change would have made; that somebody else may have done it is no matter. It was
// not done otherwise, once a request that is under way could have taken effect; then it may
// be sent again.
//
// A change that was sent again and refused was done if the refusal says that a consumer or
// a card was there already, or gone, and what Visa has does not say otherwise. WasNotDone
// then means that the refusal stands. What a replacement sent is compared member by member:
// sending it again does no harm.
func (m *Messages) JudgeEnrolment(e scheme.EnrolmentEvidence) scheme.Verdict {
	if len(e.Repeat) > 0 {
		return judgeRepeat(e)
	}
	switch {
	case e.Enrolled == nil:
		return scheme.AskLater
	case m.hasEffect(e.Enrolment, *e.Enrolled):
		return scheme.WasDone
	case e.Now.Sub(e.SentAt) < m.profile.SettleAfter:
		return scheme.AskLater
	}
	return scheme.WasNotDone
}

// judgeRepeat judges by what refused the second try. A consumer who was there already may
// be of another's hand and without our card, and of several cards a refusal may be about
// one: then Visa has to be asked which it is.
func judgeRepeat(e scheme.EnrolmentEvidence) scheme.Verdict {
	isOne := len(e.Enrolment.Cards) == 1
	switch {
	case slices.ContainsFunc(e.Repeat, scheme.Fault.SaysNothing):
		return scheme.AskLater
	case isDoneBefore(e.Enrolment.Action, e.Repeat, isOne):
		return scheme.WasDone
	case !mayBeDoneBefore(e.Enrolment.Action, e.Repeat):
		return scheme.WasNotDone
	case e.Enrolled == nil:
		return scheme.AskLater
	case e.Enrolment.Action == scheme.DeleteCards:
		return verdict(hasNone(e.Enrolment.Cards, *e.Enrolled))
	}
	// By the number alone: the month may have been stored anew since the first try, which sent the old one.
	return verdict(e.Enrolled.IsEnrolled && hasEach(e.Enrolment.Cards, *e.Enrolled, is))
}

// isDoneBefore reports whether a refusal says by itself that the change is made.
func isDoneBefore(action scheme.EnrolmentAction, faults []scheme.Fault, isOne bool) bool {
	switch action {
	case scheme.EnrolCards:
		return isOne && says(faults, scheme.FaultCardEnrolled)
	case scheme.DeleteCards:
		return says(faults, scheme.FaultConsumerNotEnrolled) || isOne && says(faults, scheme.FaultCardNotEnrolled)
	case scheme.DeleteConsumer:
		return says(faults, scheme.FaultConsumerNotEnrolled)
	case scheme.EnrolConsumer, scheme.ReplaceConsumer, scheme.ReplaceCards:
	}
	return false
}

// mayBeDoneBefore reports whether what Visa has decides. No refusal says of a replacement
// that it was made.
func mayBeDoneBefore(action scheme.EnrolmentAction, faults []scheme.Fault) bool {
	switch action {
	case scheme.EnrolConsumer:
		return says(faults, scheme.FaultConsumerEnrolled, scheme.FaultCardEnrolled)
	case scheme.EnrolCards:
		return says(faults, scheme.FaultCardEnrolled)
	case scheme.DeleteCards:
		return says(faults, scheme.FaultCardNotEnrolled)
	case scheme.DeleteConsumer, scheme.ReplaceConsumer, scheme.ReplaceCards:
	}
	return false
}

func verdict(isDone bool) scheme.Verdict {
	if isDone {
		return scheme.WasDone
	}
	return scheme.WasNotDone
}

func says(faults []scheme.Fault, kinds ...scheme.FaultKind) bool {
	return slices.ContainsFunc(faults, func(f scheme.Fault) bool { return slices.Contains(kinds, f.Kind) })
}

// hasEffect reports whether Visa has what a change would have made.
func (m *Messages) hasEffect(e scheme.Enrolment, has scheme.Enrolled) bool {
	if !has.IsEnrolled {
		return e.Action == scheme.DeleteConsumer || e.Action == scheme.DeleteCards
	}
	switch e.Action {
	case scheme.EnrolConsumer, scheme.EnrolCards:
		return hasEach(e.Cards, has, isOfMonth)
	case scheme.ReplaceConsumer:
		return m.isSame(e.Consumer, has)
	case scheme.ReplaceCards:
		return hasEach(e.Cards, has, isSameCard)
	case scheme.DeleteCards:
		return hasNone(e.Cards, has)
	case scheme.DeleteConsumer:
	}
	return false
}

// hasEach reports whether each card is there, as alike tells them.
func hasEach(cards []scheme.ConsumerCard, has scheme.Enrolled, alike func(scheme.ConsumerCard, scheme.EnrolledCard) bool) bool {
	return !slices.ContainsFunc(cards, func(c scheme.ConsumerCard) bool {
		return !slices.ContainsFunc(has.Cards, func(there scheme.EnrolledCard) bool { return alike(c, there) })
	})
}

// hasNone goes by the number alone, for a deletion names no more.
func hasNone(cards []scheme.ConsumerCard, has scheme.Enrolled) bool {
	return !slices.ContainsFunc(cards, func(c scheme.ConsumerCard) bool {
		return slices.ContainsFunc(has.Cards, func(there scheme.EnrolledCard) bool { return is(c, there) })
	})
}

// is reports whether a card that is shown may be that card, by the digits that are shown.
func is(c scheme.ConsumerCard, there scheme.EnrolledCard) bool {
	return !there.Deleted && c.PAN.LastFour() == there.LastFour && bytes.HasPrefix(c.PAN.Reveal(), []byte(there.FirstDigits))
}

// isOfMonth is is, with the month in which the card expires: another one may begin and end with
// the same digits.
func isOfMonth(c scheme.ConsumerCard, there scheme.EnrolledCard) bool {
	return is(c, there) && there.Expiry == c.Expiry
}

func isSameCard(c scheme.ConsumerCard, there scheme.EnrolledCard) bool {
	a, b := c.Address, there.Address
	return isOfMonth(c, there) && a.Country == b.Country &&
		areSame([]walletport.Private{c.Name, a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode},
			[]walletport.Private{there.Name, b.Line1, b.Line2, b.Line3, b.City, b.State, b.PostalCode})
}

// isSame leaves the consent out, which not every answer has.
func (m *Messages) isSame(sent scheme.Consumer, has scheme.Enrolled) bool {
	status, there := m.profile.ActiveStatus, has.Consumer
	if sent.Inactive {
		status = m.profile.InactiveStatus
	}
	return has.Status == status && sent.Locale == there.Locale && sent.Country == there.Country &&
		areSame([]walletport.Private{sent.FirstName, sent.MiddleName, sent.LastName}, []walletport.Private{there.FirstName, there.MiddleName, there.LastName}) &&
		areSame(sorted(sent.Emails), sorted(there.Emails)) && areSame(sorted(sent.Phones), sorted(there.Phones))
}

func sorted(texts []walletport.Private) []walletport.Private {
	return slices.SortedFunc(slices.Values(texts), func(a, b walletport.Private) int { return bytes.Compare(a.Reveal(), b.Reveal()) })
}

func areSame(a, b []walletport.Private) bool {
	return slices.EqualFunc(a, b, walletport.Private.Equal)
}
