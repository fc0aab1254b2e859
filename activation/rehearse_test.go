package activation_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

func TestRehearse(t *testing.T) {
	r := newRig(t)
	rehearse := func() map[string]string {
		found := map[string]string{}
		for _, x := range r.Rehearse(t.Context(), []walletport.IssuerID{"acme"}) {
			found[fmt.Sprintf("%s, %s", x.Offer, x.Issuer)] = walletport.ReasonOf(x.Err)
		}
		return found
	}
	want := map[string]string{
		"activation of MASTERCARD cards, acme": "", "activation of MASTERCARD cards by TAV 2, acme": "", "activation of VISA cards, acme": "",
	}
	if diff := cmp.Diff(want, rehearse()); diff != "" {
		t.Errorf("all is well (-want +got):\n%s", diff)
	}
	if len(r.mbpac.seen) != 1 || len(r.mbpac.seen[0].Nonce) == 0 {
		t.Errorf("Visa's activator was asked %+v, want once with a nonce", r.mbpac.seen)
	}
	entries, err := r.DB.AuditAfter(t.Context(), 0, 10)
	must(t, err)
	if len(entries) != 0 || len(r.Gate.Asked) != 0 {
		t.Errorf("%d records, %d questions to the gate, want none", len(entries), len(r.Gate.Asked))
	}
	r.tav2.err = errActivator
	r.Ring.Replace(keystest.Ring(t, keys.Meta{Purpose: keys.TAVSigning}))
	want["activation of MASTERCARD cards by TAV 2, acme"], want["activation of VISA cards, acme"] = "internal", "key_unavailable"
	if diff := cmp.Diff(want, rehearse()); diff != "" {
		t.Errorf("without a WSD key and with a broken activator (-want +got):\n%s", diff)
	}
}
