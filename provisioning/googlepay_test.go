package provisioning_test

import (
	"errors"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/provisioning"
)

func mustNameField(t *testing.T, err error, field string) {
	t.Helper()
	e, ok := errors.AsType[*walletport.Error](err)
	if !ok || len(e.Fields) != 1 || e.Fields[0].Name != field {
		t.Errorf("the error does not name %s: %v", field, err)
	}
}

func TestGooglesOpaqueCardIsMadeWhenAskedFor(t *testing.T) {
	d := newDeviceRig(t)
	for _, id := range []walletport.CardID{acmeCard, visaCard} {
		result, err := d.googlePay(acttest.AsBank(t.Context()), id)
		must(t, err)
		if want := map[walletport.CardID]string{acmeCard: "opaque 1471", visaCard: "opaque 0492"}[id]; result.GoogleOpaquePaymentCard != want {
			t.Errorf("card %d: opaque card %q", id, result.GoogleOpaquePaymentCard)
		}
	}
	in := d.seen.opaque[0]
	if in.ServerSessionID != testSession || string(in.Recipient) != "opc-encryption" || string(in.Signer.Certificate) != "opc-signing" || in.Signer.Key == nil {
		t.Errorf("session %q, to %q, signed by %q", in.ServerSessionID, in.Recipient, in.Signer.Certificate)
	}
	if !in.Now.Equal(now) || in.Rand != d.Rand {
		t.Error("another time or randomness")
	}
	for _, session := range []string{"", testSession, "no UUID"} {
		result, err := d.googlePay(acttest.AsBank(t.Context()), acmeCard, func(q *provisioning.PushRequest) {
			q.OpaquePaymentCardRequested, q.ServerSessionID = false, session
		})
		if err != nil || result.GoogleOpaquePaymentCard != "" || result.DigitizationData == "" {
			t.Errorf("not asked for, session %q: %+v, %v", session, result, err)
		}
	}
	if len(d.seen.opaque) != 2 {
		t.Errorf("%d opaque cards were made, two were asked for", len(d.seen.opaque))
	}
}

func TestGooglesSessionIsCheckedFirst(t *testing.T) {
	for session, reason := range map[string]string{"": "server_session_id_missing", "no UUID": "server_session_id_malformed"} {
		t.Run(reason, func(t *testing.T) {
			d := newDeviceRig(t)
			for _, id := range []walletport.CardID{acmeCard, 9} {
				result, err := d.googlePay(acttest.AsBank(t.Context()), id, func(q *provisioning.PushRequest) { q.ServerSessionID = session })
				mustRefusal(t, result, err, walletport.CodeInvalid, reason)
				if record := d.MustRecord(t); record.Outcome != reason || record.Issuer != "" {
					t.Errorf("record %+v", record)
				}
			}
		})
	}
}

func TestGooglesUnfitKeyHandsNothingOut(t *testing.T) {
	d := newDeviceRig(t)
	d.opaque.err = walletport.Errorf(walletport.CodeUnavailable, "opc_recipient_unfit", "expired")
	result, err := d.googlePay(acttest.AsBank(t.Context()), acmeCard)
	mustRefusal(t, result, err, walletport.CodeUnavailable, "opc_recipient_unfit")
	if record := d.MustSecondRecord(t); record.Outcome != "opc_recipient_unfit" || len(record.KeyVersions) != 4 {
		t.Errorf("record %+v", record)
	}
}

func TestGooglesKeyWithoutACertificateIsTheEncodersToRefuse(t *testing.T) {
	d := newDeviceRig(t)
	for _, k := range d.Ring.Current().All() {
		if isOPC(k.Purpose) {
			k.OpenPGP = nil
		}
	}
	_, err := d.googlePay(acttest.AsBank(t.Context()), acmeCard)
	must(t, err)
	if in := d.seen.opaque[0]; in.Recipient != nil || in.Signer.Certificate != nil {
		t.Errorf("to %q", in.Recipient)
	}
}
