package tokens_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// TestUnknownOutcome is of a scheme that did it and whose answer was lost.
func TestUnknownOutcome(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		t.Run("the job finds it while the caller waits", func(t *testing.T) {
			d := newDesk(t, database, newFakeScheme())
			id := d.add(t, "DW-1", time.Minute, active)
			d.scheme.setTrouble(onCommand(trouble{noAnswer: true}))
			d.work(t)
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			must(t, err)
			d.mustAgree(t, id)
			if got := outcomesOf(d.records(t, id)); !slices.Equal(got, []string{"suspend started", "suspend scheme_outcome_unknown", "suspend ok by job"}) {
				t.Errorf("the records are %q", got)
			}
			if got := d.seen.all(); !slices.Equal(got, []string{"suspend unknown", "suspend done"}) {
				t.Errorf("observed: %q", got)
			}
		})
		t.Run("it was not done, which shows after a while", func(t *testing.T) {
			d := newDesk(t, database, newFakeScheme(), func(p *tokens.Parts) {
				p.Schemes[walletport.Mastercard] = tokens.Scheme{Manager: fakeManager{settle: 500 * time.Millisecond}, Line: p.Schemes[walletport.Mastercard].Line}
			})
			id := d.add(t, "DW-2", time.Minute, active)
			d.scheme.setTrouble(onCommand(trouble{lost: true}))
			ends := d.work(t)
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			if reason := walletport.ReasonOf(err); reason != "scheme_outcome_unknown" && reason != "scheme_unavailable" {
				t.Errorf("the error is %v", err)
			}
			if end := ends.next(t); end.outcome != jobs.Again {
				t.Errorf("the first attempt ends as %s, %v", end.outcome, end.err)
			}
			for end := ends.next(t); end.outcome != jobs.Done; end = ends.next(t) {
			}
			d.mustAgree(t, id)
			if change := d.row(t, id).Change; change.State != storage.ChangeNotDone || change.Outcome != "scheme_unavailable" || d.scheme.sent("DW-2") != 0 {
				t.Errorf("the change is %+v", change)
			}
		})
		t.Run("nobody finds it in time", func(t *testing.T) {
			d := newDesk(t, database, newFakeScheme(), func(p *tokens.Parts) { p.Settings.ChangeTimeout = time.Second })
			id := d.add(t, "DW-3", time.Minute, active)
			d.scheme.setTrouble(func(string) trouble { return trouble{noAnswer: true} })
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, "scheme_outcome_unknown")
			if change := d.row(t, id).Change; change.State != storage.ChangeUnknown || change.Outcome != "scheme_unavailable" || !strings.Contains(err.Error(), change.ID) {
				t.Errorf("the error is %v, the change %+v", err, change)
			}
			if cause := errors.Unwrap(err); walletport.ReasonOf(cause) != "scheme_unavailable" {
				t.Errorf("the cause is %v", cause)
			}
			_, err = d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenDeactivate))
			mustReason(t, err, "token_change_in_progress")
			change := d.row(t, id).Change
			refusal, _ := errors.AsType[*walletport.Error](err)
			if want := "suspend, change " + change.ID + ", since " + change.Since.UTC().Format(time.RFC3339); !strings.Contains(refusal.Message, want) || refusal.RetryAfter <= 0 {
				t.Errorf("%q, to be tried again after %s, does not say %q", refusal.Message, refusal.RetryAfter, want)
			}
			_, err = d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, "scheme_outcome_unknown")
			if cause := errors.Unwrap(err); cause == nil || !strings.Contains(cause.Error(), "unknown scheme_unavailable") {
				t.Errorf("the cause of who joined is %v", cause)
			}
			if n := d.scheme.sent("DW-3"); n != 1 {
				t.Errorf("%d commands were sent", n)
			}
			ends := d.work(t)
			if end := ends.next(t); end.outcome != jobs.Again || walletport.ReasonOf(end.err) != "scheme_unavailable" {
				t.Errorf("with the scheme down, the attempt ends as %s, %v", end.outcome, end.err)
			}
			d.scheme.setTrouble(nil)
			if end := ends.next(t); end.outcome != jobs.Done {
				t.Errorf("the attempt ends as %s, %v", end.outcome, end.err)
			}
			d.mustAgree(t, id)
			_, err = d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, "token_transition_not_allowed")
			if want := "; the last change, suspend " + change.ID + ", is done"; !strings.HasSuffix(err.Error(), want) {
				t.Errorf("who asks again is told %q, not %q", err, want)
			}
		})
		t.Run("the scheme is not set up any more", func(t *testing.T) {
			d := newDesk(t, database, newFakeScheme(), func(p *tokens.Parts) { p.Settings.ChangeTimeout = time.Second })
			id := d.add(t, "DW-4", time.Minute, active)
			d.scheme.setTrouble(onCommand(trouble{noAnswer: true}))
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, "scheme_outcome_unknown")
			gone := newDesk(t, database, d.scheme, func(p *tokens.Parts) { p.Schemes = nil })
			if err := gone.Works()[0].Handler.Handle(t.Context(), jobs.Job{Key: jobs.Key{ID: int64(id)}}); walletport.ReasonOf(err) != "scheme_not_configured" {
				t.Errorf("the attempt ends with %v", err)
			}
			if state := d.row(t, id).Change.State; state != storage.ChangeUnknown {
				t.Errorf("the change is %s", state)
			}
			d.work(t).next(t)
			d.mustAgree(t, id)
		})
	})
}

