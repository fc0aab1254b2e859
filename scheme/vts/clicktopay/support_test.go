package clicktopay_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts/clicktopay"
)

// Values as in Visa's published examples; the card number has a right check digit here.
const (
	testPAN       = "4111111145551142"
	otherPAN      = "4111111111111111"
	testSecret    = "example-shared-secret-0123456789abcdefgh"
	testAPIKey    = "TESTAPIKEY0000000000000000000000000000000000000001"
	testRequestID = "5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a"
	testTrace     = "2b6f0cc904d137be2e1730235f5664094b83"
)

var (
	testNow = time.Unix(1_700_000_000, 0)
	testID  = scheme.ConsumerID{External: "63421837-d597-4f0f-89e4-930c1a7b9e85", OwnerBID: "10098765"}
)

// canaries are the personal data that must stand in no error and in no log.
var canaries = []string{testPAN, otherPAN, "Alexandria", "Noasdaughter", "Millerova", "canary@example.com", "358405550199", "Marketsquare", "Villagetown", "00990"}

var testPairs = sync.OnceValue(func() (made struct{ visa, issuer, another *rsa.PrivateKey }) {
	for _, k := range []**rsa.PrivateKey{&made.visa, &made.issuer, &made.another} {
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
		Recipient: scheme.Recipient{Public: &k.visa.PublicKey, KeyID: "visa-mle-1"},
		Secret:    scheme.SharedSecret{MAC: textKey(testSecret), KeyID: testAPIKey},
		Openers:   []scheme.Opener{{Key: k.another, KeyID: "issuer-mle-2"}, {Key: k.issuer, KeyID: "issuer-mle-1"}},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustPAN(digits string) walletport.PAN {
	pan, err := walletport.ParsePAN(digits)
	if err != nil {
		panic(err)
	}
	return pan
}

func private(text string) walletport.Private { return walletport.NewPrivate(text) }

func privates(texts ...string) (all []walletport.Private) {
	for _, text := range texts {
		all = append(all, private(text))
	}
	return all
}

func testConsumer() scheme.Consumer {
	return scheme.Consumer{
		FirstName: private("Alexandria"), MiddleName: private("Noasdaughter"), LastName: private(`Millerova-"Ö"`),
		Emails: privates("canary@example.com"), Phones: privates("358405550199"), Locale: "en_US", Country: "FIN",
	}
}

func testCard(pan string) scheme.ConsumerCard {
	return scheme.ConsumerCard{
		PAN: mustPAN(pan), Name: private("Alexandria Millerova"), Expiry: walletport.Expiry{Year: 2030, Month: time.January},
		Address: scheme.Address{
			Line1: private("1000 Marketsquare"), Line2: private("Building 56"), Line3: private("Suite 101"),
			City: private("Villagetown"), State: private("CA"), PostalCode: private("00990"), Country: "FIN",
		},
	}
}

func enrolment(action scheme.EnrolmentAction) scheme.Enrolment {
	e := scheme.Enrolment{Action: action, ID: testID}
	switch action {
	case scheme.EnrolConsumer:
		e.Consumer, e.Cards = testConsumer(), []scheme.ConsumerCard{testCard(testPAN)}
	case scheme.ReplaceConsumer:
		e.Consumer = testConsumer()
	case scheme.EnrolCards, scheme.ReplaceCards:
		e.Cards = []scheme.ConsumerCard{testCard(testPAN)}
	case scheme.DeleteCards:
		e.Cards = []scheme.ConsumerCard{{PAN: mustPAN(testPAN)}}
	case scheme.DeleteConsumer:
	}
	return e
}

func newMessages(t testing.TB, edit func(*clicktopay.Profile)) *clicktopay.Messages {
	t.Helper()
	p := clicktopay.DefaultProfile()
	if edit != nil {
		edit(&p)
	}
	m, err := clicktopay.New(clicktopay.Config{BaseURL: "https://sandbox.api.visa.example", Profile: p})
	must(t, err)
	return m
}

func input(e scheme.Enrolment) scheme.EnrolmentInput {
	return scheme.EnrolmentInput{Access: testAccess(), RequestID: testRequestID, Enrolment: e, Now: testNow, Rand: rand.Reader}
}

func command(t testing.TB, e scheme.Enrolment) scheme.Command {
	t.Helper()
	c, err := newMessages(t, nil).ChangeEnrolment(input(e))
	must(t, err)
	return c
}

func enrolledQuery(t testing.TB) scheme.Query[scheme.Enrolled] {
	t.Helper()
	q, err := newMessages(t, nil).Enrolled(scheme.ConsumerInput{Access: testAccess(), RequestID: testRequestID, ID: testID})
	must(t, err)
	return q
}

func resultQuery(t testing.TB) scheme.Query[scheme.EnrolmentResult] {
	t.Helper()
	q, err := newMessages(t, nil).EnrolmentResult(scheme.ResultInput{Access: testAccess(), RequestID: testRequestID, ID: testID, Reference: testTrace})
	must(t, err)
	return q
}

// sealedBy makes a body of message level encryption with a library that shares no code
// with ours.
func sealedBy(t testing.TB, to *rsa.PrivateKey, keyID, text string) string {
	t.Helper()
	options := (&jose.EncrypterOptions{}).WithHeader("iat", 1_700_000_000_000)
	e, err := jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP_256, Key: &to.PublicKey, KeyID: keyID}, options)
	must(t, err)
	encrypted, err := e.Encrypt([]byte(text))
	must(t, err)
	compact, err := encrypted.CompactSerialize()
	must(t, err)
	return `{"encData":"` + compact + `"}`
}

// opened reads a body that was sealed for Visa, with the same library.
func opened(t testing.TB, body []byte) string {
	t.Helper()
	var sealed struct{ EncData string }
	must(t, json.Unmarshal(body, &sealed))
	encrypted, err := jose.ParseEncryptedCompact(sealed.EncData, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A128GCM, jose.A256GCM})
	must(t, err)
	text, err := encrypted.Decrypt(testPairs().visa)
	must(t, err)
	return string(text)
}

func inClear(status int, body string) scheme.Answer {
	return scheme.Answer{Status: status, ContentType: "application/json;charset=UTF-8", Body: []byte(body)}
}

// answer is one of the API's.
func answer(t testing.TB, status int, body string) scheme.Answer {
	t.Helper()
	return inClear(status, sealedBy(t, testPairs().issuer, "issuer-mle-1", body))
}

func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "answers", name))
	must(t, err)
	return string(text)
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

// brokenOAEP stands in the place of Go's encryption, and fails.
type brokenOAEP struct{}

func (brokenOAEP) EncryptOAEP(crypto.Hash, []byte) ([]byte, error) {
	return nil, errors.New("out of order")
}
