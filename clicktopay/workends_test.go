package clicktopay_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// TestWhatIsGivenUp tells apart what surely had no effect, and what may have.
func TestWhatIsGivenUp(t *testing.T) {
	no := func(err error) func(string, int) play { return func(string, int) play { return play{refused: err} } }
	for _, c := range []struct {
		name   string
		script func(call string, nth int) play
		takes  time.Duration
		want   string
		made   int
	}{
		{"Visa wants fewer requests for a day", no(scheme.ErrRateLimited()), 0, "FAILED clicktopay_given_up scheme_rate_limited", 0},
		{"Visa is busy for a day", no(busy()), 0, "FAILED clicktopay_given_up VIDC-3000", 0},
		{"Visa does not accept our keys for a day", no(scheme.ErrAccessRefused()), 0, "FAILED clicktopay_given_up scheme_access_refused", 0},
		{"no request arrives for a day", func(call string, _ int) play { return play{lost: isChange(call)} }, 0, "FAILED clicktopay_given_up", 0},
		{"after one that was lost Visa is busy for a day", func(call string, nth int) play {
			return map[bool]play{true: {lost: nth == 1, refused: map[bool]error{false: busy()}[nth == 1]}}[isChange(call)]
		}, 0, "FAILED clicktopay_given_up", 0},
		{"Visa says nothing for a day after one that was done", func(string, int) play { return play{noAnswer: true} }, 0,
			"FAILED clicktopay_outcome_unknown scheme_unavailable", 1},
		{"IN_PROGRESS for two days", nil, 48 * time.Hour, "FAILED clicktopay_outcome_unknown", 0},
		{"no result can be asked for in a day, but Visa has it", func(call string, _ int) play {
			return map[bool]play{true: {refused: scheme.ErrUnavailable()}}[call == "requestStatus"]
		}, 0, "SUCCESS", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.visa.takes = c.takes
				s.visa.setScript(c.script)
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				s.drive(t, 20*time.Minute)
				s.mustEnd(t, id, c.want)
				r := s.request(t, id)
				if took := r.EndedAt.Sub(r.AcceptAt); took < 24*time.Hour || took > 27*time.Hour {
					t.Errorf("it ended after %s", took)
				}
				if s.visa.made(s.id()) != c.made {
					t.Errorf("made %d times, want %d", s.visa.made(s.id()), c.made)
				}
				if co := s.row(t); co.Open != 0 || (c.want != "SUCCESS") != (s.cardState(t, s.first) == storage.CardRefused) {
					t.Errorf("the consumer is %+v", co)
				}
			})
		})
	}
}

// TestResultsThatSayNothing: COMPLETED is no success by itself, and a trace id may be unknown.
func TestResultsThatSayNothing(t *testing.T) {
	disagree := []scheme.Fault{fault(scheme.FaultDeclined, "VIDC-7000")}
	for _, c := range []struct {
		name  string
		play  play // of each question for the result
		lost  bool // Visa does not do what it took
		want  string
		sends int
	}{
		{"COMPLETED without details, and it is there", play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentUnclear}}, false, "SUCCESS", 1},
		{"COMPLETED without details, and it is not", play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentUnclear}}, true, "FAILED clicktopay_not_done", 1},
		{"details that disagree, and it is there", play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentUnclear, Faults: disagree}}, false, "SUCCESS", 1},
		{"details that disagree, and it is not", play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentUnclear, Faults: disagree}}, true, "FAILED VIDC-7000", 1},
		{"FAILED without a reason", play{result: &scheme.EnrolmentResult{State: scheme.EnrolmentFailed}}, true, "FAILED scheme_refused", 1},
		{"a trace id that Visa forgot, and it is there", play{refused: scheme.ErrRequestNotFound()}, false, "SUCCESS", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.visa.drops = c.lost
				s.visa.setScript(func(call string, _ int) play { return map[bool]play{true: c.play}[call == "requestStatus"] })
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				s.drive(t, 10*time.Second)
				s.mustEnd(t, id, c.want)
				s.mustAgree(t)
				if s.visa.sent(s.id()) != c.sends {
					t.Errorf("sent %d times, want %d", s.visa.sent(s.id()), c.sends)
				}
			})
		})
	}
}

