package activation_test

import (
	"slices"
	"testing"

	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/activation"
)

// Others wait for an announced record, so no commit of a nonce may come before it.
func TestCallsAreAnnounced(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			var s *acttest.Steps
			r := newRig(t, func(f *activation.Flow) { s = acttest.Watch(&f.Parts) })
			_, err := c.do(r, acttest.AsBank(t.Context()), ask(c.card))
			must(t, err)
			want := []string{"announce", "find", "borrow", "record"}
			if c.card == visaCard { // its nonce is used up last
				want = []string{"find", "borrow", "nonce", "record"}
			}
			if !slices.Equal(s.Taken, want) {
				t.Errorf("steps %q, want %q", s.Taken, want)
			}
		})
	}
}
