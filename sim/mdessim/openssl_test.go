package mdessim_test

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/sim/mdessim"
)

// openSSL is another reading of the same standards: what it makes must open. It
// works with the key ring's pair for MDES, which signs TAVs here as well.
type openSSL struct {
	program          oracle.Program
	key, certificate string
}

func needOpenSSL(t *testing.T) openSSL {
	t.Helper()
	o := openSSL{oracle.Need(t, "openssl"), filepath.Join(t.TempDir(), "key.der"), filepath.Join(t.TempDir(), "cert.der")}
	for path, data := range map[string][]byte{o.key: must(x509.MarshalPKCS8PrivateKey(testKeys().mdes)), o.certificate: testKeys().certificate.Raw} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o openSSL) run(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return o.program.Run(t, stdin, args...)
}

func (o openSSL) sign(t *testing.T, text string) string {
	t.Helper()
	return base64Text(o.run(t, []byte(text), "dgst", "-sha256", "-keyform", "DER", "-sign", o.key))
}

// fingerprint is SHA-1 of the certificate, in the hex with colons of openssl.
func (o openSSL) fingerprint(t *testing.T) string {
	t.Helper()
	out := o.run(t, nil, "x509", "-inform", "DER", "-in", o.certificate, "-noout", "-fingerprint", "-sha1")
	_, digest, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	return strings.ReplaceAll(digest, ":", "")
}

// wrap encrypts a key to the certificate by OAEP, or PKCS#1 v1.5 without a hash.
func (o openSSL) wrap(t *testing.T, hash string, key []byte) string {
	t.Helper()
	args := []string{"pkeyutl", "-encrypt", "-certin", "-keyform", "DER", "-inkey", o.certificate}
	if hash != "" {
		args = append(args, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+hash, "-pkeyopt", "rsa_mgf1_md:"+hash)
	}
	return hex.EncodeToString(o.run(t, key, args...))
}

func (o openSSL) encrypt(t *testing.T, aesKey, iv string, text []byte) string {
	t.Helper()
	return hex.EncodeToString(o.run(t, text, "enc", "-aes-128-cbc", "-K", aesKey, "-iv", iv))
}

func TestPayloadMadeByOpenSSL(t *testing.T) {
	o := needOpenSSL(t)
	const aesKey, iv = "00112233445566778899aabbccddeeff", "0f0e0d0c0b0a09080706050403020100"
	card := must(json.Marshal(newRecipe().card()))
	tav := workedTAV(iso, iso+"|"+testPAN+"|1228", o.sign(t, iso+"|"+testPAN+"|1228"))
	keys := simKeys()
	keys.TAV = []mdessim.TAVKey{{Public: testKeys().mdes.Public()}}
	for _, c := range []struct{ name, label, hash string }{
		{"OAEP SHA256", "SHA256", "sha256"}, {"OAEP SHA512", "SHA512", "sha512"}, {"PKCS#1 v1.5", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sealed := members{
				"publicKeyFingerprint": o.fingerprint(t),
				"encryptedKey":         o.wrap(t, c.hash, must(hex.DecodeString(aesKey))),
				"iv":                   iv,
				"encryptedData":        o.encrypt(t, aesKey, iv, card),
			}
			if c.label != "" {
				sealed["oaepHashingAlgorithm"] = c.label
			}
			iidd := must(json.Marshal(members{"cardInfo": sealed, "tokenizationAuthenticationValue": tav}))
			if report := mdessim.OpenDigitizationData(base64Text(iidd), keys); !report.Accepted {
				t.Errorf("refused: %+v", report.FirstFault)
			}
		})
	}
}

// What openssl seals of the vector's plaintext is the vector's own ciphertext.
func TestIIDDVectorRemadeByOpenSSL(t *testing.T) {
	o, v := needOpenSSL(t), mustIIDDVector(t)
	sealed := v.sealed(t)
	if got := o.encrypt(t, v.AESKey, sealed.IV, []byte(v.Plaintext)); got != sealed.EncryptedData {
		t.Fatal("openssl encrypts the vector's plaintext another way")
	}
	iidd := members{"cardInfo": members{
		"publicKeyFingerprint": o.fingerprint(t), "oaepHashingAlgorithm": "SHA256", "iv": sealed.IV,
		"encryptedKey":  o.wrap(t, "sha256", must(hex.DecodeString(v.AESKey))),
		"encryptedData": sealed.EncryptedData,
	}, "tokenizationAuthenticationValue": workedTAV(workedUntil, v.Signed, o.sign(t, v.Signed))}
	keys := simKeys()
	keys.TAV = []mdessim.TAVKey{{Public: testKeys().mdes.Public()}}
	checkIIDDVector(t, base64Text(must(json.Marshal(iidd))), keys, testKeys().sha1Cert)
}

func TestWorkedTAVsSignedByOpenSSL(t *testing.T) {
	o := needOpenSSL(t)
	vector := mustVector[tavVector](t, "tav-worked.json")
	for _, row := range vector.Rows {
		t.Run(row.name(vector.PAN), func(t *testing.T) {
			row.Signature = o.sign(t, row.Signed)
			checkWorkedTAV(t, vector, row, testKeys().mdes.Public())
		})
	}
}
