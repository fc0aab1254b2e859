package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// happening is one change of a consumer, at Visa.
type happening struct {
	at time.Time
	by string // id of the request, or "" of somebody else's
	do func(m *modelConsumer) []*modelConsumer
}

// happenings are what changed a consumer, in order: a request when it ended, and others when they
// acted.
func (l enrolLife) happenings() (all []happening) {
	for _, d := range l.truth.History {
		switch {
		case d.isOthers():
			all = append(all, happening{d.At, "", d.others})
		case d.By == "ISSUER" && d.TookEffect && d.EndedAt != nil:
			all = append(all, happening{*d.EndedAt, d.RequestID, l.effectOf(l.changes[d.RequestID])})
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int { return a.at.Compare(b.at) })
	return all
}

// effectOf is what a change makes of a consumer; nothing where Visa would have refused it. An
// update of the customer says whether they are active as the issuer knows it, who may not know of
// what others did.
func (l enrolLife) effectOf(c *enrolChange) func(*modelConsumer) []*modelConsumer {
	return func(m *modelConsumer) []*modelConsumer {
		if c == nil || m.refuses(c) != "" {
			return nil
		}
		next := m.copied()
		next.apply(c)
		if c.action != "update_customer" {
			return []*modelConsumer{next}
		}
		other := next.copied()
		other.isInactive = !next.isInactive
		return []*modelConsumer{next, other}
	}
}

// others is what somebody else made of a consumer. Which card was removed Visa does not tell.
func (d visaDeed) others(m *modelConsumer) (all []*modelConsumer) {
	switch {
	case !m.isEnrolled:
		return nil
	case d.Call == "opt_out":
		return []*modelConsumer{newModel(m.consumer)}
	case d.Call == "deactivate":
		next := m.copied()
		next.isInactive = true
		return []*modelConsumer{next}
	}
	for card := range m.cities {
		next := m.copied()
		delete(next.cities, card)
		all = append(all, next)
	}
	return all
}

func (m *modelConsumer) copied() *modelConsumer {
	next := *m
	next.cities = maps.Clone(m.cities)
	return &next
}

// sharedProblems leads all models that a consumer may be through what changed them, others' acts
// among it. A request that changed nothing ended as one of them says that are between the changes
// of the requests before and behind it.
func (l enrolLife) sharedProblems() (problems []string) {
	changes := l.happenings()
	states := [][]*modelConsumer{{l.model}} // before each change, and behind the last
	for _, c := range changes {
		next, seen := []*modelConsumer{}, map[string]bool{}
		for _, m := range states[len(states)-1] {
			for _, could := range c.do(m) {
				if text := fmt.Sprint(could.status(), could.emails, could.cities); !seen[text] {
					seen[text], next = true, append(next, could)
				}
			}
		}
		if len(next) == 0 {
			return []string{fmt.Sprintf("what changed the consumer at %s, by request %q, cannot have", c.at, c.by)}
		}
		states = append(states, next)
	}
	from := 0
	for i, row := range l.rows {
		isOf := func(rows []enrolRow) func(happening) bool {
			return func(c happening) bool {
				return slices.ContainsFunc(rows, func(r enrolRow) bool { return r.ID == c.by })
			}
		}
		if slices.ContainsFunc(changes, isOf(l.rows[i:i+1])) {
			from = max(from, slices.IndexFunc(changes, isOf(l.rows[i:i+1]))+1)
			continue
		}
		until := slices.IndexFunc(changes, isOf(l.rows[i+1:]))
		if until < 0 {
			until = len(changes)
		}
		if !l.couldEnd(row, slices.Concat(states[from:until+1]...)) {
			problems = append(problems, fmt.Sprintf("request %s changed nothing, and cannot have ended as %s", row.ID, row.outcome()))
		}
	}
	if last := states[len(states)-1]; len(changes) > 0 && !slices.ContainsFunc(last, l.isAsVisaHas) {
		problems = append(problems, fmt.Sprintf("Visa has %d e-mail addresses, %s and %v, which none of %d models is", l.truth.Emails, l.truth.Status, l.truth.Cards, len(last)))
	}
	return problems
}

// couldEnd reports whether a request that changed nothing could end as it did for a consumer who
// was one of these.
func (l enrolLife) couldEnd(row enrolRow, could []*modelConsumer) bool {
	change := l.changes[row.ID]
	return slices.ContainsFunc(could, func(m *modelConsumer) bool {
		if row.Result == "SUCCESS" {
			return m.has(change)
		}
		return l.isSaid(row, l.deedsOf(row), m.refuses(change))
	})
}

func (l enrolLife) isAsVisaHas(m *modelConsumer) bool {
	return len(m.emails) == l.truth.Emails && m.status() == l.truth.Status && slices.Equal(m.cards(), m.consumer.cardsOf(l.truth))
}