// TestATraceIDThatVisaForgotWithTheRequest: it is sent again, after the time in which it could
// have been made.
func TestATraceIDThatVisaForgotWithTheRequest(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.drops = true
		var isAgain atomic.Bool
		s.visa.setScript(func(call string, nth int) play {
			switch {
			case isChange(call) && nth == 2:
				return play{before: func() { isAgain.Store(true); s.visa.setDrops(false) }}
			case call == "requestStatus" && !isAgain.Load():
				return play{refused: scheme.ErrRequestNotFound()}
			}
			return play{}
		})
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		if err := s.attempt(t); !errors.Is(err, jobs.ErrNotYet) {
			t.Errorf("the first attempt: %v", err)
		}
		if r := s.request(t, id); r.State != storage.RequestInProgress || r.Reference == "" {
			t.Errorf("Visa may know it in a moment, and the row is %+v", r)
		}
		if attempts := s.drive(t, 10*time.Second); attempts < int(settled/(10*time.Second)) {
			t.Errorf("it was sent again within %d attempts", attempts)
		}
		s.mustEnd(t, id, "SUCCESS")
		s.mustAgree(t)
		if s.visa.sent(s.id()) != 2 || s.visa.made(s.id()) != 1 {
			t.Errorf("sent %d times, made %d times", s.visa.sent(s.id()), s.visa.made(s.id()))
		}
	})
}

// TestWhatIsGoneSinceItWasAccepted ends the request, and Visa hears nothing of it.
func TestWhatIsGoneSinceItWasAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(s *site, t *testing.T)
		want  string
	}{
		"the card":         {(*site).deleteCard, "FAILED card_not_found"},
		"the customer":     {(*site).forgetCustomer, "FAILED customer_not_found"},
		"the card's leave": {(*site).blockCard, "FAILED card_not_eligible"},
		"what may be sent": {(*site).moveAway, "FAILED enrolment_data_invalid customer.address.city"},
		"the BID":          {func(s *site, _ *testing.T) { s.giveBIDToAnother() }, "FAILED customer_bid_unknown customerBID"},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				c.spoil(s, t)
				must(t, s.attempt(t))
				s.mustEnd(t, id, c.want)
				s.mustAgree(t)
				if s.visa.sent(s.id()) != 0 {
					t.Error("it was sent")
				}
			})
		})
	}
}

// TestWhatIsGoneSinceItWasSent cannot be looked for, and the row says that nobody knows.
func TestWhatIsGoneSinceItWasSent(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setScript(once(isChange, play{noAnswer: true}))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		if s.attempt(t) == nil {
			t.Fatal("the answer came")
		}
		s.deleteCard(t)
		s.drive(t, time.Second)
		s.mustEnd(t, id, "FAILED clicktopay_outcome_unknown card_not_found")
	})
}

// TestABIDThatWasGivenAwaySinceItWasSent: what another issuer's customer of that number has is not
// taken for what became of the request, and it is not sent again.
func TestABIDThatWasGivenAwaySinceItWasSent(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setScript(once(isChange, play{noAnswer: true}))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		mustReason(t, s.attempt(t), "scheme_no_answer")
		s.giveBIDToAnother()
		s.drive(t, time.Second)
		s.mustEnd(t, id, "FAILED clicktopay_outcome_unknown customer_bid_unknown customerBID")
		if s.visa.sent(s.id()) != 1 {
			t.Error("it was sent again")
		}
	})
}

// TestABIDThatNobodyHasAnyMore: what was accepted with it is done. Another replica, with the
// settings of before or of soon, may have it.
func TestABIDThatNobodyHasAnyMore(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		s.BIDs = map[walletport.IssuerID][]string{"acme": {secondBID}}
		must(t, s.attempt(t))
		s.mustEnd(t, id, "SUCCESS")
		s.mustAgree(t)
	})
}

