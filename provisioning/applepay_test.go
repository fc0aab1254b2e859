package provisioning_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
)

func TestApplesPassIsMadeOfWhatPassKitAndTheSchemeGave(t *testing.T) {
	d := newDeviceRig(t)
	d.ChangeKeys(keys.WSD, func(m *keys.Meta) { m.Alias = "401200.1" })
	d.ChangeKeys(keys.TAVSigning, func(m *keys.Meta) { m.Alias = "KUR-7" })
	for i, id := range []walletport.CardID{acmeCard, visaCard} {
		last := map[walletport.CardID]string{acmeCard: "1471", visaCard: "0492"}[id]
		result, err := d.applePay(acttest.AsBank(t.Context()), id, func(q *provisioning.ApplePayRequest) { q.Nonce += []string{"00", "01"}[i] })
		must(t, err)
		want := provisioning.ApplePayResult{ActivationData: "active " + last, EncryptedPassData: "pass " + last, EphemeralPublicKey: "key", CertificateForm: "DER, base64"}
		if diff := cmp.Diff(want, result); diff != "" {
			t.Errorf("card %d (-want +got):\n%s", id, diff)
		}
		pass, active := d.seen.passes[i], d.seen.activation[i]
		if pass.Recipient.Form != "DER, base64" || string(pass.NonceSignature) != "\x40\xea\x0a\xca" || pass.Rand != d.Rand || string(pass.ActivationData) != "active "+last {
			t.Errorf("card %d: pass input %+v", id, pass)
		}
		if nonce := "\x75\xeb\xe1\x55" + string(rune(i)); string(pass.Nonce) != nonce || string(active.Nonce) != nonce {
			t.Errorf("card %d: nonce %x in the pass, %x in the activation data", id, pass.Nonce, active.Nonce)
		}
		if !active.Now.Equal(now) || active.Rand != d.Rand {
			t.Errorf("card %d: another time or randomness", id)
		}
	}
	mastercard, visa := d.seen.activation[0], d.seen.activation[1]
	if mastercard.Signer.Key == nil || mastercard.Signer.Alias != "KUR-7" || mastercard.Cipher.Key != nil {
		t.Errorf("Mastercard's activation is signed by %q", mastercard.Signer.Alias)
	}
	if visa.Signer.Key != nil || visa.Cipher.Key == nil || visa.Cipher.KeyID != "401200.1" {
		t.Errorf("Visa's activation is under %q", visa.Cipher.KeyID)
	}
	if len(d.seen.numbers) != 1 || d.seen.numbers[0].Cipher.KeyID != "401200.1" || string(d.seen.passes[1].SealedNumber) != "number 0492" || d.seen.passes[0].SealedNumber != nil {
		t.Error("Visa's number is not sealed, or Mastercard's is")
	}
}

func TestApplesRequestIsReadFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*provisioning.ApplePayRequest)
		reason string
	}{
		{"a nonce that is none", func(q *provisioning.ApplePayRequest) { q.Nonce = "75e" }, "apple_nonce_malformed"},
		{"a signature that is none", func(q *provisioning.ApplePayRequest) { q.NonceSignature = "x" }, "apple_nonce_malformed"},
		{"certificates of somebody else", func(q *provisioning.ApplePayRequest) { q.Certificates = nil }, "apple_chain_untrusted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeviceRig(t)
			for _, id := range []walletport.CardID{acmeCard, visaCard, 9} {
				result, err := d.applePay(acttest.AsBank(t.Context()), id, c.change)
				if walletport.CodeOf(err) != walletport.CodeInvalid || walletport.ReasonOf(err) != c.reason || result != (provisioning.ApplePayResult{}) {
					t.Errorf("card %d: %+v, %v", id, result, err)
				}
				if record := d.MustRecord(t); record.Outcome != c.reason || record.Issuer != "" || record.KeyVersions != nil {
					t.Errorf("record %+v", record)
				}
			}
			if len(d.Gate.Asked) != 0 || d.seen.borrows != 0 {
				t.Error("more was done")
			}
		})
	}
}

