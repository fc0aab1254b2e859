package clicktopaysim_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/walletport/walletport/sim"
)

// A consumer's status has the words that were agreed on, and no others.
func TestOtherWordsForAStatus(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.api.ActiveStatus, s.api.InactiveStatus = "ENABLED", "SUSPENDED_BY_ISSUER" })
	w.enrol(t, "c-1")
	for _, c := range []struct {
		word   string
		status int
		truth  string
	}{
		{"SUSPENDED_BY_ISSUER", http.StatusAccepted, "INACTIVE"}, {"INACTIVE", http.StatusBadRequest, "INACTIVE"},
		{"ENABLED", http.StatusAccepted, "ACTIVE"}, {"ACTIVE", http.StatusBadRequest, "ACTIVE"},
		{"SUSPENDED_BY_ISSUER", http.StatusAccepted, "INACTIVE"}, {"", http.StatusAccepted, "ACTIVE"},
	} {
		plain := body(person("c-1"))
		if c.word != "" {
			in("consumer", "status", c.word)(plain)
		}
		a := w.ask(t, w.question(http.MethodPut, "manageConsumerInformation", plain))
		w.clock.add(delay)
		if truth := w.truth(t, "c-1"); a.status != c.status || truth.Status != c.truth {
			t.Errorf("%q: %d %v, and the truth is %s", c.word, a.status, a.plain, truth.Status)
		}
		want := map[string]string{"ACTIVE": "ENABLED", "INACTIVE": "SUSPENDED_BY_ISSUER"}[c.truth]
		if consumer, _ := w.read(t, "c-1"); consumer["status"] != want {
			t.Errorf("%q: getData shows %v, want %s", c.word, consumer["status"], want)
		}
	}
}

// A card of a range that is no longer Visa's is refused, at once or in the status.
func TestCardsThatLookLikeVisas(t *testing.T) {
	for _, late := range []bool{false, true} {
		w := newWorld(t, func(s *settings) {
			s.register.TellsRulesLate = late
			s.api.IsForeign = func(n sim.CardNumber) bool { return n.Clear() == otherPAN }
		})
		w.enrol(t, "c-1")
		q := w.question(http.MethodPost, "enrollPaymentInstruments", body(ids("c-1"), card(otherPAN)))
		a := w.ask(t, q)
		if !late {
			if _, fault := w.firstFault(t); a.status != http.StatusBadRequest || a.reason() != "VIDC-2006" || fault != "card_not_visa" {
				t.Errorf("at once: %d %v, fault %s", a.status, a.plain, fault)
			}
			continue
		}
		trace, _ := a.plain["requestTraceId"].(string)
		w.clock.add(delay)
		if status, outcome := w.outcome(t, trace); status != "COMPLETED" || !slices.Equal(outcome, []string{"FAILED", "VIDC-2006 paymentInstruments[0].accountNumber"}) {
			t.Errorf("in the status: %s %v", status, outcome)
		}
	}
}