// TestAKeyThatIsNotThere holds the request up, and does not end it.
func TestAKeyThatIsNotThere(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		whole := s.ring.Current()
		s.ring.Replace(keys.NewRing(nil))
		for range 3 {
			if err := s.attempt(t); walletport.ReasonOf(err) != "key_unavailable" {
				t.Errorf("the attempt: %v", err)
			}
		}
		s.ring.Replace(whole)
		must(t, s.attempt(t))
		s.mustEnd(t, id, "SUCCESS")
	})
}

// TestAJobThatIsDoneAgain does nothing, and one of a row that is no longer kept neither.
func TestAJobThatIsDoneAgain(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		must(t, s.attempt(t))
		before := s.request(t, id)
		job := jobs.Job{ID: 1, Kind: "clicktopay.request", Key: jobs.Key{Of: "customer", ID: int64(before.Customer)}, Arg: int64(before.No)}
		must(t, s.Works()[0].Handler.Handle(t.Context(), job))
		if after := s.request(t, id); !after.EndedAt.Equal(before.EndedAt) || s.visa.sent(s.id()) != 1 || len(s.seen.completed) != 1 {
			t.Errorf("it was done again: %+v", after)
		}
		job.Arg = 1 << 40
		must(t, s.Works()[0].Handler.Handle(t.Context(), job))
	})
}

// TestRequestsThatAreNoLongerKept are deleted, and the others are not.
func TestRequestsThatAreNoLongerKept(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		old := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		must(t, s.attempt(t))
		s.visa.ahead.Add(int64(s.Settings.Keep - time.Hour))
		young := s.asks(t, s.wish(walletport.EnrolCard, s.second))
		must(t, s.attempt(t))
		open := s.asks(t, s.wish(walletport.DeactivateCustomer, 0))
		s.visa.ahead.Add(int64(2 * time.Hour))
		deleted, err := s.Sweep(t.Context())
		must(t, err)
		if _, err := s.store.EnrolmentRequest(t.Context(), old); deleted != 1 || walletport.CodeOf(err) != walletport.CodeNotFound {
			t.Errorf("%d were deleted, and the old one: %v", deleted, err)
		}
		s.request(t, young)
		s.visa.ahead.Add(int64(2 * s.Settings.Keep))
		_, err = s.Sweep(t.Context())
		must(t, err)
		if r := s.request(t, open); r.State != storage.RequestAccepted {
			t.Errorf("what is open is %s", r.State)
		}
	})
}

// TestManyRequestsThatAreNoLongerKept are more than one bite of a sweep.
func TestManyRequestsThatAreNoLongerKept(t *testing.T) {
	s := newSite(t, sqliteDatabase(t), newPlayed(t))
	id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
	must(t, s.attempt(t))
	done := s.request(t, id)
	const more = 700
	must(t, s.store.Update(t.Context(), func(tx storage.Tx) error {
		for range more {
			open := done
			open.ID, open.State, open.Result, open.EndedAt = uuid.NewString(), storage.RequestAccepted, "", time.Time{}
			open.SentAt, open.Sends, open.Reference = time.Time{}, 0, ""
			no, err := tx.AddEnrolmentRequest(open)
			if err != nil {
				return err
			}
			err = tx.UpdateEnrolmentRequest(no, func(old storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
				old.State, old.Result, old.EndedAt = done.State, done.Result, done.EndedAt
				return old, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	s.visa.ahead.Add(int64(s.Settings.Keep + time.Hour))
	deleted, err := s.Sweep(t.Context())
	must(t, err)
	if left := len(s.requests(t)); deleted != more+1 || left != 0 {
		t.Errorf("%d were deleted and %d are left", deleted, left)
	}
}

// TestARequestThatEndsLeavesTheNextOne: who asks for the same as that is given it.
func TestARequestThatEndsLeavesTheNextOne(t *testing.T) {
	s := newSite(t, sqliteDatabase(t), newPlayed(t))
	first := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
	next := s.asks(t, s.wish(walletport.DeactivateCustomer, 0))
	must(t, s.attempt(t))
	s.mustEnd(t, first, "SUCCESS")
	if again := s.mustAccept(t, s.wish(walletport.DeactivateCustomer, 0)); again.ID != next || !again.IsJoined {
		t.Errorf("the same is asked for by %s, and again by %+v", next, again)
	}
}