// TestAnotherDoesTheJob: a claim that no longer holds closes nothing.
func TestAnotherDoesTheJob(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		d := newDesk(t, database, newFakeScheme(), func(p *tokens.Parts) { p.Settings.ChangeTimeout = time.Second })
		id := d.add(t, "DW", time.Minute, active)
		d.scheme.setTrouble(onCommand(trouble{noAnswer: true}))
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		mustReason(t, err, "scheme_outcome_unknown")
		claimed, err := d.store.ClaimJobs(t.Context(), []jobs.Want{{Kind: tokens.ResolveKind, Limit: 1}}, 5*time.Second)
		must(t, err)
		stale := claimed[0]
		stale.Claim++
		if err := d.Works()[0].Handler.Handle(t.Context(), stale); walletport.ReasonOf(err) != "job_lost" {
			t.Errorf("the attempt ends with %v", err)
		}
		if got := outcomesOf(d.records(t, id)); d.row(t, id).Change.State != storage.ChangeUnknown || len(got) != 2 {
			t.Errorf("the change is %s, the records are %q", d.row(t, id).Change.State, got)
		}
		must(t, d.Works()[0].Handler.Handle(t.Context(), claimed[0]))
		d.mustAgree(t, id)
		d.scheme.setTrouble(func(call string) trouble {
			t.Errorf("%s is asked about a change that is closed", call)
			return trouble{}
		})
		must(t, d.Works()[0].Handler.Handle(t.Context(), claimed[0]))
		must(t, d.store.SettleJob(t.Context(), claimed[0], jobs.Settlement{Outcome: jobs.Done}))
	})
}

// TestJoin is of callers who ask for what is under way.
func TestJoin(t *testing.T) {
	for _, c := range []struct {
		name    string
		refusal error
		reason  string
		record  string
	}{
		{"it is done", nil, "", "suspend ok"},
		{"it is refused", scheme.ErrRefused(), "scheme_refused", "suspend scheme_refused"},
		{"it is refused for the token's state", scheme.ErrStatusRefused(), "token_transition_not_allowed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			database, line := acttest.Database(t), newFakeScheme()
			d, joining := newDesk(t, database, line), newDesk(t, database, line)
			id := d.add(t, "DW", time.Minute, active)
			entered, joined, leave := make(chan struct{}), make(chan struct{}), make(chan struct{})
			joining.clock.read = func(n int64) {
				if n == 2 { // the first is that of the row as it was found
					close(joined)
				}
			}
			var once sync.Once
			d.scheme.setTrouble(onCommand(trouble{isRefused: c.refusal, before: func() { once.Do(func() { close(entered) }); <-leave }}))
			errs := make(chan error, 2)
			change := func(d *desk) {
				_, err := d.Change(acttest.AsBank(context.WithoutCancel(t.Context())), ask(id, walletport.TokenSuspend))
				errs <- err
			}
			go change(d)
			<-entered
			go change(joining)
			<-joined
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenDeactivate))
			mustReason(t, err, "token_change_in_progress")
			close(leave)
			for range 2 {
				mustReason(t, <-errs, c.reason)
			}
			d.mustAgree(t, id)
			if n := d.scheme.sent("DW"); n > 1 {
				t.Errorf("%d commands were sent", n)
			}
			records := outcomesOf(d.records(t, id))
			if c.record != "" && !slices.Contains(records, c.record) || len(records) < 4 {
				t.Errorf("the records are %q", records)
			}
		})
	}
}

