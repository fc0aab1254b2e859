package keys_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

func TestTheAliasFitsTheTAV(t *testing.T) {
	for alias, reason := range map[string]string{"": "", "U+002D": "", "KEYALIAS10": "", "KEYALIAS-11": "key_alias", "A/B": "key_alias", `A"B`: "key_alias"} {
		err := keys.Spec{Purpose: keys.TAVSigning, Alias: alias}.Validate()
		if reason == "" {
			must(t, err)
			continue
		}
		if got := walletport.ReasonOf(err); got != reason {
			t.Fatalf("reason %q, want %q (%v)", got, reason, err)
		}
		if !strings.Contains(err.Error(), "TAV 4") || !strings.Contains(err.Error(), "10 letters") {
			t.Errorf("the error does not name version and limit: %v", err)
		}
	}
}
