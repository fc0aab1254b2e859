package clicktopay_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts/clicktopay"
)

const (
	htmlPage = "<html><body>gateway of canary@example.com</body></html>"
	// refusalText repeats what was sent in each of its texts.
	refusalText = `{"reason":"%s","message":"canary@example.com of Alexandria is wrong","details":[{"reason":"Millerova","location":"consumerInformation.externalConsumerID"}]}`
)

func refusal(code string) string { return fmt.Sprintf(refusalText, code) }

func payTokenRefusal(code string) scheme.Answer {
	return inClear(401, `{"responseStatus":{"status":401,"code":"`+code+`","severity":"ERROR","message":"Token Validation Failed for canary@example.com","info":""}}`)
}

func as(contentType string, a scheme.Answer) scheme.Answer {
	a.ContentType = contentType
	return a
}

type failing struct {
	name   string
	answer scheme.Answer
	effect scheme.Effect
	reason string
	kind   scheme.FaultKind // of the first fault; empty: there is none
	cause  string           // what operators read, among others
}

// failures are what may come back instead of a success, to any of the calls.
func failures(t testing.TB) []failing {
	sealed := func(status int, text string) scheme.Answer { return answer(t, status, text) }
	all := []failing{
		{"x-pay-token of another environment", payTokenRefusal("9201"), scheme.Refused, "scheme_access_refused", scheme.FaultAccess, "HTTP 401: 9201"},
		{"x-pay-token does not match", payTokenRefusal("9159"), scheme.Refused, "scheme_access_refused", scheme.FaultAccess, "9159"},
		{"x-pay-token is too old", payTokenRefusal("9121"), scheme.Refused, "scheme_signature_spent", scheme.FaultAccess, "9121"},
		{"401 of a gateway", as("text/html", inClear(401, htmlPage)), scheme.Refused, "scheme_access_refused", "", "HTTP 401"},
		{"403", inClear(403, ""), scheme.Refused, "scheme_access_refused", "", "HTTP 403"},
		{"a refusal in clear", inClear(400, refusal("VIDC-1000")), scheme.Refused, "scheme_request_refused", scheme.FaultInvalid, "VIDC-1000 at consumerInformation.externalConsumerID"},
		{"an unknown code", sealed(400, refusal("VIDC-9999")), scheme.Refused, "scheme_request_refused", scheme.FaultInvalid, "HTTP 400: VIDC-9999"},
		{"a reason that is a sentence", sealed(400, `{"reason":"of Alexandria","message":"x"}`), scheme.Refused, "scheme_request_refused", scheme.FaultInvalid, "HTTP 400: invalid"},
		{"a refusal by a code, as 200", sealed(200, refusal("VIDC-3000")), scheme.Refused, "scheme_busy", scheme.FaultBusy, "HTTP 200: VIDC-3000"},
		{"409 without a body", inClear(409, ""), scheme.Refused, "scheme_busy", "", "HTTP 409"},
		{"422", sealed(422, `{"message":"not for this product"}`), scheme.Refused, "scheme_unsupported", "", "HTTP 422"},
		{"404 of a gateway", as("text/html", inClear(404, htmlPage)), scheme.Refused, "scheme_request_refused", "", "HTTP 404"},
		{"400 encrypted to another", inClear(400, sealedBy(t, testPairs().visa, "x", refusal("VIDC-2004"))), scheme.Refused, "scheme_request_refused", "", "HTTP 400"},
		{"400 cut in the middle", inClear(400, `{"reason":"VIDC-20`), scheme.Refused, "scheme_request_refused", "", "HTTP 400"},
		{"408", inClear(408, ""), scheme.Unknown, "scheme_unavailable", "", "HTTP 408"},
		{"429", scheme.Answer{Status: 429, RetryAfter: 7 * time.Second}, scheme.Refused, "scheme_rate_limited", "", "HTTP 429"},
		{"429 with a code", sealed(429, refusal("VIDC-5000")), scheme.Refused, "scheme_rate_limited", scheme.FaultSchemeFailed, "VIDC-5000"},
		{"500", sealed(500, refusal("VIDC-5000")), scheme.Unknown, "scheme_unavailable", scheme.FaultSchemeFailed, "HTTP 500: VIDC-5000"},
		{"internal, as 400", sealed(400, refusal("VIDC-5000")), scheme.Unknown, "scheme_unavailable", scheme.FaultSchemeFailed, "VIDC-5000"},
		{"a refusal beside a failure of its own", sealed(400, `{"reason":"VIDC-2004","details":[{"reason":"VIDC-2004"},{"reason":"VIDC-5000"}]}`), scheme.Unknown, "scheme_unavailable", scheme.FaultCardEnrolled, "VIDC-2004, VIDC-5000"},
		{"500 that names a refusal", sealed(500, refusal("VIDC-2004")), scheme.Unknown, "scheme_unavailable", scheme.FaultCardEnrolled, "VIDC-2004"},
		{"503 of a gateway", as("text/html", scheme.Answer{Status: 503, RetryAfter: 7 * time.Second, Body: []byte(htmlPage)}), scheme.Unknown, "scheme_unavailable", "", "HTTP 503"},
		{"200 in clear", inClear(200, `{"requestTraceId":"`+testTrace+`","status":"COMPLETED","details":[{"status":"SUCCESS"}],"data":[]}`), scheme.Unknown, "scheme_answer_unreadable", "", "it came in clear"},
		{"200 by the wrong key", inClear(200, sealedBy(t, testPairs().visa, "issuer-mle-9", `{}`)), scheme.Unknown, "scheme_answer_unreadable", "", "kid issuer-mle-9"},
		{"200 by the wrong key under a card number", inClear(200, sealedBy(t, testPairs().visa, otherPAN, `{}`)), scheme.Unknown, "scheme_answer_unreadable", "", "kid (none that can be shown)"},
		{"200 with rubbish for encData", inClear(200, `{"encData":"a.b.c.d.e"}`), scheme.Unknown, "scheme_answer_unreadable", "", "no JWE"},
		{"200 with another form of encData", inClear(200, `{"encData":{"canary@example.com":1}}`), scheme.Unknown, "scheme_answer_unreadable", "", "no text"},
		{"200 of sealed rubbish", sealed(200, `["canary@example.com"]`), scheme.Unknown, "scheme_answer_unreadable", "", "another form"},
		{"200 of a sealed cut", sealed(200, `{"status":"canary@example.com`), scheme.Unknown, "scheme_answer_unreadable", "", "another form"},
		{"200 of nothing", sealed(200, `{}`), scheme.Unknown, "scheme_answer_unreadable", "", "HTTP 200"},
		{"200 with a page", as("text/html", inClear(200, htmlPage)), scheme.Unknown, "scheme_answer_unreadable", "", "no JSON object"},
		{"200 with an error in another form", sealed(200, `{"errorResponse":"canary@example.com"}`), scheme.Unknown, "scheme_answer_unreadable", scheme.FaultUnknown, "HTTP 200: unknown"},
		{"200 of 2 MB", inClear(200, `{"encData":"`+strings.Repeat("A", 2<<20)+`"}`), scheme.Unknown, "scheme_answer_unreadable", "", "too long"},
		{"302", inClear(302, ""), scheme.Unknown, "scheme_answer_unreadable", "", "HTTP 302"},
		{"no status", scheme.Answer{}, scheme.Unknown, "scheme_answer_unreadable", "", "HTTP 0"},
	}
	for code, want := range map[string]string{
		"VIDC-1002": "scheme_request_refused", "VIDC-1003": "scheme_request_refused", "VIDC-2000": "scheme_refused", "VIDC-2002": "scheme_refused",
		"VIDC-2003": "scheme_refused", "VIDC-2004": "scheme_refused", "VIDC-2005": "scheme_refused", "VIDC-2006": "scheme_refused",
		"VIDC-2007": "scheme_unsupported", "VIDC-2008": "scheme_refused", "VIDC-3000": "scheme_busy", "VIDC-7000": "scheme_refused",
	} {
		all = append(all, failing{code, sealed(400, refusal(code)), scheme.Refused, want, clicktopay.KindOf(code), "HTTP 400: " + code})
	}
	return all
}

