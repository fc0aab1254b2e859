package jobs_test

import (
	"testing"

	"github.com/walletport/walletport/jobs"
)

// TestAKeySaysWhichNumberItHas: an operator looks for a token by its id, and would take the
// row of a customer for the issuer's number.
func TestAKeySaysWhichNumberItHas(t *testing.T) {
	for of, want := range map[string]string{"token": "token 12", "customer": "customer row 12"} {
		if got := (jobs.Key{Of: of, ID: 12}).String(); got != want {
			t.Errorf("of %s: %q, want %q", of, got, want)
		}
	}
}
