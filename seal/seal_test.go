package seal_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/walletport/walletport/seal"
)

var recipient = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })

func generate(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// suites is every combination, with a name for sub-tests.
func suites() map[string]seal.Suite {
	all := map[string]seal.Suite{}
	for wrapName, wrap := range map[string]seal.KeyWrap{"OAEP SHA-256": seal.OAEPSHA256, "OAEP SHA-512": seal.OAEPSHA512, "PKCS#1 v1.5": seal.PKCS1v15} {
		for modeName, mode := range map[string]seal.Mode{"CBC": seal.CBC, "GCM": seal.GCM} {
			for _, bits := range []int{128, 256} {
				all[fmt.Sprintf("%s, AES-%d-%s", wrapName, bits, modeName)] = seal.Suite{KeyWrap: wrap, Mode: mode, KeyBits: bits}
			}
		}
	}
	return all
}

func aadFor(s seal.Suite) []byte {
	if s.Mode == seal.GCM {
		return []byte("associated data")
	}
	return nil
}

func mustSeal(t testing.TB, s seal.Suite, plaintext []byte) seal.Envelope {
	t.Helper()
	e, err := s.Seal(rand.Reader, seal.Recipient{Public: &recipient().PublicKey}, plaintext, aadFor(s))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return e
}

// drawSuite picks one of all combinations.
func drawSuite(r *rapid.T) seal.Suite {
	all := suites()
	return all[rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(r, "suite")]
}

func TestSealThenOpenIsIdentity(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		suite := drawSuite(r)
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r, "plaintext")
		before := bytes.Clone(plaintext)
		e, err := suite.Seal(rand.Reader, seal.Recipient{Public: &recipient().PublicKey}, plaintext, aadFor(suite))
		if err != nil {
			r.Fatalf("Seal: %v", err)
		}
		if !bytes.Equal(plaintext, before) {
			r.Fatal("Seal changed its argument")
		}
		got, err := suite.Open(rand.Reader, recipient(), e)
		if err != nil || !bytes.Equal(got, plaintext) {
			r.Fatalf("Open gave %d bytes, error %v; sealed %d", len(got), err, len(plaintext))
		}
	})
}

func TestSealSizes(t *testing.T) {
	for name, suite := range suites() {
		t.Run(name, func(t *testing.T) {
			e := mustSeal(t, suite, make([]byte, 32))
			want := map[string]int{"key": 256, "iv": 16, "ciphertext": 48, "tag": 0}
			if suite.Mode == seal.GCM {
				want = map[string]int{"key": 256, "iv": 12, "ciphertext": 32, "tag": 16}
			}
			got := map[string]int{"key": len(e.WrappedKey), "iv": len(e.IV), "ciphertext": len(e.Ciphertext), "tag": len(e.Tag)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sizes (-want +got):\n%s", diff)
			}
			key := mustUnwrap(t, suite, e)
			if len(key)*8 != suite.KeyBits {
				t.Errorf("the AES key has %d bits, want %d", len(key)*8, suite.KeyBits)
			}
		})
	}
}

func mustUnwrap(t *testing.T, s seal.Suite, e seal.Envelope) []byte {
	t.Helper()
	opts := map[seal.KeyWrap]crypto.DecrypterOpts{
		seal.OAEPSHA256: &rsa.OAEPOptions{Hash: crypto.SHA256},
		seal.OAEPSHA512: &rsa.OAEPOptions{Hash: crypto.SHA512},
		seal.PKCS1v15:   &rsa.PKCS1v15DecryptOptions{}, //nolint:staticcheck // what is tested
	}
	key, err := recipient().Decrypt(rand.Reader, e.WrappedKey, opts[s.KeyWrap])
	if err != nil {
		t.Fatalf("unwrap: %v", err)
	}
	return key
}

func TestNoKeyOrIVIsUsedTwice(t *testing.T) {
	suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	a, b := mustSeal(t, suite, nil), mustSeal(t, suite, nil)
	if bytes.Equal(a.IV, b.IV) || bytes.Equal(mustUnwrap(t, suite, a), mustUnwrap(t, suite, b)) || bytes.Equal(a.WrappedKey, b.WrappedKey) {
		t.Error("two seals share key, IV or wrapped key")
	}
}

func TestOpenTakesAnAbsentIVForZero(t *testing.T) {
	for _, mode := range []seal.Mode{seal.CBC, seal.GCM} {
		suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: mode, KeyBits: 128}
		// The reader gives the AES key, then the IV, then the OAEP seed.
		ivBytes := map[seal.Mode]int{seal.CBC: 16, seal.GCM: 12}[mode]
		random := io.MultiReader(bytes.NewReader(bytes.Repeat([]byte{7}, 16)), bytes.NewReader(make([]byte, ivBytes)), rand.Reader)
		e, err := suite.Seal(random, seal.Recipient{Public: &recipient().PublicKey}, []byte("zero IV"), aadFor(suite))
		if err != nil {
			t.Fatal(err)
		}
		e.IV = nil
		got, err := suite.Open(rand.Reader, recipient(), e)
		if err != nil || string(got) != "zero IV" {
			t.Errorf("mode %d: got %q, error %v", mode, got, err)
		}
	}
}

