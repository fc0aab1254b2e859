package tokenapi

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Judge says what became of a change without an answer, by the token's state since: Visa
// has no history that could be asked. A change was done if the token is as the change would
// have made it, and not done otherwise, once a request that is still under way could have
// taken effect (inferred).
func (m *Messages) Judge(e scheme.Evidence) scheme.Judgement {
	verdict := scheme.WasNotDone
	switch {
	case hasEffect(e.Action, e.Token):
		verdict = scheme.WasDone
	case e.Token != nil && e.Token.Status == walletport.TokenDeactivated: // nothing changes it any more
	case e.Now.Sub(e.SentAt) < m.profile.SettleAfter, e.Token != nil && e.Token.Status == "":
		verdict = scheme.AskLater
	}
	return scheme.Judgement{Verdict: verdict}
}

// hasEffect reports whether a token is as an action would have made it. That somebody else
// may have done it is no matter: it needs not be done again.
func hasEffect(action walletport.TokenAction, t *scheme.Token) bool {
	if t == nil {
		return false
	}
	switch action {
	case walletport.TokenActivate: // it is suspended only after it was active
		return t.Status == walletport.TokenActive || t.Status == walletport.TokenSuspended
	case walletport.TokenSuspend:
		return t.Status == walletport.TokenSuspended
	case walletport.TokenResume:
		return t.Status == walletport.TokenActive
	case walletport.TokenDeactivate:
		return t.Status == walletport.TokenDeactivated
	}
	return false
}
