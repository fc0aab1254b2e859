package customerservice

import (
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Judge says what became of a change without an answer (reference mastercard-additions.md
// B3, inferred): it was done if the token is as the change would have made it, or if the
// status history has an entry of ours since. Else it was not done, once a request that is
// still under way could have taken effect.
func (m *Messages) Judge(e scheme.Evidence) scheme.Judgement {
	entry := m.entryOf(e)
	switch {
	case entry != nil:
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

// entryOf finds the entry of the status history that the change made: of the issuer, with
// the status that it leads to, not before it was sent, and of no other change.
func (m *Messages) entryOf(e scheme.Evidence) *scheme.TokenEvent {
	becomes := map[walletport.TokenAction]walletport.TokenStatus{
		walletport.TokenActivate:   walletport.TokenActive,
		walletport.TokenSuspend:    walletport.TokenSuspended,
		walletport.TokenResume:     walletport.TokenActive,
		walletport.TokenDeactivate: walletport.TokenDeactivated,
	}[e.Action]
	earliest := e.SentAt.Add(-m.profile.ClockSkew)
	user := m.auditInfoOf(e.By).UserID
	for _, event := range slices.Backward(e.History) {
		isOurs := event.By == walletport.HolderIssuer && (event.User == "" || strings.EqualFold(event.User, user))
		isKnown := event.Reference != "" && slices.Contains(e.Known, event.Reference)
		if isOurs && !isKnown && event.Status == becomes && !event.At.Before(earliest) {
			return &event
		}
	}
	return nil
}
