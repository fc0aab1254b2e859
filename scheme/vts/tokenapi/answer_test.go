package tokenapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
)

// sample is an answer of testdata/answers, with what is under "sealed" made encryptedData.
func sample(t testing.TB, name string) scheme.Answer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "answers", name))
	must(t, err)
	var members map[string]json.RawMessage
	must(t, json.Unmarshal(text, &members))
	if plain, ok := members["sealed"]; ok {
		delete(members, "sealed")
		encrypted, err := json.Marshal(visaSeals().seal(t, string(plain)))
		must(t, err)
		members["encryptedData"] = encrypted
	}
	body, err := json.Marshal(members)
	must(t, err)
	return answer(200, string(body))
}

func TestAnswerGolden(t *testing.T) {
	for _, name := range []string{"list.json", "list-numbers.json", "list-none.json"} {
		t.Run(name, func(t *testing.T) {
			page, err := listQuery(t).Read(sample(t, name))
			must(t, err)
			text := fmt.Sprintf("next %q", page.Next)
			for _, token := range page.Tokens {
				text += fmt.Sprintf("\n%+v", token)
			}
			checkGolden(t, "read-"+name+".txt", text)
		})
	}
	for _, name := range []string{"details.json", "details-numbers.json", "details-clear.json", "details-sparse.json"} {
		t.Run(name, func(t *testing.T) {
			token, err := detailsQuery(t).Read(sample(t, name))
			must(t, err)
			checkGolden(t, "read-"+name+".txt", fmt.Sprintf("%+v", token))
			if number := string(token.Number.Reveal()); name != "details-sparse.json" && number != testToken {
				t.Errorf("token number %q, want %s", number, testToken)
			}
		})
	}
}

func TestDeviceNamesByProfile(t *testing.T) {
	for _, c := range []struct {
		form      tokenapi.DeviceNames
		sent, got string
	}{
		{tokenapi.NamesInEither, "QWRhJ3MgcGhvbmU=", "Ada's phone"},
		{tokenapi.NamesInEither, "iPhone12", "iPhone12"},
		{tokenapi.NamesInEither, "Ada's phone", "Ada's phone"},
		{tokenapi.NamesInBase64, "QWRhJ3MgcGhvbmU=", "Ada's phone"},
		{tokenapi.NamesInBase64, "Ada's phone", ""},
		{tokenapi.NamesInPlain, "QWRhJ3MgcGhvbmU=", "QWRhJ3MgcGhvbmU="},
		{tokenapi.NamesInPlain, "my 4111 1111 1111 1111", ""},
		{tokenapi.NamesInPlain, "two\nlines", "twolines"},
	} {
		t.Run(string(c.form)+" "+c.sent, func(t *testing.T) {
			m := newMessages(t, func(p *tokenapi.Profile) { p.DeviceNames = c.form })
			q, err := m.Token(scheme.TokenInput{Access: testAccess(), Ref: testRef})
			must(t, err)
			body, err := json.Marshal(map[string]any{"tokenInfo": map[string]any{"tokenStatus": "ACTIVE"}, "deviceInfo": map[string]any{"deviceName": c.sent}})
			must(t, err)
			token, err := q.Read(answer(200, string(body)))
			if err != nil || token.Device.Name != c.got {
				t.Errorf("device name %q (%v), want %q", token.Device.Name, err, c.got)
			}
		})
	}
}

