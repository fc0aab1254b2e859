package customerservice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// TestJudge is the rule for outcomes that nobody knows.
func TestJudge(t *testing.T) {
	const (
		later   = scheme.AskLater
		history = scheme.AskHistory
		done    = scheme.WasDone
		not     = scheme.WasNotDone
		issuer  = walletport.HolderIssuer
		holder  = walletport.HolderCardholder
	)
	token := func(status walletport.TokenStatus, holders ...walletport.Holder) *scheme.Token {
		return &scheme.Token{Ref: testRef(), Status: status, Holders: holders}
	}
	event := func(status walletport.TokenStatus, after time.Duration, change func(*scheme.TokenEvent)) []scheme.TokenEvent {
		e := scheme.TokenEvent{Status: status, At: testNow.Add(after), By: issuer, Reference: "NEW", User: string(testUser)}
		if change != nil {
			change(&e)
		}
		return []scheme.TokenEvent{e}
	}
	const asked = time.Minute // after the change was sent
	for _, c := range []struct {
		name    string
		action  walletport.TokenAction
		token   *scheme.Token
		events  []scheme.TokenEvent
		hasEvts bool
		asked   time.Duration
		want    scheme.Verdict
		ref     string
	}{
		{"suspend: we hold it", walletport.TokenSuspend, token(walletport.TokenSuspended, issuer), nil, false, time.Second, done, ""},
		{"suspend: we and the cardholder hold it", walletport.TokenSuspend, token(walletport.TokenSuspended, holder, issuer), nil, false, asked, done, ""},
		{"suspend: gone from the device, and we hold it", walletport.TokenSuspend, token(walletport.TokenSoftDeleted, issuer), nil, false, asked, done, ""},
		{"suspend: only the cardholder holds it", walletport.TokenSuspend, token(walletport.TokenSuspended, holder), nil, false, asked, history, ""},
		{"suspend: nobody says who holds it", walletport.TokenSuspend, token(walletport.TokenSuspended), nil, false, asked, history, ""},
		{"suspend: active", walletport.TokenSuspend, token(walletport.TokenActive), nil, false, asked, history, ""},
		{"suspend: active, no entry", walletport.TokenSuspend, token(walletport.TokenActive), nil, true, asked, not, ""},
		{"suspend: active, no entry, too early", walletport.TokenSuspend, token(walletport.TokenActive), nil, true, 9 * time.Second, later, ""},
		{"suspend: active, no entry, at the edge", walletport.TokenSuspend, token(walletport.TokenActive), nil, true, 10 * time.Second, not, ""},
		{"suspend: deleted since, with our entry", walletport.TokenSuspend, token(walletport.TokenDeactivated), event(walletport.TokenSuspended, time.Second, nil), true, asked, done, "NEW"},
		{"suspend: let go since, with our entry", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, time.Second, nil), true, asked, done, "NEW"},
		{"suspend: an entry by a clock that is behind", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, -2*time.Minute, nil), true, asked, done, "NEW"},
		{"suspend: an entry from before", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, -3*time.Minute, nil), true, asked, not, ""},
		{"suspend: the cardholder's entry", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, time.Second, func(e *scheme.TokenEvent) { e.By = holder }), true, asked, not, ""},
		{"suspend: another user's entry", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, time.Second, func(e *scheme.TokenEvent) { e.User = "bob@acme.example" }), true, asked, not, ""},
		{"suspend: an entry with the user in another case", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, time.Second, func(e *scheme.TokenEvent) { e.User = "ADA@ACME.EXAMPLE" }), true, asked, done, "NEW"},
		{"suspend: an entry without a user", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, time.Second, func(e *scheme.TokenEvent) { e.User = "" }), true, asked, done, "NEW"},
		{"suspend: the entry of a change that is known", walletport.TokenSuspend, token(walletport.TokenActive), event(walletport.TokenSuspended, time.Second, func(e *scheme.TokenEvent) { e.Reference = "OLD" }), true, asked, not, ""},
		{"suspend: we hold it, with our entry", walletport.TokenSuspend, token(walletport.TokenSuspended, issuer), event(walletport.TokenSuspended, time.Second, nil), true, asked, done, "NEW"},
		{"resume: active", walletport.TokenResume, token(walletport.TokenActive), nil, false, asked, done, ""},
		{"resume: only the cardholder holds it", walletport.TokenResume, token(walletport.TokenSuspended, holder), nil, false, asked, done, ""},
		{"resume: we still hold it", walletport.TokenResume, token(walletport.TokenSuspended, issuer), nil, true, asked, not, ""},
		{"resume: nobody says who holds it", walletport.TokenResume, token(walletport.TokenSuspended), nil, true, asked, not, ""},
		{"resume: gone from the device", walletport.TokenResume, token(walletport.TokenSoftDeleted), nil, false, asked, done, ""},
		{"resume: deleted", walletport.TokenResume, token(walletport.TokenDeactivated), nil, true, asked, not, ""},
		{"activate: active", walletport.TokenActivate, token(walletport.TokenActive), nil, false, asked, done, ""},
		{"activate: suspended since", walletport.TokenActivate, token(walletport.TokenSuspended, holder), nil, false, asked, done, ""},
		{"activate: still waits", walletport.TokenActivate, token(walletport.TokenInactive), nil, true, asked, not, ""},
		{"activate: deleted since, with our entry", walletport.TokenActivate, token(walletport.TokenDeactivated), event(walletport.TokenActive, time.Second, nil), true, asked, done, "NEW"},
		{"deactivate: deleted", walletport.TokenDeactivate, token(walletport.TokenDeactivated), nil, false, asked, done, ""},
		{"deactivate: active", walletport.TokenDeactivate, token(walletport.TokenActive), nil, true, asked, not, ""},
		{"a status that is not known", walletport.TokenSuspend, token(""), nil, true, asked, later, ""},
		{"the scheme knows no such token", walletport.TokenSuspend, nil, nil, false, asked, not, ""},
		{"the scheme knows no such token, too early", walletport.TokenSuspend, nil, nil, false, time.Second, later, ""},
		{"an unknown action", "burn", token(walletport.TokenActive), nil, true, asked, not, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mustMessages(t, nil).Judge(scheme.Evidence{
				Action: c.action, By: testUser, SentAt: testNow, Now: testNow.Add(c.asked), Token: c.token,
				History: c.events, HasHistory: c.hasEvts,
				Earlier: []scheme.EarlierChange{{Action: walletport.TokenSuspend, Reference: "OLD", EndedAt: testNow.Add(-time.Hour)}},
			})
			if got.Verdict != c.want || got.Reference != c.ref {
				t.Errorf("verdict %d, reference %q; want %d, %q", got.Verdict, got.Reference, c.want, c.ref)
			}
		})
	}
}

