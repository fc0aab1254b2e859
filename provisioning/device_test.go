package provisioning_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
)

var schemeCards = map[walletport.SchemeID]walletport.CardID{walletport.Mastercard: acmeCard, walletport.Visa: visaCard}

// eachDeviceCall runs a test for every device wallet and scheme.
func eachDeviceCall(t *testing.T, run func(t *testing.T, call deviceCall, id walletport.SchemeID)) {
	t.Helper()
	for _, call := range deviceCalls {
		for id := range schemeCards {
			t.Run(string(call.wallet)+" "+string(id), func(t *testing.T) { run(t, call, id) })
		}
	}
}

func (c deviceCall) mustRefuse(t *testing.T, ctx context.Context, d *deviceRig, id walletport.CardID, code walletport.Code, reason string) {
	t.Helper()
	result, err := c.ask(ctx, d, id)
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want %s, %s", err, code, reason)
	}
	if result != c.none {
		t.Errorf("a refusal hands out %v", result)
	}
}

func TestEachDeviceCallIsRecordedWithEveryFact(t *testing.T) {
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		d := newDeviceRig(t)
		result, err := call.ask(acttest.AsBank(t.Context()), d, schemeCards[id])
		must(t, err)
		if result == call.none {
			t.Error("there is no payload")
		}
		var used []string
		for _, p := range call.keys[id] {
			used = append(used, string(p)+"-v1")
		}
		want := walletport.AuditRecord{
			Time: now.Truncate(time.Millisecond), RequestID: "req-7", ClientID: "bank-app", AuditUser: "ada@bank.example", Action: call.action,
			Issuer: "acme", CardID: schemeCards[id], Wallet: string(call.wallet), Scheme: id, Outcome: walletport.OutcomeOK,
			KeyVersions: used, StepUp: "eba-sca/pin+hwk", RemoteAddress: "192.0.2.7",
		}
		record := d.MustRecord(t)
		mustHoldNoCardData(t, err, record)
		if diff := cmp.Diff(want, record); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		asked := []walletport.StepUpSubject{{Issuer: "acme", CustomerID: "5001", CardID: schemeCards[id], Wallet: string(call.wallet), Now: now}}
		if diff := cmp.Diff(asked, d.Gate.Asked); diff != "" {
			t.Errorf("the gate was asked (-want +got):\n%s", diff)
		}
		if d.seen.borrows != 1 {
			t.Errorf("the card was opened %d times, want once", d.seen.borrows)
		}
	})
}

// fault is one way for any device wallet to refuse: the rig is good but for it.
type fault struct {
	name   string
	make   func(t *testing.T, d *deviceRig, card *walletport.Card)
	code   walletport.Code
	reason string
}

func changeCard(change func(*walletport.Card)) func(*testing.T, *deviceRig, *walletport.Card) {
	return func(_ *testing.T, _ *deviceRig, c *walletport.Card) { change(c) }
}

func changeTerms(change func(*act.Terms)) func(*testing.T, *deviceRig, *walletport.Card) {
	return func(_ *testing.T, d *deviceRig, _ *walletport.Card) {
		for _, p := range d.Apple.Schemes {
			change(&p.Terms)
		}
		for _, o := range d.Offers {
			change(&o.Terms)
		}
	}
}

