package seal_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/seal"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

var (
	pgpMade = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pgpNow  = time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)
)

const pgpYear = 365 * 24 * 3600 // seconds

// pgpConfig makes RSA-2048 keys that are good for a year from pgpMade.
func pgpConfig() *packet.Config {
	return &packet.Config{
		Rand: rand.Reader, Time: func() time.Time { return pgpMade },
		Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, KeyLifetimeSecs: pgpYear,
		DefaultHash: crypto.SHA384, DefaultCipher: packet.CipherAES256,
	}
}

var (
	pgpRecipient = sync.OnceValue(func() *openpgp.Entity { return newPGPKey("Recipient", pgpConfig()) })
	pgpSigner    = sync.OnceValue(func() *openpgp.Entity { return newPGPKey("Signer", pgpConfig()) })
)

func newPGPKey(name string, config *packet.Config) *openpgp.Entity {
	e, err := openpgp.NewEntity(name, "test only", name+"@example.com", config)
	if err != nil {
		panic(err)
	}
	return e
}

// publicPGP is the certificate of e in binary.
func publicPGP(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func secretPGP(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&out, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func mustParsePGP(t testing.TB, binary []byte) *seal.OpenPGPCertificate {
	t.Helper()
	c, err := seal.ParseOpenPGPCertificate(binary)
	if err != nil {
		t.Fatalf("ParseOpenPGPCertificate: %v", err)
	}
	return c
}

// hsm hides that a key is an *rsa.PrivateKey, as the key of an HSM is none.
type hsm struct{ key crypto.Signer }

func (h hsm) Public() crypto.PublicKey { return h.key.Public() }
func (h hsm) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return h.key.Sign(random, digest, opts)
}

// hsmOf is the handle of a secret key of an entity.
func hsmOf(t testing.TB, key *packet.PrivateKey) hsm {
	t.Helper()
	signer, ok := key.PrivateKey.(crypto.Signer)
	if !ok {
		t.Fatalf("a key of algorithm %d does not sign", key.PubKeyAlgo)
	}
	return hsm{signer}
}

func pgpMessage(t testing.TB, plaintext string) seal.OpenPGPMessage {
	return seal.OpenPGPMessage{
		To:        mustParsePGP(t, publicPGP(t, pgpRecipient())),
		From:      seal.OpenPGPSigner{Key: hsmOf(t, pgpSigner().PrivateKey), Certificate: mustParsePGP(t, publicPGP(t, pgpSigner()))},
		Time:      pgpNow,
		Plaintext: []byte(plaintext),
	}
}

func mustSealPGP(t testing.TB, o seal.OpenPGP, m seal.OpenPGPMessage) []byte {
	t.Helper()
	message, err := o.Seal(rand.Reader, m)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return message
}

// readPGP opens a message with the library that also wrote it, at pgpNow: a quick
// second check. GnuPG is the oracle.
func readPGP(message []byte, recipient, signer *openpgp.Entity) ([]byte, error) {
	config := &packet.Config{Time: func() time.Time { return pgpNow }}
	details, err := openpgp.ReadMessage(bytes.NewReader(message), openpgp.EntityList{recipient, signer}, nil, config)
	if err != nil {
		return nil, err
	}
	plaintext, err := io.ReadAll(details.UnverifiedBody)
	if err != nil {
		return nil, err
	}
	if details.SignatureError != nil {
		return nil, fmt.Errorf("signature: %w", details.SignatureError)
	}
	if !details.IsVerified {
		return nil, errors.New("the signature was not verified")
	}
	return plaintext, nil
}

func TestOpenPGPRoundTrip(t *testing.T) {
	for name, plaintext := range map[string]string{"nothing": "", "a few bytes": "a card", "100 kB": string(bytes.Repeat([]byte("card "), 20_000))} {
		t.Run(name, func(t *testing.T) {
			message := mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384}, pgpMessage(t, plaintext))
			got, err := readPGP(message, pgpRecipient(), pgpSigner())
			if err != nil || string(got) != plaintext {
				t.Errorf("read %d bytes, error %v, want %d", len(got), err, len(plaintext))
			}
		})
	}
}

