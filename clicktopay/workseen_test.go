package clicktopay_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport"
)

// TestAConsumerIsStoredAsVisaWasSeenToHaveThem: requests get lost, and Visa is seen with what
// they ask for, for it had it before. How else it has the consumer is stored too.
func TestAConsumerIsStoredAsVisaWasSeenToHaveThem(t *testing.T) {
	for _, c := range []struct {
		name   string
		before walletport.ClickToPayAction // what prepare makes ready
		asked  walletport.ClickToPayAction
		leaves bool // the customer leaves Visa before the request is sent again
		want   string
	}{
		{"a card of nobody is deleted", walletport.EnrolCustomer, walletport.DeleteCard, false, "none"},
		{"a card is deleted, and the customer is gone", walletport.EnrolCard, walletport.DeleteCard, true, "none"},
		{"somebody inactive is enrolled", walletport.ActivateCustomer, walletport.EnrolCustomer, false, "inactive 1111"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.prepare(t, c.before)
				s.visa.setScript(func(call string, nth int) play {
					switch {
					case !isChange(call):
						return play{}
					case nth == 1:
						return play{lost: true}
					}
					return play{before: func() { s.visa.leave(s.id()) }}
				})
				id := s.asks(t, s.wish(c.asked, s.first))
				s.drive(t, 10*time.Second)
				s.mustEnd(t, id, "SUCCESS")
				s.mustAgree(t)
				sends := 1
				if c.leaves {
					sends = 2
				}
				if s.visa.made(s.id()) != 0 || s.visa.truth(s.id()) != c.want || s.visa.sent(s.id()) != sends {
					t.Errorf("sent %d times, made %d times; Visa has %q, want %q", s.visa.sent(s.id()), s.visa.made(s.id()), s.visa.truth(s.id()), c.want)
				}
			})
		})
	}
}
