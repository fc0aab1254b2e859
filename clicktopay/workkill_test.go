package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// watch has every point of the replica told: each commit, before and after, and each call of
// Visa, before it arrives and after it was done.
func (s *site) watch(at point) {
	s.db.at, s.last.at = at, at
	s.visa.setScript(func(call string, _ int) play {
		return play{before: func() { at("before " + call) }, after: func() { at("after " + call) }}
	})
}

// TestAKillBetweenAnyTwoSteps kills the process at each point that an attempt comes through,
// of each action, and another replica goes on: the change is made once, and says so.
func TestAKillBetweenAnyTwoSteps(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		actions := walletport.ClickToPayActions()
		if strings.HasPrefix(database, "postgres:") { // the steps are the same, and more slowly made
			actions = []walletport.ClickToPayAction{walletport.EnrolCustomer, walletport.UpdateCard, walletport.DeleteCustomer}
		}
		for _, action := range actions {
			var points []string
			s := newSite(t, database, newPlayed(t))
			s.prepare(t, action)
			s.asks(t, s.wished(action))
			s.watch(func(where string) { points = append(points, where) })
			must(t, s.attempt(t))
			want := []string{
				"before a commit", "after a commit", "before " + s.visa.last(), "after " + s.visa.last(), "before a commit", "after a commit",
				"before requestStatus", "after requestStatus", "before the last commit", "after the last commit",
			}
			if !slices.Equal(points, want) {
				t.Errorf("%s comes through %q, want %q", action, points, want)
			}
			for n := range points {
				t.Run(fmt.Sprintf("%s, %d: %s", action, n, points[n]), func(t *testing.T) { killAt(t, database, action, n) })
			}
		}
	})
}

func killAt(t *testing.T, database string, action walletport.ClickToPayAction, n int) {
	s := newSite(t, database, newPlayed(t))
	s.prepare(t, action)
	id := s.asks(t, s.wished(action))
	left := n
	s.watch(func(string) {
		if left--; left < 0 {
			panic(killed{})
		}
	})
	if err := s.attempt(t); !errors.Is(err, errKilled) {
		t.Fatalf("the attempt that was to be killed: %v", err)
	}
	s.visa.setScript(nil)
	heir := s.another(t, database)
	heir.drive(t, 10*time.Second)
	heir.mustEnd(t, id, "SUCCESS")
	heir.mustAgree(t)
	if heir.visa.made(s.id()) != 1 || heir.visa.sent(s.id()) > 2 || heir.visa.truth(s.id()) != afterwards[action] {
		t.Errorf("made %d times, sent %d times; Visa has %q", s.visa.made(s.id()), s.visa.sent(s.id()), s.visa.truth(s.id()))
	}
	if n != 2 && n != 1 && heir.visa.sent(s.id()) != 1 { // else the intent was durable, and nothing had arrived
		t.Errorf("sent %d times", heir.visa.sent(s.id()))
	}
}

// TestADatabaseThatIsLost at any commit, for a moment or until the attempt is over: nothing is
// made twice.
func TestADatabaseThatIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		first, n int // which commits fail, and how many
		attempts int
	}{
		"before the intent, once":      {0, 1, 2},
		"after Visa took it, once":     {1, 1, 1},
		"after Visa took it, for long": {1, 1000, 0},
		"at the end, once":             {2, 1, 1},
		"at the end, for long":         {2, 1000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				commits := 0
				s.db.fails = func() error {
					if commits++; commits > c.first && commits <= c.first+c.n {
						return storage.ErrUnavailable(t.Context(), errors.New("the database is gone"))
					}
					return nil
				}
				s.last.fails = s.db.fails
				if c.attempts == 0 {
					mustReason(t, s.attempt(t), "store_unavailable")
					s.db.fails, s.last.fails = nil, nil
				}
				attempts := s.drive(t, time.Second)
				s.mustEnd(t, id, "SUCCESS")
				s.mustAgree(t)
				if s.visa.sent(s.id()) != 1 || s.visa.made(s.id()) != 1 || c.attempts > 0 && attempts != c.attempts {
					t.Errorf("sent %d times, made %d times, in %d attempts", s.visa.sent(s.id()), s.visa.made(s.id()), attempts)
				}
			})
		})
	}
}

// TestALostLeaseEndsNothing: whoever goes on although another replica has the job completes
// nothing, and the other one does.
func TestALostLeaseEndsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		wants := []jobs.Want{{Kind: clicktopay.RequestKind, Limit: 1}}
		late, err := s.store.ClaimJobs(t.Context(), wants, time.Millisecond)
		must(t, err)
		var heir *site
		s.visa.setScript(func(call string, nth int) play {
			if call != "requestStatus" || nth > 1 {
				return play{}
			}
			return play{after: func() { // the lease has run out
				heir = s.another(t, database)
				must(t, heir.attempt(t))
			}}
		})
		if err := s.Works()[0].Handler.Handle(t.Context(), late[0]); err == nil {
			t.Error("the job was completed twice")
		}
		heir.mustEnd(t, id, "SUCCESS")
		heir.mustAgree(t)
		if s.visa.sent(s.id()) != 1 || len(s.seen.completed) != 0 || len(heir.seen.completed) != 1 {
			t.Errorf("sent %d times; told of %q and %q", s.visa.sent(s.id()), s.seen.completed, heir.seen.completed)
		}
	})
}

// TestAProcessThatWasHeldUp between its intent and the send sends nothing.
func TestAProcessThatWasHeldUp(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		begun := time.Now()
		s.Clock = func() time.Time { return begun }
		s.db.at = func(where string) {
			if where == "after a commit" {
				s.Clock = func() time.Time { return begun.Add(3 * time.Second) }
			}
		}
		mustReason(t, s.attempt(t), "store_unavailable")
		if r := s.request(t, id); s.visa.sent(s.id()) != 0 || r.State != storage.RequestAccepted || r.Sends != 0 {
			t.Errorf("sent %d times, and the row is %+v", s.visa.sent(s.id()), r)
		}
	})
}

// TestAWorkerThatIsToldToStop loses nothing: its attempts end at once, and go on elsewhere.
func TestAWorkerThatIsToldToStop(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		ctx, stop := context.WithCancel(t.Context())
		s.visa.setScript(once(isChange, play{before: stop, held: make(chan struct{})}))
		claimed, err := s.store.ClaimJobs(t.Context(), []jobs.Want{{Kind: clicktopay.RequestKind, Limit: 1}}, time.Millisecond)
		must(t, err)
		if err := s.Works()[0].Handler.Handle(ctx, claimed[0]); err == nil {
			t.Error("the attempt ended well")
		}
		s.drive(t, 10*time.Second)
		s.mustEnd(t, id, "SUCCESS")
		s.mustAgree(t)
	})
}