func deviceFaults() []fault {
	return []fault{
		{"a card of another issuer", changeCard(func(c *walletport.Card) { c.Issuer = "globex" }), walletport.CodeNotFound, "card_not_found"},
		{"a closed card of another issuer", changeCard(func(c *walletport.Card) { c.Issuer, c.Status = "globex", walletport.CardClosed }), walletport.CodeNotFound, "card_not_found"},
		{"a blocked card", changeCard(func(c *walletport.Card) { c.Status = walletport.CardBlocked }), walletport.CodeForbidden, "card_not_eligible"},
		{"an expired card", changeCard(func(c *walletport.Card) { c.Expiry = walletport.Expiry{Year: 2026, Month: time.October} }), walletport.CodeForbidden, "card_not_eligible"},
		{"a wallet that serves other issuers", changeTerms(func(terms *act.Terms) { terms.Issuers = []walletport.IssuerID{"globex"} }), walletport.CodeForbidden, "card_not_eligible"},
		{"a wallet that takes other products", changeTerms(func(terms *act.Terms) { terms.Products = []string{"gold"} }), walletport.CodeForbidden, "card_not_eligible"},
		{"a scheme that the wallet is not set up for", func(t *testing.T, d *deviceRig, c *walletport.Card) {
			delete(d.Apple.Schemes, c.Scheme)
			d.offerOnly(t, func(o *provisioning.Offer) bool { return o.Scheme != c.Scheme })
		}, walletport.CodeForbidden, "wallet_not_offered"},
		{"a wallet that is not set up at all", func(t *testing.T, d *deviceRig, _ *walletport.Card) {
			d.Apple = provisioning.Apple{}
			d.offerOnly(t, func(*provisioning.Offer) bool { return false })
		}, walletport.CodeForbidden, "wallet_not_offered"},
		{"a cardholder who was not authenticated", func(_ *testing.T, d *deviceRig, _ *walletport.Card) {
			d.Gate.Err = walletport.Errorf(walletport.CodeForbidden, "step_up_required", "authenticate")
		}, walletport.CodeForbidden, "step_up_required"},
		{"no key to open the card", func(_ *testing.T, d *deviceRig, _ *walletport.Card) { d.ChangeKeys(keys.VaultKEK, nil) }, walletport.CodeUnavailable, "key_unavailable"},
		{"a broken encoder", func(_ *testing.T, d *deviceRig, _ *walletport.Card) {
			d.mastercard.err, d.visa.err = errSealer, errSealer
		}, walletport.CodeInternal, "internal"},
	}
}

// offerOnly drops rows of the table of offers.
func (d *deviceRig) offerOnly(t *testing.T, keep func(*provisioning.Offer) bool) {
	t.Helper()
	f := *d.Flow
	f.Offers = slices.DeleteFunc(slices.Clone(f.Offers), func(o *provisioning.Offer) bool { return !keep(o) })
	made, err := provisioning.New(f)
	must(t, err)
	d.Flow = made
}

func TestEachDeviceCallRefuses(t *testing.T) {
	for _, f := range deviceFaults() {
		t.Run(f.name, func(t *testing.T) {
			eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
				d := newDeviceRig(t)
				card := acttest.NewCard(t, 1009, map[walletport.SchemeID]string{walletport.Mastercard: secondPAN, walletport.Visa: visaPAN}[id])
				f.make(t, d, &card)
				if f.name == "no key to open the card" {
					card.ID = schemeCards[id] // which was sealed while there was one
				} else {
					d.Put(t, card)
				}
				call.mustRefuse(t, acttest.AsBank(t.Context()), d, card.ID, f.code, f.reason)
				look := d.MustRecord
				if f.code == walletport.CodeInternal { // a fault, when the record was handed in
					look = d.MustSecondRecord
				}
				record := look(t)
				mustHoldNoCardData(t, nil, record)
				if record.Outcome != f.reason || record.Action != call.action || record.Scheme != id || record.Issuer != card.Issuer {
					t.Errorf("record %+v", record)
				}
			})
		})
	}
}

func TestEachDeviceCallRefusesAnUnknownCard(t *testing.T) {
	for _, call := range deviceCalls {
		t.Run(string(call.wallet), func(t *testing.T) {
			d := newDeviceRig(t)
			call.mustRefuse(t, acttest.AsBank(t.Context()), d, 9, walletport.CodeNotFound, "card_not_found")
			if record := d.MustRecord(t); record.Outcome != "card_not_found" || record.Wallet != string(call.wallet) {
				t.Errorf("record %+v", record)
			}
		})
	}
}

// TestEachKeyIsNeeded takes away each key that a call uses, in each way that a key
// can fail to serve.
func TestEachKeyIsNeeded(t *testing.T) {
	ways := map[string]func(*keys.Meta){
		"is missing":          nil,
		"has ended":           func(m *keys.Meta) { m.ValidUntil = now },
		"is not valid yet":    func(m *keys.Meta) { m.ValidFrom = now.Add(1) },
		"is retired":          func(m *keys.Meta) { m.State = keys.Retired },
		"is another issuer's": func(m *keys.Meta) { m.Issuer = "globex" },
		"is for other BINs":   func(m *keys.Meta) { m.BINs = []keys.BINRange{{Low: "999999", High: "999999"}} },
	}
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		d := newDeviceRig(t)
		all := d.Ring.Current()
		for _, p := range call.keys[id] {
			for way, change := range ways {
				t.Run(string(p)+" "+way, func(t *testing.T) {
					d.Ring.Replace(all)
					d.ChangeKeys(p, change)
					call.mustRefuse(t, acttest.AsBank(t.Context()), d, schemeCards[id], walletport.CodeUnavailable, "key_unavailable")
					if record := d.MustRecord(t); record.Outcome != "key_unavailable" || record.KeyVersions != nil {
						t.Errorf("record %+v", record)
					}
				})
			}
		}
		if d.seen.borrows != 0 {
			t.Errorf("the card was opened %d times for nothing", d.seen.borrows)
		}
	})
}

