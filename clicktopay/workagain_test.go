package clicktopay_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// claim claims the request's job for so short that anybody may have it.
func (s *site) claim(t testing.TB) jobs.Job {
	t.Helper()
	claimed, err := s.store.ClaimJobs(t.Context(), []jobs.Want{{Kind: clicktopay.RequestKind, Limit: 1}}, time.Millisecond)
	must(t, err)
	return claimed[0]
}

// TestWhoIsOvertakenBeforeTheIntent sends nothing: another replica has.
func TestWhoIsOvertakenBeforeTheIntent(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		job, heir := s.claim(t), s.another(t, database)
		s.visa.setScript(once(isChange, play{noAnswer: true})) // so that the row is not completed
		isFirst := true
		s.db.at = func(string) {
			if isFirst {
				isFirst = false
				mustReason(t, heir.attempt(t), "scheme_no_answer")
			}
		}
		mustReason(t, s.Works()[0].Handler.Handle(t.Context(), job), "clicktopay_overtaken")
		if r := s.request(t, id); s.visa.sent(s.id()) != 1 || r.State != storage.RequestSent || r.Sends != 1 {
			t.Errorf("sent %d times, and the row is %+v", s.visa.sent(s.id()), r)
		}
	})
}

// TestARequestThatGotLostTwice: the second time, too, it is sent again only when that could no
// longer take effect.
func TestARequestThatGotLostTwice(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		var sentAt []time.Duration
		s.visa.setScript(func(call string, nth int) play {
			return play{lost: isChange(call) && nth <= 2, before: func() {
				if isChange(call) {
					sentAt = append(sentAt, time.Duration(s.visa.ahead.Load()))
				}
			}}
		})
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		s.drive(t, 10*time.Second)
		s.mustEnd(t, id, "SUCCESS")
		if len(sentAt) != 3 || sentAt[1]-sentAt[0] < settled-10*time.Second || sentAt[2]-sentAt[1] < settled-10*time.Second {
			t.Errorf("sent at %s", sentAt)
		}
	})
}

// TestARepeatThatIsRefusedWithoutAWord: then what Visa has decides, and nothing is sent a third
// time.
func TestARepeatThatIsRefusedWithoutAWord(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setScript(func(call string, nth int) play {
			switch {
			case !isChange(call):
				return play{}
			case nth == 1:
				return play{lost: true}
			}
			return play{refused: scheme.ErrRequestRefused()}
		})
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		s.drive(t, 10*time.Second)
		s.mustEnd(t, id, "FAILED scheme_request_refused")
		s.mustAgree(t)
		if got := s.visa.sent(s.id()); got != 2 {
			t.Errorf("sent %d times", got)
		}
	})
}

// TestARepeatThatEndsWithoutAWord: Visa took it when it was sent again, and ended it with what says
// nothing about the change. No later answer will say more, so what Visa has decides at once.
func TestARepeatThatEndsWithoutAWord(t *testing.T) {
	failed := play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentFailed, Faults: []scheme.Fault{fault(scheme.FaultSchemeFailed, "VIDC-5000")}}}
	for _, c := range []struct {
		name string
		made bool // Visa has made it all the same
		want string
	}{
		{"and it is not there", false, "FAILED VIDC-5000"},
		{"and it is there", true, "SUCCESS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.visa.drops = !c.made
				s.visa.setScript(func(call string, nth int) play {
					switch {
					case isChange(call) && nth == 1:
						return play{lost: true}
					case call == "requestStatus":
						return failed
					}
					return play{}
				})
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				s.drive(t, 10*time.Second)
				s.mustEnd(t, id, c.want)
				s.mustAgree(t)
				if r := s.request(t, id); s.visa.sent(s.id()) != 2 || r.EndedAt.Sub(r.AcceptAt) > 5*settled {
					t.Errorf("sent %d times, and it ended after %s", s.visa.sent(s.id()), r.EndedAt.Sub(r.AcceptAt))
				}
			})
		})
	}
}

// TestWhoIsStoppedWhenVisaTookIt keeps the trace id, which is said once.
func TestWhoIsStoppedWhenVisaTookIt(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		ctx, stop := context.WithCancel(t.Context())
		s.visa.setScript(once(isChange, play{after: stop}))
		if err := s.Works()[0].Handler.Handle(ctx, s.claim(t)); err == nil {
			t.Error("the attempt ended well")
		}
		if r := s.request(t, id); r.State != storage.RequestInProgress || r.Reference == "" {
			t.Errorf("the row is %+v", r)
		}
	})
}

// TestAnEnrolmentBehindADeletion: the card whose enrolment is asked for stays so.
func TestAnEnrolmentBehindADeletion(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.prepare(t, walletport.DeleteCustomer)
		s.asks(t, s.wish(walletport.DeleteCustomer, 0))
		again := s.asks(t, s.wish(walletport.EnrolCustomer, s.second))
		must(t, s.attempt(t))
		if got := s.cardState(t, s.second); got != storage.CardAsked || s.cardState(t, s.first) != storage.CardRemoved || s.row(t).IsEnrolled {
			t.Errorf("after the deletion the consumer is %+v", s.row(t))
		}
		s.drive(t, time.Second)
		s.mustEnd(t, again, "SUCCESS")
		s.mustAgree(t)
	})
}

// TestARequestWhoseTurnComesLate is tried, however long others of its customer were before it.
func TestARequestWhoseTurnComesLate(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setTakes(time.Hour)
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		s.visa.ahead.Add(int64(30 * time.Hour))
		s.drive(t, 10*time.Minute)
		s.mustEnd(t, id, "SUCCESS")
	})
}
