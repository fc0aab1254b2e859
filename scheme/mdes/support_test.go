package mdes_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

const testPAN = "5204247750001471" // a published test number

var testNow = time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)

// keyPair is one side's RSA key with a self-signed certificate.
type keyPair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var (
	mastercard = sync.OnceValue(newKeyPair) // opens what we seal
	issuer     = sync.OnceValue(newKeyPair) // signs TAVs
)

func newKeyPair() keyPair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return keyPair{key: key, cert: selfSigned(key)}
}

func selfSigned(key *rsa.PrivateKey) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "payload encryption key, test only"},
		NotBefore:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func (p keyPair) recipient() scheme.Recipient {
	return scheme.Recipient{Public: &p.key.PublicKey, Certificate: p.cert}
}

func (p keyPair) privatePEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (p keyPair) certificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
}

func mustPAN(t testing.TB, digits string) walletport.PAN {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return pan
}

// testCard expires in December 2025, as the card of the reference vectors does;
// whether a card has expired is not the sealer's business.
func testCard(t testing.TB) *walletport.Card {
	return &walletport.Card{
		CardSummary:    walletport.CardSummary{Scheme: walletport.Mastercard, Expiry: walletport.Expiry{Year: 2025, Month: time.December}},
		PAN:            mustPAN(t, testPAN),
		CardholderName: walletport.NewPrivate("TEST CARDHOLDER"),
	}
}

func testInput(t testing.TB) scheme.SealInput {
	return scheme.SealInput{
		Card:      testCard(t),
		Recipient: mastercard().recipient(),
		Signer:    scheme.Signer{Key: issuer().key, Alias: "U+002D"},
		Now:       testNow,
		Rand:      rand.Reader,
	}
}

func testSubject(t testing.TB) mdes.Subject {
	card := testCard(t)
	return mdes.Subject{PAN: card.PAN, Expiry: card.Expiry}
}

// vectorCard is the card of the reference vectors. Mastercard's sandbox number
// 5123456789012345 has a wrong check digit, so that ParsePAN refuses it; Reveal
// gives the digits themselves, and the last one can be changed.
func vectorCard(t testing.TB) *walletport.Card {
	card := testCard(t)
	card.PAN = mustPAN(t, "5123456789012346")
	card.PAN.Reveal()[15] = '5'
	return card
}

// profileWith is the default profile with a change.
func profileWith(change func(*mdes.Profile)) mdes.Profile {
	p := mdes.DefaultProfile()
	change(&p)
	return p
}

func mustSealer(t testing.TB, p mdes.Profile) *mdes.Sealer {
	t.Helper()
	s, err := mdes.NewSealer(p)
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	return s
}

func mustSealCard(t testing.TB, p mdes.Profile, in scheme.SealInput) []byte {
	t.Helper()
	iidd, err := mustSealer(t, p).SealCard(in)
	if err != nil {
		t.Fatalf("SealCard: %v", err)
	}
	return iidd
}

// mustRefuse checks an error's class and reason, and that it does not repeat the
// test card's digits.
func mustRefuse(t testing.TB, err error, code walletport.Code, reason string) {
	t.Helper()
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want code %s, reason %s", err, code, reason)
	}
	if err != nil && walletport.ContainsPAN(err.Error()) {
		t.Error("the error holds a PAN")
	}
}

// stubSigner answers with what sign gives; its public half is the issuer's.
type stubSigner struct {
	sign func(digest []byte) ([]byte, error)
}

func (stubSigner) Public() crypto.PublicKey { return &issuer().key.PublicKey }
func (s stubSigner) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.sign(digest)
}

// brokenOAEP stands in the place of Go's encryption, and fails.
type brokenOAEP struct{}

func (brokenOAEP) EncryptOAEP(crypto.Hash, []byte) ([]byte, error) {
	return nil, errors.New("out of order")
}