// TestKeysAreFoundByTheirIDs: old and new keys serve side by side, and what is of other
// keys is not believed.
func TestKeysAreFoundByTheirIDs(t *testing.T) {
	k := testPairs()
	for _, c := range []struct {
		name  string
		edit  func(*sealing)
		cause string // "" opens
	}{
		{"as agreed", func(*sealing) {}, ""},
		{"to the issuer's other key", func(s *sealing) { s.reader, s.readerID = k.another, "issuer-enc-2" }, ""},
		{"by Visa's other key", func(s *sealing) { s.signer, s.signerID = k.another, "715EA256" }, ""},
		{"to a renewed key that kept its id", func(s *sealing) { s.reader = k.visaSigns }, ""},
		{"to a key that is not here", func(s *sealing) { s.readerID = "issuer-enc-9" }, "not here: kid issuer-enc-9"},
		{"by a key that is not here", func(s *sealing) { s.signerID = "715EA299" }, "not here: kid 715EA299"},
		{"to another key than it says", func(s *sealing) { s.reader = k.visaOpens }, "does not open"},
		{"by another key than it says", func(s *sealing) { s.signer = k.issuerSigns }, "does not open"},
		{"with a card number as key id", func(s *sealing) { s.readerID = testPAN }, "not here: kid (none that can be shown)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := visaSeals()
			c.edit(&s)
			access := testAccess()
			access.Openers = append(access.Openers, scheme.Opener{Key: k.visaSigns, KeyID: "issuer-enc-1"})
			q, err := newMessages(t, nil).Token(scheme.TokenInput{Access: access, Ref: testRef})
			must(t, err)
			token, err := q.Read(answer(200, `{"encryptedData":"`+s.seal(t, `{"tokenInfo":{"token":"`+testToken+`","tokenStatus":"ACTIVE"}}`)+`"}`))
			switch {
			case c.cause == "":
				if err != nil || string(token.Number.Reveal()) != testToken {
					t.Errorf("token %v, %v", token.Number, err)
				}
			case walletport.ReasonOf(err) != "scheme_answer_unreadable" || !strings.Contains(err.Error(), c.cause):
				t.Errorf("error %v, want %q", err, c.cause)
			}
		})
	}
}

const (
	htmlPage    = "<html><body>gateway of 4111111111111111</body></html>"
	refusalText = `{"errorResponse":{"status":%d,"message":"%s is wrong: 4111111111111111","reason":"%s","details":[{"location":"cardholderInfo","message":"4895370012003478"}]}}`
)

func refusal(status int, reason string) scheme.Answer {
	return answer(status, fmt.Sprintf(refusalText, status, testPAN, reason))
}

func payTokenRefusal(code string) scheme.Answer {
	return answer(401, `{"responseStatus":{"status":401,"code":"`+code+`","severity":"ERROR","message":"Token Validation Failed for 4111111111111111","info":""}}`)
}

func as(contentType string, a scheme.Answer) scheme.Answer {
	a.ContentType = contentType
	return a
}