// TestJoinedAndReplaced: before the joining caller looks again, another change has taken the
// place of the one that was joined.
func TestJoinedAndReplaced(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newFakeScheme()
		first, second := newDesk(t, database, s), newDesk(t, database, s)
		id := first.add(t, "DW", time.Minute, active)
		entered, leave, polled, goOn := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
		s.setTrouble(func(call string) trouble {
			switch call {
			case "suspend":
			case "resume":
				return trouble{isRefused: scheme.ErrRefused()}
			default:
				return trouble{}
			}
			return trouble{before: func() { close(entered); <-leave }}
		})
		second.clock.read = func(n int64) {
			if n == 2 { // the first is that of the row as it was found
				close(polled)
				<-goOn
			}
		}
		ends := make(chan tokens.Changed, 2)
		change := func(d *desk) {
			got, err := d.Change(acttest.AsBank(context.WithoutCancel(t.Context())), ask(id, walletport.TokenSuspend))
			if err != nil {
				t.Error(err)
			}
			ends <- got
		}
		go change(first)
		<-entered
		go change(second)
		<-polled
		close(leave)
		sent := <-ends
		_, err := first.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenResume))
		mustReason(t, err, "scheme_refused")
		close(goOn)
		if joined := <-ends; joined.ChangeID != sent.ChangeID || joined.ChangeID == first.row(t, id).Change.ID {
			t.Errorf("the joining caller is told of %q, not of %q", joined.ChangeID, sent.ChangeID)
		}
		first.mustAgree(t, id)
	})
}

// TestAnEarlierChangeIsNotTakenForThisOne: the scheme's history has one that was done a
// moment before, which the scheme names by an id that is known here.
func TestAnEarlierChangeIsNotTakenForThisOne(t *testing.T) {
	d := onSQLite(t)
	id := d.add(t, "DW", time.Minute, active)
	for _, action := range []walletport.TokenAction{walletport.TokenSuspend, walletport.TokenResume} {
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, action))
		must(t, err)
	}
	d.scheme.setTrouble(onCommand(trouble{lost: true}))
	d.work(t)
	_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
	mustReason(t, err, "scheme_unavailable")
	d.mustAgree(t, id)
}

// TestTheHistoryNamesAChange that the token's state alone says was done. Where the history
// cannot be had, it was done all the same.
func TestTheHistoryNamesAChange(t *testing.T) {
	for _, c := range []struct {
		name      string
		isLost    string // a question that gets no answer
		reference string
	}{
		{"it is asked for", "", "C-1"},
		{"it cannot be had", "history", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, acttest.Database(t), newFakeScheme(), func(p *tokens.Parts) {
				s := p.Schemes[walletport.Mastercard]
				s.Manager = fakeManager{id: walletport.Mastercard, byState: true}
				p.Schemes[walletport.Mastercard] = s
			})
			id := d.add(t, "DW", time.Minute, active)
			d.scheme.setTrouble(func(call string) trouble { return trouble{noAnswer: call == "suspend", lost: call == c.isLost} })
			d.work(t)
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			must(t, err)
			d.mustAgree(t, id)
			last, err := d.store.TokenHistory(t.Context(), id, 0, 1)
			must(t, err)
			if last[0].What != storage.TokenChangeDone || last[0].Reference != c.reference || last[0].Channel != storage.ChannelJob {
				t.Errorf("the last entry is %+v", last[0])
			}
		})
	}
}

// TestAnEarlierChangeWithoutAnIDIsNotTakenForThisOne: a suspension whose answer was lost was
// found done by the token's state alone, as the history could not be had or the scheme has
// none. One after it that never came to the scheme was not done.
func TestAnEarlierChangeWithoutAnIDIsNotTakenForThisOne(t *testing.T) {
	for name, manager := range map[string]scheme.TokenManager{
		"the history could not be had": fakeManager{id: walletport.Mastercard, byState: true},
		"the scheme has no history":    struct{ scheme.TokenManager }{fakeManager{id: walletport.Mastercard, byState: true, stateOnly: true}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, acttest.Database(t), newFakeScheme(), func(p *tokens.Parts) {
				s := p.Schemes[walletport.Mastercard]
				s.Manager = manager
				p.Schemes[walletport.Mastercard] = s
			})
			id := d.add(t, "DW", time.Minute, active)
			d.work(t)
			d.scheme.setTrouble(func(call string) trouble { return trouble{noAnswer: call == "suspend", lost: call == "history"} })
			_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			must(t, err)
			d.scheme.setTrouble(nil)
			_, err = d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenResume))
			must(t, err)
			d.scheme.setTrouble(onCommand(trouble{lost: true}))
			_, err = d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
			mustReason(t, err, "scheme_unavailable")
			d.mustAgree(t, id)
		})
	}
}

