package provisioning_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/provisioning/testdata/clinkpay"
)

// withClinkPay is a rig with a wallet more, which is two rows of the table.
func withClinkPay(t *testing.T) *deviceRig {
	t.Helper()
	return newDeviceRig(t, func(f *provisioning.Flow) {
		for id := range schemeCards {
			row := *offer(f, walletport.SamsungPay, id)
			row.Wallet, row.Encoder = clinkpay.ID, clinkpay.Encoder{}
			row.TokenRequestorID = "clinkpay at " + string(id)
			f.Offers = append(f.Offers, &row)
		}
	})
}

func pushToClinkPay(id walletport.CardID, change ...func(*provisioning.PushRequest)) provisioning.PushRequest {
	req := provisioning.PushRequest{CardID: id, AuditUser: "ada@bank.example", Wallet: clinkpay.ID, Client: testClient}
	for _, c := range change {
		c(&req)
	}
	return req
}

// TestANewWalletIsAFolderAndRows holds CONTRIBUTING.md to its word: the flow knows a
// wallet by its rows alone.
func TestANewWalletIsAFolderAndRows(t *testing.T) {
	used := map[walletport.SchemeID][]string{
		walletport.Mastercard: {"mdes-encryption-v1", "tav-signing-v1"}, walletport.Visa: {"vts-push-v1"},
	}
	for id, card := range schemeCards {
		t.Run("answers and records "+string(id), func(t *testing.T) {
			d := withClinkPay(t)
			result, err := d.Push(acttest.AsBank(t.Context()), pushToClinkPay(card))
			must(t, err)
			want := map[walletport.SchemeID]string{walletport.Mastercard: "c2VhbGVkIDE0NzE=", walletport.Visa: "c2VhbGVkIDA0OTI="}[id] // sealed 1471, sealed 0492
			if result != (provisioning.PushResult{DigitizationData: want}) {
				t.Errorf("the wallet gets %+v, want %q", result, want)
			}
			record := walletport.AuditRecord{
				Time: now.Truncate(time.Millisecond), RequestID: "req-7", ClientID: "bank-app", AuditUser: "ada@bank.example", Action: "provision.clinkpay",
				Issuer: "acme", CardID: card, Wallet: "clinkpay", Scheme: id, Outcome: walletport.OutcomeOK,
				KeyVersions: used[id], StepUp: "eba-sca/pin+hwk", RemoteAddress: "192.0.2.7",
			}
			if diff := cmp.Diff(record, d.MustRecord(t)); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			if len(d.Gate.Asked) != 1 || d.Gate.Asked[0].Wallet != "clinkpay" {
				t.Errorf("the gate was asked %+v", d.Gate.Asked)
			}
			if got := d.seen.seals[0].Client.TokenRequestorID; got != "clinkpay at "+string(id) {
				t.Errorf("sealed for token requestor %q", got)
			}
		})
	}
	t.Run("is rehearsed", func(t *testing.T) {
		d := withClinkPay(t)
		d.ChangeKeys(keys.VTSPush, nil)
		failed, tried := failures(d.Rehearse(t.Context(), []walletport.IssuerID{"acme"}))
		if tried != 9 || !slices.Contains(failed, "clinkpay for VISA cards, acme: key_unavailable") || slices.Contains(failed, "clinkpay for MASTERCARD cards, acme: key_unavailable") {
			t.Errorf("%d rehearsals, failed %q", tried, failed)
		}
	})
	t.Run("refuses as every wallet does", func(t *testing.T) {
		d := withClinkPay(t)
		d.Put(t, acttest.NewCard(t, 1009, secondPAN, func(c *walletport.Card) { c.Status = walletport.CardBlocked }))
		offer(d.Flow, clinkpay.ID, walletport.Visa).Issuers = []walletport.IssuerID{"globex"}
		for reason, req := range map[string]provisioning.PushRequest{
			"card_not_found":                pushToClinkPay(9),
			"card_not_eligible":             pushToClinkPay(1009),
			"client_device_id_malformed":    pushToClinkPay(acmeCard, func(q *provisioning.PushRequest) { q.Client.DeviceID = "\n" }),
			"client_device_id_contains_pan": pushToClinkPay(acmeCard, func(q *provisioning.PushRequest) { q.Client.DeviceID = "a" + testPAN + "f" }),
		} {
			_, err := d.Push(acttest.AsBank(t.Context()), req)
			if walletport.ReasonOf(err) != reason || d.MustRecord(t).Outcome != reason {
				t.Errorf("error %v, want %s", err, reason)
			}
		}
		if _, err := d.Push(acttest.AsBank(t.Context()), pushToClinkPay(visaCard)); walletport.ReasonOf(err) != "card_not_eligible" {
			t.Errorf("on other terms: %v", err)
		}
	})
	t.Run("is not offered without a row", func(t *testing.T) {
		_, err := newDeviceRig(t).Push(acttest.AsBank(t.Context()), pushToClinkPay(acmeCard))
		if walletport.ReasonOf(err) != "wallet_not_offered" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("makes no opaque payment card, which it does not take", func(t *testing.T) {
		d := withClinkPay(t)
		result, err := d.Push(acttest.AsBank(t.Context()), pushToClinkPay(acmeCard, func(q *provisioning.PushRequest) { q.OpaquePaymentCardRequested = true }))
		if err != nil || result.GoogleOpaquePaymentCard != "" || len(d.MustRecord(t).KeyVersions) != 2 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}