func TestFailuresAreClassified(t *testing.T) {
	change, enrolled, result := command(t, enrolment(scheme.EnrolConsumer)), enrolledQuery(t), resultQuery(t)
	for _, c := range failures(t) {
		t.Run(c.name, func(t *testing.T) {
			outcome := change.Read(c.answer)
			_, ofEnrolled := enrolled.Read(c.answer)
			_, ofResult := result.Read(c.answer)
			wait := c.answer.RetryAfter
			if c.reason == "scheme_signature_spent" {
				wait = time.Second
			}
			if outcome.Effect != c.effect || outcome.RetryAfter != wait || outcome.Reference != "" {
				t.Errorf("outcome %+v, want effect %d, retry after %v", outcome, c.effect, wait)
			}
			for call, err := range map[string]error{"enrollData": outcome.Err, "getData": ofEnrolled, "requestStatus": ofResult} {
				if walletport.ReasonOf(err) != c.reason || !strings.Contains(err.Error(), c.cause) {
					t.Errorf("%s: error %v, want %s with %q", call, err, c.reason, c.cause)
				}
				checkNoCanary(t, err)
				faults := scheme.FaultsOf(err)
				if len(faults) == 0 != (c.kind == "") || len(faults) > 0 && faults[0].Kind != c.kind {
					t.Errorf("%s: faults %+v, want %q", call, faults, c.kind)
				}
			}
		})
	}
}

