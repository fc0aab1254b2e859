package keys_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/oracle"
)

// The wrapped content key of V1, reference visa.md section 9: nonce, key, tag.
const (
	v1Wrapped = "101112131415161718191a1b" +
		"e6d0558b3844a9d25ea003fc7bd93c1aaf6e9a4b226056ae4041ab2e8a5cf575" +
		"6fddabc603f83436c3441e5357928c11"
	v1ContentKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

func TestSharedSecretKEKOpensTheVector(t *testing.T) {
	text := []byte(keystest.VTSSecret)
	kek, err := keys.NewSharedSecretKEK(text)
	must(t, err)
	clear(text) // as the caller may
	cek, err := kek.Unwrap(mustHex(t, v1Wrapped), nil)
	if err != nil || hex.EncodeToString(cek) != v1ContentKey {
		t.Fatalf("Unwrap = %x, %v; want %s", cek, err, v1ContentKey)
	}
	wrapped, err := kek.Wrap(cek, nil)
	must(t, err)
	if len(wrapped) != 12+32+16 {
		t.Errorf("Wrap gives %d bytes, want nonce, key and tag: 60", len(wrapped))
	}
	if again, err := kek.Unwrap(wrapped, nil); err != nil || !bytes.Equal(again, cek) {
		t.Errorf("what Wrap made does not open: %v", err)
	}
	if _, err := keys.NewSharedSecretKEK(nil); err == nil {
		t.Errorf("an empty text is taken")
	}
}

// X2 of reference visa.md section 9.
func TestSharedSecretMACMakesTheVector(t *testing.T) {
	text := []byte(keystest.VTSSecret)
	mac, err := keys.NewSharedSecretMAC(text)
	must(t, err)
	clear(text) // as the caller may
	const want = "d749ef6e2cedccfcc8390b77ee567dce570c5d51c0a96cb8009012f0f6722ad5"
	if got := hex.EncodeToString(mac.Sum([]byte("1700000000vdp/helloworldapiKey=" + keystest.VTSAPIKey))); got != want {
		t.Errorf("Sum = %s, want %s", got, want)
	}
	if _, err := keys.NewSharedSecretMAC(nil); err == nil {
		t.Errorf("an empty text is taken")
	}
}

// A1 to A3 of reference visa.md section 9.
var wsdVectors = []struct{ name, block, hex string }{
	{"A1", "  abcd30nonce=91ab95b8;authcode=A1B2C3!!", "6E9DF2F992064F486DC0DC33EE2785A4535767D96E67712993FA1085B96FFF9F65D951461DB967A7"},
	{"A2", "  abcd34nonce=91ab95b8c4d2;authcode=A1B2C3!!!!!!", "4D68F8B927A3E7CD3787B3C17861E8B680109E33DA7B03CA958DA396DBAE3939CFFF9CF99A1521FFC8D3545FB828579C"},
	{"A3", "  WXYZ56pan=4111111111111111;expiry=1230;datetime=20250102030405", "4CA9D0269D2D4CAD1135295857BFFFB0271DCCF9E47EBEB735C6629C656463F7279756C5AD60B9BEF6E501384DA33C6CE28C0706F16A536EF982C4063E73C56C"},
}

func TestTDEAMakesTheVectors(t *testing.T) {
	for _, c := range []struct{ name, secret string }{
		{"the key of the vectors", keystest.WSDSecret},
		{"the same with every parity bit turned", "0022446688AACCEEFFDDBB9977553311"},
	} {
		secret := mustHex(t, c.secret)
		tdea, err := keys.NewTDEA(secret)
		must(t, err)
		clear(secret) // as the caller may
		for _, v := range wsdVectors {
			t.Run(c.name+", "+v.name, func(t *testing.T) {
				got, err := tdea.EncryptBlocks([]byte(v.block))
				must(t, err)
				if text := strings.ToUpper(hex.EncodeToString(got)); text != v.hex {
					t.Errorf("EncryptBlocks = %s, want %s", text, v.hex)
				}
			})
		}
	}
}

func TestTDEAAgreesWithOpenSSL(t *testing.T) {
	openssl := oracle.Need(t, "openssl")
	secret := "F1E2D3C4B5A697880123456789ABCDEF"
	tdea, err := keys.NewTDEA(mustHex(t, secret))
	must(t, err)
	for blocks := 1; blocks <= 16; blocks *= 2 {
		plain := bytes.Repeat([]byte("8 bytes."), blocks)
		want := openssl.Run(t, plain, "enc", "-des-ede-cbc", "-nopad", "-K", secret, "-iv", "0000000000000000", "-provider", "default", "-provider", "legacy")
		got, err := tdea.EncryptBlocks(plain)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d blocks: EncryptBlocks = %x, %v; openssl says %x", blocks, got, err, want)
		}
	}
}

func TestTDEARefusesWhatIsNoTwoKeys(t *testing.T) {
	for _, n := range []int{0, 8, 15, 24} {
		if _, err := keys.NewTDEA(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are taken", n)
		}
	}
	for name, secret := range map[string]string{
		"the same half twice":           "0123456789ABCDEF0123456789ABCDEF",
		"halves that differ in parity":  "0123456789ABCDEF0022446688AACCEE",
		"nothing but zeros":             "00000000000000000000000000000000",
		"zeros that differ in a parity": "00000000000000000000000000000001",
	} {
		if _, err := keys.NewTDEA(mustHex(t, secret)); walletport.ReasonOf(err) != "key_unfit" {
			t.Errorf("%s: %v, want key_unfit", name, err)
		}
	}
	tdea, err := keys.NewTDEA(mustHex(t, keystest.WSDSecret))
	must(t, err)
	if _, err := tdea.EncryptBlocks(make([]byte, 12)); err == nil {
		t.Errorf("12 bytes are encrypted")
	}
	if text := fmt.Sprintf("%v %+v %#v", tdea, tdea, tdea); text != strings.TrimSpace(strings.Repeat("keys.TDEA(2TDEA) ", 3)) {
		t.Errorf("it prints %q", text)
	}
}

func mustHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	must(t, err)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