// failures are what may come back instead of a success, to any of the calls.
var failures = []struct {
	name   string
	answer scheme.Answer
	effect scheme.Effect
	reason string
	cause  string // what operators read, among others
}{
	{"x-pay-token of another environment", payTokenRefusal("9201"), scheme.Refused, "scheme_access_refused", "HTTP 401 9201"},
	{"x-pay-token does not match", payTokenRefusal("9159"), scheme.Refused, "scheme_access_refused", "HTTP 401 9159"},
	{"x-pay-token is too old", payTokenRefusal("9121"), scheme.Refused, "scheme_signature_spent", "HTTP 401 9121"},
	{"401 of a gateway", as("text/html", answer(401, htmlPage)), scheme.Refused, "scheme_access_refused", "HTTP 401"},
	{"403", refusal(403, "forbidden"), scheme.Refused, "scheme_access_refused", "HTTP 403 forbidden"},
	{"403 of a gateway", as("text/html", answer(403, htmlPage)), scheme.Refused, "scheme_access_refused", "HTTP 403"},
	{"invalid data", refusal(400, "VSE40000"), scheme.Refused, "scheme_request_refused", "HTTP 400 VSE40000 at cardholderInfo"},
	{"data missing", refusal(400, "VSE40001"), scheme.Refused, "scheme_request_refused", "VSE40001"},
	{"in that state already", refusal(400, "VSE40002"), scheme.Refused, "scheme_status_refused", "VSE40002"},
	{"bad profile id", refusal(400, "VSE40004"), scheme.Refused, "scheme_request_refused", "VSE40004"},
	{"bad task id", refusal(400, "VSE40005"), scheme.Refused, "scheme_request_refused", "VSE40005"},
	{"bad replacement", refusal(400, "VSE40006"), scheme.Refused, "scheme_request_refused", "VSE40006"},
	{"wrong state", refusal(422, "VSE40007"), scheme.Refused, "scheme_status_refused", "VSE40007"},
	{"no messages", refusal(400, "VSE40008"), scheme.Refused, "scheme_unsupported", "VSE40008"},
	{"internal, as 400", refusal(400, "VSE40009"), scheme.Unknown, "scheme_unavailable", "VSE40009"},
	{"cryptography", refusal(400, "VSE40010"), scheme.Refused, "scheme_access_refused", "VSE40010"},
	{"not active", refusal(400, "VSE40011"), scheme.Refused, "scheme_status_refused", "VSE40011"},
	{"invalidParameter", refusal(400, "invalidParameter"), scheme.Refused, "scheme_request_refused", "invalidParameter"},
	{"an unknown 400", refusal(400, "VSE49999"), scheme.Refused, "scheme_request_refused", "VSE49999"},
	{"an unknown 422", refusal(422, "VSE49999"), scheme.Refused, "scheme_refused", "VSE49999"},
	{"400 without a body", answer(400, ""), scheme.Refused, "scheme_request_refused", "HTTP 400"},
	{"400 cut in the middle", answer(400, `{"errorResponse":{"status":400,"reason":"VSE4`), scheme.Refused, "scheme_request_refused", "HTTP 400"},
	{"404 of a gateway", as("text/html", answer(404, htmlPage)), scheme.Refused, "scheme_request_refused", "HTTP 404"},
	{"408", answer(408, ""), scheme.Unknown, "scheme_unavailable", "HTTP 408"},
	{"409", answer(409, "{}"), scheme.Refused, "scheme_refused", "HTTP 409"},
	{"429", scheme.Answer{Status: 429, RetryAfter: 7 * time.Second}, scheme.Refused, "scheme_rate_limited", "HTTP 429"},
	{"429 with an error body", refusal(429, "VSE40009"), scheme.Refused, "scheme_rate_limited", "HTTP 429 VSE40009"},
	{"500", refusal(500, "serviceError"), scheme.Unknown, "scheme_unavailable", "HTTP 500 serviceError"},
	{"500 that names a refusal", refusal(500, "VSE40007"), scheme.Unknown, "scheme_unavailable", "VSE40007"},
	{"503 of a gateway", as("text/html", scheme.Answer{Status: 503, RetryAfter: 7 * time.Second, Body: []byte(htmlPage)}), scheme.Unknown, "scheme_unavailable", "HTTP 503"},
	{"200 with an error body", answer(200, fmt.Sprintf(refusalText, 400, testPAN, "VSE40007")), scheme.Refused, "scheme_status_refused", "HTTP 200 VSE40007"},
	{"200 with an error body without a code", answer(200, `{"errorResponse":{"status":"401"}}`), scheme.Refused, "scheme_access_refused", "HTTP 200"},
	{"200 with an error body that says nothing", answer(200, `{"errorResponse":{}}`), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 with an error in another form", answer(200, `{"errorResponse":"4111111111111111"}`), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 with an error whose details have another form", answer(200, `{"errorResponse":{"status":400,"reason":"VSE40007","details":{"location":1}}}`), scheme.Refused, "scheme_status_refused", "VSE40007"},
	{"200 with a list of errors", answer(200, `{"errors":[{"code":"VSE40007","message":"4111111111111111"}]}`), scheme.Refused, "scheme_status_refused", "HTTP 200 VSE40007"},
	{"200 with an error code", answer(200, `{"errorCode":"ISE40010"}`), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200 ISE40010"},
	{"400 with a list of errors", answer(400, `{"errors":[{"reason":"VSE40000"},{"reason":"VSE40002"}]}`), scheme.Refused, "scheme_request_refused", "HTTP 400 VSE40000 VSE40002"},
	{"500 with a list of errors", answer(500, `{"errors":[{"errorCode":"VSE40009"}]}`), scheme.Unknown, "scheme_unavailable", "HTTP 500 VSE40009"},
	{"200 with a page", as("text/html", answer(200, htmlPage)), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 with JSON called text", as("text/plain", answer(200, `{"tokenDetails":[]}`)), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 with garbage", answer(200, "\x00\xff4111111111111111"), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 with an array", answer(200, `["4111111111111111"]`), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 cut in the middle", answer(200, `{"tokenDetails":[{"tokenReferenceID":"4111111111111111`), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"200 of 10 MB", answer(200, `{"tokenDetails":[],"x":"`+strings.Repeat("4111111111111111", 10<<20/16)+`"}`), scheme.Unknown, "scheme_answer_unreadable", "HTTP 200"},
	{"302", answer(302, ""), scheme.Unknown, "scheme_answer_unreadable", "HTTP 302"},
	{"no status", scheme.Answer{}, scheme.Unknown, "scheme_answer_unreadable", "HTTP 0"},
}

func TestFailuresAreClassified(t *testing.T) {
	list, details, change := listQuery(t), detailsQuery(t), command(t, changeInput(walletport.TokenSuspend))
	for _, c := range failures {
		t.Run(c.name, func(t *testing.T) {
			_, ofList := list.Read(c.answer)
			_, ofDetails := details.Read(c.answer)
			outcome := change.Read(c.answer)
			wait := c.answer.RetryAfter
			if c.reason == "scheme_signature_spent" {
				wait = time.Second // a signature as of another second is another one
			}
			if outcome.Effect != c.effect || outcome.RetryAfter != wait {
				t.Errorf("outcome %+v, want effect %d, retry after %v", outcome, c.effect, wait)
			}
			for call, err := range map[string]error{"retrieveTokenInfo": ofList, "details": ofDetails, "lifecycle": outcome.Err} {
				if walletport.ReasonOf(err) != c.reason || !strings.Contains(err.Error(), c.cause) {
					t.Errorf("%s: error %v, want %s with %q", call, err, c.reason, c.cause)
				}
				checkNoNumber(t, err)
			}
		})
	}
}

// checkNoNumber looks for the card and token numbers of the answers.
func checkNoNumber(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, number := range []string{testPAN, testToken} {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, number) {
				t.Errorf("an error shows a number: %s", text)
			}
		}
	}
}