func mustReuse(t *testing.T, result provisioning.ApplePayResult, err error) {
	t.Helper()
	if walletport.CodeOf(err) != walletport.CodeConflict || walletport.ReasonOf(err) != "nonce_reused" || result != (provisioning.ApplePayResult{}) {
		t.Errorf("%+v, %v; want nonce_reused", result, err)
	}
}

func TestApplesNonceIsUsedOnce(t *testing.T) {
	clock := now
	d := newDeviceRig(t, func(f *provisioning.Flow) { f.Clock = func() time.Time { return clock } })
	_, err := d.applePay(acttest.AsBank(t.Context()), acmeCard)
	must(t, err)
	d.MustRecord(t)
	for _, id := range []walletport.CardID{acmeCard, visaCard} {
		result, err := d.applePay(acttest.AsBank(t.Context()), id)
		mustReuse(t, result, err)
		if record := d.MustRecord(t); record.Outcome != "nonce_reused" || len(record.KeyVersions) != 1 {
			t.Errorf("record %+v", record)
		}
	}
	d.Put(t, acttest.NewCard(t, 2001, secondPAN, func(c *walletport.Card) { c.Issuer = "globex" }))
	if _, err := d.applePay(acttest.AsClientOf(t.Context(), "globex"), 2001); err != nil {
		t.Errorf("another issuer's nonce is used up: %v", err)
	}
	if _, err := d.applePay(acttest.AsBank(t.Context()), acmeCard, func(q *provisioning.ApplePayRequest) { q.Nonce = "75ebe156" }); err != nil {
		t.Errorf("another nonce is used up: %v", err)
	}
	clock = now.Add(24*time.Hour - time.Second)
	result, err := d.applePay(acttest.AsBank(t.Context()), acmeCard)
	mustReuse(t, result, err)
	clock = now.Add(24*time.Hour + time.Second)
	if _, err := d.applePay(acttest.AsBank(t.Context()), acmeCard); err != nil {
		t.Errorf("the nonce is never free again: %v", err)
	}
}

// TestWhatUsesApplesNonceUp: a refusal does not. A call that nobody refused has used it up
// before the pass is made, whether the pass is good, or there is somebody to get it, or not.
func TestWhatUsesApplesNonceUp(t *testing.T) {
	refused := walletport.Errorf(walletport.CodeForbidden, "step_up_required", "authenticate")
	for _, c := range []struct {
		name    string
		breakIt func(d *deviceRig, leave func())
		panics  bool
		then    string // the reason of a second call with the nonce
	}{
		{"the gate refuses", func(d *deviceRig, _ func()) { d.Gate.Err = refused }, false, ""},
		{"a key is missing", func(d *deviceRig, _ func()) { d.ChangeKeys(keys.TAVSigning, nil) }, false, ""},
		{"the trail takes no record", func(d *deviceRig, _ func()) { d.Audit = acttest.BrokenAudit{} }, false, "nonce_reused"},
		{"the activator fails", func(d *deviceRig, _ func()) { d.mastercard.err = errSealer }, false, "nonce_reused"},
		{"the encoder fails", func(d *deviceRig, _ func()) { d.pass.err = errSealer }, false, "nonce_reused"},
		{"the encoder panics", func(d *deviceRig, _ func()) { d.pass.before = func() { panic("a bug") } }, true, "nonce_reused"},
		{"the caller goes away meanwhile", func(d *deviceRig, leave func()) { d.pass.before = leave }, false, "nonce_reused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeviceRig(t)
			ring, trail := d.Ring.Current(), d.Audit
			ctx, leave := context.WithCancel(acttest.AsBank(t.Context()))
			defer leave()
			c.breakIt(d, leave)
			func() {
				defer func() {
					if (recover() != nil) != c.panics {
						t.Error("a panic, or none")
					}
				}()
				result, err := d.applePay(ctx, acmeCard)
				if err == nil || result != (provisioning.ApplePayResult{}) {
					t.Errorf("%+v, %v", result, err)
				}
			}()
			d.Gate.Err, d.mastercard.err, d.pass.err, d.pass.before, d.Audit = nil, nil, nil, nil, trail
			d.Ring.Replace(ring)
			if _, err := d.applePay(acttest.AsBank(t.Context()), acmeCard); walletport.ReasonOf(err) != c.then {
				t.Errorf("a second call with the nonce: %v, want %q", err, c.then)
			}
		})
	}
}

