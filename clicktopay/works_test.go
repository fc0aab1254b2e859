package clicktopay_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// afterwards is what Visa has after each action of wished.
var afterwards = map[walletport.ClickToPayAction]string{
	walletport.EnrolCustomer:      "active 1111",
	walletport.EnrolCard:          "active 1111 1881",
	walletport.UpdateCustomer:     "active 1111",
	walletport.UpdateCard:         "active 1111 1881",
	walletport.DeactivateCustomer: "inactive 1111",
	walletport.ActivateCustomer:   "active 1111",
	walletport.DeleteCard:         "active 1111",
	walletport.DeleteCustomer:     "none",
}

// TestEachActionIsDone from accepted to completed in one attempt, and sent once.
func TestEachActionIsDone(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		for _, action := range walletport.ClickToPayActions() {
			t.Run(string(action), func(t *testing.T) {
				s := newSite(t, database, newPlayed(t))
				s.prepare(t, action)
				id := s.asks(t, s.wished(action))
				if r := s.request(t, id); r.State != storage.RequestAccepted || r.Sends != 0 {
					t.Errorf("accepted, the row is %+v", r)
				}
				must(t, s.attempt(t))
				s.mustEnd(t, id, "SUCCESS")
				s.mustAgree(t)
				if got := s.visa.truth(s.id()); got != afterwards[action] {
					t.Errorf("Visa has %q, want %q", got, afterwards[action])
				}
				if s.visa.sent(s.id()) != 1 || s.visa.made(s.id()) != 1 {
					t.Errorf("it was sent %d times, and made %d times", s.visa.sent(s.id()), s.visa.made(s.id()))
				}
				if r := s.request(t, id); len(r.Overrides.Sealed) > 0 || len(r.Print) > 0 || len(s.row(t).Last.Print) > 0 {
					t.Errorf("what it said is left behind: %+v", r)
				}
				if c := s.row(t); c.AsOf.IsZero() || c.Last.ID != id {
					t.Errorf("the consumer is %+v", c)
				}
				if got := s.seen.completed[len(s.seen.completed)-1]; got != string(action)+" SUCCESS" {
					t.Errorf("the observer was told of %q", got)
				}
				last := s.lastRecord(t)
				want := walletport.AuditDetails(nil).With(walletport.DetailCustomer, s.customer).With(walletport.DetailBID, ownBID).
					With(walletport.DetailRequest, id).With(walletport.DetailResult, "SUCCESS").With(walletport.DetailChannel, "api")
				if last.Action != walletport.ActionClickToPay(action) || last.ClientID != "bank-app" || last.AuditUser != "ada@bank.example" ||
					len(last.KeyVersions) != 1 || !slices.Equal(last.Details, want) {
					t.Errorf("the last record is %+v", last)
				}
			})
		}
	})
}

