package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/walletport/walletport/seal"
)

// The example secret of the published vector; Visa's key-encryption key is the
// SHA-256 of the secret's text.
const exampleSecret = "example-shared-secret-0123456789abcdefgh"

// sharedSecret wraps as a custodian does; with a nonce it is not random.
type sharedSecret struct {
	key   [32]byte
	nonce []byte
}

func newSharedSecret(text string, nonce []byte) sharedSecret {
	return sharedSecret{key: sha256.Sum256([]byte(text)), nonce: nonce}
}

func (s sharedSecret) gcm() cipher.AEAD {
	block, err := aes.NewCipher(s.key[:])
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

func (s sharedSecret) Wrap(key, associatedData []byte) ([]byte, error) {
	nonce := s.nonce
	if nonce == nil {
		nonce = make([]byte, 12)
		_, _ = rand.Read(nonce) // never fails
	}
	return s.gcm().Seal(bytes.Clone(nonce), nonce, key, associatedData), nil
}

func (s sharedSecret) Unwrap(wrapped, associatedData []byte) ([]byte, error) {
	return s.gcm().Open(nil, wrapped[:12], wrapped[12:], associatedData)
}

// Vector V1: its header, plaintext and randomness, and the JWE that joserfc,
// go-jose and node jose open alike.
const (
	vectorPlaintext = `{"accountNumber":"4111111111111111","name":"JANE DOE","expirationDate":{"month":"12","year":"2030"},"billingAddress":{"line1":"1 Test Street","city":"Helsinki","postalCode":"00100","country":"FI"},"provider":{"intent":"PUSH_PROV_MOBILE","clientWalletProvider":"40010075001","clientWalletAccountID":"walletAccount00000000001","clientDeviceID":"deviceHardwareId00000001","clientAppID":"issuerapp","isIDnV":"true"}}`

	vectorJWE = "eyJhbGciOiJBMjU2R0NNS1ciLCJpdiI6IkVCRVNFeFFWRmhjWUdSb2IiLCJ0YWciOiJiOTJyeGdQNE5EYkRSQjVUVjVLTUVRIiwiZW5jIjoiQTI1NkdDTSIsInR5cCI6IkpPU0UiLCJraWQiOiJURVNUS0VZSUQwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMSIsImNoYW5uZWxTZWN1cml0eUNvbnRleHQiOiJTSEFSRURfU0VDUkVUIiwiaWF0IjoiMTcwMDAwMDAwMCJ9" +
		".5tBVizhEqdJeoAP8e9k8Gq9umksiYFauQEGrLopc9XU.ICEiIyQlJicoKSor." +
		"qRjHEw_3b2BuMjejo32G2-pr2K22sVLfXcddI3i7bzhEv8corEtUt3HfVLASSFGNwm6jy7gQDwS2EhZvLcZjsrZirH_ztd_tqQeGSc81G1v3pgEmm9n_e6494BA4Lq7vMnZTeuom95-l9cpg4pKpYRXi_GCrpY1hOZxiPte9oBkcsBjtT85QxRfqxx4sEz7Fvr5SF-m6ku9ce9RB4brz4fuFU1yokhvPjtOsnpwIK5uag4ymZeGsUh6umtafGOmIpepUa1iktC06a9zaiqGJ9rYHnHCyun3rI4UrDBIHA1JsRiHdwiIwvhoonrPF1PN9oxrc_WRraV_bS1EHZAIRkr_4aRuoMl0kx3IlTovCqvDY7eB6TD3in158UkQizDL04UiUTPGPnQBc6pxa0069FPrnevtx_K-n022pKu4lfIPzizZPoh2xvNvTfOu-afNCSdsUOTaSf7r4tTRWKQwZM1jE-12eChqPuSZEFdtqgglOlQ5BU0goiwsLfmsUhoxF5NIoSGYa67FOjCjCWoYyFYQzGYnpAz4N7QbSew" +
		".jZjhq1KEi1sPsuhEqK4P5A"
)

func vectorHeader() seal.JWEHeader {
	return seal.JWEHeader{
		Type:                   "JOSE",
		KeyID:                  "TESTKEYID00000000000000000000000000000000000000001",
		ChannelSecurityContext: "SHARED_SECRET",
		IssuedAt:               1_700_000_000,
		IssuedAtQuoted:         true,
	}
}

// vectorRandom gives the content key 00..1f and the IV 20..2b.
func vectorRandom() io.Reader {
	stream := make([]byte, 44)
	for i := range stream {
		stream[i] = byte(i)
	}
	return bytes.NewReader(stream)
}

func vectorSecret() sharedSecret {
	return newSharedSecret(exampleSecret, []byte{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b})
}

func mustSealJWE(t testing.TB, header seal.JWEHeader, plaintext string) string {
	t.Helper()
	jwe, err := seal.SealJWE(rand.Reader, newSharedSecret(exampleSecret, nil), header, []byte(plaintext))
	if err != nil {
		t.Fatalf("SealJWE: %v", err)
	}
	return string(jwe)
}

func openJWE(secret sharedSecret, text string) ([]byte, error) {
	jwe, err := seal.ParseJWE([]byte(text))
	if err != nil {
		return nil, err
	}
	return jwe.Open(secret)
}

func TestJWEIsThePublishedVector(t *testing.T) {
	got, err := seal.SealJWE(vectorRandom(), vectorSecret(), vectorHeader(), []byte(vectorPlaintext))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != vectorJWE {
		t.Errorf("SealJWE gave\n%s\nwant\n%s", got, vectorJWE)
	}
	jwe, err := seal.ParseJWE([]byte(vectorJWE))
	if err != nil || jwe.KeyID != vectorHeader().KeyID {
		t.Fatalf("ParseJWE: kid %q, error %v", jwe.KeyID, err)
	}
	if text, err := jwe.Open(vectorSecret()); err != nil || string(text) != vectorPlaintext {
		t.Errorf("Open gave %q, error %v", text, err)
	}
}

func TestJWEHeaderForms(t *testing.T) {
	for _, c := range []struct {
		name   string
		header seal.JWEHeader
		want   string // after enc
	}{
		{"everything", vectorHeader(), `,"typ":"JOSE","kid":"TESTKEYID00000000000000000000000000000000000000001","channelSecurityContext":"SHARED_SECRET","iat":"1700000000"}`},
		{"iat as a number", seal.JWEHeader{KeyID: "k", IssuedAt: 1_700_000_000}, `,"kid":"k","iat":1700000000}`},
		{"nothing", seal.JWEHeader{}, `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, _, _ := strings.Cut(mustSealJWE(t, c.header, "{}"), ".")
			header, err := base64.RawURLEncoding.DecodeString(first)
			if err != nil {
				t.Fatal(err)
			}
			if _, rest, _ := strings.Cut(string(header), `"enc":"A256GCM"`); rest != c.want {
				t.Errorf("the header ends in %s, want %s", rest, c.want)
			}
		})
	}
}

func TestGoJoseOpensOurJWE(t *testing.T) {
	parsed, err := jose.ParseEncryptedCompact(mustSealJWE(t, vectorHeader(), vectorPlaintext),
		[]jose.KeyAlgorithm{jose.A256GCMKW}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256([]byte(exampleSecret))
	if text, err := parsed.Decrypt(key[:]); err != nil || string(text) != vectorPlaintext {
		t.Errorf("go-jose read %q, error %v", text, err)
	}
}

func TestWeOpenGoJosesJWE(t *testing.T) {
	key := sha256.Sum256([]byte(exampleSecret))
	encrypter, err := jose.NewEncrypter(jose.A256GCM,
		jose.Recipient{Algorithm: jose.A256GCMKW, Key: key[:], KeyID: "its-key"},
		(&jose.EncrypterOptions{}).WithType("JOSE").WithHeader("aud", "unknown member"))
	if err != nil {
		t.Fatal(err)
	}
	object, err := encrypter.Encrypt([]byte("written by go-jose"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := seal.ParseJWE([]byte(text))
	if err != nil || jwe.KeyID != "its-key" {
		t.Fatalf("ParseJWE: kid %q, error %v", jwe.KeyID, err)
	}
	if got, err := jwe.Open(newSharedSecret(exampleSecret, nil)); err != nil || string(got) != "written by go-jose" {
		t.Errorf("Open gave %q, error %v", got, err)
	}
}

func TestJWERoundTrip(t *testing.T) {
	secret := newSharedSecret(exampleSecret, nil)
	rapid.Check(t, func(r *rapid.T) {
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(r, "plaintext")
		jwe, err := seal.SealJWE(rand.Reader, secret, vectorHeader(), plaintext)
		if err != nil {
			r.Fatal(err)
		}
		got, err := openJWE(secret, string(jwe))
		if err != nil || !bytes.Equal(got, plaintext) {
			r.Fatalf("opened to %x, error %v", got, err)
		}
	})
}

func TestAChangedJWEDoesNotOpen(t *testing.T) {
	secret := newSharedSecret(exampleSecret, nil)
	text := mustSealJWE(t, vectorHeader(), vectorPlaintext)
	for i := range text {
		changed := []byte(text)
		changed[i] = 'A'
		if text[i] == 'A' {
			changed[i] = 'B'
		}
		if got, err := openJWE(secret, string(changed)); err == nil || got != nil {
			t.Fatalf("with character %d changed it opens to %q", i, got)
		}
	}
	if _, err := openJWE(newSharedSecret("another secret", nil), text); !isPlainErrOpen(err) {
		t.Errorf("under another secret: error %v, want the plain ErrOpen", err)
	}
}

func TestParseJWERefuses(t *testing.T) {
	good := strings.Split(mustSealJWE(t, vectorHeader(), "{}"), ".")
	header, err := base64.RawURLEncoding.DecodeString(good[0])
	if err != nil {
		t.Fatal(err)
	}
	with := func(segment int, text string) string {
		parts := append([]string(nil), good...)
		parts[segment] = text
		return strings.Join(parts, ".")
	}
	withHeader := func(old, replacement string) string {
		changed := strings.Replace(string(header), old, replacement, 1)
		if changed == string(header) {
			t.Fatalf("the header has no %s", old)
		}
		return with(0, base64.RawURLEncoding.EncodeToString([]byte(changed)))
	}
	for name, text := range map[string]string{
		"nothing":                   "",
		"four segments":             strings.Join(good[:4], "."),
		"six segments":              strings.Join(good, ".") + ".",
		"padded base64":             strings.Join(good, ".") + "==",
		"a line break":              strings.Join(good, ".\n"),
		"trailing bits":             with(4, good[4][:21]+"B"),
		"17 kB":                     with(3, strings.Repeat("AAAA", 4_200)),
		"a header that is no JSON":  with(0, "AAAA"),
		"another alg":               withHeader("A256GCMKW", "A256KW"),
		"another enc":               withHeader(`"enc":"A256GCM"`, `"enc":"A128GCM"`),
		"compression":               withHeader(`"typ"`, `"zip":"DEF","typ"`),
		"a critical member":         withHeader(`"typ"`, `"crit":["exp"],"typ"`),
		"no key wrap IV":            withHeader(`"iv"`, `"x"`),
		"no key wrap tag":           withHeader(`"tag"`, `"x"`),
		"a content key of 16 bytes": with(1, good[1][:22]),
		"an IV of 16 bytes":         with(2, "AAAAAAAAAAAAAAAAAAAAAA"),
		"a tag of 12 bytes":         with(4, good[4][:16]),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := seal.ParseJWE([]byte(text)); err == nil {
				t.Error("ParseJWE took it")
			}
		})
	}
}

// wrapperFunc is a custodian of one test.
type wrapperFunc func(key []byte) ([]byte, error)

func (f wrapperFunc) Wrap(key, _ []byte) ([]byte, error) { return f(key) }

var errCustodian = errors.New("the custodian is away")

func TestSealJWERefuses(t *testing.T) {
	secret := newSharedSecret(exampleSecret, nil)
	for _, c := range []struct {
		name   string
		random io.Reader
		to     seal.KeyWrapper
		header seal.JWEHeader
	}{
		{"a key id with a quotation mark", rand.Reader, secret, seal.JWEHeader{KeyID: `a"b`}},
		{"a key id with a backslash", rand.Reader, secret, seal.JWEHeader{KeyID: `a\b`}},
		{"a type with a control character", rand.Reader, secret, seal.JWEHeader{Type: "a\nb"}},
		{"a context that is not ASCII", rand.Reader, secret, seal.JWEHeader{ChannelSecurityContext: "ä"}},
		{"a random source that is dry before the IV", bytes.NewReader(make([]byte, 32)), secret, vectorHeader()},
		{"a custodian that does not answer", rand.Reader, wrapperFunc(func([]byte) ([]byte, error) { return nil, errCustodian }), vectorHeader()},
		{"a wrapped key of a wrong length", rand.Reader, wrapperFunc(func([]byte) ([]byte, error) { return make([]byte, 59), nil }), vectorHeader()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if jwe, err := seal.SealJWE(c.random, c.to, c.header, []byte("{}")); err == nil {
				t.Errorf("SealJWE gave %s", jwe)
			}
		})
	}
}

func TestTheCustodiansErrorComesBack(t *testing.T) {
	to := wrapperFunc(func([]byte) ([]byte, error) { return nil, errCustodian })
	if _, err := seal.SealJWE(rand.Reader, to, vectorHeader(), nil); !errors.Is(err, errCustodian) {
		t.Errorf("error %v, want the custodian's", err)
	}
}

func TestContentKeysAreFreshAndWiped(t *testing.T) {
	var kept, copies [][]byte
	secret := newSharedSecret(exampleSecret, nil)
	to := wrapperFunc(func(key []byte) ([]byte, error) {
		kept, copies = append(kept, key), append(copies, bytes.Clone(key))
		return secret.Wrap(key, nil)
	})
	for range 2 {
		if _, err := seal.SealJWE(rand.Reader, to, vectorHeader(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(copies[0], copies[1]) {
		t.Errorf("two JWEs have the content key %s", hex.EncodeToString(copies[0]))
	}
	for _, key := range kept {
		if !bytes.Equal(key, make([]byte, 32)) {
			t.Error("a content key is still in memory after SealJWE")
		}
	}
}

// A256GCM is AES-256: a content that does open under a shorter key is refused.
func TestOpenJWENeedsAKeyOfTheRightLength(t *testing.T) {
	segments := strings.Split(mustSealJWE(t, vectorHeader(), "{}"), ".")
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv, err := base64.RawURLEncoding.DecodeString(segments[2])
	if err != nil {
		t.Fatal(err)
	}
	sealed := gcm.Seal(nil, iv, []byte("{}"), []byte(segments[0]))
	segments[3], segments[4] = base64.RawURLEncoding.EncodeToString(sealed[:2]), base64.RawURLEncoding.EncodeToString(sealed[2:])
	jwe, err := seal.ParseJWE([]byte(strings.Join(segments, ".")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jwe.Open(unwrapperFunc(func() []byte { return make([]byte, 16) })); !isPlainErrOpen(err) {
		t.Errorf("a content key of 16 bytes: error %v, want the plain ErrOpen", err)
	}
}

type unwrapperFunc func() []byte

func (f unwrapperFunc) Unwrap(_, _ []byte) ([]byte, error) { return f(), nil }

func FuzzParseJWE(f *testing.F) {
	f.Add([]byte(vectorJWE))
	f.Add([]byte("eyJhbGciOiJBMjU2R0NNS1ciLCJlbmMiOiJBMjU2R0NNIn0...."))
	f.Add([]byte("...."))
	secret := newSharedSecret(exampleSecret, nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		jwe, err := seal.ParseJWE(text)
		if err != nil {
			return
		}
		if plaintext, err := jwe.Open(secret); err == nil && string(plaintext) != vectorPlaintext {
			t.Errorf("a made-up JWE opens to %q", plaintext)
		}
	})
}

func BenchmarkSealJWE(b *testing.B) {
	secret := newSharedSecret(exampleSecret, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := seal.SealJWE(rand.Reader, secret, vectorHeader(), []byte(vectorPlaintext)); err != nil {
			b.Fatal(err)
		}
	}
}
