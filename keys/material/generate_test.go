package material_test

import (
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/material"
)

func TestGenerate(t *testing.T) {
	for _, c := range []struct {
		name      string
		spec      keys.Spec
		algorithm string
		reason    string // "" is made
	}{
		{"a signing key", keys.Spec{Purpose: keys.TAVSigning}, "RSA-2048", ""},
		{"a longer one", keys.Spec{Purpose: keys.TAVSigning, Algorithm: "RSA-3072"}, "RSA-3072", ""},
		{"a KEK", keys.Spec{Purpose: keys.VaultKEK, Algorithm: "AES-256"}, "AES-256", ""},
		{"an index key", keys.Spec{Purpose: keys.VaultIndex}, "HMAC-SHA-256", ""},
		{"a checkpoint key", keys.Spec{Purpose: keys.AuditCheckpoint}, "Ed25519", ""},
		{"a shared secret for Visa's push payloads", keys.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, "AES-256", ""},
		{"a WSD key", keys.Spec{Purpose: keys.WSD, Issuer: "acme", Alias: "401200.1"}, "2TDEA", ""},
		{"a key for requests to Mastercard", keys.Spec{Purpose: keys.MDESOAuth, Alias: keystest.ConsumerKey}, "RSA-2048", ""},
		{"a key for requests without its consumer key is refused", keys.Spec{Purpose: keys.MDESOAuth}, "", "key_alias"},
		{"a decryption key for Mastercard", keys.Spec{Purpose: keys.MDESCSDecryption, Algorithm: "RSA-3072"}, "RSA-3072", ""},
		{"Mastercard's key to seal to is refused", keys.Spec{Purpose: keys.MDESCSEncryption}, "", "key_unfit"},
		{"a shared secret for Visa's token API", keys.Spec{Purpose: keys.VTSAPI, Alias: keystest.VTSAPIKey}, "HMAC-SHA-256", ""},
		{"a signing key for Visa", keys.Spec{Purpose: keys.VTSSigning, Alias: "715EA257"}, "RSA-2048", ""},
		{"a decryption key for Visa", keys.Spec{Purpose: keys.VTSDecryption, Alias: "715EA257", Algorithm: "RSA-3072"}, "RSA-3072", ""},
		{"Visa's key to verify by is refused", keys.Spec{Purpose: keys.VTSVerification, Alias: "715EA257"}, "", "key_unfit"},
		{"Visa's key to seal to is refused", keys.Spec{Purpose: keys.VTSEncryption, Alias: "715EA257"}, "", "key_unfit"},
		{"a shared secret for Click to Pay", keys.Spec{Purpose: keys.ClickToPayAPI, Alias: keystest.VTSAPIKey}, "HMAC-SHA-256", ""},
		{"a decryption key for Click to Pay", keys.Spec{Purpose: keys.ClickToPayDecryption, Alias: "715EA257"}, "RSA-2048", ""},
		{"Visa's key of Click to Pay is refused", keys.Spec{Purpose: keys.ClickToPayEncryption, Alias: "715EA257"}, "", "key_unfit"},
		{"a login is refused", keys.Spec{Purpose: keys.ClickToPayLogin, Alias: keystest.ClickToPayUser}, "", "key_unfit"},
		{"a client certificate of Click to Pay is refused", keys.Spec{Purpose: keys.ClickToPayTLS}, "", "key_unfit"},
		{"a shared secret without its key id is refused", keys.Spec{Purpose: keys.VTSPush}, "", "key_alias"},
		{"a shared secret with a long key id is refused", keys.Spec{Purpose: keys.VTSPush, Alias: strings.Repeat("k", 65)}, "", "key_alias"},
		{"a shared secret with a key id that JSON would escape is refused", keys.Spec{Purpose: keys.VTSPush, Alias: `k"1`}, "", "key_alias"},
		{"a WSD key without its key set is refused", keys.Spec{Purpose: keys.WSD}, "", "key_alias"},
		{"a key set of seven digits is refused", keys.Spec{Purpose: keys.WSD, Alias: "4012000.1"}, "", "key_alias"},
		{"a key set without an index is refused", keys.Spec{Purpose: keys.WSD, Alias: "401200"}, "", "key_alias"},
		{"a key set with more behind it is refused", keys.Spec{Purpose: keys.WSD, Alias: "401200.1-"}, "", "key_alias"},
		{"a WSD key of three halves is refused", keys.Spec{Purpose: keys.WSD, Alias: "401200.1", Algorithm: "3TDEA"}, "", "key_unfit"},
		{"an OpenPGP signing key", keys.Spec{Purpose: keys.OPCSigning}, "RSA-3072", ""},
		{"a shorter one", keys.Spec{Purpose: keys.OPCSigning, Algorithm: "RSA-2048", Issuer: "acme", ValidUntil: now.AddDate(2, 0, 0)}, "RSA-2048", ""},
		{"a short OpenPGP key is refused", keys.Spec{Purpose: keys.OPCSigning, Algorithm: "RSA-1024"}, "", "key_unfit"},
		{"an OpenPGP key for longer than Google takes it is refused", keys.Spec{Purpose: keys.OPCSigning, ValidUntil: now.AddDate(2, 0, 1)}, "", "key_unfit"},
		{"an OpenPGP key that has ended is refused", keys.Spec{Purpose: keys.OPCSigning, ValidUntil: now}, "", "key_expired"},
		{"Google's key is refused", keys.Spec{Purpose: keys.OPCEncryption}, "", "key_unfit"},
		{"a short RSA key is refused", keys.Spec{Purpose: keys.TAVSigning, Algorithm: "RSA-1024"}, "", "key_unfit"},
		{"another algorithm is refused", keys.Spec{Purpose: keys.VaultKEK, Algorithm: "AES-128"}, "", "key_unfit"},
		{"Mastercard's key is refused", keys.Spec{Purpose: keys.MDESEncryption}, "", "key_unfit"},
		{"an unknown purpose is refused", keys.Spec{Purpose: "tap-to-pay"}, "", "key_purpose"},
		{"a malformed issuer is refused", keys.Spec{Purpose: keys.VaultKEK, Issuer: "a/b"}, "", "issuer_malformed"},
		{"a malformed BIN range is refused", keys.Spec{Purpose: keys.VaultKEK, BINs: []keys.BINRange{{Low: "5"}}}, "", "bin_range"},
		{"an alias with a space is refused", keys.Spec{Purpose: keys.VaultKEK, Alias: "a b"}, "", "key_alias"},
		{"an alias that is a card number is refused", keys.Spec{Purpose: keys.VaultKEK, Alias: "5204-2477--5000-1471"}, "", "key_alias"},
		{"a long scheme fingerprint is refused", keys.Spec{Purpose: keys.VaultKEK, SchemeFingerprint: strings.Repeat("a", 65)}, "", "key_alias"},
		{"a key that has ended is refused", keys.Spec{Purpose: keys.VaultKEK, ValidUntil: now.Add(-time.Hour)}, "", "key_expired"},
		{"an end before the begin is refused", keys.Spec{Purpose: keys.VaultKEK, ValidFrom: now.Add(2 * time.Hour), ValidUntil: now.Add(time.Hour)}, "", "key_expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := material.Generate(c.spec, now)
			wantReason(t, err, c.reason)
			if c.reason != "" {
				return
			}
			if m.Algorithm != c.algorithm || m.State != keys.Pending || !m.ValidFrom.Equal(now) {
				t.Errorf("Generate = %+v", m.Meta)
			}
			_, err = m.Handles(keys.GoRSA{})
			must(t, err)
		})
	}
}
