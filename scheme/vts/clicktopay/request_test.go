package clicktopay_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/scheme/vts/clicktopay"
)

// payToken is the header over what is signed, of testNow.
func payToken(signed string) string {
	return "xv2:1700000000:" + hex.EncodeToString(textKey(testSecret).Sum([]byte("1700000000"+signed)))
}

// written shows a request as it is sent. In place of what is another each time stands what
// it opens to, and what the signature is over.
func written(t *testing.T, r scheme.Request) string {
	t.Helper()
	text := r.Method + " " + r.URL + "\n"
	for _, field := range slices.Sorted(maps.Keys(r.Header)) {
		value := r.Header[field]
		if field == vts.PayTokenHeader {
			path := strings.TrimPrefix(r.URL, "https://sandbox.api.visa.example/visaIdCredential/")
			path, query, _ := strings.Cut(path, "?")
			if value != payToken(path+query+string(r.Body)) {
				t.Errorf("x-pay-token %s is not over %s", value, path)
			}
			value = "(over " + path + ")"
		}
		text += field + ": " + value + "\n"
	}
	if r.Body == nil {
		return text
	}
	return text + "\n" + opened(t, r.Body)
}

func TestRequestGolden(t *testing.T) {
	requests := map[string]func(time.Time) (scheme.Request, error){
		"getData": func(now time.Time) (scheme.Request, error) { return enrolledQuery(t).Request(now, rand.Reader) },
		"requestStatus": func(now time.Time) (scheme.Request, error) {
			return resultQuery(t).Request(now, rand.Reader)
		},
	}
	for _, action := range scheme.EnrolmentActions() {
		e := enrolment(action)
		if action == scheme.ReplaceConsumer {
			e.Consumer.Inactive = true
			e.Consumer.Consent = &scheme.Consent{Version: "1.0", Presenter: "Acme Bank", At: testNow}
		}
		requests[string(action)] = func(now time.Time) (scheme.Request, error) { return command(t, e).Request(now, rand.Reader) }
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			r, err := request(testNow)
			must(t, err)
			checkGolden(t, "request-"+name+".txt", written(t, r))
		})
	}
}

