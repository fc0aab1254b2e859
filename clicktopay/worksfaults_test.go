package clicktopay_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// TestAFaultThatNoRowCanKeep ends its request all the same.
func TestAFaultThatNoRowCanKeep(t *testing.T) {
	long := strings.Repeat("ä", storage.MaxOutsideText) // twice as many bytes, and cut within a character
	for name, c := range map[string]struct {
		fault scheme.Fault
		want  storage.RequestFault
	}{
		"a code that is too long": {
			scheme.Fault{Kind: scheme.FaultInvalid, Code: "x" + long, Field: "x" + long, Message: "x" + long},
			storage.RequestFault{Field: "x" + long[:storage.MaxOutsideText-2], Reason: "x" + long[:storage.MaxOutsideText-2], Message: "x" + long[:storage.MaxOutsideText-2]},
		},
		"the number of a card": {
			scheme.Fault{Kind: scheme.FaultInvalid, Code: firstNumber, Field: "card " + firstNumber, Message: "no " + firstNumber},
			storage.RequestFault{Field: walletport.RedactedNumber, Reason: walletport.RedactedNumber, Message: walletport.RedactedNumber},
		},
		"no text": {
			scheme.Fault{Kind: scheme.FaultInvalid, Code: "a\x00b", Field: "\xff", Message: "x"},
			storage.RequestFault{Field: "(a text that cannot be kept)", Reason: "(a text that cannot be kept)", Message: "x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				s := newSite(t, database, newPlayed(t))
				s.visa.setScript(once(isChange, play{refused: refusal(c.fault)}))
				id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
				must(t, s.attempt(t))
				s.mustAgree(t)
				if r := s.request(t, id); len(r.Faults) != 1 || r.Faults[0] != c.want {
					t.Errorf("the row has %q", r.Faults)
				}
			})
		})
	}
}
