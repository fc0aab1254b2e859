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
				History: c.events, HasHistory: c.hasEvts, Known: []string{"OLD"},
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