func TestProfileIsObeyed(t *testing.T) {
	for _, c := range []struct {
		name   string
		edit   func(*clicktopay.Profile)
		action scheme.EnrolmentAction
		want   string // in the message
	}{
		{"intent", func(p *clicktopay.Profile) { p.ProductForm = clicktopay.Intent }, scheme.DeleteConsumer, `{"intent":{"type":"PRODUCT_CODE","value":"CLICK_TO_PAY"},"consumerInformation":`},
		{"another member", func(p *clicktopay.Profile) { p.ProductMember = "product" }, scheme.DeleteConsumer, `{"products":[{"product":"CLICK_TO_PAY"}],`},
		{"an object of cards", func(p *clicktopay.Profile) { p.DeletedCards = clicktopay.CardsObject }, scheme.DeleteCards, `"paymentInstruments":{"type":"CARD","accountNumber":"` + testPAN + `"}}`},
		{"an object where cards are added", func(p *clicktopay.Profile) { p.DeletedCards = clicktopay.CardsObject }, scheme.EnrolCards, `"paymentInstruments":[{"type":`},
		{"its words", func(p *clicktopay.Profile) { p.ActiveStatus = "ENABLED" }, scheme.ReplaceConsumer, `,"status":"ENABLED"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, err := newMessages(t, c.edit).ChangeEnrolment(input(enrolment(c.action)))
			must(t, err)
			r, err := made.Request(testNow, nil)
			must(t, err)
			if text := opened(t, r.Body); !strings.Contains(text, c.want) || !json.Valid([]byte(text)) {
				t.Errorf("message %s, want %s", text, c.want)
			}
		})
	}
	t.Run("the whole path is signed, and apiKey", func(t *testing.T) {
		m := newMessages(t, func(p *clicktopay.Profile) { p.ResourcePath, p.APIKeyName = vts.FullPath, "apiKey" })
		made, err := m.ChangeEnrolment(input(enrolment(scheme.DeleteConsumer)))
		must(t, err)
		r, err := made.Request(testNow, nil)
		must(t, err)
		if want := payToken("visaIdCredential/v1/deleteConsumerInformationapiKey=" + testAPIKey + string(r.Body)); r.Header[vts.PayTokenHeader] != want {
			t.Errorf("x-pay-token %s, want %s", r.Header[vts.PayTokenHeader], want)
		}
	})
	t.Run("mutual TLS signs nothing", func(t *testing.T) {
		in := input(enrolment(scheme.DeleteConsumer))
		in.Access.Secret, in.Access.Login = scheme.SharedSecret{}, private("user:password")
		made, err := newMessages(t, func(p *clicktopay.Profile) { p.CallerAuth = clicktopay.ByCertificate }).ChangeEnrolment(in)
		must(t, err)
		r, err := made.Request(testNow, nil)
		must(t, err)
		if r.Header[vts.PayTokenHeader] != "" || strings.Contains(r.URL, "?") || r.Header["Authorization"] != "Basic dXNlcjpwYXNzd29yZA==" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
	})
}

// TestJoseOpensARequest: what Visa gets is read by a library of another language, and what
// that writes is read here.
func TestJoseOpensARequest(t *testing.T) {
	node := oracle.NeedNode(t, "jose")
	r, err := command(t, enrolment(scheme.EnrolConsumer)).Request(testNow, nil)
	must(t, err)
	var sent struct{ EncData string }
	must(t, json.Unmarshal(r.Body, &sent))
	visas, err := x509.MarshalPKCS8PrivateKey(testPairs().visa)
	must(t, err)
	issuers, err := x509.MarshalPKIXPublicKey(&testPairs().issuer.PublicKey)
	must(t, err)
	taken := `{"requestTraceId":"` + testTrace + `"}`
	question, err := json.Marshal(map[string]any{
		"private": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: visas})),
		"public":  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: issuers})),
		"open":    []string{sent.EncData}, "seal": []string{taken},
	})
	must(t, err)
	var said struct {
		Opened []struct {
			Header    map[string]any
			Plaintext string
		}
		Sealed []string
	}
	must(t, json.Unmarshal(node.Run(t, question, filepath.Join(oracle.Dir(t), "mle.mjs")), &said))
	read := said.Opened[0]
	if read.Header["kid"] != "visa-mle-1" || read.Header["kid"] != r.Header["keyId"] || read.Header["iat"] != 1_700_000_000_000.0 || !strings.Contains(read.Plaintext, testPAN) {
		t.Errorf("jose reads %+v", read)
	}
	o := command(t, enrolment(scheme.EnrolConsumer)).Read(inClear(202, `{"encData":"`+said.Sealed[0]+`"}`))
	if o.Effect != scheme.Done || o.Reference != testTrace {
		t.Errorf("outcome of what jose wrote: %+v", o)
	}
}

func TestAQuestionIsSealedAnew(t *testing.T) {
	q := enrolledQuery(t)
	first, err := q.Request(testNow, rand.Reader)
	must(t, err)
	second, err := q.Request(testNow, rand.Reader)
	must(t, err)
	if first.Header[vts.PayTokenHeader] == second.Header[vts.PayTokenHeader] {
		t.Error("two questions of one second have the same signature, which Visa takes once")
	}
	if _, err := q.Request(testNow, strings.NewReader("")); walletport.ReasonOf(err) != "sealing_unavailable" {
		t.Errorf("without randomness: %v", err)
	}
}

// TestMessagesFitTheirRoom: with escapes in every text, and with the most cards.
func TestMessagesFitTheirRoom(t *testing.T) {
	for _, action := range scheme.EnrolmentActions() {
		e := enrolment(action)
		e.Consumer.FirstName, e.Consumer.LastName = private(strings.Repeat(`"`, 35)), private(strings.Repeat(`\`, 35))
		e.Consumer.Consent = &scheme.Consent{Version: strings.Repeat(`"`, 100), Presenter: strings.Repeat(`"`, 100), At: testNow}
		e.ID.External = strings.Repeat("x", 100)
		for range 9 {
			c := testCard(otherPAN)
			c.Name = private(strings.Repeat(`"`, 120))
			c.Address.Line1 = private(strings.Repeat(`\`, 64))
			e.Cards = append(e.Cards, c)
			e.Consumer.Emails = append(e.Consumer.Emails, private(strings.Repeat(`"`, 254)))
			e.Consumer.Phones = append(e.Consumer.Phones, private(strings.Repeat("9", 16)))
		}
		if used, room := clicktopay.BodyRoom(clicktopay.DefaultProfile(), e); used > room {
			t.Errorf("%s: %d bytes in a room of %d", action, used, room)
		}
	}
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	change := func(edit func(*scheme.EnrolmentInput)) error {
		in := input(enrolment(scheme.EnrolConsumer))
		edit(&in)
		_, err := newMessages(t, nil).ChangeEnrolment(in)
		return err
	}
	result := func(trace string) error {
		_, err := newMessages(t, nil).EnrolmentResult(scheme.ResultInput{Access: testAccess(), RequestID: testRequestID, ID: testID, Reference: trace})
		return err
	}
	for _, c := range []struct {
		name   string
		err    error
		code   walletport.Code
		reason string
	}{
		{"no key of Visa's", change(func(in *scheme.EnrolmentInput) { in.Access.Recipient.Public = nil }), walletport.CodeUnavailable, "key_unusable"},
		{"a key without its id", change(func(in *scheme.EnrolmentInput) { in.Access.Recipient.KeyID = "" }), walletport.CodeUnavailable, "key_unusable"},
		{"no shared secret", change(func(in *scheme.EnrolmentInput) { in.Access.Secret.MAC = nil }), walletport.CodeUnavailable, "key_unusable"},
		{"an API key that changes the query", change(func(in *scheme.EnrolmentInput) { in.Access.Secret.KeyID = "a&b=c" }), walletport.CodeUnavailable, "key_unusable"},
		{"no randomness", change(func(in *scheme.EnrolmentInput) { in.Rand = strings.NewReader("") }), walletport.CodeUnavailable, "sealing_unavailable"},
		{"no request id", change(func(in *scheme.EnrolmentInput) { in.RequestID = "" }), walletport.CodeInternal, "internal"},
		{"a request id that is two headers", change(func(in *scheme.EnrolmentInput) { in.RequestID = "a\r\nb: c" }), walletport.CodeInternal, "internal"},
		{"no time", change(func(in *scheme.EnrolmentInput) { in.Now = time.Time{} }), walletport.CodeInternal, "internal"},
		{"an unknown action", change(func(in *scheme.EnrolmentInput) { in.Enrolment.Action = "destroy" }), walletport.CodeInternal, "internal"},
		{"no trace id", result(""), walletport.CodeInvalid, "trace_id_malformed"},
		{"a long trace id", result(strings.Repeat("a", 37)), walletport.CodeInvalid, "trace_id_malformed"},
		{"a trace id of dots", result(".."), walletport.CodeInvalid, "trace_id_malformed"},
		{"a trace id with a space", result("a b"), walletport.CodeInvalid, "trace_id_malformed"},
		{"a card number as trace id", result(testPAN), walletport.CodeInvalid, "trace_id_malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err == nil || walletport.CodeOf(c.err) != c.code || walletport.ReasonOf(c.err) != c.reason {
				t.Errorf("error %v, want %s, %s", c.err, c.code, c.reason)
			}
			checkNoCanary(t, c.err)
		})
	}
}

func TestOddTraceIDsStayInTheirPath(t *testing.T) {
	q, err := newMessages(t, nil).EnrolmentResult(scheme.ResultInput{Access: testAccess(), RequestID: testRequestID, ID: testID, Reference: "A/../B?c#d%"})
	must(t, err)
	r, err := q.Request(testNow, nil)
	must(t, err)
	if !strings.Contains(r.URL, "/v1/requestStatus/A%2F..%2FB%3Fc%23d%25?apikey=") {
		t.Errorf("URL %s", r.URL)
	}
	written(t, r)
}

func TestConfigIsChecked(t *testing.T) {
	for _, base := range []string{"", "api.visa.com", "ftp://api.visa.com", "https://api.visa.com?a=b", "https://u:p@api.visa.com"} {
		if _, err := clicktopay.New(clicktopay.Config{BaseURL: base, Profile: clicktopay.DefaultProfile()}); err == nil {
			t.Errorf("the address %q is taken", base)
		}
	}
	problems := clicktopay.Profile{SettleAfter: -1}.Validate()
	for _, field := range []string{
		"caller_auth", "resource_path", "api_key_name", "content_encryption", "product_form", "product_member",
		"deleted_cards", "active_status", "inactive_status", "lengths", "settle_after",
	} {
		if problems == nil || !strings.Contains(problems.Error(), field+": ") {
			t.Errorf("a profile of zeros has nothing to say of %s: %v", field, problems)
		}
	}
	must(t, clicktopay.DefaultProfile().Validate())
}

func TestTheRecipientsOAEPSealsTheRequest(t *testing.T) {
	in := input(enrolment(scheme.EnrolConsumer))
	in.Access.Recipient.OAEP = brokenOAEP{}
	command, err := newMessages(t, nil).ChangeEnrolment(in)
	if err == nil {
		_, err = command.Request(testNow, rand.Reader)
	}
	if walletport.ReasonOf(err) != "sealing_unavailable" {
		t.Errorf("error %v", err)
	}
}
