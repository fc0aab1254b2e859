package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/seal"
)

// rawCBC encrypts whole blocks under a zero IV, without padding.
func rawCBC(key, blocks []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, len(blocks))
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(out, blocks)
	return out
}

// bigOdd is an odd number of that many bits.
func bigOdd(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.SetBit(n, 0, 1)
}

// mustOpenSSL runs openssl and returns what it prints.
func mustOpenSSL(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return oracle.Need(t, "openssl").Run(t, stdin, args...)
}

func opensslPadding(s seal.Suite) []string {
	switch s.KeyWrap {
	case seal.OAEPSHA256:
		return []string{"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256"}
	case seal.OAEPSHA512:
		return []string{"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha512", "-pkeyopt", "rsa_mgf1_md:sha512"}
	case seal.PKCS1v15:
		return []string{"-pkeyopt", "rsa_padding_mode:pkcs1"}
	}
	return nil
}

func mustWriteKey(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(recipient())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenSSLOpensWhatWeSeal(t *testing.T) {
	keyFile := mustWriteKey(t)
	for name, suite := range suites() {
		if suite.Mode != seal.CBC {
			continue // the openssl command has no GCM
		}
		t.Run(name, func(t *testing.T) {
			e := mustSeal(t, suite, []byte("read by openssl"))
			key := mustOpenSSL(t, e.WrappedKey, append([]string{"pkeyutl", "-decrypt", "-inkey", keyFile}, opensslPadding(suite)...)...)
			cipherName := map[int]string{128: "-aes-128-cbc", 256: "-aes-256-cbc"}[suite.KeyBits]
			got := mustOpenSSL(t, e.Ciphertext, "enc", "-d", cipherName, "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(e.IV))
			if string(got) != "read by openssl" {
				t.Errorf("openssl read %q", got)
			}
		})
	}
}

func TestWeOpenWhatOpenSSLSeals(t *testing.T) {
	keyFile := mustWriteKey(t)
	for name, suite := range suites() {
		if suite.Mode != seal.CBC {
			continue
		}
		t.Run(name, func(t *testing.T) {
			key := mustOpenSSL(t, nil, "rand", map[int]string{128: "16", 256: "32"}[suite.KeyBits])
			cipherName := map[int]string{128: "-aes-128-cbc", 256: "-aes-256-cbc"}[suite.KeyBits]
			zero := hex.EncodeToString(make([]byte, 16))
			e := seal.Envelope{
				WrappedKey: mustOpenSSL(t, key, append([]string{"pkeyutl", "-encrypt", "-inkey", keyFile}, opensslPadding(suite)...)...),
				Ciphertext: mustOpenSSL(t, []byte("written by openssl"), "enc", cipherName, "-K", hex.EncodeToString(key), "-iv", zero),
			}
			got, err := suite.Open(bytes.NewReader(make([]byte, 16)), recipient(), e)
			if err != nil || string(got) != "written by openssl" {
				t.Errorf("Open gave %q, error %v", got, err)
			}
		})
	}
}

// The AES vector of Mastercard's client-encryption libraries.
func TestPublishedAESVector(t *testing.T) {
	decode := func(text string) []byte {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key := decode("mZzmzoURXI3Vk0vdsPkcFw==")
	e := seal.Envelope{
		WrappedKey: make([]byte, 256),
		IV:         decode("VNm/scgd1jhWF0z4+Qh6MA=="),
		Ciphertext: decode("Y6X9YneTS4VuPETceBmvclrDoCqYyBgZgJUdnlZ8/0g="),
	}
	suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	got, err := suite.Open(bytes.NewReader(make([]byte, 16)), custodian{key}, e)
	if err != nil || string(got) != "some data ù€@" {
		t.Errorf("Open gave %q, error %v", got, err)
	}
}

// Test case 4 of McGrew and Viega's GCM paper (AES-128 with associated data): the
// openssl command has no GCM, so its stand-in is the published vector.
func TestPublishedGCMVector(t *testing.T) {
	decode := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	e := seal.Envelope{
		WrappedKey: make([]byte, 256),
		IV:         decode("cafebabefacedbaddecaf888"),
		AAD:        decode("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
		Ciphertext: decode("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"),
		Tag:        decode("5bc94fbc3221a5db94fae95ae7121a47"),
	}
	suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.GCM, KeyBits: 128}
	got, err := suite.Open(bytes.NewReader(make([]byte, 16)), custodian{decode("feffe9928665731c6d6a8f9467308308")}, e)
	want := "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("Open gave %x, error %v", got, err)
	}
}
