package tokens_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// die ends the goroutine, as a kill would: nothing that comes after is done.
func die() { runtime.Goexit() }

// changeUntilDeath asks for a change in a goroutine of its own, and says whether it lived.
func changeUntilDeath(t *testing.T, d *desk, id walletport.TokenID, action walletport.TokenAction) (lived bool) {
	t.Helper()
	return d.changeUntilDeath(t, acttest.AsBank(t.Context()), id, action)
}

func (d *desk) changeUntilDeath(t *testing.T, ctx context.Context, id walletport.TokenID, action walletport.TokenAction) (lived bool) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = d.Change(context.WithoutCancel(ctx), ask(id, action))
		lived = true
	}()
	select {
	case <-done:
	case <-time.After(hangs):
		t.Fatal("the change does not end")
	}
	return lived
}

// killPoints are where a process can be killed in a change.
var killPoints = []struct {
	name    string
	kill    func(d *desk)
	swept   int // changes that are found interrupted
	after   string
	sent    int
	records []string
}{
	{"before the intent", func(d *desk) { d.trail.before = func(int) error { die(); return nil } },
		0, "ACTIVE []", 0, nil},
	{"after the intent, before it is sent", func(d *desk) { d.trail.after = func(int) error { die(); return nil } },
		1, "ACTIVE []", 0, []string{"suspend started", "suspend scheme_outcome_unknown by sweep", "suspend scheme_unavailable by job"}},
	{"sent, and the scheme does not get it", func(d *desk) { d.scheme.setTrouble(onCommand(trouble{before: die})) },
		1, "ACTIVE []", 0, []string{"suspend started", "suspend scheme_outcome_unknown by sweep", "suspend scheme_unavailable by job"}},
	{"sent, without an answer", func(d *desk) { d.scheme.setTrouble(onCommand(trouble{after: die})) },
		1, "SUSPENDED [ISSUER]", 1, []string{"suspend started", "suspend scheme_outcome_unknown by sweep", "suspend ok by job"}},
	{"after the answer, before the outcome", func(d *desk) { d.trail.before = onCommit(2) },
		1, "SUSPENDED [ISSUER]", 1, []string{"suspend started", "suspend scheme_outcome_unknown by sweep", "suspend ok by job"}},
	{"when the outcome is stored, before it is known", func(d *desk) { d.trail.after = onCommit(2) },
		0, "SUSPENDED [ISSUER]", 1, []string{"suspend started", "suspend ok"}},
	{"after the outcome", func(d *desk) { d.seen.then = die },
		0, "SUSPENDED [ISSUER]", 1, []string{"suspend started", "suspend ok"}},
}

// onCommand makes trouble for commands, not for questions.
func onCommand(how trouble) func(string) trouble {
	return func(call string) trouble {
		if call == "search" || call == "history" {
			return trouble{}
		}
		return how
	}
}

func onCommit(n int) func(int) error {
	return func(commit int) error {
		if commit == n {
			die()
		}
		return nil
	}
}

