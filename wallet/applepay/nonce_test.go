package applepay_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet/applepay"
)

func TestParseNonce(t *testing.T) {
	var e *applepay.Encoder // needs no configuration
	const goodNonce, goodSignature = "75ebe155", "40ea0aca07dabe17"
	for _, row := range []struct{ name, nonce, signature, reason, field string }{
		{"as seen", goodNonce, "40" + strings.Repeat("61", 80), "", ""},
		{"one byte each", "00", "ff", "", ""},
		{"the longest", strings.Repeat("ab", 64), strings.Repeat("cd", 512), "", ""},
		{"no nonce", "", goodSignature, "apple_nonce_missing", "nonce"},
		{"an odd number of digits", "75ebe15", goodSignature, "apple_nonce_malformed", "nonce"},
		{"upper case", "75EBE155", goodSignature, "apple_nonce_malformed", "nonce"},
		{"one digit in upper case", "75ebe15A", goodSignature, "apple_nonce_malformed", "nonce"},
		{"base64", "devhVQ==", goodSignature, "apple_nonce_malformed", "nonce"},
		{"a blank", "75ebe1 5", goodSignature, "apple_nonce_malformed", "nonce"},
		{"a line break at the end", "75ebe15\n", goodSignature, "apple_nonce_malformed", "nonce"},
		{"a prefix of programmers", "0x75ebe1", goodSignature, "apple_nonce_malformed", "nonce"},
		{"65 bytes", strings.Repeat("ab", 65), goodSignature, "apple_nonce_too_long", "nonce"},
		{"1 kB", strings.Repeat("ab", 512), goodSignature, "apple_nonce_too_long", "nonce"},
		{"no signature", goodNonce, "", "apple_nonce_signature_missing", "nonceSignature"},
		{"an odd signature", goodNonce, "40e", "apple_nonce_signature_malformed", "nonceSignature"},
		{"a signature in upper case", goodNonce, "40EA", "apple_nonce_signature_malformed", "nonceSignature"},
		{"a signature in base64", goodNonce, "QOoKygfavhc=", "apple_nonce_signature_malformed", "nonceSignature"},
		{"a signature of 513 bytes", goodNonce, strings.Repeat("ab", 513), "apple_nonce_signature_too_long", "nonceSignature"},
		{"both wrong: the first is named", "", "", "apple_nonce_missing", "nonce"},
	} {
		t.Run(row.name, func(t *testing.T) {
			nonce, signature, err := e.ParseNonce(row.nonce, row.signature)
			if row.reason != "" {
				mustFail(t, err, row.reason, row.field, row.nonce, row.signature)
				if nonce != nil || signature != nil {
					t.Error("a refusal gave bytes")
				}
				return
			}
			if err != nil {
				t.Fatalf("ParseNonce: %v", err)
			}
			if hex.EncodeToString(nonce) != row.nonce || hex.EncodeToString(signature) != row.signature {
				t.Errorf("read %x and %x", nonce, signature)
			}
		})
	}
}

func FuzzParseNonce(f *testing.F) {
	f.Add("75ebe155", "40ea0aca07dabe17")
	f.Add("75EBE155", "")
	f.Add("7", "zz")
	f.Fuzz(func(t *testing.T, nonce, signature string) {
		var e *applepay.Encoder
		n, s, err := e.ParseNonce(nonce, signature)
		if err != nil {
			if walletport.CodeOf(err) != walletport.CodeInvalid || n != nil || s != nil {
				t.Errorf("refused with %v and bytes %x, %x", err, n, s)
			}
			return
		}
		if hex.EncodeToString(n) != nonce || hex.EncodeToString(s) != signature {
			t.Error("what was read is not what was sent")
		}
		if len(n) < 1 || len(n) > 64 || len(s) < 1 || len(s) > 512 {
			t.Errorf("%d and %d bytes were taken", len(n), len(s))
		}
	})
}
