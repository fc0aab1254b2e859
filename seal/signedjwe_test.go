package seal_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/seal"
)

// writer signs and reader opens.
var signedJWEPairs = sync.OnceValue(func() (pairs struct{ writer, reader *rsa.PrivateKey }) {
	var err error
	if pairs.writer, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		panic(err)
	}
	if pairs.reader, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		panic(err)
	}
	return pairs
})

const signedText = `{"cardholderInfo":{"primaryAccountNumber":"4111111111111111"}}`

var signedHeader = seal.SignedJWEHeader{SignerKeyID: "writer", RecipientKeyID: "reader", IssuedAt: 1_700_000_000_000, IssuedAtForm: seal.IssuedAtNumber}

func mustSealSigned(t *testing.T, header seal.SignedJWEHeader, text string) []byte {
	t.Helper()
	pairs := signedJWEPairs()
	sealed, err := seal.SealSignedJWE(rand.Reader, header, seal.Recipient{Public: &pairs.reader.PublicKey}, pairs.writer, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func publicPEM(t *testing.T, k *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func privatePEM(t *testing.T, k *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestJoseReadsSignedJWEsAndWritesThem(t *testing.T) {
	node, pairs := oracle.NeedNode(t, "jose"), signedJWEPairs()
	ask := func(public, private *rsa.PrivateKey, what string, texts []string) (answer struct {
		Opened []struct {
			Outer, Inner map[string]any
			Plaintext    string
		}
		Sealed []string
	}) {
		input, err := json.Marshal(map[string]any{"public": publicPEM(t, public), "private": privatePEM(t, private), what: texts})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(node.Run(t, input, filepath.Join(oracle.Dir(t), "signedjwe.mjs")), &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	ours := ask(pairs.writer, pairs.reader, "open", []string{string(mustSealSigned(t, signedHeader, signedText))}).Opened[0]
	if ours.Plaintext != signedText || ours.Outer["kid"] != "writer" || ours.Outer["cty"] != "JWE" || ours.Outer["typ"] != "JOSE" ||
		ours.Inner["kid"] != "reader" || ours.Inner["iat"] != 1_700_000_000_000.0 {
		t.Errorf("jose reads %+v", ours)
	}
	theirs := ask(pairs.reader, pairs.writer, "seal", []string{signedText}).Sealed[0]
	parsed, err := seal.ParseSignedJWE([]byte(theirs))
	if err != nil || parsed.SignerKeyID != "writer" || parsed.RecipientKeyID != "reader" {
		t.Fatalf("ParseSignedJWE of jose's: %q, %q, %v", parsed.SignerKeyID, parsed.RecipientKeyID, err)
	}
	if text, err := parsed.Open(&pairs.writer.PublicKey, pairs.reader); err != nil || string(text) != signedText {
		t.Errorf("Open of jose's: %q, %v", text, err)
	}
}

func TestSignedJWEHeaderForms(t *testing.T) {
	for _, c := range []struct {
		name   string
		header seal.SignedJWEHeader
		want   string
	}{
		{"a number", signedHeader, `{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"JOSE","kid":"reader","iat":1700000000000}`},
		{"a text", seal.SignedJWEHeader{RecipientKeyID: "reader", IssuedAt: 1_700_000_000, IssuedAtForm: seal.IssuedAtText}, `{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"JOSE","kid":"reader","iat":"1700000000"}`},
		{"no time and no id", seal.SignedJWEHeader{IssuedAt: 1}, `{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"JOSE"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			inner := payloadOf(t, mustSealSigned(t, c.header, signedText))
			header, err := base64.RawURLEncoding.DecodeString(strings.Split(inner, ".")[0])
			if err != nil || string(header) != c.want {
				t.Errorf("header %s (%v), want %s", header, err, c.want)
			}
		})
	}
}

func payloadOf(t *testing.T, jws []byte) string {
	t.Helper()
	inner, err := base64.RawURLEncoding.DecodeString(strings.Split(string(jws), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(inner)
}

func TestSignedJWEOfOtherHandsDoesNotOpen(t *testing.T) {
	pairs := signedJWEPairs()
	sealed := mustSealSigned(t, signedHeader, signedText)
	parsed, err := seal.ParseSignedJWE(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := parsed.Open(&pairs.writer.PublicKey, pairs.reader); err != nil || string(text) != signedText {
		t.Fatalf("it does not open at all: %v", err)
	}
	if _, err := parsed.Open(&pairs.reader.PublicKey, pairs.reader); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("it opens as another's: %v", err)
	}
	if _, err := parsed.Open(&pairs.writer.PublicKey, pairs.writer); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("it opens with another key: %v", err)
	}
	// Each character of the text counts, the last of a segment's padding bits too.
	for i := 0; i < len(sealed); i += 7 {
		changed := bytes.Clone(sealed)
		if changed[i] == 'A' {
			changed[i] = 'B'
		} else {
			changed[i] = 'A'
		}
		if parsed, err := seal.ParseSignedJWE(changed); err == nil {
			if _, err := parsed.Open(&pairs.writer.PublicKey, pairs.reader); err == nil {
				t.Fatalf("it opens with character %d changed", i)
			}
		}
	}
}

// TestOtherAlgorithmsAreNoSignedJWE: what is agreed with Visa is taken and nothing weaker,
// and nothing that is not signed.
func TestOtherAlgorithmsAreNoSignedJWE(t *testing.T) {
	pairs := signedJWEPairs()
	good := payloadOf(t, mustSealSigned(t, signedHeader, signedText))
	encrypt := func(alg jose.KeyAlgorithm, enc jose.ContentEncryption, zip jose.CompressionAlgorithm) string {
		e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: &pairs.reader.PublicKey}, &jose.EncrypterOptions{Compression: zip})
		if err != nil {
			t.Fatal(err)
		}
		made, err := e.Encrypt([]byte(signedText))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := made.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	sign := func(alg jose.SignatureAlgorithm, payload string) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: pairs.writer}, nil)
		if err != nil {
			t.Fatal(err)
		}
		made, err := s.Sign([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := made.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	if _, err := seal.ParseSignedJWE([]byte(sign(jose.PS256, encrypt(jose.RSA_OAEP_256, jose.A256GCM, "")))); err != nil {
		t.Fatalf("go-jose's is not taken: %v", err)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(good)) + "."
	for name, text := range map[string]string{
		"signed with RS256":        sign(jose.RS256, good),
		"signed with PS512":        sign(jose.PS512, good),
		"not signed":               none,
		"the JWE alone":            good,
		"RSA1_5":                   sign(jose.PS256, encrypt(jose.RSA1_5, jose.A256GCM, "")),
		"RSA-OAEP with SHA-1":      sign(jose.PS256, encrypt(jose.RSA_OAEP, jose.A256GCM, "")),
		"A128GCM":                  sign(jose.PS256, encrypt(jose.RSA_OAEP_256, jose.A128GCM, "")),
		"compressed":               sign(jose.PS256, encrypt(jose.RSA_OAEP_256, jose.A256GCM, jose.DEFLATE)),
		"a text in it":             sign(jose.PS256, signedText),
		"nothing":                  "",
		"a line break":             "\n" + string(mustSealSigned(t, signedHeader, signedText)),
		"longer than can be right": strings.Repeat("A", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := seal.ParseSignedJWE([]byte(text)); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

// refusing signs nothing.
type refusing struct{ crypto.Signer }

var errRefusing = errors.New("the device is away")

func (refusing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errRefusing }

func TestSealSignedJWEFails(t *testing.T) {
	pairs := signedJWEPairs()
	seals := func(random io.Reader, header seal.SignedJWEHeader, signer crypto.Signer) error {
		_, err := seal.SealSignedJWE(random, header, seal.Recipient{Public: &pairs.reader.PublicKey}, signer, []byte(signedText))
		return err
	}
	if err := seals(rand.Reader, signedHeader, refusing{pairs.writer}); !errors.Is(err, errRefusing) {
		t.Errorf("the signer's error is lost: %v", err)
	}
	if err := seals(strings.NewReader("short"), signedHeader, pairs.writer); err == nil {
		t.Error("it seals without randomness")
	}
	for _, header := range []seal.SignedJWEHeader{{SignerKeyID: `a"b`}, {RecipientKeyID: "a\nb"}} {
		if err := seals(rand.Reader, header, pairs.writer); err == nil {
			t.Errorf("it takes the key ids %+v", header)
		}
	}
}

func FuzzParseSignedJWE(f *testing.F) {
	pairs := signedJWEPairs()
	sealed, err := seal.SealSignedJWE(rand.Reader, signedHeader, seal.Recipient{Public: &pairs.reader.PublicKey}, pairs.writer, []byte(signedText))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("a.b.c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := seal.ParseSignedJWE(text)
		if err != nil {
			return
		}
		if plain, err := parsed.Open(&pairs.writer.PublicKey, pairs.reader); err == nil && string(plain) != signedText {
			t.Errorf("opened %q", plain)
		}
	})
}
