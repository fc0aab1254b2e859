package customerservice

import (
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Judge says what became of a change without an answer (reference mastercard-additions.md
// B3, inferred): it was done if the token is as the change would have made it, or if the
// status history has an entry that is surely of it. Else it was not done, once a request that
// is still under way could have taken effect.
//
// Where the token's state is proof enough, the newest entry that may be of the change names
// it, also if it may be of an earlier one: for later changes, it is an old one either way.
func (m *Messages) Judge(e scheme.Evidence) scheme.Judgement {
	entry, isSure := m.entryOf(e)
	switch {
	case entry != nil && (isSure || hasEffect(e.Action, e.Token)):
		return scheme.Judgement{Verdict: scheme.WasDone, Reference: entry.Reference}
	case hasEffect(e.Action, e.Token):
		return scheme.Judgement{Verdict: scheme.WasDone}
	case e.Token != nil && !e.HasHistory:
		return scheme.Judgement{Verdict: scheme.AskHistory}
	case e.Now.Sub(e.SentAt) < m.profile.SettleAfter, e.Token != nil && e.Token.Status == "":
		return scheme.Judgement{Verdict: scheme.AskLater}
	}
	return scheme.Judgement{Verdict: scheme.WasNotDone}
}

// hasEffect reports whether a token is as an action would have made it. That somebody else
// may have done it is no matter: it needs not be done again.
func hasEffect(action walletport.TokenAction, t *scheme.Token) bool {
	if t == nil {
		return false
	}
	alive := t.Status == walletport.TokenActive || t.Status == walletport.TokenSuspended || t.Status == walletport.TokenSoftDeleted
	held := slices.Contains(t.Holders, walletport.HolderIssuer)
	unsaid := t.Status == walletport.TokenSuspended && len(t.Holders) == 0 // who holds it
	switch action {
	case walletport.TokenActivate:
		return alive // it is suspended or gone from the device only after it was active
	case walletport.TokenSuspend:
		return alive && held
	case walletport.TokenResume:
		return alive && !held && !unsaid
	case walletport.TokenDeactivate:
		return t.Status == walletport.TokenDeactivated
	}
	return false
}

// becomes is the status of the entry that a change makes.
var becomes = map[walletport.TokenAction]walletport.TokenStatus{
	walletport.TokenActivate:   walletport.TokenActive,
	walletport.TokenSuspend:    walletport.TokenSuspended,
	walletport.TokenResume:     walletport.TokenActive,
	walletport.TokenDeactivate: walletport.TokenDeactivated,
}

// entryOf finds the newest entry of the status history that may be of the change: of the
// issuer and its user, with the status that it leads to, not before it was sent, and not of
// an earlier change. isSure says that it can be of no earlier one. It may yet be of somebody
// who did the same for the issuer elsewhere, as the same user.
func (m *Messages) entryOf(e scheme.Evidence) (entry *scheme.TokenEvent, isSure bool) {
	earliest := e.SentAt.Add(-m.profile.ClockSkew)
	last, unnamed := m.earlierEntries(e)
	user := m.auditInfoOf(e.By).UserID
	for _, event := range slices.Backward(e.History) {
		isOurs := event.By == walletport.HolderIssuer && (event.User == "" || strings.EqualFold(event.User, user))
		if isOurs && event.Status == becomes[e.Action] && !event.At.Before(earliest) && event.At.After(last) {
			return &event, event.At.After(unnamed)
		}
	}
	return nil, false
}

// earlierEntries says until when, by Mastercard's clock, entries are of earlier changes. A
// change that the history names came before the one that is judged, and so did all until
// then: last. One that it does not name, as its id never became known, has its entry, if
// any, no later than it ended here; the clocks differ by ClockSkew at most: unnamed.
func (m *Messages) earlierEntries(e scheme.Evidence) (last, unnamed time.Time) {
	ended := e.EarlierEnd
	for _, earlier := range e.Earlier {
		named := slices.IndexFunc(e.History, func(event scheme.TokenEvent) bool {
			return earlier.Reference != "" && event.Reference == earlier.Reference
		})
		switch {
		case named >= 0:
			last = latest(last, e.History[named].At)
		case becomes[earlier.Action] == becomes[e.Action]:
			ended = latest(ended, earlier.EndedAt)
		}
	}
	if ended.IsZero() {
		return last, ended
	}
	return last, ended.Add(m.profile.ClockSkew)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