// TestRefusalsAtOnceTellWhere: what Visa wrote is there for whoever may read it, and prints
// as nothing.
func TestRefusalsAtOnceTellWhere(t *testing.T) {
	o := command(t, enrolment(scheme.EnrolConsumer)).Read(answer(t, 400, `{"reason":"VIDC-1001","message":"Invalid","details":[
		{"location":"consumerInformation.emails[0]","reason":"VIDC-1002","message":"canary@example.com is too long"},
		{"field":"paymentInstruments[0].nameOnCard","reason":"Alexandria"}, {"location":"the field 4111111111111111"}]}`))
	faults := scheme.FaultsOf(o.Err)
	text := ""
	for _, f := range faults {
		text += fmt.Sprintf("%s %s %s: %s (%s)\n", f.Kind, f.Code, f.Field, f.Message, f.Text.Reveal())
	}
	want := `invalid VIDC-1002 consumerInformation.emails[0]: Visa found a value missing or wrong (canary@example.com is too long)
invalid VIDC-1001 paymentInstruments[0].nameOnCard: Visa found a value missing or wrong (Alexandria)
invalid VIDC-1001 : Visa found a value missing or wrong ()
`
	if text != want {
		t.Errorf("faults:\n%swant:\n%s", text, want)
	}
	checkNoCanary(t, o.Err)
	if printed := fmt.Sprintf("%+v", faults); strings.Contains(printed, "canary") {
		t.Errorf("faults print as %s", printed)
	}
}

