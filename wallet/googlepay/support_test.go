package googlepay_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/googlepay"
)

const (
	testPAN     = "5204247750001471" // a published test number
	testSession = "3F2504E0-4f89-41d3-9A0C-0305E82C3301"
)

var (
	keysMade = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	testNow  = time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)
)

// keyConfig makes RSA-2048 keys that are good for 365 days.
func keyConfig() *packet.Config {
	return &packet.Config{
		Rand: rand.Reader, Time: func() time.Time { return keysMade },
		Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, KeyLifetimeSecs: 365 * 24 * 3600,
	}
}

var (
	google = sync.OnceValue(func() *openpgp.Entity { return newKey("Google", keyConfig()) })
	issuer = sync.OnceValue(func() *openpgp.Entity { return newKey("Issuer", keyConfig()) })
)

func newKey(name string, config *packet.Config) *openpgp.Entity {
	e, err := openpgp.NewEntity(name, "test only", name+"@example.com", config)
	if err != nil {
		panic(err)
	}
	return e
}

func certificateOf(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hsm hides that a key is an *rsa.PrivateKey; err makes it fail.
type hsm struct {
	key crypto.Signer
	err error
}

func (h hsm) Public() crypto.PublicKey { return h.key.Public() }
func (h hsm) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if h.err != nil {
		return nil, h.err
	}
	return h.key.Sign(random, digest, opts)
}

func signerOf(t testing.TB, e *openpgp.Entity) wallet.OpenPGPSigner {
	t.Helper()
	key, ok := e.PrivateKey.PrivateKey.(crypto.Signer)
	if !ok {
		t.Fatal("the key does not sign")
	}
	return wallet.OpenPGPSigner{Key: hsm{key: key}, Certificate: certificateOf(t, e)}
}

func testInput(t testing.TB) wallet.OpaqueCardInput {
	t.Helper()
	pan, err := walletport.ParsePAN(testPAN)
	if err != nil {
		t.Fatal(err)
	}
	return wallet.OpaqueCardInput{
		Card: &walletport.Card{
			CardSummary: walletport.CardSummary{Scheme: walletport.Mastercard, Expiry: walletport.Expiry{Year: 2029, Month: time.December}},
			PAN:         pan,
		},
		ServerSessionID: testSession,
		Recipient:       certificateOf(t, google()),
		Signer:          signerOf(t, issuer()),
		Now:             testNow,
		Rand:            rand.Reader,
	}
}

func mustNew(t testing.TB, change func(*googlepay.Config)) *googlepay.Encoder {
	t.Helper()
	c := googlepay.DefaultConfig()
	if change != nil {
		change(&c)
	}
	e, err := googlepay.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustEncode(t testing.TB, e *googlepay.Encoder, in wallet.OpaqueCardInput) []byte {
	t.Helper()
	text, err := e.EncodeOpaqueCard(in)
	if err != nil {
		t.Fatalf("EncodeOpaqueCard: %v", err)
	}
	message, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		t.Fatalf("the opaque card is no standard base64: %v", err)
	}
	return message
}

// read opens a message with the library that wrote it, for what is inside; GnuPG
// is the oracle.
func read(t testing.TB, message []byte) string {
	t.Helper()
	if block, err := armor.Decode(bytes.NewReader(message)); err == nil {
		if message, err = io.ReadAll(block.Body); err != nil {
			t.Fatal(err)
		}
	}
	config := &packet.Config{Time: func() time.Time { return testNow }}
	details, err := openpgp.ReadMessage(bytes.NewReader(message), openpgp.EntityList{google(), issuer()}, nil, config)
	if err != nil {
		t.Fatalf("ReadMessage: %v", err)
	}
	plaintext, err := io.ReadAll(details.UnverifiedBody)
	if err != nil || !details.IsVerified || details.SignatureError != nil {
		t.Fatalf("read: %v, verified %v, signature %v", err, details.IsVerified, details.SignatureError)
	}
	return string(plaintext)
}
