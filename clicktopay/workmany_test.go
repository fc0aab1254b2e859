package clicktopay_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// work runs the jobs of a replica until the test ends.
func (s *site) work(t testing.TB) {
	t.Helper()
	worker, err := jobs.NewWorker(jobs.Config{Queue: s.store, Works: s.Works(), Clock: time.Now, Settings: jobs.Settings{Poll: 20 * time.Millisecond}})
	must(t, err)
	runUntilEnd(t, worker.Run)
}

// await waits until the request is completed.
func (s *site) await(t testing.TB, id string) storage.EnrolmentRequest {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if r := s.request(t, id); r.State == storage.RequestCompleted {
			return r
		} else if time.Now().After(until) {
			t.Fatalf("the request does not end: %+v", r)
		}
	}
}

// others stores further customers with the two cards each, and returns their numbers.
func (s *site) others(t testing.TB, n int) (numbers []string) {
	t.Helper()
	for i := range n {
		number := strconv.Itoa(9_000_000 + i)
		s.putCustomer(t, newCustomer(number))
		of := func(c *walletport.Card) { c.CustomerID, c.Product = number, "visa-debit" }
		s.putCard(t, walletport.CardID(9_000_000+2*i), firstNumber, of)
		s.putCard(t, walletport.CardID(9_000_001+2*i), secondNumber, of)
		numbers = append(numbers, number)
	}
	return numbers
}

// wishOf is a request about another customer.
func (s *site) wishOf(number string, action walletport.ClickToPayAction, which int) clicktopay.Asked {
	return asked(action, func(a *clicktopay.Asked) {
		if a.Customer != "" {
			a.Customer = number
		}
		if n, _ := strconv.Atoi(number); action.IsOfCard() {
			a.CardID = walletport.CardID(9_000_000 + 2*(n-9_000_000) + which)
		}
	})
}

// TestTwoReplicas do the requests of many customers, of which some get lost and some come too
// early: in the order of each customer, one at a time, each once.
func TestTwoReplicas(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.takes = 20 * time.Millisecond
		random, lock := rand.New(rand.NewPCG(14, 1)), sync.Mutex{}
		s.visa.setScript(func(call string, _ int) play {
			lock.Lock()
			defer lock.Unlock()
			switch n := random.IntN(10); {
			case n == 0 && isChange(call):
				return play{noAnswer: true}
			case n == 1:
				return play{refused: scheme.ErrRateLimited()}
			}
			return play{}
		})
		const customers = 12
		steps := []struct {
			action walletport.ClickToPayAction
			which  int
			call   string
		}{
			{walletport.EnrolCustomer, 0, "enrol_consumer"}, {walletport.EnrolCard, 1, "enrol_cards"}, {walletport.DeactivateCustomer, 0, "replace_consumer"},
			{walletport.DeleteCard, 0, "delete_cards"}, {walletport.ActivateCustomer, 0, "replace_consumer"},
		}
		numbers := s.others(t, customers)
		s.work(t)
		s.another(t, database).work(t)
		var ids []string
		for _, step := range steps {
			for _, number := range numbers {
				ids = append(ids, s.asks(t, s.wishOf(number, step.action, step.which)))
			}
		}
		for _, id := range ids {
			if r := s.await(t, id); r.Result != storage.RequestSucceeded {
				t.Errorf("%s of %s: %s %+v", r.Action, r.Number, r.Result, r.Faults)
			}
		}
		for _, number := range numbers {
			var want []string
			for _, step := range steps {
				want = append(want, step.call+" "+number+"/"+ownBID)
			}
			if got := s.visa.appliedTo(number + "/" + ownBID); !slices.Equal(got, want) {
				t.Errorf("made %q", got)
			}
			if got := s.visa.truth(number + "/" + ownBID); got != "active 1881" {
				t.Errorf("Visa has %q", got)
			}
		}
		if s.visa.met != 0 {
			t.Errorf("%d requests met another of their customer at work", s.visa.met)
		}
	})
}

// appliedTo are the changes that were made to a consumer.
func (p *played) appliedTo(id string) (all []string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, c := range p.applied {
		if strings.HasSuffix(c, " "+id) {
			all = append(all, c)
		}
	}
	return all
}

// TestOneThatIsStuck delays no other: neither while Visa does not answer for it, nor while it
// is at work at it for ever.
func TestOneThatIsStuck(t *testing.T) {
	for _, c := range []string{"no answer comes", "Visa is at work"} {
		t.Run(c, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				held := make(chan struct{})
				t.Cleanup(func() { close(held) })
				s.visa.setScript(func(call string, nth int) play {
					switch {
					case c == "no answer comes" && call == "enrol_consumer" && nth == 1:
						return play{held: held}
					case c == "Visa is at work" && call == "enrol_consumer" && nth == 1:
						return play{after: func() { s.visa.setTakes(0) }}
					}
					return play{}
				})
				s.visa.setTakes(time.Hour)
				if c == "no answer comes" {
					s.visa.setTakes(0)
				}
				numbers := s.others(t, 8)
				s.work(t)
				stuck := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				for until := time.Now().Add(patience); s.visa.asked("enrol_consumer") == 0; time.Sleep(5 * time.Millisecond) {
					if time.Now().After(until) {
						t.Fatal("nothing is sent")
					}
				}
				behind := s.asks(t, s.wish(walletport.EnrolCard, s.second))
				for _, number := range numbers {
					s.await(t, s.asks(t, s.wishOf(number, walletport.EnrolCustomer, 0)))
				}
				if r := s.request(t, stuck); r.State == storage.RequestCompleted {
					t.Errorf("the one that was stuck is %+v", r)
				}
				if r := s.request(t, behind); r.State != storage.RequestAccepted || r.Sends != 0 {
					t.Errorf("the one behind it is %+v", r)
				}
			})
		})
	}
}

func (p *played) setTakes(d time.Duration) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.takes = d
}

// TestTheFirstQuestionIsMostlyTheLast: with a Visa that takes 50 ms for its work nobody asks
// before it is done, nor waits for the queue. An attempt that is handed back under load asks
// twice.
func TestTheFirstQuestionIsMostlyTheLast(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := newSite(t, database, newPlayed(t))
		s.visa.setTakes(50 * time.Millisecond)
		numbers := s.others(t, 10)
		s.work(t)
		for _, number := range numbers {
			r := s.await(t, s.asks(t, s.wishOf(number, walletport.EnrolCustomer, 0)))
			t.Logf("COMPLETED after %s", r.EndedAt.Sub(r.AcceptAt))
		}
		if got := s.visa.asked("requestStatus"); got < len(numbers) || got > len(numbers)+2 {
			t.Errorf("%d results were asked for, want one of each request and at most 2 more", got)
		}
	})
}
