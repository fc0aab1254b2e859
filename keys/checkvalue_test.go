package keys_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/oracle"
)

func TestCheckValueOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		purpose keys.Purpose
		secret  string // hex
		want    string
	}{
		// HSM vendors print this value for the key of their manuals' examples.
		{"the KCV of a WSD key", keys.WSD, "0123456789ABCDEFFEDCBA9876543210", "08D7B4"},
		{"parity bits do not count", keys.WSD, "0022446688AACCEEFFDDBB9977553311", "08D7B4"},
		{"a KEK", keys.VaultKEK, strings.Repeat("ab", 32), "F0B67E8A"},
		{"an index key of the same bytes has another", keys.VaultIndex, strings.Repeat("ab", 32), "8C16AD97"},
		{"a shared secret", keys.VTSPush, hex.EncodeToString([]byte("a secret that Visa issued")), "47E4B4AF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret, err := hex.DecodeString(c.secret)
			if err != nil {
				t.Fatal(err)
			}
			got, err := keys.CheckValueOf(c.purpose, secret)
			if err != nil || got != c.want {
				t.Errorf("CheckValueOf = %s, %v; want %s", got, err, c.want)
			}
		})
	}
	if _, err := keys.CheckValueOf(keys.WSD, make([]byte, 8)); err == nil {
		t.Error("a WSD key of one half has a check value")
	}
}

func TestCheckValuesAreWhatTheDocumentationSaysToOpenSSL(t *testing.T) {
	openssl := oracle.Need(t, "openssl")
	secret := []byte("a secret that Visa issued")
	printed := string(openssl.Run(t, []byte("walletport key check value 1 vts-push"), "dgst", "-sha256", "-mac", "HMAC", "-macopt", "key:"+string(secret)))
	_, digest, _ := strings.Cut(printed, "= ")
	got, err := keys.CheckValueOf(keys.VTSPush, secret)
	if err != nil || len(got) != 8 || !strings.HasPrefix(strings.ToUpper(digest), got) {
		t.Errorf("CheckValueOf = %s, %v; OpenSSL says %s", got, err, printed)
	}
}
