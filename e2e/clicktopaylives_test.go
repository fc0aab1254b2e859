package e2e_test

import (
	"fmt"
	"slices"
	"strings"
)

// enrolLife is what was asked of one consumer, and what Visa did.
type enrolLife struct {
	model    *modelConsumer
	rows     []enrolRow // in the order in which they were accepted
	changes  map[string]*enrolChange
	truth    visaTruth
	isShared bool
}

// problems leads the model through the requests, and returns what is not as it should be.
func (l enrolLife) problems() (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, p := range l.outOfOrder() {
		add("%s", p)
	}
	if l.truth.Overlaps > 0 { // which Visa counts for good, over all kills
		add("%d changes came while one ran", l.truth.Overlaps)
	}
	if l.isShared {
		all = append(all, l.sharedProblems()...)
	}
	for _, row := range l.rows {
		deeds := l.deedsOf(row)
		if row.State != "completed" {
			add("request %s is %s", row.ID, row.State)
		}
		if len(deeds) > row.Sends {
			add("request %s was sent %d times, and Visa took it %d times", row.ID, row.Sends, len(deeds))
		}
		if row.TraceID != "" && (len(deeds) == 0 || l.truth.History[deeds[len(deeds)-1]].TraceID != row.TraceID) {
			add("request %s has the trace id %s, which is not that of the last that Visa took", row.ID, row.TraceID)
		}
		if p := l.problemOf(row, deeds); p != "" {
			add("%s", p)
		}
	}
	if got := fmt.Sprint(l.truth.Emails, l.truth.Status, l.model.consumer.cardsOf(l.truth)); !l.isShared && len(l.truth.History) > 0 {
		if want := fmt.Sprint(len(l.model.emails), l.model.status(), l.model.cards()); got != want {
			add("Visa has %s, want %s", got, want)
		}
	}
	return all
}

// deedsOf are the places in Visa's history of what it took of a request.
func (l enrolLife) deedsOf(row enrolRow) (places []int) {
	for i, d := range l.truth.History {
		if d.By == "ISSUER" && d.RequestID == row.ID {
			places = append(places, i)
		}
	}
	return places
}

// outOfOrder looks for requests that Visa took before an earlier one had ended, or in another
// order than they were accepted, or that nobody asked for.
func (l enrolLife) outOfOrder() (problems []string) {
	last := -1
	var ended visaDeed
	for _, d := range l.truth.History {
		if d.By != "ISSUER" {
			continue
		}
		at := slices.IndexFunc(l.rows, func(row enrolRow) bool { return row.ID == d.RequestID })
		switch {
		case at < 0:
			problems = append(problems, fmt.Sprintf("Visa took %q, which was never accepted", d.RequestID))
		case at < last:
			problems = append(problems, fmt.Sprintf("request %s was sent after a later one", d.RequestID))
		case ended.EndedAt != nil && d.At.Before(*ended.EndedAt):
			problems = append(problems, fmt.Sprintf("request %s began at %s, and %s ended at %s", d.RequestID, d.At, ended.RequestID, ended.EndedAt))
		case d.EndedAt == nil:
			problems = append(problems, fmt.Sprintf("what Visa took of request %s has not ended", d.RequestID))
		}
		last, ended = max(last, at), d
	}
	return problems
}

// problemOf compares how a request ended with what Visa did for it.
func (l enrolLife) problemOf(row enrolRow, deeds []int) string {
	effects := slices.DeleteFunc(slices.Clone(deeds), func(i int) bool { return !l.truth.History[i].TookEffect })
	for i, at := range effects {
		until := len(l.truth.History)
		if i+1 < len(effects) {
			until = effects[i+1]
		}
		isUndone := l.isShared && slices.ContainsFunc(l.truth.History[at+1:until], visaDeed.isOthers)
		if !isUndone && i+1 < len(effects) {
			return fmt.Sprintf("request %s was applied %d times", row.ID, len(effects))
		}
		if !isUndone && row.Result != "SUCCESS" {
			return fmt.Sprintf("request %s was applied, and is told to be %s", row.ID, row.outcome())
		}
	}
	if l.isShared { // see sharedProblems
		return ""
	}
	change := l.changes[row.ID]
	refusal := l.model.refuses(change)
	switch {
	case len(effects) == 1 && refusal != "":
		return fmt.Sprintf("request %s was applied, and Visa had to say %s", row.ID, refusal)
	case len(effects) == 1:
		l.model.apply(change)
	case row.Result == "SUCCESS" && !l.model.has(change):
		return fmt.Sprintf("request %s was not applied, and is told to be done", row.ID)
	case row.Result != "SUCCESS" && !l.isSaid(row, deeds, refusal):
		return fmt.Sprintf("request %s failed by %s, want %q or what Visa told", row.ID, row.outcome(), refusal)
	}
	return ""
}

// isSaid reports whether a failure is Visa's word: the rule that the change breaks, how what it
// took ended, or its refusal of a message that it could not open, the first or a later one.
func (l enrolLife) isSaid(row enrolRow, deeds []int, refusal string) bool {
	reason := strings.Fields(row.outcome() + " ?")[0]
	if reason == refusal || reason == "scheme_request_refused" {
		return true
	}
	return slices.ContainsFunc(deeds, func(i int) bool { return slices.Contains(l.truth.History[i].Outcome, reason) })
}

// isOthers reports whether somebody else changed what is enrolled.
func (d visaDeed) isOthers() bool {
	return d.Call == "deactivate" || d.Call == "opt_out" || d.Call == "remove_card"
}