func TestOpenPGPArmorHoldsTheSameKindOfMessage(t *testing.T) {
	text := mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384, Armor: true}, pgpMessage(t, "a card"))
	block, err := armor.Decode(bytes.NewReader(text))
	if err != nil || block.Type != "PGP MESSAGE" {
		t.Fatalf("Decode: %v", err)
	}
	message, err := io.ReadAll(block.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readPGP(message, pgpRecipient(), pgpSigner()); err != nil || string(got) != "a card" {
		t.Errorf("read %q, error %v", got, err)
	}
}

// Keys, paddings and session keys come from a fixed random stream, so that a whole
// message is the same each time. What it means is proved by GnuPG.
func TestOpenPGPGolden(t *testing.T) {
	if fips140.Version() == "v1.0.0" {
		t.Skip("this version of the FIPS module cannot be given a fixed random stream")
	}
	cryptotest.SetGlobalRandom(t, 1)
	to, from := newPGPKey("Golden Recipient", pgpConfig()), newPGPKey("Golden Signer", pgpConfig())
	m := seal.OpenPGPMessage{
		To:        mustParsePGP(t, publicPGP(t, to)),
		From:      seal.OpenPGPSigner{Key: hsmOf(t, from.PrivateKey), Certificate: mustParsePGP(t, publicPGP(t, from))},
		Time:      pgpNow,
		Plaintext: []byte(`{"protocolHeader":{"version":1}}`),
	}
	armored := seal.OpenPGP{Hash: crypto.SHA384, Armor: true}
	mustSealPGP(t, armored, m) // Go tests an RSA key at its first use, with draws of its own
	cryptotest.SetGlobalRandom(t, 2)
	got := mustSealPGP(t, armored, m)
	path := filepath.Join("testdata", "golden", "openpgp.asc")
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestOpenPGPMessagesShareNothing(t *testing.T) {
	m := pgpMessage(t, "a card")
	a, b := mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384}, m), mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384}, m)
	// 3 bytes of header, 12 of the packet's own, then the encrypted session key.
	if bytes.Equal(a[15:15+256], b[15:15+256]) || bytes.Equal(a[len(a)-64:], b[len(b)-64:]) {
		t.Error("two messages share session key or data")
	}
	if string(m.Plaintext) != "a card" {
		t.Error("Seal changed its argument")
	}
}

func TestOpenPGPHash(t *testing.T) {
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if _, err := readPGP(mustSealPGP(t, seal.OpenPGP{Hash: hash}, pgpMessage(t, "a card")), pgpRecipient(), pgpSigner()); err != nil {
			t.Errorf("%v: %v", hash, err)
		}
	}
	for _, hash := range []crypto.Hash{0, crypto.SHA1, crypto.MD5, crypto.SHA3_256} {
		if _, err := (seal.OpenPGP{Hash: hash}).Seal(rand.Reader, pgpMessage(t, "a card")); err == nil {
			t.Errorf("%v is taken", hash)
		}
	}
}

// brokenHSM fails in one way.
type brokenHSM struct {
	hsm
	err error
}

func (b brokenHSM) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, b.err }

