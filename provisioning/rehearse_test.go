package provisioning_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
)

// failures are what a rehearsal found wrong, "offer, issuer: reason", and how many it
// tried.
func failures(all []walletport.Rehearsal) (failed []string, tried int) {
	failed = []string{}
	for _, r := range all {
		if r.Err != nil {
			failed = append(failed, fmt.Sprintf("%s, %s: %s", r.Offer, r.Issuer, walletport.ReasonOf(r.Err)))
		}
	}
	return failed, len(all)
}

func TestRehearseFindsWhatFails(t *testing.T) {
	without := func(d *deviceRig, purpose keys.Purpose) {
		d.Ring.Replace(keys.NewRing(slices.DeleteFunc(slices.Clone(d.Ring.Current().All()), func(k *keys.Key) bool { return k.Purpose == purpose })))
	}
	issuers := []walletport.IssuerID{"acme", "globex"}
	both := func(offer, reason string) []string {
		return []string{offer + ", acme: " + reason, offer + ", globex: " + reason}
	}
	for _, c := range []struct {
		name  string
		spoil func(*deviceRig)
		want  []string
	}{
		{"nothing", func(*deviceRig) {}, []string{}},
		{"no secret for Visa's payloads", func(d *deviceRig) { without(d, keys.VTSPush) },
			slices.Concat(both("googlepay for VISA cards", "key_unavailable"), both("samsungpay for VISA cards", "key_unavailable"))},
		{"no WSD key", func(d *deviceRig) { without(d, keys.WSD) }, both("applepay for VISA cards", "key_unavailable")},
		{"no key of Mastercard's", func(d *deviceRig) { without(d, keys.MDESEncryption) }, slices.Concat(both("issuerwallet acme-wallet", "key_unavailable"),
			both("googlepay for MASTERCARD cards", "key_unavailable"), both("samsungpay for MASTERCARD cards", "key_unavailable"))},
		{"no key for opaque cards, which nobody must have", func(d *deviceRig) { without(d, keys.OPCSigning) }, []string{}},
		{"a scheme that fails", func(d *deviceRig) { d.visa.err = errSealer }, slices.Concat(both("googlepay for VISA cards", "internal"),
			both("samsungpay for VISA cards", "internal"), both("applepay for VISA cards", "internal"))},
		{"Google's encoder", func(d *deviceRig) {
			d.opaque.err = walletport.Errorf(walletport.CodeUnavailable, "opc_recipient_expired", "expired")
		}, slices.Concat(both("googlepay for MASTERCARD cards", "opc_recipient_expired"), both("googlepay for VISA cards", "opc_recipient_expired"))},
		{"a key of one issuer", func(d *deviceRig) {
			all := slices.Clone(d.Ring.Current().All())
			for i, k := range all {
				if k.Purpose == keys.VTSPush {
					own := *k
					own.Issuer = "acme"
					all[i] = &own
				}
			}
			d.Ring.Replace(keys.NewRing(all))
		}, []string{"googlepay for VISA cards, globex: key_unavailable", "samsungpay for VISA cards, globex: key_unavailable"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeviceRig(t)
			c.spoil(d)
			failed, tried := failures(d.Rehearse(t.Context(), issuers))
			if diff := cmp.Diff(c.want, failed); diff != "" || tried != 14 {
				t.Errorf("%d rehearsals, want 14; failures (-want +got):\n%s", tried, diff)
			}
		})
	}
}

// TestRehearseLeavesNoTrace makes nothing but what a call makes.
func TestRehearseLeavesNoTrace(t *testing.T) {
	d := newDeviceRig(t, func(f *provisioning.Flow) {
		offer(f, walletport.GooglePay, walletport.Visa).Issuers = []walletport.IssuerID{"initech"}
	})
	failed, _ := failures(d.Rehearse(t.Context(), []walletport.IssuerID{"acme"}))
	if len(failed) != 0 {
		t.Errorf("failed %q", failed)
	}
	entries, err := d.DB.AuditAfter(t.Context(), 0, 10)
	must(t, err)
	if len(entries) != 0 || d.seen.borrows != 0 || len(d.Gate.Asked) != 0 {
		t.Errorf("%d records, %d borrows of stored cards, %d questions to the gate", len(entries), d.seen.borrows, len(d.Gate.Asked))
	}
	if len(d.seen.seals) != 4 || len(d.seen.passes) != 2 || len(d.seen.numbers) != 1 || len(d.seen.opaque) != 2 {
		t.Errorf("%d seals, %d passes, %d numbers, %d opaque cards", len(d.seen.seals), len(d.seen.passes), len(d.seen.numbers), len(d.seen.opaque))
	}
	if !slices.ContainsFunc(d.seen.seals, func(in scheme.SealInput) bool { return in.Client.TokenRequestorID == "googlepay at Visa" }) {
		t.Error("an offer for another issuer than those of the list was not tried")
	}
	if _, err := d.applePay(acttest.AsBank(t.Context()), acmeCard); err != nil {
		t.Errorf("a call after it: %v", err)
	}
}
