package material_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// What Visa's own sample sealed opens under the imported text, and only under that:
// V1 of reference visa.md section 9.
func TestSharedSecretIsKeptExactly(t *testing.T) {
	v1, err := hex.DecodeString("101112131415161718191a1b" + "e6d0558b3844a9d25ea003fc7bd93c1aaf6e9a4b226056ae4041ab2e8a5cf575" + "6fddabc603f83436c3441e5357928c11")
	must(t, err)
	for _, c := range []struct {
		name, text string
		opens      bool
	}{
		{"as issued", keystest.VTSSecret, true},
		{"with a line break", keystest.VTSSecret + "\n", true},
		{"with the line break of Windows", keystest.VTSSecret + "\r\n", true},
		{"with a space behind it is another secret", keystest.VTSSecret + " ", false},
		{"in capitals is another secret", strings.ToUpper(keystest.VTSSecret), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := read(keys.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID, AsIs: true}, []byte(c.text), "")
			must(t, err)
			cek, err := k.KEK.Unwrap(v1, nil)
			if opens := err == nil && bytes.Equal(cek, ascending(32)); opens != c.opens {
				t.Errorf("V1 opens: %v (%v)", opens, err)
			}
			if k.Alias != keystest.VTSKeyID {
				t.Errorf("alias %q", k.Alias)
			}
		})
	}
}

// ascending returns the bytes 0, 1, 2, ...
func ascending(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestImportedWSDKeySealsTheVector(t *testing.T) {
	k, err := read(keys.Spec{Purpose: keys.WSD, Alias: keystest.WSDKeySet}, []byte(keystest.WSDSecret), "")
	must(t, err)
	sealed, err := k.TDEA.EncryptBlocks([]byte("  abcd30nonce=91ab95b8;authcode=A1B2C3!!"))
	must(t, err)
	// A1 of reference visa.md section 9.
	const want = "6e9df2f992064f486dc0dc33ee2785a4535767d96e67712993fa1085b96fff9f65d951461db967a7"
	if got := hex.EncodeToString(sealed); got != want {
		t.Errorf("EncryptBlocks = %s, want %s", got, want)
	}
}