// TestWhatVisaSaysNoTo ends the request, whether it says so at once or in the result.
func TestWhatVisaSaysNoTo(t *testing.T) {
	for _, c := range []struct {
		name   string
		before walletport.ClickToPayAction // what prepare makes ready
		asked  walletport.ClickToPayAction
		card   int // which one: 1 or 2
		want   string
		ours   string
		state  storage.ConsumerCardState // of the card
	}{
		{"a customer who is enrolled", walletport.EnrolCard, walletport.EnrolCustomer, 2, "FAILED VIDC-2000", "active 1111", storage.CardRefused},
		{"the card of a customer who is not", walletport.EnrolCustomer, walletport.EnrolCard, 1, "FAILED VIDC-2001", "none", storage.CardRefused},
		{"a card that is enrolled", walletport.EnrolCard, walletport.EnrolCard, 1, "FAILED VIDC-2004", "active 1111", storage.CardEnrolled},
		{"a card that is not, to change", walletport.EnrolCard, walletport.UpdateCard, 2, "FAILED VIDC-2005", "active 1111", ""},
		{"a card that is not, to delete", walletport.EnrolCard, walletport.DeleteCard, 2, "FAILED VIDC-2005", "active 1111", ""},
		{"a customer who is not, to change", walletport.EnrolCustomer, walletport.UpdateCustomer, 0, "FAILED VIDC-2001", "none", ""},
		{"a customer who is not, to deactivate", walletport.EnrolCustomer, walletport.DeactivateCustomer, 0, "FAILED VIDC-2001", "none", ""},
		{"a customer who is not, to delete", walletport.EnrolCustomer, walletport.DeleteCustomer, 0, "FAILED VIDC-2001", "none", ""},
		{"a card that Visa says is none of its", walletport.EnrolCard, walletport.EnrolCard, 2, "FAILED VIDC-2006 card.pan", "active 1111", storage.CardRefused},
		{"the same, of a new customer", walletport.EnrolCustomer, walletport.EnrolCustomer, 2, "FAILED VIDC-2006 card.pan", "none", storage.CardRefused},
		{"a card that gets no token", walletport.EnrolCard, walletport.EnrolCard, 2, "FAILED VIDC-7000 card.pan", "active 1111", storage.CardRefused},
	} {
		for how, atOnce := range map[string]bool{"at once": true, "in the result": false} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				onEach(t, func(t *testing.T, database string) {
					s := newSite(t, database, newPlayed(t))
					s.visa.atOnce, s.visa.declined[secondNumber], s.visa.foreign[secondNumber] = atOnce, strings.Contains(c.want, "VIDC-7000"), strings.Contains(c.want, "VIDC-2006")
					s.prepare(t, c.before)
					card := []walletport.CardID{0, s.first, s.second}[c.card]
					id := s.asks(t, s.wish(c.asked, card))
					must(t, s.attempt(t))
					s.mustEnd(t, id, c.want)
					s.mustAgree(t)
					if s.ours(t) != c.ours || s.cardState(t, card) != c.state || s.visa.sent(s.id()) != 1 {
						t.Errorf("our row says %q and the card is %q; sent %d times", s.ours(t), s.cardState(t, card), s.visa.sent(s.id()))
					}
					if s.visa.asked("getData") != 0 {
						t.Error("Visa was asked what it has, though it had said what became of the request")
					}
				})
			})
		}
	}
}

// TestAnAnswerThatGotLost: whether the request took effect or not, each action is made once,
// and it is sent again only where it did not.
func TestAnAnswerThatGotLost(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		for _, action := range walletport.ClickToPayActions() {
			for how, lost := range map[string]play{"and it took effect": {noAnswer: true}, "and it did not": {lost: true}} {
				t.Run(string(action)+" "+how, func(t *testing.T) {
					s := newSite(t, database, newPlayed(t))
					s.prepare(t, action)
					s.visa.setScript(once(isChange, lost))
					id := s.asks(t, s.wished(action))
					if err := s.attempt(t); walletport.ReasonOf(err) != "scheme_no_answer" {
						t.Errorf("the first attempt: %v", err)
					}
					if r := s.request(t, id); r.State != storage.RequestSent || r.Sends != 1 || r.SentAt.IsZero() || r.Reference != "" {
						t.Errorf("nobody knows whether it was done, and the row is %+v", r)
					}
					attempts := s.drive(t, 10*time.Second)
					s.mustEnd(t, id, "SUCCESS")
					s.mustAgree(t)
					want := 1
					if lost.lost {
						want = 2
					}
					if s.visa.sent(s.id()) != want || s.visa.made(s.id()) != 1 || s.visa.truth(s.id()) != afterwards[action] {
						t.Errorf("sent %d times, want %d; made %d times; Visa has %q", s.visa.sent(s.id()), want, s.visa.made(s.id()), s.visa.truth(s.id()))
					}
					if lost.lost && attempts < int(settled/(10*time.Second)) {
						t.Errorf("it was sent again after %d attempts, before the first could not take effect any more", attempts)
					}
				})
			}
		}
	})
}

