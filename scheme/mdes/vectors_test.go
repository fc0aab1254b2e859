package mdes_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

// The vectors hold what a private key unwraps and signs, so that no private key
// has to be kept here. publishedKeys runs the same cases with the keys themselves.

type payloadVector struct {
	AESKey                 string
	Payload                json.RawMessage
	Plaintext              string
	TAVLength              int
	DigitizationDataLength int
	DigitizationDataSHA256 string
}

type tavVectors struct {
	Values []struct {
		Message       string
		Version       int
		MessageSHA256 string
		Signature     string
	}
}

func mustVector[T any](t *testing.T, name string) T {
	t.Helper()
	var v T
	text, err := os.ReadFile(filepath.Join("testdata", "vectors", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func mustHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recordedKey unwraps one wrapped key by OAEP SHA-256, as its owner once did, and
// nothing else.
type recordedKey struct{ wrapped, key []byte }

func (recordedKey) Public() crypto.PublicKey { return &mastercard().key.PublicKey }
func (r recordedKey) Decrypt(_ io.Reader, wrapped []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	oaep, ok := opts.(*rsa.OAEPOptions)
	if !ok || oaep.Hash != crypto.SHA256 || oaep.MGFHash != crypto.SHA256 || len(oaep.Label) != 0 || !bytes.Equal(wrapped, r.wrapped) {
		return nil, errors.New("not what was recorded")
	}
	return bytes.Clone(r.key), nil
}

func TestPayloadVectorsOpen(t *testing.T) {
	for _, name := range []string{"sandbox-capture", "client-encryption-empty-object", "iidd"} {
		t.Run(name, func(t *testing.T) {
			v := mustVector[payloadVector](t, name)
			p, err := mdes.ParsePayload(v.Payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Open(rand.Reader, recordedKey{p.Envelope.WrappedKey, mustHex(t, v.AESKey)})
			if err != nil || string(got) != v.Plaintext {
				t.Errorf("Open gave error %v, and %d bytes that are not the vector's", err, len(got))
			}
		})
	}
}

// vectorReader gives the AES key and IV of the iidd vector, then random bytes.
func vectorReader() io.Reader {
	fixed := make([]byte, 32)
	for i := range fixed {
		fixed[i] = byte(i)
	}
	return io.MultiReader(bytes.NewReader(fixed), rand.Reader)
}

// recordedSigner signs the vectors' messages, recognised by their digests.
func recordedSigner(t *testing.T) crypto.Signer {
	signatures := map[string][]byte{}
	for _, v := range mustVector[tavVectors](t, "tav").Values {
		signature, err := base64.StdEncoding.DecodeString(v.Signature)
		if err != nil {
			t.Fatal(err)
		}
		if digest := sha256.Sum256([]byte(v.Message)); hex.EncodeToString(digest[:]) != v.MessageSHA256 {
			t.Fatal("the vector contradicts itself")
		}
		signatures[v.MessageSHA256] = signature
	}
	return stubSigner{sign: func(digest []byte) ([]byte, error) {
		if signature, ok := signatures[hex.EncodeToString(digest)]; ok {
			return signature, nil
		}
		return nil, errors.New("no vector has this message")
	}}
}

// vectorInput seals at such a time that a TAV of 30 minutes ends as the vectors do.
func vectorInput(t *testing.T, signer crypto.Signer) scheme.SealInput {
	in := testInput(t)
	in.Card = vectorCard(t)
	in.Now = time.Date(2030, 1, 31, 11, 30, 0, 0, time.UTC)
	in.Rand = vectorReader()
	in.Signer = scheme.Signer{Key: signer}
	in.Recipient.Fingerprint = "6c439bd78fdcb33652df0fe15150a225c1ad92eb"
	return in
}

// The whole IIDD byte for byte. OAEP is randomised, so the vector's own wrapped
// key is put in the place of ours.
func TestIIDDVectorByteForByte(t *testing.T) {
	v := mustVector[payloadVector](t, "iidd")
	iidd := mustSealCard(t, mdes.DefaultProfile(), vectorInput(t, recordedSigner(t)))
	checkIIDDVector(t, v, iidd)
}

func checkIIDDVector(t *testing.T, v payloadVector, iidd []byte) {
	t.Helper()
	var ours, theirs struct {
		CardInfo struct{ EncryptedKey string }
		TAV      string `json:"tokenizationAuthenticationValue"`
	}
	if err := json.Unmarshal(iidd, &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(v.Payload, &theirs.CardInfo); err != nil {
		t.Fatal(err)
	}
	if len(ours.TAV) != v.TAVLength {
		t.Errorf("the TAV has %d characters, want %d", len(ours.TAV), v.TAVLength)
	}
	text := strings.Replace(string(iidd), ours.CardInfo.EncryptedKey, theirs.CardInfo.EncryptedKey, 1)
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	digest := sha256.Sum256([]byte(encoded))
	if len(encoded) != v.DigitizationDataLength || hex.EncodeToString(digest[:]) != v.DigitizationDataSHA256 {
		t.Errorf("digitizationData has %d characters and SHA-256 %x, want %d and %s", len(encoded), digest, v.DigitizationDataLength, v.DigitizationDataSHA256)
	}
}

func TestTAVVectorsByteForByte(t *testing.T) {
	profiles := []mdes.Profile{
		mdes.DefaultProfile(),
		profileWith(func(p *mdes.Profile) {
			p.TAVFieldOrder = []string{"accountNumber", "accountExpiry", "dataValidUntilTimestamp"}
		}),
		profileWith(func(p *mdes.Profile) { p.TAVVersion = 2 }),
	}
	for i, v := range mustVector[tavVectors](t, "tav").Values {
		tav := mustSignTAV(t, profiles[i], vectorInput(t, recordedSigner(t)))
		object, err := base64.StdEncoding.DecodeString(tav)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":"false","signatureAlgorithm":"RSA-SHA256","signature":"` + v.Signature + `"}`
		if v.Version == 3 {
			order := strings.Join(profiles[i].TAVFieldOrder, "|")
			want = `{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2030-01-31T12:00:00Z","includedFieldsInOrder":"` + order + `","signature":"` + v.Signature + `"}`
		}
		if string(object) != want {
			t.Errorf("TAV %d:\n got %s\nwant %s", i, object, want)
		}
	}
}

// publishedKeys returns a file of a folder with Mastercard's published test keys,
// which are not copied here.
func publishedKeys(t *testing.T, file string) []byte {
	t.Helper()
	dir := os.Getenv("MDES_VECTOR_KEYS")
	if dir == "" {
		t.Skip("set MDES_VECTOR_KEYS to a folder with test_key_pkcs8-2048.der and test_certificate-2048.pem (Mastercard/client-encryption-java) and digital-enablement-sandbox-{decryption-key.key,encryption-key.crt} (Mastercard/mastercard-api-client-tutorial)")
	}
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func mustPublishedKey(t *testing.T, file string) *rsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(publishedKeys(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func TestPublishedKeysOpenThePayloadVectors(t *testing.T) {
	for name, keyFile := range map[string]string{
		"sandbox-capture": "digital-enablement-sandbox-decryption-key.key",
		"iidd":            "test_key_pkcs8-2048.der",
	} {
		t.Run(name, func(t *testing.T) {
			key := mustPublishedKey(t, keyFile)
			v := mustVector[payloadVector](t, name)
			p, err := mdes.ParsePayload(v.Payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Open(rand.Reader, key)
			if err != nil || string(got) != v.Plaintext {
				t.Errorf("Open gave error %v, and %d bytes that are not the vector's", err, len(got))
			}
		})
	}
}

func TestPublishedKeySignsTheIIDDVector(t *testing.T) {
	key := mustPublishedKey(t, "test_key_pkcs8-2048.der")
	iidd := mustSealCard(t, mdes.DefaultProfile(), vectorInput(t, key))
	checkIIDDVector(t, mustVector[payloadVector](t, "iidd"), iidd)
}

func TestPublishedKeyVerifiesTheTAVVectors(t *testing.T) {
	key := mustPublishedKey(t, "test_key_pkcs8-2048.der")
	for i, order := range []string{"dataValidUntilTimestamp|accountNumber|accountExpiry", "accountNumber|accountExpiry|dataValidUntilTimestamp"} {
		v := mustVector[tavVectors](t, "tav").Values[i]
		object := `{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2030-01-31T12:00:00Z","includedFieldsInOrder":"` + order + `","signature":"` + v.Signature + `"}`
		tav := mustParseTAV(t, base64.StdEncoding.EncodeToString([]byte(object)))
		if err := tav.Verify(&key.PublicKey, mdes.Subject{PAN: vectorCard(t).PAN, Expiry: vectorCard(t).Expiry}, time.Date(2030, 1, 31, 11, 59, 59, 0, time.UTC)); err != nil {
			t.Errorf("TAV %d: %v", i, err)
		}
	}
}

func TestPublishedCertificatesHaveThePublishedFingerprints(t *testing.T) {
	for _, c := range []struct {
		file string
		want map[mdes.FingerprintMode]string // beginning of the fingerprint
	}{
		{"digital-enablement-sandbox-encryption-key.crt", map[mdes.FingerprintMode]string{
			mdes.SHA1Certificate:   "8fc11150a7508f14baca07285703392a399cc57c",
			mdes.SHA256Certificate: "3e3ff1c50fd4046b9a80c39d3d077f7313b92ea01462744bfe50b62769dbef68",
			mdes.SHA1PublicKey:     "3e6702da",
			mdes.SHA256PublicKey:   "1757a69b",
		}},
		{"test_certificate-2048.pem", map[mdes.FingerprintMode]string{
			mdes.SHA1Certificate:   "6c439bd78fdcb33652df0fe15150a225c1ad92eb",
			mdes.SHA256Certificate: "80810fc13a8319fcf0e2ec322c82a4c304b782cc3ce671176343cfe8160c2279",
			mdes.SHA256PublicKey:   "761b003c1eade3a5490e5000d37887baa5e6ec0e226c07706e599451fc032a79",
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			block, _ := pem.Decode(publishedKeys(t, c.file))
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			for mode, want := range c.want {
				got, err := mdes.Fingerprint(mode, scheme.Recipient{Public: cert.PublicKey, Certificate: cert})
				if err != nil || !strings.HasPrefix(got, want) {
					t.Errorf("%s: %s, error %v, want %s", mode, got, err, want)
				}
			}
		})
	}
}