// TestApplesNonceOnTwoReplicas sends one nonce to two flows on one database, many
// times at once: one call gets an answer.
func TestApplesNonceOnTwoReplicas(t *testing.T) {
	d := newDeviceRig(t)
	replica := *d.Flow
	second := deviceRig{rig: &rig{Flow: &replica}}
	const calls = 16
	errs := make(chan error, calls)
	ctx := acttest.AsBank(t.Context())
	var wait sync.WaitGroup
	for i := range calls {
		asked := d
		if i%2 == 1 {
			asked = &second
		}
		wait.Go(func() {
			result, err := asked.applePay(ctx, acmeCard)
			if (err == nil) == (result == provisioning.ApplePayResult{}) {
				err = errors.New("an error with an answer, or neither")
			}
			errs <- err
		})
	}
	wait.Wait()
	close(errs)
	answers := 0
	for err := range errs {
		switch {
		case err == nil:
			answers++
		case walletport.ReasonOf(err) != "nonce_reused":
			t.Error(err)
		}
	}
	if answers != 1 {
		t.Errorf("%d calls got an answer, want one", answers)
	}
	entries, err := d.DB.AuditAfter(ctx, 0, 100)
	if err != nil || len(entries) != calls {
		t.Errorf("%d records of %d; %v", len(entries), calls, err)
	}
}

func TestNewRefusesAHalfConfiguredWallet(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*provisioning.Flow)
		says   string
	}{
		{"Apple Pay without nonces", func(f *provisioning.Flow) { f.Nonces = nil }, "Nonces is missing"},
		{"Apple Pay without an encoder", func(f *provisioning.Flow) { f.Apple.Encoder = nil }, "the encoder of Apple Pay"},
		{"Apple Pay without an activator", func(f *provisioning.Flow) { f.Apple.Schemes[walletport.Visa].Activator = nil }, "the activator of Apple Pay for VISA"},
		{"Apple Pay without a number sealer", func(f *provisioning.Flow) { f.Apple.Schemes[walletport.Visa].NumberSealer = nil }, "the number sealer of Apple Pay for VISA"},
		{"Apple Pay with another scheme's activator", func(f *provisioning.Flow) {
			f.Apple.Schemes[walletport.Mastercard].Activator = f.Apple.Schemes[walletport.Visa].Activator
		}, "what applepay has for MASTERCARD cards is for VISA"},
		{"Google Pay without a sealer", func(f *provisioning.Flow) { offer(f, walletport.GooglePay, walletport.Visa).Sealer = nil }, "the sealer of googlepay for VISA cards"},
		{"Google Pay without an encryption key", func(f *provisioning.Flow) { offer(f, walletport.GooglePay, walletport.Visa).EncryptionKey = "" }, "the encryption key of googlepay for VISA cards"},
		{"Samsung Pay without an encoder", func(f *provisioning.Flow) { offer(f, walletport.SamsungPay, walletport.Visa).Encoder = nil }, "the encoder of samsungpay for VISA cards"},
		{"Samsung Pay with another scheme's sealer", func(f *provisioning.Flow) {
			o := offer(f, walletport.SamsungPay, walletport.Mastercard)
			o.Sealer = offer(f, walletport.SamsungPay, walletport.Visa).Sealer
		}, "what samsungpay has for MASTERCARD cards is for VISA"},
		{"Samsung Pay twice", func(f *provisioning.Flow) {
			f.Offers = append(f.Offers, offer(f, walletport.SamsungPay, walletport.Visa))
		}, "there are two offers of samsungpay for VISA cards"},
		{"a wallet without a name", func(f *provisioning.Flow) { offer(f, walletport.SamsungPay, walletport.Visa).Wallet = "" }, "the wallet of an offer"},
		{"a wallet provider without a sealer", func(f *provisioning.Flow) { f.Offers[0].Sealer = nil }, "the sealer of issuerwallet acme-wallet"},
		{"an issuer wallet of nobody", func(f *provisioning.Flow) { f.Offers[0].Provider = "" }, "the provider of an issuer wallet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := *newDeviceRig(t).Flow
			c.change(&f)
			if _, err := provisioning.New(f); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}
