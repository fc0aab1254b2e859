package vts_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/seal"
)

// foreignPush is a payload that somebody else wrote.
func foreignPush(t testing.TB, plaintext string) []byte {
	t.Helper()
	jwe, err := seal.SealJWE(rand.Reader, sharedSecret{text: testSecret}, seal.JWEHeader{KeyID: testKeyID}, []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return jwe
}

func TestOpenPushReadsEveryFormOfTheSources(t *testing.T) {
	for _, c := range []struct{ name, plaintext string }{
		{"the published content", vectorPlaintext},
		{"two digits of the year", strings.Replace(vectorPlaintext, `"2030"`, `"30"`, 1)},
		{"isIDnV as a boolean", strings.Replace(vectorPlaintext, `"isIDnV":"true"`, `"isIDnV":true`, 1)},
		{"a security code and unknown members", strings.Replace(vectorPlaintext, `{"acc`, `{"cvv2":"123","x":[{}],"acc`, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			push, err := vts.OpenPush(sharedSecret{text: testSecret}, foreignPush(t, c.plaintext))
			if err != nil {
				t.Fatal(err)
			}
			if !push.PAN.Equal(mustPAN(t, testPAN)) || push.Expiry != testCard(t).Expiry || push.Client != testClient() || !push.IDnV {
				t.Error("another card or wallet")
			}
		})
	}
}

func TestOpenPushRefuses(t *testing.T) {
	with := func(old, replacement string) []byte {
		changed := strings.Replace(vectorPlaintext, old, replacement, 1)
		if changed == vectorPlaintext {
			t.Fatalf("the content has no %s", old)
		}
		return foreignPush(t, changed)
	}
	for _, c := range []struct {
		name   string
		secret string
		jwe    []byte
		reason string
		field  string
	}{
		{"nothing", testSecret, nil, "payload_malformed", ""},
		{"base64 around the JWE", testSecret, []byte("ZXlKaGJHY2lPaUpCTWpVMlIwTk5TMWNp"), "payload_malformed", ""},
		{"another secret", "another secret", []byte(vectorJWE), "cryptography_error", ""},
		{"a content that is no JSON", testSecret, foreignPush(t, "PAN="+testPAN), "card_data_malformed", "plaintext"},
		{"null", testSecret, foreignPush(t, "null"), "card_data_malformed", "expirationDate"},
		{"primaryAccountNumber", testSecret, with(`"accountNumber"`, `"primaryAccountNumber"`), "card_data_malformed", "accountNumber"},
		{"a PAN as a number", testSecret, with(`"4111111111111111"`, `4111111111111111`), "card_data_malformed", "plaintext"},
		{"a PAN with an escape", testSecret, with(`"4111111111111111"`, `"\u0034111111111111111"`), "card_data_malformed", "plaintext"},
		{"a wrong check digit", testSecret, with(testPAN, "4111111111111112"), "card_data_malformed", "accountNumber"},
		{"a month of 13", testSecret, with(`"12"`, `"13"`), "card_data_malformed", "expirationDate"},
		{"a year of three digits", testSecret, with(`"2030"`, `"030"`), "card_data_malformed", "expirationDate"},
		{"isIDnV as a number", testSecret, with(`"isIDnV":"true"`, `"isIDnV":1`), "card_data_malformed", "plaintext"},
	} {
		t.Run(c.name, func(t *testing.T) {
			push, err := vts.OpenPush(sharedSecret{text: c.secret}, c.jwe)
			mustRefuse(t, err, walletport.CodeInvalid, c.reason)
			if !push.PAN.IsZero() {
				t.Error("and a PAN")
			}
			fault, ok := errors.AsType[*walletport.Error](err)
			if !ok || c.field != "" && (len(fault.Fields) != 1 || fault.Fields[0].Name != c.field) {
				t.Errorf("error %+v, want a fault of %s", err, c.field)
			}
		})
	}
}

func FuzzOpenPush(f *testing.F) {
	f.Add(vectorPlaintext)
	f.Add(strings.Replace(vectorPlaintext, vectorAddress, "", 1))
	f.Add(`{"accountNumber":"4111111111111111","expirationDate":{"month":"01","year":"30"},"provider":{"isIDnV":false}}`)
	f.Add(`{"accountNumber":"\u0034"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, plaintext string) {
		push, err := vts.OpenPush(sharedSecret{text: testSecret}, foreignPush(t, plaintext))
		if err != nil {
			if walletport.CodeOf(err) != walletport.CodeInvalid || walletport.ContainsPAN(err.Error()) {
				t.Errorf("error %v, want CodeInvalid without a PAN", err)
			}
			return
		}
		if push.PAN.IsZero() || push.Expiry.Month < 1 || push.Expiry.Month > 12 {
			t.Errorf("opened to the card %v, %v", push.PAN, push.Expiry)
		}
	})
}