// TestARepeatThatIsRefused: the first try took effect after Visa had long been seen without
// it, and the second is refused because of it.
func TestARepeatThatIsRefused(t *testing.T) {
	for _, action := range []walletport.ClickToPayAction{
		walletport.EnrolCustomer, walletport.EnrolCard, walletport.DeleteCard, walletport.DeleteCustomer,
	} {
		for how, atOnce := range map[string]bool{"at once": true, "in the result": false} {
			t.Run(string(action)+" "+how, func(t *testing.T) {
				onEach(t, func(t *testing.T, database string) {
					s := newSite(t, database, newPlayed(t))
					s.prepare(t, action)
					s.visa.atOnce = atOnce
					s.visa.setScript(once(isChange, play{late: true}))
					id := s.asks(t, s.wished(action))
					s.drive(t, 10*time.Second)
					s.mustEnd(t, id, "SUCCESS")
					s.mustAgree(t)
					if s.visa.sent(s.id()) != 2 || s.visa.made(s.id()) != 1 || s.visa.truth(s.id()) != afterwards[action] {
						t.Errorf("sent %d times, made %d times; Visa has %q", s.visa.sent(s.id()), s.visa.made(s.id()), s.visa.truth(s.id()))
					}
				})
			})
		}
	}
}

// TestARepeatThatSomebodyElseIsTheReasonOf: the consumer is there, but not by our first try.
func TestARepeatThatSomebodyElseIsTheReasonOf(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setScript(func(call string, nth int) play {
			switch {
			case !isChange(call):
				return play{}
			case nth == 1:
				return play{lost: true}
			}
			return play{before: func() { s.visa.enrolElsewhere(s.id()) }}
		})
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		s.drive(t, 10*time.Second)
		s.mustEnd(t, id, "FAILED VIDC-2000")
		if c := s.row(t); !c.IsEnrolled || s.cardState(t, s.first) != storage.CardRefused || s.visa.made(s.id()) != 0 {
			t.Errorf("the consumer is %+v, and %d of our requests were made", c, s.visa.made(s.id()))
		}
	})
}

// TestWhatVisaMayTakeLater leaves the row as if nothing had been sent, and is sent until Visa
// takes it.
func TestWhatVisaMayTakeLater(t *testing.T) {
	spare := walletport.Errorf(walletport.CodeRateLimited, "scheme_rate_limited", "later").WithRetryAfter(7 * time.Second)
	for name, refused := range map[string]error{
		"409, somebody else is at work":     busy(),
		"429":                               scheme.ErrRateLimited(),
		"429 with Retry-After":              spare,
		"nobody listens":                    scheme.ErrUnavailable(),
		"401, our keys are refused":         scheme.ErrAccessRefused(),
		"401, the signature was had before": scheme.ErrSignatureSpent(),
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.visa.setScript(times(3, isChange, play{refused: refused}))
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				for range 3 {
					if err := s.attempt(t); walletport.ReasonOf(err) != walletport.ReasonOf(refused) {
						t.Errorf("the attempt: %v", err)
					}
					if r := s.request(t, id); r.State != storage.RequestAccepted || r.Sends != 0 || !r.SentAt.IsZero() || !r.UpdatedAt.Equal(r.AcceptAt) {
						t.Errorf("nothing was done, and the row is %+v", r)
					}
				}
				must(t, s.attempt(t))
				s.mustEnd(t, id, "SUCCESS")
				s.mustAgree(t)
				if s.visa.asked("getData") != 0 || s.visa.made(s.id()) != 1 {
					t.Errorf("getData was asked %d times; made %d times", s.visa.asked("getData"), s.visa.made(s.id()))
				}
			})
		})
	}
}

// TestARefusalAfterALaterOneIsTheFirst: what was surely not done before is no first try of
// what is refused now.
func TestARefusalAfterALaterOneIsTheFirst(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.prepare(t, walletport.EnrolCard)
		s.visa.atOnce = true
		s.visa.setScript(times(2, isChange, play{refused: scheme.ErrRateLimited()}))
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		s.drive(t, time.Second)
		s.mustEnd(t, id, "FAILED VIDC-2000")
	})
}