// TestKilledAtEachPoint has a second replica find what a killed one left. In the end the row
// says what the scheme does, nothing was sent twice, and the trail is complete.
func TestKilledAtEachPoint(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		for i, c := range killPoints {
			t.Run(c.name, func(t *testing.T) {
				s := newFakeScheme()
				dying := newDesk(t, database, s)
				id := dying.add(t, fmt.Sprint("DW-", i), time.Minute, active)
				c.kill(dying)
				if changeUntilDeath(t, dying, id, walletport.TokenSuspend) {
					t.Fatal("the change outlives the kill")
				}
				s.setTrouble(nil)

				heir := newDesk(t, database, s)
				if found, err := heir.Sweep(t.Context()); err != nil || found != 0 {
					t.Errorf("a sweep that is too early finds %d, %v", found, err)
				}
				heir.clock.ahead.Store(int64(9 * time.Second))
				found, err := heir.Sweep(t.Context())
				if err != nil || found != c.swept {
					t.Errorf("the sweep finds %d, %v; want %d", found, err, c.swept)
				}
				if again, err := heir.Sweep(t.Context()); err != nil || again != 0 {
					t.Errorf("a second sweep finds %d, %v", again, err)
				}
				if c.swept > 0 {
					if end := heir.work(t).next(t); end.err != nil {
						t.Errorf("the job ends as %s, %v", end.outcome, end.err)
					}
				}
				heir.mustAgree(t, id)
				if got := s.truth(heir.row(t, id).Ref.Reference); got != c.after {
					t.Errorf("the scheme has %s, want %s", got, c.after)
				}
				if n := s.sent(heir.row(t, id).Ref.Reference); n != c.sent {
					t.Errorf("%d commands came to the scheme, want %d", n, c.sent)
				}
				records := heir.records(t, id)
				if got := outcomesOf(records); !slices.Equal(got, c.records) {
					t.Errorf("the records are %q, want %q", got, c.records)
				}
				for _, r := range records {
					if r.AuditUser != "ada@bank.example" || r.ClientID != "bank-app" || r.CardID != deskCard ||
						r.Details.Get(walletport.DetailChangeID) != heir.row(t, id).Change.ID {
						t.Errorf("the record is %+v", r)
					}
					if bySweep := r.Details.Get(walletport.DetailFoundBy) == "sweep"; bySweep != (len(r.KeyVersions) == 0) {
						t.Errorf("the record %s is of the keys %v", r.Outcome, r.KeyVersions)
					}
				}
			})
		}
	})
}

// TestTheDatabaseGoesAway between the intent and the outcome.
func TestTheDatabaseGoesAway(t *testing.T) {
	errGone := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the database is gone")
	for _, c := range []struct {
		name    string
		fault   func(d *desk)
		reason  string
		sent    int
		records []string // before the sweep
		after   []string // and what it adds
	}{
		{"the intent is committed and the answer lost", func(d *desk) {
			d.trail.after = func(int) error { return errGone }
		}, "audit_unavailable", 0, []string{"suspend started", "suspend audit_unavailable"},
			[]string{"suspend scheme_outcome_unknown by sweep", "suspend scheme_unavailable by job"}},
		{"between the answer and the outcome", func(d *desk) {
			d.trail.before = func(commit int) error {
				if commit > 1 {
					return walletport.Errorf(walletport.CodeInternal, "internal", "the database is gone for good")
				}
				return nil
			}
		}, "scheme_outcome_unknown", 1, []string{"suspend started", "suspend scheme_outcome_unknown"},
			[]string{"suspend scheme_outcome_unknown by sweep", "suspend ok by job"}},
		{"for a moment", func(d *desk) {
			d.trail.before = func(commit int) error {
				if commit == 2 {
					return errGone
				}
				return nil
			}
		}, "", 1, []string{"suspend started", "suspend ok"}, nil},
		{"the outcome is committed and the answer lost", func(d *desk) {
			d.trail.after = func(commit int) error {
				if commit == 2 {
					return errGone
				}
				return nil
			}
		}, "", 1, []string{"suspend started", "suspend ok"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := onSQLite(t)
			id := d.add(t, "DW", time.Minute, active)
			c.fault(d)
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, c.reason)
			if got := outcomesOf(d.records(t, id)); !slices.Equal(got, c.records) || d.scheme.sent("DW") != c.sent {
				t.Errorf("the records are %q, %d sent", got, d.scheme.sent("DW"))
			}
			d.trail.before, d.trail.after = nil, nil
			d.clock.ahead.Store(int64(9 * time.Second))
			found, err := d.Sweep(t.Context())
			if err != nil || found != len(c.after)/2 {
				t.Errorf("the sweep finds %d, %v", found, err)
			}
			if found > 0 {
				d.work(t).next(t)
			}
			d.mustAgree(t, id)
			if got := outcomesOf(d.records(t, id)); !slices.Equal(got, slices.Concat(c.records, c.after)) || d.scheme.sent("DW") != c.sent {
				t.Errorf("the records are %q, %d sent", got, d.scheme.sent("DW"))
			}
		})
	}
}