func TestUnknownTokenAndUnknownCard(t *testing.T) {
	unknown := refusal(404, "VSE40003")
	if _, err := detailsQuery(t).Read(unknown); walletport.CodeOf(err) != walletport.CodeNotFound || walletport.ReasonOf(err) != "token_not_at_scheme" {
		t.Errorf("details: %v", err)
	}
	if o := command(t, changeInput(walletport.TokenResume)).Read(unknown); o.Effect != scheme.Refused || walletport.ReasonOf(o.Err) != "token_not_at_scheme" {
		t.Errorf("lifecycle: %+v", o)
	}
	if page, err := listQuery(t).Read(unknown); err != nil || len(page.Tokens) != 0 {
		t.Errorf("list: %+v, %v", page, err)
	}
	q, err := newMessages(t, func(p *tokenapi.Profile) { p.UnknownCardIsNone = false }).CardTokens(cardInput(t))
	must(t, err)
	if _, err := q.Read(unknown); walletport.ReasonOf(err) != "token_not_at_scheme" {
		t.Errorf("list by another profile: %v", err)
	}
}

func TestDoneAnswers(t *testing.T) {
	change := command(t, changeInput(walletport.TokenDeactivate))
	for name, a := range map[string]scheme.Answer{
		"empty": {Status: 200}, "no content": {Status: 204}, "empty, called a page": as("text/html", answer(200, "")),
		"an empty object": answer(200, "{}"), "no error": answer(200, `{"errorCode":"","errors":[],"responseStatus":{"status":200}}`), "an object without a type": {Status: 200, Body: []byte(`{"status":"ok"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			if o := change.Read(a); o.Effect != scheme.Done || o.Err != nil {
				t.Errorf("outcome %+v", o)
			}
		})
	}
}

func TestMisleadingAnswersAreNotBelieved(t *testing.T) {
	item := func(edit string) string {
		return strings.Replace(`{"tokenDetails":[{"tokenRequestorID":"40010075001","tokenReferenceID":"DNITHE1","tokenStatus":"ACTIVE"}]}`, "DNITHE1", edit, 1)
	}
	for name, body := range map[string]string{
		"no list":                    `{}`,
		"null":                       `{"tokenDetails":null}`,
		"no status":                  strings.Replace(item("DNITHE1"), "ACTIVE", "", 1),
		"no reference":               item(""),
		"a card number as reference": item(testPAN),
		"a requestor of letters":     strings.Replace(item("DNITHE1"), "40010075001", "APPLE", 1),
		"one token twice":            strings.Replace(item("DNITHE1"), "}]", `},{"tokenRequestorID":40010075001,"tokenReferenceID":"DNITHE1","tokenStatus":"SUSPENDED"}]`, 1),
		"an object as reference":     strings.Replace(item("DNITHE1"), `"DNITHE1"`, `{"4111111111111111":1}`, 1),
	} {
		t.Run("list with "+name, func(t *testing.T) {
			_, err := listQuery(t).Read(answer(200, body))
			if walletport.ReasonOf(err) != "scheme_answer_unreadable" {
				t.Errorf("error %v", err)
			}
			checkNoNumber(t, err)
		})
	}
	for name, body := range map[string]string{
		"nothing":          `{}`,
		"no status":        `{"tokenInfo":{"tokenStatus":""}}`,
		"another token":    `{"tokenReferenceID":"DNITHE9","tokenInfo":{"tokenStatus":"ACTIVE"}}`,
		"no encryptedData": `{"encryptedData":"a.b.c","tokenInfo":{"tokenStatus":"ACTIVE"}}`,
		"a long one":       `{"encryptedData":"` + strings.Repeat("A", 7001) + `"}`,
		"sealed garbage":   `{"encryptedData":"` + visaSeals().seal(t, "4895370012003478") + `"}`,
	} {
		t.Run("details with "+name, func(t *testing.T) {
			_, err := detailsQuery(t).Read(answer(200, body))
			if walletport.ReasonOf(err) != "scheme_answer_unreadable" {
				t.Errorf("error %v", err)
			}
			checkNoNumber(t, err)
		})
	}
}

// TestAStatusThatIsNotKnown keeps neither a list nor the details from being read: the other
// tokens of the card are to be seen, and this one can be stopped.
func TestAStatusThatIsNotKnown(t *testing.T) {
	list := `{"tokenDetails":[{"tokenRequestorID":"40010075001","tokenReferenceID":"DNITHE1","tokenStatus":"4111111111111111"},` +
		`{"tokenRequestorID":"40010075001","tokenReferenceID":"DNITHE2","tokenStatus":"ACTIVE"}]}`
	page, err := listQuery(t).Read(answer(200, list))
	if err != nil || len(page.Tokens) != 2 || page.Tokens[0].Status != "" || page.Tokens[1].Status != walletport.TokenActive {
		t.Errorf("list %+v, %v", page, err)
	}
	token, err := detailsQuery(t).Read(answer(200, `{"tokenInfo":{"tokenStatus":"PAUSED"}}`))
	if err != nil || token.Status != "" {
		t.Errorf("details %+v, %v", token, err)
	}
}

// TestTheTokenNumberPrintsMasked: whoever prints what was read shows no number.
func TestTheTokenNumberPrintsMasked(t *testing.T) {
	token, err := detailsQuery(t).Read(sample(t, "details.json"))
	must(t, err)
	encoded, err := json.Marshal(token)
	must(t, err)
	if text := fmt.Sprintf("%v %+v %#v %s", token, token, token, encoded); strings.Contains(text, testToken) || token.Number.String() != "489537******3478" {
		t.Errorf("the token prints as %s", text)
	}
}

func TestJudge(t *testing.T) {
	sent := testNow
	token := func(s walletport.TokenStatus) *scheme.Token { return &scheme.Token{Ref: testRef, Status: s} }
	for _, c := range []struct {
		name   string
		action walletport.TokenAction
		token  *scheme.Token
		after  time.Duration
		want   scheme.Verdict
	}{
		{"suspended", walletport.TokenSuspend, token(walletport.TokenSuspended), 0, scheme.WasDone},
		{"still active, soon after", walletport.TokenSuspend, token(walletport.TokenActive), 9 * time.Second, scheme.AskLater},
		{"still active", walletport.TokenSuspend, token(walletport.TokenActive), 10 * time.Second, scheme.WasNotDone},
		{"suspended before, resumed, and lost", walletport.TokenSuspend, token(walletport.TokenActive), time.Minute, scheme.WasNotDone},
		{"lost, and suspended by somebody else", walletport.TokenSuspend, token(walletport.TokenSuspended), time.Minute, scheme.WasDone},
		{"resumed", walletport.TokenResume, token(walletport.TokenActive), 0, scheme.WasDone},
		{"still suspended", walletport.TokenResume, token(walletport.TokenSuspended), time.Minute, scheme.WasNotDone},
		{"activated", walletport.TokenActivate, token(walletport.TokenActive), 0, scheme.WasDone},
		{"activated and suspended since", walletport.TokenActivate, token(walletport.TokenSuspended), 0, scheme.WasDone},
		{"still inactive", walletport.TokenActivate, token(walletport.TokenInactive), time.Minute, scheme.WasNotDone},
		{"deleted", walletport.TokenDeactivate, token(walletport.TokenDeactivated), 0, scheme.WasDone},
		{"still there", walletport.TokenDeactivate, token(walletport.TokenActive), time.Minute, scheme.WasNotDone},
		{"deleted meanwhile", walletport.TokenSuspend, token(walletport.TokenDeactivated), 0, scheme.WasNotDone},
		{"gone, soon after", walletport.TokenDeactivate, nil, time.Second, scheme.AskLater},
		{"gone", walletport.TokenDeactivate, nil, time.Minute, scheme.WasNotDone},
		{"a state that Visa did not say", walletport.TokenSuspend, token(""), time.Hour, scheme.AskLater},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newMessages(t, nil).Judge(scheme.Evidence{Action: c.action, By: testUser, SentAt: sent, Now: sent.Add(c.after), Token: c.token})
			if got.Verdict != c.want {
				t.Errorf("verdict %d, want %d", got.Verdict, c.want)
			}
		})
	}
}

func FuzzReadList(f *testing.F) {
	q := listQuery(f)
	for _, name := range []string{"list.json", "list-numbers.json", "list-none.json"} {
		f.Add(200, string(sample(f, name).Body))
	}
	f.Add(400, `{"errorResponse":{"status":400,"reason":"VSE40003"}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		page, err := q.Read(answer(status, body))
		for _, token := range page.Tokens {
			if err != nil || token.Ref.Rule() != "" || token.Status == "" || !token.Brief {
				t.Errorf("token %+v, %v", token, err)
			}
		}
		checkFuzzed(t, err)
	})
}

