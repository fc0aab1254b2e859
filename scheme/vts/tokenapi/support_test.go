package tokenapi_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
)

// The numbers, secret and ids of the published examples.
const (
	testPAN    = "4111111111111111"
	testToken  = "4895370012003478"
	testSecret = "example-shared-secret-0123456789abcdefgh"
	testAPIKey = "TESTAPIKEY0000000000000000000000000000000000000001"
	testUser   = walletport.AuditUser("ada@acme")
)

var (
	testNow = time.Unix(1_700_000_000, 0)
	testRef = walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010075001", Reference: "DNITHE300000000000000001"}
)

// pairs are the keys between issuer and Visa: each signs with its own and seals to the
// other's.
type pairs struct{ issuerSigns, issuerOpens, visaSigns, visaOpens, another *rsa.PrivateKey }

var testPairs = sync.OnceValue(func() (made pairs) {
	for _, k := range []**rsa.PrivateKey{&made.issuerSigns, &made.issuerOpens, &made.visaSigns, &made.visaOpens, &made.another} {
		var err error
		if *k, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return made
})

// textKey is an HMAC under a text.
type textKey string

func (k textKey) Sum(data []byte) []byte {
	h := hmac.New(sha256.New, []byte(k))
	h.Write(data)
	return h.Sum(nil)
}

func testAccess() scheme.Access {
	k := testPairs()
	return scheme.Access{
		Signer:    scheme.Signer{Key: k.issuerSigns, Alias: "issuer-sig-1"},
		Recipient: scheme.Recipient{Public: &k.visaOpens.PublicKey, KeyID: "visa-enc-1"},
		Secret:    scheme.SharedSecret{MAC: textKey(testSecret), KeyID: testAPIKey},
		Verifiers: []scheme.Verifier{{Public: &k.another.PublicKey, KeyID: "715EA256"}, {Public: &k.visaSigns.PublicKey, KeyID: "715EA257"}},
		Openers:   []scheme.Opener{{Key: k.another, KeyID: "issuer-enc-2"}, {Key: k.issuerOpens, KeyID: "issuer-enc-1"}},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustPAN(t testing.TB, digits string) walletport.PAN {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	must(t, err)
	return pan
}

func newMessages(t testing.TB, edit func(*tokenapi.Profile)) *tokenapi.Messages {
	t.Helper()
	p := tokenapi.DefaultProfile()
	if edit != nil {
		edit(&p)
	}
	m, err := tokenapi.New(tokenapi.Config{BaseURL: "https://api.visa.example", Profile: p})
	must(t, err)
	return m
}

func cardInput(t testing.TB) scheme.CardTokensInput {
	t.Helper()
	return scheme.CardTokensInput{Access: testAccess(), By: testUser, PAN: mustPAN(t, testPAN), Now: testNow, Rand: rand.Reader}
}

func changeInput(action walletport.TokenAction) scheme.ChangeInput {
	return scheme.ChangeInput{Access: testAccess(), By: testUser, Ref: testRef, Action: action}
}

func listQuery(t testing.TB) scheme.Query[scheme.TokenPage] {
	t.Helper()
	q, err := newMessages(t, nil).CardTokens(cardInput(t))
	must(t, err)
	return q
}

func detailsQuery(t testing.TB) scheme.Query[scheme.Token] {
	t.Helper()
	q, err := newMessages(t, nil).Token(scheme.TokenInput{Access: testAccess(), By: testUser, Ref: testRef})
	must(t, err)
	return q
}

func command(t testing.TB, in scheme.ChangeInput) scheme.Command {
	t.Helper()
	c, err := newMessages(t, nil).ChangeToken(in)
	must(t, err)
	return c
}

// sealing says who seals an answer, to whom, and under which names.
type sealing struct {
	signer, reader     *rsa.PrivateKey
	signerID, readerID string
}

func visaSeals() sealing {
	return sealing{testPairs().visaSigns, testPairs().issuerOpens, "715EA257", "issuer-enc-1"}
}

// seal makes an encryptedData with a library that shares no code with ours.
func (s sealing) seal(t testing.TB, text string) string {
	t.Helper()
	options := (&jose.EncrypterOptions{}).WithType("JOSE").WithHeader("iat", 1_700_000_000_000)
	e, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.RSA_OAEP_256, Key: &s.reader.PublicKey, KeyID: s.readerID}, options)
	must(t, err)
	encrypted, err := e.Encrypt([]byte(text))
	must(t, err)
	inner, err := encrypted.CompactSerialize()
	must(t, err)
	signs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: jose.JSONWebKey{Key: s.signer, KeyID: s.signerID}}, (&jose.SignerOptions{}).WithContentType("JWE"))
	must(t, err)
	signed, err := signs.Sign([]byte(inner))
	must(t, err)
	compact, err := signed.CompactSerialize()
	must(t, err)
	return compact
}

// opened reads what was sealed for Visa, with the same library.
func opened(t testing.TB, compact string) string {
	t.Helper()
	signed, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.PS256})
	must(t, err)
	inner, err := signed.Verify(&testPairs().issuerSigns.PublicKey)
	must(t, err)
	encrypted, err := jose.ParseEncryptedCompact(string(inner), []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
	must(t, err)
	text, err := encrypted.Decrypt(testPairs().visaOpens)
	must(t, err)
	return string(text)
}

func answer(status int, body string) scheme.Answer {
	return scheme.Answer{Status: status, ContentType: "application/json;charset=UTF-8", Body: []byte(body)}
}

var update = flag.Bool("update", false, "rewrite testdata/golden")

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		must(t, os.WriteFile(path, []byte(got+"\n"), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// away is a device that does not sign.
type away struct{ crypto.Signer }

func (away) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the device is away")
}

// brokenOAEP stands in the place of Go's encryption, and fails.
type brokenOAEP struct{}

func (brokenOAEP) EncryptOAEP(crypto.Hash, []byte) ([]byte, error) {
	return nil, errors.New("out of order")
}