func TestKeysOfOthersAreLeftAlone(t *testing.T) {
	d := newDeviceRig(t)
	d.ChangeKeys(keys.OPCEncryption, nil)
	d.ChangeKeys(keys.WSD, nil)
	if _, err := d.samsungPay(acttest.AsBank(t.Context()), visaCard); err != nil {
		t.Errorf("Samsung Pay needs a key that it does not use: %v", err)
	}
	if _, err := d.googlePay(acttest.AsBank(t.Context()), visaCard, func(q *provisioning.PushRequest) { q.OpaquePaymentCardRequested = false }); err != nil {
		t.Errorf("Google Pay needs Google's key without an opaque card: %v", err)
	}
	d.ChangeKeys(keys.VTSPush, nil)
	if _, err := d.samsungPay(acttest.AsBank(t.Context()), acmeCard); err != nil {
		t.Errorf("a Mastercard needs Visa's key: %v", err)
	}
}

func TestNoDeviceCallAnswersWithoutARecord(t *testing.T) {
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		d := newDeviceRig(t, func(f *provisioning.Flow) { f.Audit = acttest.BrokenAudit{} })
		call.mustRefuse(t, acttest.AsBank(t.Context()), d, schemeCards[id], walletport.CodeUnavailable, "audit_unavailable")
	})
}

func TestEachDeviceCallRecordsAPanic(t *testing.T) {
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		d := newDeviceRig(t)
		d.mastercard.seen, d.visa.seen = nil, nil // they write there
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed: the door must see it")
				}
			}()
			_, _ = call.ask(acttest.AsBank(t.Context()), d, schemeCards[id])
		}()
		if record := d.MustSecondRecord(t); record.Outcome != "internal" || record.Action != call.action || len(record.KeyVersions) != len(call.keys[id]) {
			t.Errorf("record %+v", record)
		}
	})
}

func TestDeviceCallerWhoWentAwayGetsNothing(t *testing.T) {
	eachDeviceCall(t, func(t *testing.T, call deviceCall, id walletport.SchemeID) {
		d := newDeviceRig(t)
		ctx, cancel := context.WithCancel(acttest.AsBank(t.Context()))
		cancel()
		result, err := call.ask(ctx, d, schemeCards[id])
		if walletport.CodeOf(err) != walletport.CodeUnavailable || result != call.none {
			t.Errorf("%v, %v", result, err)
		}
	})
}

func TestSealersGetWhatTheWalletAndTheKeysSay(t *testing.T) {
	d := newDeviceRig(t)
	d.ChangeKeys(keys.VTSPush, func(m *keys.Meta) { m.Alias = "KEY-7" })
	d.ChangeKeys(keys.TAVSigning, func(m *keys.Meta) { m.Alias = "KUR-7" })
	d.ChangeKeys(keys.MDESEncryption, func(m *keys.Meta) { m.SchemeFingerprint = "c0ffee" })
	for _, id := range []walletport.CardID{acmeCard, visaCard} {
		google, err := d.googlePay(acttest.AsBank(t.Context()), id)
		must(t, err)
		samsung, err := d.samsungPay(acttest.AsBank(t.Context()), id)
		must(t, err)
		want := map[walletport.CardID]string{acmeCard: "MASTERCARD: sealed 1471", visaCard: "VISA: sealed 0492"}[id]
		if google.DigitizationData != want || samsung.DigitizationData != want || samsung.GoogleOpaquePaymentCard != "" {
			t.Errorf("card %d: %+v, %+v", id, google, samsung)
		}
	}
	for i, wallet := range []string{"googlepay at Mastercard", "samsungpay at Mastercard", "googlepay at Visa", "samsungpay at Visa"} {
		in := d.seen.seals[i]
		if in.Client.TokenRequestorID != wallet || in.Client.AppID != "app-7" || in.Client.DeviceID != "device-7" || in.Client.WalletAccountID != "account-7" {
			t.Errorf("%s: client %+v", wallet, in.Client)
		}
		if !in.Now.Equal(now) || in.Rand != d.Rand {
			t.Errorf("%s: another time or randomness", wallet)
		}
		if visa := strings.HasSuffix(wallet, "Visa"); visa && (in.Recipient.Wrapper == nil || in.Recipient.KeyID != "KEY-7" || in.Signer.Key != nil || in.Recipient.Public != nil) ||
			!visa && (in.Recipient.Public == nil || in.Recipient.Certificate == nil || in.Recipient.Fingerprint != "c0ffee" || in.Recipient.Wrapper != nil || in.Signer.Key == nil || in.Signer.Alias != "KUR-7") {
			t.Errorf("%s: recipient %+v, signer %q", wallet, in.Recipient, in.Signer.Alias)
		}
	}
}

