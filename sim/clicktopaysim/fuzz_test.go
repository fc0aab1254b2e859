package clicktopaysim

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
	"github.com/walletport/walletport/sim/faults"
)

// newFuzzed is a service with one client, whose key is Visa's too.
func newFuzzed(f *testing.F) *Service {
	f.Helper()
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		f.Fatal(err)
	}
	r, err := register.Open(register.Config{Dir: f.TempDir(), Rand: rand.Reader, Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = r.Close() })
	s, err := New(Config{
		Register: r,
		Clients: func() []Client {
			return []Client{{APIKey: "key", Secret: []byte("secret"), BIDs: []string{"1"}, Recipient: PublicKey{"k", &key.PublicKey}}}
		},
		Keys:   func() []Decrypter { return []Decrypter{{"k", key}} },
		Faults: faults.New(map[string][]string{SchemeName: Calls()}), Rand: rand.Reader, Now: time.Now,
	})
	if err != nil {
		f.Fatal(err)
	}
	return s
}

func newRequest(c call, body string) *request {
	return &request{Checklist: sim.NewChecklist(checksOf(c)), http: httptest.NewRequest(http.MethodPost, "/", nil), call: c, body: []byte(body)}
}

// Nobody gets in whose token was not made with the secret, whatever path, header and body.
func FuzzUnsignedRequest(f *testing.F) {
	s := newFuzzed(f)
	f.Add("/visaIdCredential/v1/getData?apiKey=key", "xv2:1700000000:00", `{"encData":"a.b.c.d.e"}`)
	f.Add("/visaIdCredential/v1/requestStatus/x?apikey=key", "xv2:4102444800:"+strings.Repeat("0", 64), "")
	f.Fuzz(func(t *testing.T, target, payToken, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RequestURI = target
		_, r.URL.RawQuery, _ = strings.Cut(target, "?")
		r.Header["X-Pay-Token"] = []string{payToken}
		c, _, ok := callOf(r)
		if !ok {
			return
		}
		in := newRequest(c, body)
		in.http = r
		if f := s.authenticate(in); f == nil || f.status != http.StatusUnauthorized {
			t.Error("a request without the secret is let in")
		}
	})
}

// What opens is what was sealed with the key; nothing else does.
func FuzzEncData(f *testing.F) {
	s := newFuzzed(f)
	c := calls[callGetData]
	in := newRequest(c, "")
	in.clients = s.c.Clients()
	sealed, err := s.seal(in, []byte(`{"sealed":true}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"encData":"` + sealed + `"}`)
	f.Add(`{"encData":"e30.e30.e30.e30.e30"}`)
	f.Add(`{"encData":"eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMTI4R0NNIiwia2lkIjoiayIsImlhdCI6MTc5NTYwODAwMDAwMH0.AA.AA.AA.AA"}`)
	f.Fuzz(func(t *testing.T, body string) {
		in := newRequest(c, body)
		in.clients = s.c.Clients()
		in.http.Header["Keyid"] = []string{"k"}
		plain, refused := s.open(in)
		if refused != nil && in.Verdict().FirstFault == nil {
			t.Error("a refusal without a fault")
		}
		if refused == nil && (string(plain) != `{"sealed":true}` || !strings.Contains(body, sealed)) {
			t.Errorf("opens to %q", plain)
		}
	})
}

// What is taken keeps the limits.
func FuzzEnrolment(f *testing.F) {
	s := newFuzzed(f)
	f.Add([]byte(`{"products":[{"productCode":"CLICK_TO_PAY"}],"consumerInformation":{"externalConsumerID":"1","externalConsumerIDOwnerBID":"1","firstName":"A","lastName":"B","emails":["a@b.c"],"countryCode":"USA","locale":"en_US"},"paymentInstruments":[{"type":"CARD","accountNumber":"4111111145551142","nameOnCard":"A B","expirationDate":"2099-01","billingAddress":{"addressLine1":"1","city":"C","country":"USA"}}]}`))
	f.Add([]byte(`{"intent":{"type":"PRODUCT_CODE","value":"ALIAS_DIRECTORY"},"consumerInformation":{"phones":[null,"+1"],"consent":{},"nationalIdentifiers":[{}]},"paymentInstruments":[null,{"accountNumber":"5"}]}`))
	c := calls[string(register.Enrol)]
	f.Fuzz(func(t *testing.T, contents []byte) {
		o, fault := sim.ReadObject(contents)
		if fault != nil {
			return
		}
		in := newRequest(c, "")
		in.clients, in.contents = s.c.Clients(), o
		r, consumer, name, isOurs := s.begin(in)
		change, err := s.cards(texts{r, o, ""}, true)
		if err != nil {
			t.Fatal(err)
		}
		if consumer.object != nil {
			change.Person = s.person(consumer)
		}
		if refused := s.admit(r, name, isOurs); refused != nil {
			if in.Verdict().Accepted || refused.status < 400 {
				t.Error("a refusal without a fault")
			}
			return
		}
		p := change.Person
		isRight := utf8.RuneCountInString(p.FirstName+p.LastName) <= 70 && len(p.CountryCode) == 3 && len(p.Emails)+len(p.Phones) > 0 && name.OwnerBID == "1" && len(change.Cards) > 0
		for _, card := range change.Cards {
			isRight = isRight && strings.Contains(card.AccountNumber, "*") && !strings.ContainsAny(card.BillingAddress.City+card.BillingAddress.AddressLine1, forbidden)
		}
		if !isRight {
			t.Errorf("taken: %+v", change)
		}
	})
}
