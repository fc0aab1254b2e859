package applepay_test

import (
	"crypto/fips140"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/wallet/applepay"
)

// The ephemeral key comes from a fixed random stream, so that a whole pass is the
// same each time. What it means is proved elsewhere; this shows that it changes.
func TestGolden(t *testing.T) {
	if fips140.Version() == "v1.0.0" {
		t.Skip("this version of the FIPS module cannot be given a fixed random stream")
	}
	for _, row := range []struct {
		name, pan string
		config    func(*applepay.Config)
		sealed    string
	}{
		{"mastercard", mastercardPAN, nil, ""},
		{"visa", visaPAN, nil, ""},
		{"visa-encrypted-fpan", visaPAN, func(c *applepay.Config) { c.Visa.Form = applepay.EncryptedFPAN }, "MBPAD-1-FK-401200.1--TDEA-00112233445566778899AABBCCDDEEFF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			in := testInput(t, row.pan)
			in.Rand, in.SealedNumber = rand.Reader, []byte(row.sealed)
			got, err := json.MarshalIndent(mustApplePass(t, in, row.config), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, row.name+".json", append(got, '\n'))
		})
	}
}

func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
