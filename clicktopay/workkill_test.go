package clicktopay_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

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
