package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/seal"
)

const oaepText = `{"products":[{"productCode":"CLICK_TO_PAY"}]}`

var oaepHeader = seal.OAEPHeader{KeyID: "reader", IssuedAt: 1_700_000_000_000, IssuedAtForm: seal.IssuedAtNumber, KeyBits: 128}

func mustSealOAEP(t testing.TB, header seal.OAEPHeader, text string) []byte {
	t.Helper()
	sealed, err := seal.SealOAEPJWE(rand.Reader, header, seal.Recipient{Public: &signedJWEPairs().reader.PublicKey}, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestJoseReadsOAEPJWEsAndWritesThem(t *testing.T) {
	node, pairs := oracle.NeedNode(t, "jose"), signedJWEPairs()
	input, err := json.Marshal(map[string]any{
		"public": publicPEM(t, pairs.reader), "private": privatePEM(t, pairs.reader),
		"open": []string{string(mustSealOAEP(t, oaepHeader, oaepText))}, "seal": []string{oaepText},
	})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Opened []struct {
			Header    map[string]any
			Plaintext string
		}
		Sealed []string
	}
	if err := json.Unmarshal(node.Run(t, input, filepath.Join(oracle.Dir(t), "mle.mjs")), &answer); err != nil {
		t.Fatal(err)
	}
	if ours := answer.Opened[0]; ours.Plaintext != oaepText || ours.Header["kid"] != "reader" || ours.Header["enc"] != "A128GCM" || ours.Header["iat"] != 1_700_000_000_000.0 {
		t.Errorf("jose reads %+v", ours)
	}
	parsed, err := seal.ParseOAEPJWE([]byte(answer.Sealed[0]))
	if err != nil || parsed.KeyID != "reader" || parsed.KeyBits != 128 {
		t.Fatalf("ParseOAEPJWE of jose's: %q, %d bits, %v", parsed.KeyID, parsed.KeyBits, err)
	}
	if text, err := parsed.Open(pairs.reader); err != nil || string(text) != oaepText {
		t.Errorf("Open of jose's: %q, %v", text, err)
	}
}

func TestOAEPJWEHeaderForms(t *testing.T) {
	for _, c := range []struct {
		name   string
		header seal.OAEPHeader
		want   string
	}{
		{"128 bits", oaepHeader, `{"alg":"RSA-OAEP-256","enc":"A128GCM","kid":"reader","iat":1700000000000}`},
		{"256 bits, no time and no id", seal.OAEPHeader{KeyBits: 256}, `{"alg":"RSA-OAEP-256","enc":"A256GCM"}`},
		{"a type", seal.OAEPHeader{Type: "JOSE", KeyBits: 128}, `{"alg":"RSA-OAEP-256","enc":"A128GCM","typ":"JOSE"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			sealed := mustSealOAEP(t, c.header, oaepText)
			header, err := base64.RawURLEncoding.DecodeString(strings.Split(string(sealed), ".")[0])
			if err != nil || string(header) != c.want {
				t.Errorf("header %s (%v), want %s", header, err, c.want)
			}
			parsed, err := seal.ParseOAEPJWE(sealed)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := parsed.Open(signedJWEPairs().reader); err != nil || string(text) != oaepText {
				t.Errorf("opened %q, %v", text, err)
			}
		})
	}
}

func TestOAEPJWEOfOtherHandsDoesNotOpen(t *testing.T) {
	pairs := signedJWEPairs()
	sealed := mustSealOAEP(t, oaepHeader, oaepText)
	parsed, err := seal.ParseOAEPJWE(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Open(pairs.writer); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("it opens with another key: %v", err)
	}
	for i := 0; i < len(sealed); i += 7 {
		changed := bytes.Clone(sealed)
		if changed[i] == 'A' {
			changed[i] = 'B'
		} else {
			changed[i] = 'A'
		}
		if parsed, err := seal.ParseOAEPJWE(changed); err == nil {
			if _, err := parsed.Open(pairs.reader); err == nil {
				t.Fatalf("it opens with character %d changed", i)
			}
		}
	}
}

func TestOtherAlgorithmsAreNoOAEPJWE(t *testing.T) {
	encrypt := func(alg jose.KeyAlgorithm, enc jose.ContentEncryption, zip jose.CompressionAlgorithm) string {
		e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: &signedJWEPairs().reader.PublicKey}, &jose.EncrypterOptions{Compression: zip})
		if err != nil {
			t.Fatal(err)
		}
		made, err := e.Encrypt([]byte(oaepText))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := made.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	if _, err := seal.ParseOAEPJWE([]byte(encrypt(jose.RSA_OAEP_256, jose.A128GCM, ""))); err != nil {
		t.Fatalf("go-jose's is not taken: %v", err)
	}
	for name, text := range map[string]string{
		"RSA1_5":                   encrypt(jose.RSA1_5, jose.A128GCM, ""),
		"RSA-OAEP with SHA-1":      encrypt(jose.RSA_OAEP, jose.A128GCM, ""),
		"A128CBC-HS256":            encrypt(jose.RSA_OAEP_256, jose.A128CBC_HS256, ""),
		"compressed":               encrypt(jose.RSA_OAEP_256, jose.A128GCM, jose.DEFLATE),
		"nothing":                  "",
		"a text":                   oaepText,
		"a line break":             "\n" + string(mustSealOAEP(t, oaepHeader, oaepText)),
		"longer than can be right": strings.Repeat("A", 2<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := seal.ParseOAEPJWE([]byte(text)); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

// TestAContentKeyIsAsLongAsItsHeaderSays: a key of 256 bits under the name of A128GCM.
func TestAContentKeyIsAsLongAsItsHeaderSays(t *testing.T) {
	key, iv := make([]byte, 32), make([]byte, 12)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &signedJWEPairs().reader.PublicKey, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	for enc, opens := range map[string]bool{"A128GCM": false, "A256GCM": true} {
		header := text([]byte(`{"alg":"RSA-OAEP-256","enc":"` + enc + `"}`))
		sealed := gcm.Seal(nil, iv, []byte(oaepText), []byte(header))
		end := len(sealed) - 16
		parsed, err := seal.ParseOAEPJWE([]byte(strings.Join([]string{header, text(wrapped), text(iv), text(sealed[:end]), text(sealed[end:])}, ".")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed.Open(signedJWEPairs().reader); opens != (err == nil) {
			t.Errorf("%s: %v", enc, err)
		}
	}
}

func TestSealOAEPJWEFails(t *testing.T) {
	to := seal.Recipient{Public: &signedJWEPairs().reader.PublicKey}
	if _, err := seal.SealOAEPJWE(strings.NewReader("short"), oaepHeader, to, nil); err == nil {
		t.Error("it seals without randomness")
	}
	for _, header := range []seal.OAEPHeader{{KeyID: `a"b`, KeyBits: 128}, {Type: "a\nb", KeyBits: 128}, {KeyID: "reader"}, {KeyBits: 192}} {
		if _, err := seal.SealOAEPJWE(rand.Reader, header, to, nil); err == nil {
			t.Errorf("it takes the header %+v", header)
		}
	}
}

func FuzzParseOAEPJWE(f *testing.F) {
	f.Add(mustSealOAEP(f, oaepHeader, oaepText))
	f.Add([]byte("a.b.c.d.e"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := seal.ParseOAEPJWE(text)
		if err != nil {
			return
		}
		if plain, err := parsed.Open(signedJWEPairs().reader); err == nil && string(plain) != oaepText {
			t.Errorf("opened %q", plain)
		}
	})
}
