package clicktopay_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// checkFuzzed: whatever came back, the error is of the vocabulary and shows no number.
func checkFuzzed(t *testing.T, err error) {
	t.Helper()
	if err != nil && (walletport.CodeOf(err) == walletport.CodeInternal || walletport.ContainsPAN(err.Error())) {
		t.Errorf("error %v", err)
	}
	for _, f := range scheme.FaultsOf(err) {
		if f.Message == "" || walletport.ContainsPAN(f.Code+" "+f.Field) {
			t.Errorf("fault %+v", f)
		}
	}
}

// fuzzed is an answer in clear, or as Visa sends it.
func fuzzed(t *testing.T, status int, contentType, body string, isSealed bool) scheme.Answer {
	if isSealed {
		body = sealedBy(t, testPairs().issuer, "issuer-mle-1", body)
	}
	return scheme.Answer{Status: status, ContentType: contentType, Body: []byte(body)}
}

func FuzzReadTaken(f *testing.F) {
	c := command(f, enrolment(scheme.EnrolConsumer))
	for _, failure := range failures(f) {
		if len(failure.answer.Body) < 1000 {
			f.Add(failure.answer.Status, failure.answer.ContentType, string(failure.answer.Body), false)
		}
	}
	f.Add(202, "application/json", `{"requestTraceId":"`+testTrace+`"}`, true)
	f.Add(400, "", refusal("VIDC-2000"), true)
	f.Add(400, "", `{"errorDetails":[{"reason":7,"details":{"reason":"VIDC-1"}}],"responseStatus":{"status":200}}`, true)
	f.Fuzz(func(t *testing.T, status int, contentType, body string, isSealed bool) {
		o := c.Read(fuzzed(t, status, contentType, body, isSealed))
		if done := o.Effect == scheme.Done; done != (o.Err == nil) || done != (o.Reference != "") || done && (status < 200 || status > 299 || !isSealed) {
			t.Errorf("status %d, sealed %t: outcome %+v", status, isSealed, o)
		}
		checkFuzzed(t, o.Err)
	})
}

func FuzzReadResult(f *testing.F) {
	q := resultQuery(f)
	f.Add(200, `{"status":"COMPLETED","details":[{"status":"SUCCESS"}]}`, true)
	f.Add(200, `{"status":"COMPLETED","details":{"status":"FAILED","errorDetails":{"reason":"VIDC-7000","field":"a"}}}`, true)
	f.Add(400, refusal("VIDC-1001"), false)
	f.Fuzz(func(t *testing.T, status int, body string, isSealed bool) {
		r, err := q.Read(fuzzed(t, status, "", body, isSealed))
		if (err == nil) != (r.State != "") || r.State == scheme.EnrolmentSucceeded && (len(r.Faults) > 0 || !isSealed) {
			t.Errorf("%+v, %v", r, err)
		}
		checkFuzzed(t, err)
	})
}

func FuzzReadEnrolled(f *testing.F) {
	q := enrolledQuery(f)
	for _, name := range []string{"getdata.json", "getdata-intent.json"} {
		f.Add(200, sample(f, name), true)
	}
	f.Add(200, `{"data":[{"reason":"VIDC-2001"}]}`, true)
	f.Add(200, `{"data":[{"consumerInformation":{"emails":[1,null,"\u0041"]},"paymentInstruments":[{"accountNumber":"4111111111111111"}]}]}`, true)
	f.Fuzz(func(t *testing.T, status int, body string, isSealed bool) {
		e, err := q.Read(fuzzed(t, status, "", body, isSealed))
		if err != nil && e.IsEnrolled || e.IsEnrolled && !isSealed {
			t.Errorf("%+v, %v", e, err)
		}
		for _, c := range e.Cards {
			if len(c.FirstDigits) > 8 || len(c.LastFour) != 4 {
				t.Errorf("card %q %q", c.FirstDigits, c.LastFour)
			}
		}
		checkFuzzed(t, err)
	})
}

// FuzzConsumer: what the rules pass makes a message that is JSON, says what was given, and
// fits its room.
func FuzzConsumer(f *testing.F) {
	f.Add("Alexandria", "canary@example.com", "358405550199", "en_US", "FIN", "1000 Marketsquare", "00990")
	f.Add(`"\`, "a@b.co", "16504005555", "", "USA", `ö\'`, "")
	f.Add("\u2028", "a@b", "+1", "e", "us", "”", "1234567890")
	m := newMessages(f, nil)
	f.Fuzz(func(t *testing.T, name, email, phone, locale, country, line, code string) {
		e := enrolment(scheme.EnrolConsumer)
		e.Consumer = scheme.Consumer{FirstName: private(name), LastName: private(name), Emails: privates(email), Phones: privates(phone), Locale: locale, Country: country}
		e.Cards[0].Name, e.Cards[0].Address.Line1, e.Cards[0].Address.PostalCode = private(name), private(line), private(code)
		if err := m.CheckEnrolment(e, testNow); err != nil {
			if walletport.CodeOf(err) != walletport.CodeInvalid {
				t.Errorf("error %v", err)
			}
			return
		}
		c, err := m.ChangeEnrolment(input(e))
		must(t, err)
		r, err := c.Request(time.Unix(1, 0), nil)
		must(t, err)
		var said struct {
			ConsumerInformation struct {
				FirstName      string
				Emails, Phones []string
			}
			PaymentInstruments []struct {
				BillingAddress struct{ AddressLine1 string }
			}
		}
		must(t, json.Unmarshal([]byte(opened(t, r.Body)), &said))
		if p := said.ConsumerInformation; p.FirstName != name || p.Emails[0] != email || p.Phones[0] != phone || said.PaymentInstruments[0].BillingAddress.AddressLine1 != line {
			t.Errorf("the message says %+v", said)
		}
	})
}