func TestOpenPGPSignerRefused(t *testing.T) {
	withSubkey := newPGPKey("Subkey", pgpConfig())
	if err := withSubkey.AddSigningSubkey(pgpConfig()); err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	busy := errors.New("the HSM is busy")
	late := pgpMade.Add((pgpYear + 1) * time.Second)
	own := func(e *openpgp.Entity) seal.OpenPGPSigner {
		return seal.OpenPGPSigner{Key: hsmOf(t, e.PrivateKey), Certificate: mustParsePGP(t, publicPGP(t, e))}
	}
	weak := pgpConfig()
	weak.RSABits = 1024
	for _, c := range []struct {
		name string
		from seal.OpenPGPSigner
		at   time.Time
		want error
	}{
		{"the primary key signs", own(pgpSigner()), pgpNow, nil},
		{"in its first second", own(pgpSigner()), pgpMade, nil},
		{"a signing subkey signs", seal.OpenPGPSigner{Key: hsmOf(t, withSubkey.Subkeys[1].PrivateKey), Certificate: own(withSubkey).Certificate}, pgpNow, nil},
		{"the key of another certificate", seal.OpenPGPSigner{Key: hsmOf(t, pgpRecipient().PrivateKey), Certificate: own(pgpSigner()).Certificate}, pgpNow, seal.ErrSignerUnfit},
		{"the encryption subkey", seal.OpenPGPSigner{Key: hsmOf(t, pgpSigner().Subkeys[0].PrivateKey), Certificate: own(pgpSigner()).Certificate}, pgpNow, seal.ErrSignerUnfit},
		{"no key", seal.OpenPGPSigner{Certificate: own(pgpSigner()).Certificate}, pgpNow, seal.ErrSignerUnfit},
		{"a key that is not RSA", seal.OpenPGPSigner{Key: edKey, Certificate: own(pgpSigner()).Certificate}, pgpNow, seal.ErrSignerUnfit},
		{"an expired certificate", own(pgpSigner()), late, seal.ErrSignerUnfit},
		{"one that is not valid yet", own(pgpSigner()), pgpMade.Add(-time.Second), seal.ErrSignerUnfit},
		{"a weak key", own(newPGPKey("Weak", weak)), pgpNow, seal.ErrSignerUnfit},
		{"a custodian that fails", seal.OpenPGPSigner{Key: brokenHSM{hsmOf(t, pgpSigner().PrivateKey), busy}, Certificate: own(pgpSigner()).Certificate}, pgpNow, seal.ErrNotSigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := pgpMessage(t, "a card")
			m.From, m.Time = c.from, c.at
			if !c.at.Equal(pgpNow) { // so that only the signer can be at fault
				m.To = mustParsePGP(t, publicPGP(t, eternalRecipient()))
			}
			got, err := (seal.OpenPGP{Hash: crypto.SHA384}).Seal(rand.Reader, m)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if err != nil && got != nil {
				t.Error("an error came with a message")
			}
			if errors.Is(c.want, seal.ErrNotSigned) && !errors.Is(err, busy) {
				t.Errorf("error %v has lost the custodian's", err)
			}
		})
	}
}

// eternalRecipient is good before, during and after the other keys.
var eternalRecipient = sync.OnceValue(func() *openpgp.Entity {
	config := pgpConfig()
	config.KeyLifetimeSecs = 0
	config.Time = func() time.Time { return pgpMade.Add(-pgpYear * time.Second) }
	return newPGPKey("Eternal", config)
})

func TestOpenPGPIsSafeForConcurrentUse(t *testing.T) {
	m := pgpMessage(t, "a card")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			message, err := (seal.OpenPGP{Hash: crypto.SHA384}).Seal(rand.Reader, m)
			if err != nil {
				t.Errorf("Seal: %v", err)
			} else if _, err := readPGP(message, pgpRecipient(), pgpSigner()); err != nil {
				t.Errorf("read: %v", err)
			}
		})
	}
	wg.Wait()
}

func BenchmarkSealOpenPGP(b *testing.B) {
	m := pgpMessage(b, "a card")
	if key, ok := pgpSigner().PrivateKey.PrivateKey.(*rsa.PrivateKey); ok {
		key.Precompute()
	}
	for b.Loop() {
		mustSealPGP(b, seal.OpenPGP{Hash: crypto.SHA384}, m)
	}
}

// TestLiteralHeaderIsTheLibrarys holds the header that is written by hand against
// that of the library, about each length of a length.
func TestLiteralHeaderIsTheLibrarys(t *testing.T) {
	for _, n := range []int{0, 1, 185, 186, 191, 192, 511, 512, 513, 8377, 8378, 8383, 8384, 70_000} {
		plaintext := bytes.Repeat([]byte{'x'}, n)
		var want bytes.Buffer
		literal, err := packet.SerializeLiteral(writeCloser{&want}, true, "", 0)
		if err == nil {
			_, err = literal.Write(plaintext)
		}
		if err == nil {
			err = literal.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := append(seal.LiteralHeader(n), plaintext...); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%d bytes begin with %x, the library's with %x", n, got[:min(len(got), 12)], want.Bytes()[:min(want.Len(), 12)])
		}
	}
}

type writeCloser struct{ io.Writer }

func (writeCloser) Close() error { return nil }
