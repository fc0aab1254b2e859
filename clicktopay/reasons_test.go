package clicktopay_test

import (
	"testing"

	"github.com/walletport/walletport"
)

// TestAReasonThatIsNotForCallers: one that no page explains is shown as a failure of ours, and
// with none of its text.
func TestAReasonThatIsNotForCallers(t *testing.T) {
	s := newSite(t, sqliteDatabase(t), newPlayed(t))
	unknown := walletport.Errorf(walletport.CodeRejected, "of_tomorrow", "%s of tomorrow", deskCanary)
	s.visa.setScript(once(isChange, play{refused: unknown}))
	id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
	must(t, s.attempt(t))
	s.mustEnd(t, id, "FAILED internal")
}
