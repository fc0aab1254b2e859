package provisioning_test

import (
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/provisioning"
)

// The record becomes durable while the card is sealed; a nonce is used up before. A call that
// is refused has handed nothing in.
func TestStepsOfCalls(t *testing.T) {
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
		mustTake(t, "find", "borrow", "submit", "await")
	})
	t.Run("a call that is refused is recorded", func(t *testing.T) {
		_, err := newRig(t, watch).Push(acttest.AsBank(t.Context()), request(func(q *provisioning.PushRequest) { q.CardID = 9 }))
		if walletport.ReasonOf(err) != "card_not_found" {
			t.Errorf("error %v", err)
		}
		mustTake(t, "find", "record")
	})
	t.Run("ids that the scheme does not take open no card", func(t *testing.T) {
		d := newDeviceRig(t, watch)
		d.visa.clientErr = walletport.ErrField("client_device_id_missing", "clientDeviceID", "is needed")
		_, err := d.googlePay(acttest.AsBank(t.Context()), visaCard)
		if walletport.ReasonOf(err) != "client_device_id_missing" {
			t.Errorf("error %v", err)
		}
		mustTake(t, "find", "record")
	})
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		_, err := call.ask(acttest.AsBank(t.Context()), newDeviceRig(t, watch), schemeCards[id])
		must(t, err)
		if call.wallet == walletport.ApplePay {
			mustTake(t, "find", "nonce", "borrow", "submit", "await")
			return
		}
		mustTake(t, "find", "borrow", "submit", "await")
	})
}