// TestAnotherChangeComesBeforeTheSecondAttempt: the outcome is committed and the answer lost,
// and before it is tried again another replica has changed the token. It is there once.
func TestAnotherChangeComesBeforeTheSecondAttempt(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newFakeScheme()
		d, other := newDesk(t, database, s), newDesk(t, database, s)
		id := d.add(t, "DW", time.Minute, active)
		d.trail.after = func(commit int) error {
			if commit != 2 {
				return nil
			}
			_, err := other.Change(acttest.AsBank(context.WithoutCancel(t.Context())), ask(id, walletport.TokenResume))
			if err != nil {
				t.Error(err)
			}
			return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the database is gone")
		}
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		must(t, err)
		d.mustAgree(t, id)
		if got, want := outcomesOf(d.records(t, id)), []string{"suspend started", "suspend ok", "resume started", "resume ok"}; !slices.Equal(got, want) {
			t.Errorf("the records are %q", got)
		}
		if got, want := d.history(t, id)[1:], []string{"asked ACTIVE>SUSPENDED", "done ACTIVE>SUSPENDED", "asked SUSPENDED>ACTIVE", "done SUSPENDED>ACTIVE"}; !slices.Equal(got, want) {
			t.Errorf("the history is %q", got)
		}
	})
}

// TestALateOutcome comes when the change was closed already: this process was held up.
func TestALateOutcome(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newFakeScheme()
		slow, heir := newDesk(t, database, s), newDesk(t, database, s)
		id := slow.add(t, "DW", time.Minute, active)
		s.setTrouble(onCommand(trouble{before: func() { // the scheme gets it when all is over
			heir.clock.ahead.Store(int64(9 * time.Second))
			if found, err := heir.Sweep(t.Context()); err != nil || found != 1 {
				t.Errorf("the sweep finds %d, %v", found, err)
			}
			heir.work(t).next(t)
			if change := heir.row(t, id).Change; change.State != storage.ChangeNotDone {
				t.Errorf("the job has closed the change as %s", change.State)
			}
		}}))
		got, err := slow.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		must(t, err)
		row := slow.row(t, id)
		if row.Change.State != storage.ChangeNotDone || row.Status != active || got.ChangeID != row.Change.ID {
			t.Errorf("the row is %s, its change %+v", row.Status, row.Change)
		}
		if want := []string{"suspend started", "suspend scheme_outcome_unknown by sweep", "suspend scheme_unavailable by job", "suspend ok"}; !slices.Equal(outcomesOf(slow.records(t, id)), want) {
			t.Errorf("the records are %q", outcomesOf(slow.records(t, id)))
		}
		if history := slow.history(t, id); history[len(history)-1] != "done ACTIVE>ACTIVE" {
			t.Errorf("the history is %q", history)
		}
		// The next look brings the truth.
		slow.clock.ahead.Store(int64(time.Minute))
		s.setTrouble(nil)
		_, err = slow.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenActivate))
		mustReason(t, err, "token_transition_not_allowed")
		slow.mustAgree(t, id)
	})
}

// TestHeldUpBeforeItIsSent is of a process, or a database, that stood still between the intent
// and the call. What is sent has time for an answer.
func TestHeldUpBeforeItIsSent(t *testing.T) {
	for _, c := range []struct {
		name          string
		timeout, held time.Duration
		isSent        bool
	}{
		{"too long for the change", 5 * time.Second, 3 * time.Second, false},
		{"until the caller is about to leave", 2 * time.Second, 1850 * time.Millisecond, false},
		{"until a caller in a hurry is about to leave", 500 * time.Millisecond, 470 * time.Millisecond, false},
		{"for less than that", 2 * time.Second, 1700 * time.Millisecond, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, acttest.Database(t), newFakeScheme(), func(p *tokens.Parts) { p.Settings.ChangeTimeout = c.timeout })
			id := d.add(t, "DW", time.Minute, active)
			now := time.Now()
			d.Clock = func() time.Time { return now }
			d.trail.after = func(commit int) error {
				if commit == 1 {
					now = now.Add(c.held)
				}
				return nil
			}
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			reason, audit, sent := "store_unavailable", "suspend store_unavailable", 0
			if c.isSent {
				reason, audit, sent = "", "suspend ok", 1
			}
			mustReason(t, err, reason)
			d.mustAgree(t, id)
			if got := outcomesOf(d.records(t, id)); !slices.Equal(got, []string{"suspend started", audit}) || d.scheme.sent("DW") != sent {
				t.Errorf("the records are %q, %d sent", got, d.scheme.sent("DW"))
			}
		})
	}
}
