package customerservice_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

const (
	testPAN     = "5204247750001471" // a published test number
	testTUR     = "DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45"
	testTRID    = "50110030273"
	testKey     = "dfHKGJ7abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP!4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c"
	testUser    = walletport.AuditUser("ada@acme.example")
	testBaseURL = "https://api.mastercard.com/mdes/csapi"
)

var testNow = time.Date(2026, 11, 29, 10, 20, 30, 0, time.UTC)

// keyPair is one side's RSA key with a self-signed certificate.
type keyPair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var (
	mastercard = sync.OnceValue(newKeyPair) // opens what we seal
	issuer     = sync.OnceValue(newKeyPair) // signs requests
)

func newKeyPair() keyPair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "customer service, test only"},
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
	return keyPair{key: key, cert: cert}
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

func (p keyPair) publicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// accessOf is what requests are made with: keys of an issuer and of Mastercard.
func accessOf(issuer, mastercard keyPair) scheme.Access {
	return scheme.Access{
		Signer:    scheme.Signer{Key: issuer.key, Alias: testKey},
		Recipient: scheme.Recipient{Public: &mastercard.key.PublicKey, Certificate: mastercard.cert},
	}
}

func testAccess() scheme.Access { return accessOf(issuer(), mastercard()) }

func testRef() walletport.TokenRef {
	return walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: testTRID, Reference: testTUR}
}

func testConfig() customerservice.Config {
	return customerservice.Config{BaseURL: testBaseURL, Organization: "Acme Bank", Profile: customerservice.DefaultProfile()}
}

func mustMessages(t testing.TB, change func(*customerservice.Config)) *customerservice.Messages {
	t.Helper()
	c := testConfig()
	if change != nil {
		change(&c)
	}
	m, err := customerservice.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return m
}

func mustPAN(t testing.TB, digits string) walletport.PAN {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return pan
}

func tokenInput() scheme.TokenInput {
	return scheme.TokenInput{Access: testAccess(), By: testUser, Ref: testRef()}
}

func changeInput(action walletport.TokenAction) scheme.ChangeInput {
	return scheme.ChangeInput{Access: testAccess(), By: testUser, Ref: testRef(), Action: action}
}

func cardInput(t testing.TB) scheme.CardTokensInput {
	return scheme.CardTokensInput{Access: testAccess(), By: testUser, PAN: mustPAN(t, testPAN), Rand: rand.Reader}
}

// must returns a message, or ends the test.
func must[T any](t testing.TB) func(T, error) T {
	return func(made T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("make the message: %v", err)
		}
		return made
	}
}

// ok is an answer of status 200.
func ok(body string) scheme.Answer { return answer(200, body) }

func answer(status int, body string) scheme.Answer {
	return scheme.Answer{Status: status, ContentType: "application/json; charset=utf-8", Body: []byte(body)}
}

// mustRefuse checks an error's class and reason, and that it repeats no card number.
func mustRefuse(t testing.TB, err error, code walletport.Code, reason string) {
	t.Helper()
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("error %v, want code %s, reason %s", err, code, reason)
	}
	if err != nil && walletport.SuspectsPAN(err.Error()) {
		t.Error("the error holds a card number")
	}
}

func checkGolden(t *testing.T, name string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "golden", name)
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

func mustAnswer(t testing.TB, name string) scheme.Answer {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "answers", name))
	if err != nil {
		t.Fatal(err)
	}
	return ok(string(body))
}

// brokenOAEP stands in the place of Go's encryption, and fails.
type brokenOAEP struct{}

func (brokenOAEP) EncryptOAEP(crypto.Hash, []byte) ([]byte, error) {
	return nil, errors.New("out of order")
}