func TestAFlippedBitNeverOpensToTheSame(t *testing.T) {
	plaintext := []byte("thirty-two bytes of plain text..")
	rapid.Check(t, func(r *rapid.T) {
		suite := drawSuite(r)
		e := mustSeal(t, suite, plaintext)
		parts := [][]byte{e.WrappedKey, e.IV, e.Ciphertext}
		if suite.Mode == seal.GCM {
			e.AAD = bytes.Clone(e.AAD)
			parts = append(parts, e.Tag, e.AAD)
		}
		part := rapid.SampledFrom(parts).Draw(r, "part")
		part[rapid.IntRange(0, len(part)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		got, err := suite.Open(rand.Reader, recipient(), e)
		switch {
		case err == nil && suite.Mode == seal.GCM:
			r.Fatal("GCM opened a changed envelope")
		case err == nil && bytes.Equal(got, plaintext):
			r.Fatal("a changed envelope opened to the same plaintext")
		case err != nil && !isPlainErrOpen(err):
			r.Fatalf("error %v, want the plain ErrOpen", err)
		}
	})
}

func TestOpenRefusesWithOneError(t *testing.T) {
	cbc := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	gcm := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.GCM, KeyBits: 128}
	for _, c := range []struct {
		name  string
		suite seal.Suite
		spoil func(*seal.Suite, *seal.Envelope)
	}{
		{"a short wrapped key", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.WrappedKey = e.WrappedKey[1:] }},
		{"a long wrapped key", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.WrappedKey = append(e.WrappedKey, 0) }},
		{"no wrapped key", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.WrappedKey = nil }},
		{"a wrapped key above the modulus", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.WrappedKey = bytes.Repeat([]byte{0xff}, 256) }},
		{"a key wrapped with the other hash", cbc, func(s *seal.Suite, _ *seal.Envelope) { s.KeyWrap = seal.OAEPSHA512 }},
		{"a key wrapped with OAEP read as PKCS#1 v1.5", cbc, func(s *seal.Suite, _ *seal.Envelope) { s.KeyWrap = seal.PKCS1v15 }},
		{"a wrapped key of 24 bytes", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.WrappedKey = wrapOAEP(make([]byte, 24)) }},
		{"an empty wrapped key", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.WrappedKey = wrapOAEP(nil) }},
		{"a GCM-sized IV for CBC", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.IV = e.IV[:12] }},
		{"a CBC-sized IV for GCM", gcm, func(_ *seal.Suite, e *seal.Envelope) { e.IV = make([]byte, 16) }},
		{"no ciphertext", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.Ciphertext = nil }},
		{"a broken block", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.Ciphertext = e.Ciphertext[:15] }},
		{"a tag with CBC", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.Tag = make([]byte, 16) }},
		{"associated data with CBC", cbc, func(_ *seal.Suite, e *seal.Envelope) { e.AAD = []byte{1} }},
		{"no tag with GCM", gcm, func(_ *seal.Suite, e *seal.Envelope) { e.Tag = nil }},
		{"a short tag with GCM", gcm, func(_ *seal.Suite, e *seal.Envelope) { e.Tag = e.Tag[:12] }},
		{"other associated data", gcm, func(_ *seal.Suite, e *seal.Envelope) { e.AAD = nil }},
		{"an unknown key wrap", cbc, func(s *seal.Suite, _ *seal.Envelope) { s.KeyWrap = 0 }},
		{"an unknown mode", cbc, func(s *seal.Suite, _ *seal.Envelope) { s.Mode = 9 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := mustSeal(t, c.suite, []byte("plain"))
			suite := c.suite
			c.spoil(&suite, &e)
			got, err := suite.Open(rand.Reader, recipient(), e)
			if !isPlainErrOpen(err) || got != nil {
				t.Errorf("Open gave %q, error %v; want nothing and the plain ErrOpen", got, err)
			}
		})
	}
}

// isPlainErrOpen also refuses an error that wraps ErrOpen: it could tell more.
func isPlainErrOpen(err error) bool {
	return err == seal.ErrOpen //nolint:errorlint // see above
}

func wrapOAEP(key []byte) []byte {
	wrapped, err := rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, &recipient().PublicKey, key, nil)
	if err != nil {
		panic(err)
	}
	return wrapped
}

