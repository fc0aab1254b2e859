package mdessim_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/simtest"
)

func TestEveryFaultIsNamed(t *testing.T) {
	for _, c := range mangledPayloads {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := mdessim.OpenDigitizationData(r.text(), keysOf(r))
			f := report.FirstFault
			if f == nil || f.Code != c.code {
				t.Fatalf("first fault %+v, want %s\n%v", f, c.code, report.Checks)
			}
			if f.Detail == "" || f.Remedy == "" {
				t.Errorf("the fault has no detail or no remedy: %+v", f)
			}
			if report.Accepted != (c.code == "tav_missing") {
				t.Errorf("accepted is %v", report.Accepted)
			}
			mustNotShow(t, report, testPAN, otherPAN, r.pan)
		})
	}
}

// Without keys the faults of the outer layers get the same names, and nothing
// that needs a key is guessed at.
func TestFaultsSeenWithoutKeys(t *testing.T) {
	for _, c := range mangledPayloads {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := mdessim.OpenDigitizationData(r.text(), mdessim.Keys{Now: simKeys().Now})
			if f := report.FirstFault; f != nil && f.Code != c.code {
				t.Errorf("first fault %s, want %s or none", f.Code, c.code)
			}
			if report.Accepted {
				t.Error("accepted without a key")
			}
			mustNotShow(t, report, testPAN, otherPAN, r.pan)
		})
	}
}

// Every fault has its own code in snake_case, a remedy, and a payload above that
// shows it.
func TestFaultsAreDistinctAndTested(t *testing.T) {
	shownByTest := map[string]bool{"reference_unknown": true, // TestReferenceInsteadOfCard
		"not_hex": true, // encrypted_data_not_hex and others, under names of their own
	}
	for _, c := range mangledEnrolments {
		shownByTest[c.code] = true
	}
	for _, c := range mangledPayloads {
		for _, code := range []string{c.code, strings.TrimPrefix(c.code, "tav_"), strings.TrimPrefix(c.code, "plaintext_"), strings.TrimPrefix(c.code, "encrypted_data_"), strings.TrimPrefix(c.code, "fingerprint_")} {
			shownByTest[code] = true
		}
	}
	simtest.CheckFaults(t, shownByTest, 100, "../faults.go", "faults.go", "faults_tav.go")
}
