package vts_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// The secret, key and ids of the published vectors.
const (
	testPAN    = "4111111111111111"
	testSecret = "example-shared-secret-0123456789abcdefgh"
	testKeyID  = "TESTKEYID00000000000000000000000000000000000000001"
	testWSDKey = "0123456789ABCDEFFEDCBA9876543210"
	testKeySet = "401200.1"
)

var (
	testNow = time.Unix(1_700_000_000, 0)
	keyWrap = mustHex("101112131415161718191a1b") // the nonce of vector V1
)

func mustHex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// sharedSecret wraps and unwraps under the SHA-256 of a text; with a nonce it is
// not random.
type sharedSecret struct {
	text  string
	nonce []byte
}

func (s sharedSecret) gcm() cipher.AEAD {
	key := sha256.Sum256([]byte(s.text))
	block, err := aes.NewCipher(key[:])
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

// wsdKey is two-key triple DES in CBC mode with a zero IV.
type wsdKey string

func (k wsdKey) EncryptBlocks(plaintext []byte) ([]byte, error) {
	two := mustHex(string(k))
	block, err := des.NewTripleDESCipher(append(two, two[:8]...))
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(plaintext))
	cipher.NewCBCEncrypter(block, make([]byte, 8)).CryptBlocks(out, plaintext)
	return out, nil
}

// broken is a custodian that does not answer.
type broken struct{}

var errBroken = errors.New("the HSM is away")

func (broken) Wrap(_, _ []byte) ([]byte, error)       { return nil, errBroken }
func (broken) EncryptBlocks(_ []byte) ([]byte, error) { return nil, errBroken }

func mustPAN(t testing.TB, digits string) walletport.PAN {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return pan
}

func testCard(t testing.TB) *walletport.Card {
	return &walletport.Card{
		CardSummary:    walletport.CardSummary{Scheme: walletport.Visa, Expiry: walletport.Expiry{Year: 2030, Month: time.December}},
		PAN:            mustPAN(t, testPAN),
		CardholderName: walletport.NewPrivate("JANE DOE"),
	}
}

func testClient() scheme.Client {
	return scheme.Client{
		TokenRequestorID: "40010075001",
		AppID:            "issuerapp",
		DeviceID:         "deviceHardwareId00000001",
		WalletAccountID:  "walletAccount00000000001",
	}
}

func testInput(t testing.TB) scheme.SealInput {
	return scheme.SealInput{
		Card:      testCard(t),
		Recipient: scheme.Recipient{Wrapper: sharedSecret{text: testSecret}, KeyID: testKeyID},
		Client:    testClient(),
		Now:       testNow,
		Rand:      rand.Reader,
	}
}

func testActivation() scheme.ActivationInput {
	return scheme.ActivationInput{
		Cipher: scheme.Cipher{Key: wsdKey(testWSDKey), KeyID: testKeySet},
		Nonce:  mustHex("91ab95b8"),
		Now:    testNow,
		Rand:   rand.Reader,
	}
}

func testNumber(t testing.TB) scheme.NumberInput {
	return scheme.NumberInput{
		Card:   testCard(t),
		Cipher: scheme.Cipher{Key: wsdKey(testWSDKey), KeyID: testKeySet},
		Now:    testNow,
		Rand:   rand.Reader,
	}
}

// counting gives the bytes 0, 1, 2 and so on, round and round.
func counting() io.Reader {
	stream := make([]byte, 256)
	for i := range stream {
		stream[i] = byte(i)
	}
	return bytes.NewReader(bytes.Repeat(stream, 4))
}

// drawing gives the bytes of which the texts' characters are drawn.
func drawing(authCode, header string) io.Reader {
	var stream []byte
	for i := range len(authCode) {
		stream = append(stream, byte(strings.IndexByte(vts.Base36, authCode[i])))
	}
	for i := range len(header) {
		stream = append(stream, header[i]-'!')
	}
	return bytes.NewReader(stream)
}

// profileWith is the default profile with a change.
func profileWith(change func(*vts.Profile)) vts.Profile {
	p := vts.DefaultProfile()
	change(&p)
	return p
}

func mustSealCard(t testing.TB, p vts.Profile, in scheme.SealInput) string {
	t.Helper()
	sealer, err := vts.NewSealer(p)
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := sealer.SealCard(in)
	if err != nil {
		t.Fatalf("SealCard: %v", err)
	}
	return string(jwe)
}

func mustActivate(t testing.TB, p vts.Profile, in scheme.ActivationInput) string {
	t.Helper()
	activator, err := vts.NewActivator(p)
	if err != nil {
		t.Fatal(err)
	}
	mbpac, err := activator.ActivationData(in)
	if err != nil {
		t.Fatalf("ActivationData: %v", err)
	}
	return string(mbpac)
}

func mustSealNumber(t testing.TB, p vts.Profile, in scheme.NumberInput) string {
	t.Helper()
	sealer, err := vts.NewNumberSealer(p)
	if err != nil {
		t.Fatal(err)
	}
	mbpad, err := sealer.SealNumber(in)
	if err != nil {
		t.Fatalf("SealNumber: %v", err)
	}
	return string(mbpad)
}

// mustRefuse checks an error's class and reason, and that it holds no PAN.
func mustRefuse(t testing.TB, err error, code walletport.Code, reason string) {
	t.Helper()
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want code %s, reason %s", err, code, reason)
	}
	if err != nil && walletport.ContainsPAN(err.Error()) {
		t.Error("the error holds a PAN")
	}
}