// TestJudgeTellsChangesApart: an entry of an earlier change is not taken for one of a change
// that was lost. Of each story, the last suspension is judged; it was sent at testNow.
func TestJudgeTellsChangesApart(t *testing.T) {
	const s, r = walletport.TokenSuspend, walletport.TokenResume
	at := func(seconds int) time.Time { return testNow.Add(time.Duration(seconds) * time.Second) }
	entry := func(status walletport.TokenStatus, seconds int, reference string) scheme.TokenEvent {
		return scheme.TokenEvent{Status: status, At: at(seconds), By: walletport.HolderIssuer, Reference: reference, User: string(testUser)}
	}
	ended := func(action walletport.TokenAction, seconds int, reference string) scheme.EarlierChange {
		return scheme.EarlierChange{Action: action, Reference: reference, EndedAt: at(seconds)}
	}
	suspended := func(seconds int, reference string) scheme.TokenEvent {
		return entry(walletport.TokenSuspended, seconds, reference)
	}
	active := func(seconds int, reference string) scheme.TokenEvent {
		return entry(walletport.TokenActive, seconds, reference)
	}
	type events = []scheme.TokenEvent
	type changes = []scheme.EarlierChange
	for _, c := range []struct {
		name    string
		history events
		earlier changes
		before  time.Time // Evidence.EarlierEnd
		isHeld  bool      // the token is as a suspension makes it
		want    scheme.Verdict
		ref     string
	}{
		{"the id of none is known", events{suspended(-20, "1"), active(-10, "2")}, changes{ended(s, -15, ""), ended(r, -9, "")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"the id of the one between is known", events{suspended(-20, "1"), active(-10, "2")}, changes{ended(s, -15, ""), ended(r, -9, "2")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"by the order alone", events{suspended(-20, "1"), active(-10, "2")}, changes{ended(r, -9, "2")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"in one second", events{suspended(-1, "1"), active(-1, "2")}, changes{ended(r, -1, "2")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"found not done, and done after all", events{suspended(-20, "1")}, changes{ended(s, -10, "")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"the history has another id of it", events{suspended(-20, "1")}, changes{ended(s, -19, "X")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"no entry has an id", events{suspended(-20, ""), active(-10, "")}, changes{ended(s, -20, ""), ended(r, -10, "")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"a history of ours that is cut", events{suspended(-20, "1")}, nil, at(-19), false, scheme.WasNotDone, ""},
		{"at the edge of what clocks differ by", events{suspended(100, "1")}, changes{ended(s, -20, "")}, time.Time{}, false, scheme.WasNotDone, ""},
		{"surely none of before", events{suspended(101, "1"), active(110, "")}, changes{ended(s, -20, "")}, time.Time{}, false, scheme.WasDone, "1"},
		{"all ids are known", events{suspended(-20, "1"), active(-10, "2"), suspended(1, "3"), active(5, "")}, changes{ended(s, -19, "1"), ended(r, -9, "2")}, time.Time{}, false, scheme.WasDone, "3"},
		{"one long ago has no id", events{suspended(-121, "1"), suspended(1, "3"), active(5, "")}, changes{ended(s, -120, "")}, time.Time{}, false, scheme.WasDone, "3"},
		{"another kind of change has no id", events{active(-10, "2"), suspended(1, "3"), active(5, "")}, changes{ended(r, -9, "")}, time.Time{}, false, scheme.WasDone, "3"},
		{"held: named by the newest", events{suspended(-20, "1"), active(-10, "2"), suspended(1, "3")}, changes{ended(s, -15, ""), ended(r, -9, "")}, time.Time{}, true, scheme.WasDone, "3"},
		{"held: an entry of before names it not", events{suspended(-20, "1"), active(-10, "2")}, changes{ended(s, -15, ""), ended(r, -9, "2")}, time.Time{}, true, scheme.WasDone, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := &scheme.Token{Ref: testRef(), Status: walletport.TokenActive}
			if c.isHeld {
				token.Status, token.Holders = walletport.TokenSuspended, []walletport.Holder{walletport.HolderIssuer}
			}
			got := mustMessages(t, nil).Judge(scheme.Evidence{
				Action: s, By: testUser, SentAt: testNow, Now: testNow.Add(5 * time.Minute), Token: token,
				History: c.history, HasHistory: true, Earlier: c.earlier, EarlierEnd: c.before,
			})
			if got.Verdict != c.want || got.Reference != c.ref {
				t.Errorf("verdict %d, reference %q; want %d, %q", got.Verdict, got.Reference, c.want, c.ref)
			}
		})
	}
}

// TestJudgeKnowsACutUser: what the scheme repeats is what we sent, not the auditUser.
func TestJudgeKnowsACutUser(t *testing.T) {
	m := mustMessages(t, nil)
	by := walletport.AuditUser(strings.Repeat("x", 200))
	got := m.Judge(scheme.Evidence{
		Action: walletport.TokenSuspend, By: by, SentAt: testNow, Now: testNow.Add(time.Minute), Token: &scheme.Token{Status: walletport.TokenActive}, HasHistory: true,
		History: []scheme.TokenEvent{{Status: walletport.TokenSuspended, At: testNow, By: walletport.HolderIssuer, User: auditOf(t, m, by).UserID}},
	})
	if got.Verdict != scheme.WasDone {
		t.Errorf("verdict %d, want that it was done", got.Verdict)
	}
}
