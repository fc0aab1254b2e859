package provisioning_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

func TestNewNamesEachMissingPart(t *testing.T) {
	_, err := provisioning.New(provisioning.Flow{})
	for _, name := range []string{"Vault", "Keys", "Audit", "StepUp", "Rand", "Clock"} {
		if err == nil || !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	whole := newRig(t).Flow
	for name, remove := range map[string]func(*provisioning.Flow){
		"Vault":  func(f *provisioning.Flow) { f.Vault = nil },
		"Keys":   func(f *provisioning.Flow) { f.Keys = nil },
		"Audit":  func(f *provisioning.Flow) { f.Audit = nil },
		"StepUp": func(f *provisioning.Flow) { f.StepUp = nil },
		"Rand":   func(f *provisioning.Flow) { f.Rand = nil },
		"Clock":  func(f *provisioning.Flow) { f.Clock = nil },
	} {
		t.Run(name+" alone is missing", func(t *testing.T) {
			f := *whole
			remove(&f)
			if _, err := provisioning.New(f); err == nil || err.Error() != "provisioning: "+name+" is missing" {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSuccessIsRecordedWithEveryFact(t *testing.T) {
	r := newRig(t)
	result, err := r.Push(acttest.AsBank(t.Context()), request())
	must(t, err)
	if result.DigitizationData == "" {
		t.Errorf("there is no payload")
	}
	want := walletport.AuditRecord{
		Time:          now.Truncate(time.Millisecond),
		RequestID:     "req-7",
		ClientID:      "bank-app",
		AuditUser:     "ada@bank.example",
		Action:        walletport.ActionProvision(walletport.IssuerWallet),
		Issuer:        "acme",
		CardID:        acmeCard,
		Wallet:        "acme-wallet",
		Scheme:        walletport.Mastercard,
		Outcome:       walletport.OutcomeOK,
		KeyVersions:   []string{"mdes-encryption-v1", "tav-signing-v1"},
		RemoteAddress: "192.0.2.7",
	}
	record := r.MustRecord(t)
	mustHoldNoCardData(t, err, record)
	if diff := cmp.Diff(want, record); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestPayloadOpensAtMDESForTheRightCard(t *testing.T) {
	r := newRig(t)
	r.Put(t, acttest.NewCard(t, 1002, secondPAN, func(c *walletport.Card) { c.Expiry = walletport.Expiry{Year: 2029, Month: time.March} }))
	for id, want := range map[walletport.CardID]struct{ pan, expiry string }{
		acmeCard: {"520424******1471", "12/31"},
		1002:     {"555555******4444", "03/29"},
	} {
		result, err := r.Push(acttest.AsBank(t.Context()), request(func(q *provisioning.PushRequest) { q.CardID = id }))
		must(t, err)
		report := open(t, result.DigitizationData)
		if !report.Accepted || report.FirstFault != nil {
			t.Fatalf("card %d: MDES refuses it: %+v", id, report.FirstFault)
		}
		if report.Facts.PAN != want.pan || report.Facts.Expiry != want.expiry || !report.Facts.HasCardholderName {
			t.Errorf("card %d: MDES reads %s, %s", id, report.Facts.PAN, report.Facts.Expiry)
		}
	}
}

func TestTwoPayloadsOfOneCardShareNothingSecret(t *testing.T) {
	r := newRig(t)
	first, err := r.Push(acttest.AsBank(t.Context()), request())
	must(t, err)
	second, err := r.Push(acttest.AsBank(t.Context()), request())
	must(t, err)
	if first == second {
		t.Errorf("two payloads are equal: the data key or the IV is not fresh")
	}
}

func TestRotationTakesEffectOnTheNextCall(t *testing.T) {
	r := newRig(t)
	_, err := r.Push(acttest.AsBank(t.Context()), request())
	must(t, err)
	r.MustRecord(t)
	rotated := newRing(t, keys.Meta{Purpose: keys.MDESEncryption, Version: 2}, keys.Meta{Purpose: keys.TAVSigning, Version: 3, Issuer: "acme"})
	r.Ring.Replace(keys.NewRing(append(rotated.All(), r.Ring.Current().All()...)))
	result, err := r.Push(acttest.AsBank(t.Context()), request())
	must(t, err)
	if diff := cmp.Diff([]string{"mdes-encryption-v2", "acme-tav-signing-v3"}, r.MustRecord(t).KeyVersions); diff != "" {
		t.Errorf("key versions (-want +got):\n%s", diff)
	}
	if report := open(t, result.DigitizationData); !report.Accepted {
		t.Errorf("MDES refuses it: %+v", report.FirstFault)
	}
}

func TestWithoutARecordThereIsNoAnswer(t *testing.T) {
	r := newRig(t, func(f *provisioning.Flow) { f.Audit = acttest.BrokenAudit{} })
	r.Put(t, acttest.NewCard(t, 1003, secondPAN, func(c *walletport.Card) { c.Status = walletport.CardClosed }))
	for _, c := range []struct {
		name   string
		change func(*provisioning.PushRequest)
	}{
		{"a success", func(*provisioning.PushRequest) {}},
		{"an unknown provider", func(q *provisioning.PushRequest) { q.Provider = "nobody" }},
		{"an unknown card", func(q *provisioning.PushRequest) { q.CardID = 9 }},
		{"a closed card", func(q *provisioning.PushRequest) { q.CardID = 1003 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, err := r.Push(acttest.AsBank(t.Context()), request(c.change))
			mustRefusal(t, result, err, walletport.CodeUnavailable, "audit_unavailable")
		})
	}
}

func TestCallerWhoWentAwayGetsNothing(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(acttest.AsBank(t.Context()))
	cancel()
	result, err := r.Push(ctx, request())
	if err == nil || result != (provisioning.PushResult{}) || walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("IssuerWallet = %v, %v", result, err)
	}
}

func TestDatabaseThatIsGoneIsUnavailable(t *testing.T) {
	r := newRig(t)
	gone := newRig(t)
	must(t, gone.DB.Close())
	flow := *r.Flow
	flow.Vault = gone.Cards
	result, err := flow.Push(acttest.AsBank(t.Context()), request())
	mustRefusal(t, result, err, walletport.CodeUnavailable, "store_unavailable")
	if got := r.MustRecord(t).Outcome; got != "store_unavailable" {
		t.Errorf("recorded as %q", got)
	}
}

func TestFaultOfTheSealerStaysInside(t *testing.T) {
	var lent *walletport.Card
	r := newRig(t, func(f *provisioning.Flow) {
		f.Offers[0].Sealer = sealerFunc(func(in scheme.SealInput) ([]byte, error) {
			lent = in.Card
			return []byte("half a payload"), errSealer
		})
	})
	result, err := r.Push(acttest.AsBank(t.Context()), request())
	mustRefusal(t, result, err, walletport.CodeInternal, "internal")
	if got := r.MustSecondRecord(t).Outcome; got != "internal" {
		t.Errorf("recorded as %q", got)
	}
	if lent == nil || !lent.PAN.IsZero() || !lent.CardholderName.IsZero() {
		t.Errorf("the card outlives the fault")
	}
}

func TestPayloadOverTheWalletsLimitIsRefused(t *testing.T) {
	r := newRig(t, func(f *provisioning.Flow) {
		encoder, err := issuerwallet.New(issuerwallet.Config{MaxChars: 100})
		must(t, err)
		f.Offers[0].Encoder = encoder
	})
	result, err := r.Push(acttest.AsBank(t.Context()), request())
	mustRefusal(t, result, err, walletport.CodeUnsupported, "payload_too_long")
	if got := r.MustSecondRecord(t).Outcome; got != "payload_too_long" {
		t.Errorf("recorded as %q", got)
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	r := newRig(t)
	r.Put(t, acttest.NewCard(t, 1002, secondPAN))
	wanted := map[walletport.CardID]string{acmeCard: "520424******1471", 1002: "555555******4444"}
	const callers = 16
	ctx := acttest.AsBank(t.Context())
	var (
		wait    sync.WaitGroup
		lock    sync.Mutex
		reports = map[walletport.CardID][]mdessim.Report{}
	)
	for i := range callers {
		wait.Go(func() {
			id := acmeCard + walletport.CardID(i%2)
			result, err := r.Push(ctx, request(func(q *provisioning.PushRequest) { q.CardID = id }))
			if err != nil {
				t.Error(err)
				return
			}
			report := open(t, result.DigitizationData)
			lock.Lock()
			defer lock.Unlock()
			reports[id] = append(reports[id], report)
		})
	}
	wait.Wait()
	for id, all := range reports {
		for _, report := range all {
			if !report.Accepted || report.Facts.PAN != wanted[id] {
				t.Errorf("card %d: MDES reads %s, fault %+v", id, report.Facts.PAN, report.FirstFault)
			}
		}
	}
	summary, err := audit.Verify(t.Context(), r.DB, audit.TrustedKeys(r.Ring.Current()))
	if err != nil || summary.Records != callers {
		t.Errorf("%d records of %d, %v", summary.Records, callers, err)
	}
}

func mustRefusal(t *testing.T, result provisioning.PushResult, err error, code walletport.Code, reason string) {
	t.Helper()
	if result != (provisioning.PushResult{}) {
		t.Errorf("a refusal hands out a payload")
	}
	if err == nil || walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want %s, %s", err, code, reason)
	}
}

func TestSealerGetsWhatTheCardAndItsKeysSay(t *testing.T) {
	var got scheme.SealInput
	r := newRig(t, func(f *provisioning.Flow) {
		f.Offers[0].Sealer = sealerFunc(func(in scheme.SealInput) ([]byte, error) {
			got = in
			if !in.Card.PAN.Equal(acttest.NewCard(t, 0, secondPAN).PAN) || in.Card.ID != 2001 {
				t.Errorf("another card is lent: %v", in.Card)
			}
			return []byte("sealed"), nil
		})
	})
	r.Put(t, acttest.NewCard(t, 2001, secondPAN, func(c *walletport.Card) { c.Issuer = "globex" }))
	more := newRing(t,
		keys.Meta{Purpose: keys.MDESEncryption, Issuer: "globex", SchemeFingerprint: "c0ffee"},
		keys.Meta{Purpose: keys.MDESEncryption, Issuer: "acme", SchemeFingerprint: "decaf"},
		keys.Meta{Purpose: keys.TAVSigning, Issuer: "globex", Alias: "KUR-7"},
		keys.Meta{Purpose: keys.TAVSigning, Issuer: "acme", Alias: "KUR-8"},
	).All()
	engine := struct{ keys.OAEP }{}
	more[0].OAEP = engine
	r.Ring.Replace(keys.NewRing(append(r.Ring.Current().All(), more...)))
	result, err := r.Push(acttest.AsClientOf(t.Context(), "globex"), request(func(q *provisioning.PushRequest) { q.CardID = 2001 }))
	must(t, err)
	if result.DigitizationData != "c2VhbGVk" {
		t.Errorf("the wallet gets %q", result.DigitizationData)
	}
	if diff := cmp.Diff([]string{"globex-mdes-encryption-v1", "globex-tav-signing-v1"}, r.MustRecord(t).KeyVersions); diff != "" {
		t.Errorf("key versions (-want +got):\n%s", diff)
	}
	if got.Recipient.Fingerprint != "c0ffee" || got.Signer.Alias != "KUR-7" || got.Recipient.OAEP != engine || got.Recipient.Certificate == nil || got.Recipient.Public == nil || got.Signer.Key == nil {
		t.Errorf("recipient %q, signer %q, or a key is missing", got.Recipient.Fingerprint, got.Signer.Alias)
	}
	if !got.Now.Equal(now) || got.Rand != r.Rand {
		t.Errorf("time %v, or another source of randomness", got.Now)
	}
}