func TestTakenAnswers(t *testing.T) {
	change := command(t, enrolment(scheme.DeleteConsumer))
	for trace, isTaken := range map[string]bool{
		testTrace: true, "351562ba-83cf-11ee-b962-0242ac120002": true, "7": true, "Q~1:2/3": true,
		"": false, strings.Repeat("a", 37): false, "a b": false, "ä": false, "..": false, otherPAN: false,
	} {
		text, err := json.Marshal(map[string]string{"requestTraceId": trace})
		must(t, err)
		o := change.Read(answer(t, 202, string(text)))
		if isTaken != (o.Effect == scheme.Done && o.Reference == trace && o.Err == nil) || !isTaken && walletport.ReasonOf(o.Err) != "scheme_answer_unreadable" {
			t.Errorf("trace id %q: %+v", trace, o)
		}
	}
	for name, body := range map[string]string{"under the other key's name": sealedBy(t, testPairs().issuer, "issuer-mle-2", `{"requestTraceId":"x"}`), "without a key's name": sealedBy(t, testPairs().another, "", `{"requestTraceId":"x"}`)} {
		if o := change.Read(inClear(202, body)); o.Effect != scheme.Done {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestEnrolledGolden(t *testing.T) {
	for _, name := range []string{"getdata.json", "getdata-intent.json"} {
		t.Run(name, func(t *testing.T) {
			e, err := enrolledQuery(t).Read(answer(t, 200, sample(t, name)))
			must(t, err)
			if printed := fmt.Sprintf("%+v %#v", e, e); strings.Contains(printed, "Alexandria") || strings.Contains(printed, "358405550199") {
				t.Errorf("personal data prints: %s", printed)
			}
			checkGolden(t, "read-"+name+".txt", revealed(e))
			e.Wipe()
			if rest := revealed(e); strings.Contains(rest, "Alexandria") || strings.Contains(rest, "358405550199") {
				t.Errorf("after Wipe: %s", rest)
			}
		})
	}
}

// revealed shows all that was read.
func revealed(e scheme.Enrolled) string {
	texts := func(all ...walletport.Private) (text string) {
		for _, p := range all {
			text += fmt.Sprintf(" %q", p.Reveal())
		}
		return text
	}
	c := e.Consumer
	text := fmt.Sprintf("enrolled %t, %s, inactive %t, %s %s\n", e.IsEnrolled, e.Status, c.Inactive, c.Locale, c.Country)
	text += "names" + texts(c.FirstName, c.MiddleName, c.LastName) + "\nemails" + texts(c.Emails...) + "\nphones" + texts(c.Phones...)
	for _, card := range e.Cards {
		a := card.Address
		text += fmt.Sprintf("\ncard %q...%q %s, %+v, token %+v, %q %q\n ", card.FirstDigits, card.LastFour, card.Status, card.Expiry, card.Token, card.PANReference, card.AccountRef)
		text += texts(card.Name, a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode) + " " + a.Country
	}
	return text
}

// TestStandingOfACard: what Visa says of a card that cannot be paid with, and of one that was
// deleted and is still shown.
func TestStandingOfACard(t *testing.T) {
	type standing struct {
		Status            string
		Inactive, Deleted bool
	}
	for _, want := range []standing{
		{"ACTIVE", false, false}, {"SUSPENDED", true, false}, {"DELETED", true, true}, {"active", true, false}, {"", true, false},
	} {
		t.Run(want.Status, func(t *testing.T) {
			shown := strings.ReplaceAll(sample(t, "getdata.json"), `"status":"ACTIVE"`, `"status":"`+want.Status+`"`)
			has, err := enrolledQuery(t).Read(answer(t, 200, shown))
			must(t, err)
			for _, card := range has.Cards {
				if got := (standing{card.Status, card.Inactive, card.Deleted}); got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
			}
			if len(has.Cards) == 0 {
				t.Error("no card")
			}
		})
	}
}

// TestFaultKind: what is none of Visa's codes, as a reason of ours, is unknown.
func TestFaultKind(t *testing.T) {
	messages := newMessages(t, nil)
	for code, want := range map[string]scheme.FaultKind{
		"VIDC-2000": scheme.FaultConsumerEnrolled, "VIDC-7000": scheme.FaultDeclined, "VIDC-9999": scheme.FaultUnknown, "customer_opted_out": scheme.FaultUnknown, "": scheme.FaultUnknown,
	} {
		if got := messages.FaultKind(code); got != want {
			t.Errorf("%q: %s, want %s", code, got, want)
		}
	}
}

func TestNotEnrolled(t *testing.T) {
	const item = `"consumerInformation":{"externalConsumerID":"63421837-d597-4f0f-89e4-930c1a7b9e85"}`
	for name, a := range map[string]scheme.Answer{
		"by a refusal":              answer(t, 400, refusal("VIDC-2001")),
		"by an item":                answer(t, 200, `{"data":[{"products":[{"productCode":"CLICK_TO_PAY"}],`+item+`,"errorDetails":[{"field":"x","reason":"VIDC-2001","message":"m"}]}]}`),
		"by an item with a reason":  answer(t, 200, `{"data":[{"reason":"VIDC-2001","message":"Consumer not enrolled"}]}`),
		"no item":                   answer(t, 200, `{"data":[]}`),
		"another product's alone":   answer(t, 200, `{"data":[{"intent":{"type":"PRODUCT_CODE","value":"ALIAS_DIRECTORY"},`+item+`}]}`),
		"another product's, newer":  answer(t, 200, `{"data":[{"products":[{"productCode":"ALIAS_DIRECTORY"}],`+item+`}]}`),
		"another product's, as old": answer(t, 200, `{"data":[{"products":["ALIAS_DIRECTORY"],`+item+`}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := enrolledQuery(t).Read(a); err != nil || e.IsEnrolled {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
}

// TestItemsThatFailAreNoAnswer: HTTP 200 does not mean that everything is there.
func TestItemsThatFailAreNoAnswer(t *testing.T) {
	good := strings.TrimSpace(sample(t, "getdata.json"))
	item := strings.TrimSuffix(strings.TrimPrefix(good, `{"data":[`), `]}`)
	for name, c := range map[string]struct{ body, reason string }{
		"no data":              {`{"data":null}`, "scheme_answer_unreadable"},
		"another form":         {`{"data":{}}`, "scheme_answer_unreadable"},
		"an item of text":      {`{"data":["Alexandria"]}`, "scheme_answer_unreadable"},
		"two items":            {`{"data":[` + item + `,` + item + `]}`, "scheme_answer_unreadable"},
		"of another consumer":  {strings.Replace(good, "63421837", "63421838", 1), "scheme_answer_unreadable"},
		"of another BID":       {strings.Replace(good, "10098765", "10098766", 1), "scheme_answer_unreadable"},
		"no consumer":          {`{"data":[{"paymentInstruments":[]}]}`, "scheme_answer_unreadable"},
		"failed without words": {strings.Replace(good, `{"products"`, `{"status":"FAILED","products"`, 1), "scheme_answer_unreadable"},
		"a card of no number":  {strings.Replace(good, "411111******1142", "****", 1), "scheme_answer_unreadable"},
		"a number as number":   {strings.Replace(good, `"411111******1142"`, testPAN, 1), "scheme_answer_unreadable"},
		"a name of objects":    {strings.Replace(good, `"Alexandria"`, `{"Alexandria":1}`, 1), "scheme_answer_unreadable"},
		"internal":             {strings.Replace(good, `{"products"`, `{"errorDetails":[{"reason":"VIDC-5000","message":"canary@example.com"}],"products"`, 1), "scheme_unavailable"},
		"not entitled":         {strings.Replace(good, `{"products"`, `{"errors":[{"reason":"VIDC-2002"}],"products"`, 1), "scheme_refused"},
		"an unknown reason":    {strings.Replace(good, `{"products"`, `{"errorDetails":{"reason":"PARTIAL"},"products"`, 1), "scheme_answer_unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := enrolledQuery(t).Read(answer(t, 200, c.body))
			if walletport.ReasonOf(err) != c.reason || e.IsEnrolled {
				t.Errorf("%+v, error %v, want %s", e, err, c.reason)
			}
			checkNoCanary(t, err)
		})
	}
}

func TestResults(t *testing.T) {
	const ours = `"products":[{"productCode":"CLICK_TO_PAY"}],`
	declined := `"errorDetails":[{"field":"paymentInstruments[0].accountNumber","reason":"VIDC-7000","message":"of canary@example.com"}]`
	for name, c := range map[string]struct {
		body  string
		state scheme.EnrolmentState
		codes string
	}{
		"in progress":                   {`{"status":"IN_PROGRESS"}`, scheme.EnrolmentRuns, ""},
		"in progress, with details":     {`{"status":"IN_PROGRESS","details":[{"status":"SUCCESS"}]}`, scheme.EnrolmentRuns, ""},
		"success":                       {`{"status":"COMPLETED","details":[{` + ours + `"status":"SUCCESS","errorDetails":[]}]}`, scheme.EnrolmentSucceeded, ""},
		"success, one object":           {`{"status":"COMPLETED","details":{"status":"SUCCESS"}}`, scheme.EnrolmentSucceeded, ""},
		"success, in the older form":    {`{"status":"COMPLETED","details":[{"intent":{"type":"PRODUCT_CODE","value":"CLICK_TO_PAY"},"status":"SUCCESS"}]}`, scheme.EnrolmentSucceeded, ""},
		"failed":                        {`{"status":"COMPLETED","details":[{` + ours + `"status":"FAILED",` + declined + `}]}`, scheme.EnrolmentFailed, "declined VIDC-7000 paymentInstruments[0].accountNumber"},
		"failed with a reason of words": {`{"status":"COMPLETED","details":[{"status":"FAILED","errorDetails":[{"reason":"Tokenization declined"}]}]}`, scheme.EnrolmentFailed, "unknown  "},
		"failed without a reason":       {`{"status":"COMPLETED","details":[{"status":"FAILED"}]}`, scheme.EnrolmentFailed, ""},
		"no details":                    {`{"status":"COMPLETED"}`, scheme.EnrolmentUnclear, ""},
		"empty details":                 {`{"status":"COMPLETED","details":[]}`, scheme.EnrolmentUnclear, ""},
		"details that disagree":         {`{"status":"COMPLETED","details":[{"status":"SUCCESS"},{"status":"FAILED",` + declined + `}]}`, scheme.EnrolmentUnclear, "declined VIDC-7000 paymentInstruments[0].accountNumber"},
		"a success with a fault":        {`{"status":"COMPLETED","details":[{"status":"SUCCESS",` + declined + `}]}`, scheme.EnrolmentUnclear, "declined VIDC-7000 paymentInstruments[0].accountNumber"},
		"a success and a word":          {`{"status":"COMPLETED","details":[{"status":"SUCCESS"},{"status":"PARTIAL"}]}`, scheme.EnrolmentUnclear, ""},
		"a word of its own":             {`{"status":"COMPLETED","details":[{"status":"PARTIAL"}]}`, scheme.EnrolmentUnclear, ""},
		"details of another form":       {`{"status":"COMPLETED","details":["SUCCESS"]}`, scheme.EnrolmentUnclear, ""},
		"another product's alone":       {`{"status":"COMPLETED","details":[{"intent":{"value":"ALIAS_DIRECTORY"},"status":"SUCCESS"}]}`, scheme.EnrolmentUnclear, ""},
		"another product failed":        {`{"status":"COMPLETED","details":[{"intent":{"value":"ALIAS_DIRECTORY"},"status":"FAILED"},{` + ours + `"status":"SUCCESS"}]}`, scheme.EnrolmentSucceeded, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := resultQuery(t).Read(answer(t, 200, c.body))
			must(t, err)
			codes := ""
			for _, f := range r.Faults {
				codes += fmt.Sprintf("%s %s %s", f.Kind, f.Code, f.Field)
			}
			if r.State != c.state || codes != c.codes {
				t.Errorf("%+v, want %s %q", r, c.state, c.codes)
			}
		})
	}
	for name, a := range map[string]scheme.Answer{
		"VIDC-1001": answer(t, 400, refusal("VIDC-1001")), "404 of Visa's": answer(t, 404, refusal("VIDC-9000")),
	} {
		if _, err := resultQuery(t).Read(a); walletport.CodeOf(err) != walletport.CodeNotFound || walletport.ReasonOf(err) != "request_not_at_scheme" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]string{
		"another consumer's": `{"status":"COMPLETED","consumerInformation":{"externalConsumerID":"x"},"details":[{"status":"SUCCESS"}]}`,
		"no status":          `{"details":[{"status":"SUCCESS"}]}`, "a status of its own": `{"status":"DONE"}`, "a status of objects": `{"status":{}}`,
	} {
		if r, err := resultQuery(t).Read(answer(t, 200, body)); walletport.ReasonOf(err) != "scheme_answer_unreadable" || r.State != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestEveryCodeHasAMessage(t *testing.T) {
	for _, code := range clicktopay.Codes() {
		if clicktopay.MessageOf(code) == "" {
			t.Errorf("%s has no message", code)
		}
	}
}
