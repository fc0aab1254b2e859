package activation_test

import (
	"slices"
	"testing"

	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/activation"
)

// The record becomes durable while the card is open; a nonce is used up before.
func TestStepsOfCalls(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			var s *acttest.Steps
			r := newRig(t, func(f *activation.Flow) { s = acttest.Watch(&f.Parts) })
			_, err := c.do(r, acttest.AsBank(t.Context()), ask(c.card))
			must(t, err)
			want := []string{"find", "borrow", "submit", "await"}
			if c.card == visaCard { // it answers a nonce
				want = []string{"find", "nonce", "borrow", "submit", "await"}
			}
			if !slices.Equal(s.Taken, want) {
				t.Errorf("steps %q, want %q", s.Taken, want)
			}
		})
	}
}
