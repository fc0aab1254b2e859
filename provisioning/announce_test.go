package provisioning_test

import (
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/provisioning"
)

// Others wait for an announced record, so no commit of a nonce may come before it; but
// a call that is not announced at once is not waited for under load.
func TestCallsAreAnnounced(t *testing.T) {
	var s *acttest.Steps
	watch := func(f *provisioning.Flow) { s = acttest.Watch(&f.Parts) }
	mustTake := func(t *testing.T, want ...string) {
		t.Helper()
		if !slices.Equal(s.Taken, want) {
			t.Errorf("steps %q, want %q", s.Taken, want)
		}
	}
	t.Run("issuer wallet", func(t *testing.T) {
		_, err := newRig(t, watch).Push(acttest.AsBank(t.Context()), request())
		must(t, err)
		mustTake(t, "announce", "find", "borrow", "record")
	})
	t.Run("an announced call that is refused is recorded", func(t *testing.T) {
		_, err := newRig(t, watch).Push(acttest.AsBank(t.Context()), request(func(q *provisioning.PushRequest) { q.CardID = 9 }))
		if walletport.ReasonOf(err) != "card_not_found" {
			t.Errorf("error %v", err)
		}
		mustTake(t, "announce", "find", "record")
	})
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		_, err := call.ask(acttest.AsBank(t.Context()), newDeviceRig(t, watch), schemeCards[id])
		must(t, err)
		if call.wallet == walletport.ApplePay {
			mustTake(t, "find", "borrow", "nonce", "record")
			return
		}
		mustTake(t, "announce", "find", "borrow", "record")
	})
}