func TestSealRefuses(t *testing.T) {
	good := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	key := &recipient().PublicKey
	for _, c := range []struct {
		name   string
		suite  seal.Suite
		key    *rsa.PublicKey
		random io.Reader
		aad    []byte
	}{
		{"an unknown key wrap", seal.Suite{KeyWrap: 4, Mode: seal.CBC, KeyBits: 128}, key, rand.Reader, nil},
		{"an unknown mode", seal.Suite{KeyWrap: seal.OAEPSHA256, KeyBits: 128}, key, rand.Reader, nil},
		{"AES-192", seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 192}, key, rand.Reader, nil},
		{"no RSA key", good, nil, rand.Reader, nil},
		{"an RSA key without modulus", good, &rsa.PublicKey{}, rand.Reader, nil},
		{"an RSA key of 1024 bits", good, &weakKey().PublicKey, rand.Reader, nil},
		{"associated data with CBC", good, key, rand.Reader, []byte{1}},
		{"a random source that is dry before the key", good, key, bytes.NewReader(nil), nil},
		{"a random source that is dry before the IV", good, key, bytes.NewReader(make([]byte, 16)), nil},
		{"a random source that is dry before the OAEP seed", good, key, bytes.NewReader(make([]byte, 32)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.suite.Seal(c.random, seal.Recipient{Public: c.key}, []byte("plain"), c.aad); err == nil {
				t.Error("Seal gave no error")
			}
		})
	}
}

// weakKey is 1024 bits long. Go refuses to make one without a setting, so it is
// only given the modulus' size.
func weakKey() *rsa.PrivateKey {
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: bigOdd(1024), E: 65537}}
	return key
}

// TestPKCS1v15DrawsItsOwnPadding holds the comment of Seal to the standard library.
func TestPKCS1v15DrawsItsOwnPadding(t *testing.T) {
	suite := seal.Suite{KeyWrap: seal.PKCS1v15, Mode: seal.CBC, KeyBits: 128}
	keyAndIV := bytes.NewReader(make([]byte, 32))
	e, err := suite.Seal(keyAndIV, seal.Recipient{Public: &recipient().PublicKey}, []byte("plain"), nil)
	if err != nil {
		t.Fatalf("Seal with random bytes for key and IV alone: %v", err)
	}
	if opened, err := suite.Open(rand.Reader, recipient(), e); err != nil || string(opened) != "plain" {
		t.Errorf("Open gave %q, error %v", opened, err)
	}
}

func TestOpenNeedsAnRSAKey(t *testing.T) {
	suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	for name, key := range map[string]crypto.Decrypter{"another kind of key": notRSA{}, "a short key": weakKey()} {
		_, err := suite.Open(rand.Reader, key, seal.Envelope{})
		if err == nil || errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: error %v, want one that names the key", name, err)
		}
	}
	if _, err := suite.Open(bytes.NewReader(nil), recipient(), mustSeal(t, suite, nil)); err == nil || errors.Is(err, seal.ErrOpen) {
		t.Errorf("dry random source: error %v, want one that names it", err)
	}
}

type notRSA struct{}

func (notRSA) Public() crypto.PublicKey { return nil }
func (notRSA) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return nil, errors.New("not to be called")
}

// custodian unwraps to a given key, whatever it is asked.
type custodian struct{ key []byte }

func (custodian) Public() crypto.PublicKey { return &recipient().PublicKey }
func (c custodian) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return c.key, nil
}

func TestPaddingIsCheckedByteForByte(t *testing.T) {
	suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	for n := range 256 {
		inRange := n >= 1 && n <= 16
		for _, spoiled := range []int{-1, 16 - n, 15} { // -1 spoils none
			if spoiled != -1 && !inRange {
				continue
			}
			block := bytes.Repeat([]byte{byte(n)}, 16)
			if spoiled >= 0 {
				block[spoiled] ^= 0x80
			}
			key := bytes.Repeat([]byte{3}, 16)
			e := seal.Envelope{WrappedKey: make([]byte, 256), Ciphertext: rawCBC(key, block)}
			got, err := suite.Open(rand.Reader, custodian{bytes.Clone(key)}, e)
			if want := spoiled < 0 && inRange; (err == nil) != want {
				t.Fatalf("padding %d, byte %d spoiled: error %v", n, spoiled, err)
			} else if want && len(got) != 16-n {
				t.Fatalf("padding %d left %d bytes", n, len(got))
			}
		}
	}
}

func TestOpenWipesTheUnwrappedKey(t *testing.T) {
	suite := seal.Suite{KeyWrap: seal.OAEPSHA256, Mode: seal.CBC, KeyBits: 128}
	key := bytes.Repeat([]byte{3}, 16)
	e := seal.Envelope{WrappedKey: make([]byte, 256), Ciphertext: rawCBC(key, bytes.Repeat([]byte{16}, 16))}
	if _, err := suite.Open(rand.Reader, custodian{key}, e); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key, make([]byte, 16)) {
		t.Error("the AES key is still in memory after Open")
	}
}