// TestTwoReplicas change one token at once, each many times.
func TestTwoReplicas(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newFakeScheme()
		s.answers = 20 * time.Millisecond
		replicas := []*desk{newDesk(t, database, s), newDesk(t, database, s)}
		t.Run("the same change is sent once, and all are told of it", func(t *testing.T) {
			id := replicas[0].add(t, "DW-SAME", 0, active)
			errs := atOnce(50, func(i int) error {
				_, err := replicas[i%2].Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
				return err
			})
			for _, err := range errs { // who comes after the end is told that there is nothing left to do
				if reason := walletport.ReasonOf(err); reason != "" && reason != "token_transition_not_allowed" {
					t.Errorf("the error is %v", err)
				}
			}
			if n := s.sent("DW-SAME"); n != 1 {
				t.Errorf("%d commands were sent", n)
			}
			replicas[0].mustAgree(t, id)
			mustBeWhole(t, replicas[0], id)
		})
		t.Run("different changes come one after the other", func(t *testing.T) {
			id := replicas[0].add(t, "DW-MANY", 0, active)
			actions := []walletport.TokenAction{walletport.TokenSuspend, walletport.TokenResume}
			errs := atOnce(50, func(i int) error {
				_, err := replicas[i%2].Change(acttest.AsBank(t.Context()), ask(id, actions[i/2%2]))
				return err
			})
			for _, err := range errs {
				switch walletport.ReasonOf(err) {
				case "", "token_change_in_progress", "token_transition_not_allowed":
				default:
					t.Errorf("the error is %v", err)
				}
			}
			replicas[1].mustAgree(t, id)
			mustBeWhole(t, replicas[1], id)
		})
		t.Run("sweeps do not get in each other's way", func(t *testing.T) {
			id := replicas[0].add(t, "DW-SWEPT", 0, active)
			s.setTrouble(onCommand(trouble{before: die}))
			changeUntilDeath(t, replicas[0], id, walletport.TokenSuspend)
			s.setTrouble(nil)
			found := make([]int, 2)
			errs := atOnce(2, func(i int) (err error) {
				replicas[i].clock.ahead.Store(int64(9 * time.Second))
				found[i], err = replicas[i].Sweep(t.Context())
				return err
			})
			if errs[0] != nil || errs[1] != nil || found[0]+found[1] != 1 {
				t.Errorf("the sweeps find %v, %v", found, errs)
			}
			replicas[1].work(t).next(t)
			replicas[1].mustAgree(t, id)
		})
	})
}

func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errs
}

// mustBeWhole fails unless each intent has its outcome, in the history and the trail, and
// nothing was sent beside them.
func mustBeWhole(t *testing.T, d *desk, id walletport.TokenID) {
	t.Helper()
	open := ""
	intents := 0
	for _, e := range d.history(t, id) {
		what, _, _ := strings.Cut(e, " ")
		switch what {
		case "asked":
			intents++
			if open != "" {
				t.Error("a change begins before the one before it has ended")
			}
			open = what
		case "done", "not_done":
			open = ""
		}
	}
	started := map[string]int{}
	for _, r := range d.records(t, id) {
		if r.Outcome == walletport.OutcomeStarted {
			started[r.Details.Get(walletport.DetailChangeID)]++
		}
	}
	if open != "" || len(started) != intents {
		t.Errorf("%d intents, of which %d are in the trail", intents, len(started))
	}
	if n := d.scheme.sent(d.row(t, id).Ref.Reference); n != intents {
		t.Errorf("%d intents and %d commands", intents, n)
	}
}

// TestRunSweeps until it is told to stop.
func TestRunSweeps(t *testing.T) {
	d := onSQLite(t)
	id := d.add(t, "DW", time.Minute, active)
	d.scheme.setTrouble(onCommand(trouble{after: die}))
	changeUntilDeath(t, d, id, walletport.TokenSuspend)
	d.clock.ahead.Store(int64(9 * time.Second))
	ends := d.work(t)
	runUntilEnd(t, d.Run)
	if end := ends.next(t); end.err != nil {
		t.Error(end.err)
	}
	d.mustAgree(t, id)
}

// BenchmarkChange is a change at a scheme that answers after 20 ms.
func BenchmarkChange(b *testing.B) {
	s := newFakeScheme()
	s.answers = 20 * time.Millisecond
	d := newDesk(b, acttest.Database(b), s)
	id := d.add(b, "DW", 0, active)
	actions := []walletport.TokenAction{walletport.TokenSuspend, walletport.TokenResume}
	for i := 0; b.Loop(); i++ {
		if _, err := d.Change(acttest.AsBank(b.Context()), ask(id, actions[i%2])); err != nil {
			b.Fatal(err)
		}
	}
}