func TestClientIDsAreTexts(t *testing.T) {
	for _, c := range []struct {
		name   string
		client provisioning.Client
		reason string // "" is taken
		field  string
	}{
		{"none", provisioning.Client{}, "", ""},
		{"an app id of 36 characters of two bytes", provisioning.Client{AppID: strings.Repeat("é", 36)}, "", ""},
		{"an app id of 37 characters", provisioning.Client{AppID: strings.Repeat("a", 37)}, "client_app_id_too_long", "clientAppID"},
		{"an app id with a line break", provisioning.Client{AppID: "a\nb"}, "client_app_id_malformed", "clientAppID"},
		{"an app id with an invisible character", provisioning.Client{AppID: "a\u200bb"}, "client_app_id_malformed", "clientAppID"},
		{"an app id that is not UTF-8", provisioning.Client{AppID: "\xff"}, "client_app_id_malformed", "clientAppID"},
		{"an app id that is a card", provisioning.Client{AppID: testPAN}, "client_app_id_contains_pan", "clientAppID"},
		{"a device id of 64 characters", provisioning.Client{DeviceID: strings.Repeat("d", 64)}, "", ""},
		{"a device id of 65 characters", provisioning.Client{DeviceID: strings.Repeat("d", 65)}, "client_device_id_too_long", "clientDeviceID"},
		{"a device id with a zero", provisioning.Client{DeviceID: "a\x00"}, "client_device_id_malformed", "clientDeviceID"},
		{"a device id that is a card of no scheme that is served", provisioning.Client{DeviceID: "3782 822463 10005"}, "client_device_id_contains_pan", "clientDeviceID"},
		{"a device id with another card in it", provisioning.Client{DeviceID: "x5555555555554444"}, "", ""},
		{"a device id of 24 digits that begin as a card", provisioning.Client{DeviceID: "5555555555554444" + "00000000"}, "", ""},
		{"a device id whose digits read like a card", provisioning.Client{DeviceID: "3458604036415c7c4b1a24c6"}, "", ""},
		{"an account id that is a UUID", provisioning.Client{WalletAccountID: "831fb558-d0b4-4566-8285-38049c915104"}, "", ""},
		{"an account id of 65 characters", provisioning.Client{WalletAccountID: strings.Repeat("w", 65)}, "client_wallet_account_id_too_long", "clientWalletAccountID"},
		{"an account id with a tab", provisioning.Client{WalletAccountID: "\t"}, "client_wallet_account_id_malformed", "clientWalletAccountID"},
		{"an account id that is a card", provisioning.Client{WalletAccountID: "4761-1200-1000-0492"}, "client_wallet_account_id_contains_pan", "clientWalletAccountID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeviceRig(t)
			for _, id := range []walletport.CardID{acmeCard, visaCard, 9} {
				google, googleErr := d.googlePay(acttest.AsBank(t.Context()), id, func(q *provisioning.PushRequest) { q.Client = c.client })
				mustClientFault(t, google, googleErr, c.reason, c.field, id)
				samsung, samsungErr := d.samsungPay(acttest.AsBank(t.Context()), id, func(q *provisioning.PushRequest) { q.Client = c.client })
				mustClientFault(t, samsung, samsungErr, c.reason, c.field, id)
			}
			if c.reason != "" && d.seen.borrows != 0 {
				t.Error("a card was opened for it")
			}
		})
	}
}

func mustClientFault(t *testing.T, result provisioning.PushResult, err error, reason, field string, id walletport.CardID) {
	t.Helper()
	if reason == "" {
		if known := id != 9; (err == nil) != known {
			t.Errorf("card %d: %v", id, err)
		}
		return
	}
	mustRefusal(t, result, err, walletport.CodeInvalid, reason)
	mustNameField(t, err, field)
	mustHoldNoCardData(t, err, walletport.AuditRecord{})
}