func FuzzReadDetails(f *testing.F) {
	q, s := detailsQuery(f), visaSeals()
	for _, plain := range []string{`{"tokenInfo":{"token":4895370012003478,"tokenStatus":"ACTIVE","tokenExpirationDate":{"month":"1","year":30}}}`, `[]`, `{"tokenInfo":{"tokenStatus":"SUSPENDED"},"deviceInfo":{"deviceName":"QQ=="}}`} {
		f.Add(plain, true)
		f.Add(plain, false)
	}
	f.Fuzz(func(t *testing.T, text string, sealed bool) {
		if sealed && len(text) < 3000 {
			text = `{"encryptedData":"` + s.seal(t, text) + `"}`
		}
		token, err := q.Read(answer(200, text))
		if err == nil && (token.Ref != testRef || token.Status == "" || walletport.ContainsPAN(token.Device.Name)) {
			t.Errorf("token %+v", token)
		}
		checkFuzzed(t, err)
	})
}

func FuzzReadChange(f *testing.F) {
	c := command(f, changeInput(walletport.TokenSuspend))
	for _, failure := range failures {
		if len(failure.answer.Body) < 1000 {
			f.Add(failure.answer.Status, failure.answer.ContentType, failure.answer.Body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		o := c.Read(scheme.Answer{Status: status, ContentType: contentType, Body: body})
		if done := o.Effect == scheme.Done; done != (o.Err == nil) || done && (status < 200 || status > 299) {
			t.Errorf("status %d: outcome %+v", status, o)
		}
		checkFuzzed(t, o.Err)
	})
}

// checkFuzzed: whatever came back, the error is of the vocabulary and shows no number.
func checkFuzzed(t *testing.T, err error) {
	t.Helper()
	if err != nil && (walletport.CodeOf(err) == walletport.CodeInternal || walletport.ContainsPAN(err.Error())) {
		t.Errorf("error %v", err)
	}
}
