package clicktopay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// TestWhatWasRemovedIsRemembered: a card that was enrolled and is no longer, whoever is the
// reason of it, is removed, until it is enrolled again.
func TestWhatWasRemovedIsRemembered(t *testing.T) {
	for _, c := range []struct {
		name   string
		asked  walletport.ClickToPayAction
		card   int // which one: 1 or 2; 0 is none
		before func(*played, string)
		want   string // the states of both cards
	}{
		{"a card is deleted", walletport.DeleteCard, 2, nil, "enrolled removed"},
		{"the customer is deleted", walletport.DeleteCustomer, 0, nil, "removed removed"},
		{"the customer is gone, when deleted", walletport.DeleteCustomer, 0, (*played).leave, "removed removed"},
		{"the customer is gone, when changed", walletport.UpdateCustomer, 0, (*played).leave, "removed removed"},
		{"the customer is gone, when a card is deleted", walletport.DeleteCard, 1, (*played).leave, "removed removed"},
		{"the card is gone, when deleted", walletport.DeleteCard, 2, loseSecond, "enrolled removed"},
		{"the card is gone, when changed", walletport.UpdateCard, 2, loseSecond, "enrolled removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.prepare(t, walletport.UpdateCard) // with both cards
				if got := s.states(t); got != "enrolled enrolled" {
					t.Fatalf("at first the cards are %q", got)
				}
				if c.before != nil {
					c.before(s.visa, s.id())
				}
				s.asks(t, s.wish(c.asked, []walletport.CardID{0, s.first, s.second}[c.card]))
				s.drive(t, time.Second)
				if got := s.states(t); got != c.want {
					t.Errorf("the cards are %q, want %q", got, c.want)
				}
				s.mustAgree(t)
				action := walletport.EnrolCustomer
				if s.row(t).IsEnrolled {
					action = walletport.EnrolCard
				}
				id := s.asks(t, s.wish(action, s.second))
				if got := s.cardState(t, s.second); got != storage.CardAsked {
					t.Errorf("asked for again, the card is %q", got)
				}
				s.drive(t, time.Second)
				s.mustEnd(t, id, "SUCCESS")
				if got := s.cardState(t, s.second); got != storage.CardEnrolled {
					t.Errorf("enrolled again, the card is %q", got)
				}
			})
		})
	}
}

// loseSecond has Visa lose the second card of a customer.
func loseSecond(visa *played, id string) {
	visa.lock.Lock()
	defer visa.lock.Unlock()
	delete(visa.consumers[id].Cards, secondNumber)
}

// states is how both cards of the site stand.
func (s *site) states(t *testing.T) string {
	t.Helper()
	return strings.Join([]string{string(s.cardState(t, s.first)), string(s.cardState(t, s.second))}, " ")
}

// TestWhoLeftStaysOutOfPortfolios: neither who was deleted by a call nor a card that was is
// enrolled by a portfolio, unless that is said.
func TestWhoLeftStaysOutOfPortfolios(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		b := newBank(t, database, visa)
		b.fill(t, 2)
		b.goldCard(t, 9102, "9002")
		b.work(t)
		patient := func(r *clicktopay.PortfolioRequest) { r.Patience = time.Minute }
		run := func(want []string, change ...func(*clicktopay.PortfolioRequest)) {
			t.Helper()
			_, told, err := b.run(t.Context(), append(change, patient)...)
			must(t, err)
			b.settle(t)
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		run([]string{"9001 of 9001: enrol_customer", "9002 of 9002: enrol_customer", "9102 of 9002: enrol_card"})
		b.mustAccept(t, asked(walletport.DeleteCustomer, func(a *clicktopay.Asked) { a.Customer = "9001" }))
		b.mustAccept(t, asked(walletport.DeleteCard, func(a *clicktopay.Asked) { a.CardID = 9002 }))
		b.settle(t)
		b.goldCard(t, 9101, "9001") // a new card of who left, and of who stayed
		b.goldCard(t, 9202, "9002")
		run([]string{
			"9001 of 9001: removed_before", "9002 of 9002: removed_before", "9101 of 9001: removed_before",
			"9102 of 9002: already_enrolled", "9202 of 9002: enrol_card",
		})
		run([]string{
			"9001 of 9001: enrol_customer", "9002 of 9002: enrol_card", "9102 of 9002: already_enrolled",
			"9202 of 9002: already_enrolled", "9101 of 9001: enrol_card",
		}, func(r *clicktopay.PortfolioRequest) { r.RetriesRemoved = true })
	})
}

// TestACustomerWhomOthersHaveEnrolledLeaves between the run that learns of it and the next one.
func TestACustomerWhomOthersHaveEnrolledLeaves(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		visa := newPlayed(t)
		visa.consumers["9001/"+ownBID] = &playedConsumer{Cards: map[string]playedCard{}}
		b := newBank(t, database, visa)
		b.enrol(t, 1)
		b.mustAccept(t, asked(walletport.DeleteCustomer, func(a *clicktopay.Asked) { a.Customer = "9001" }))
		b.settle(t)
		_, told, err := b.run(t.Context())
		must(t, err)
		if diff := cmp.Diff([]string{"9001 of 9001: removed_before"}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
