package customerservice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
)

func errorBody(source, code string) string {
	return fmt.Sprintf(`{"Errors":{"Error":[{"Source":%q,"ReasonCode":%q,"Description":"text","Recoverable":false}]}}`, source, code)
}

const suspended = `{"TokenSuspendResponse":{"Token":{"TokenUniqueReference":"` + testTUR + `","CommentId":"ABC123456"}}}`

// TestFailures is every form in which a call can fail: what is known of a change
// afterwards, and the class and reason of the error, of a change and of a question alike.
func TestFailures(t *testing.T) {
	const (
		refused = scheme.Refused
		unknown = scheme.Unknown
	)
	for _, c := range []struct {
		name   string
		answer scheme.Answer
		effect scheme.Effect
		code   walletport.Code
		reason string
	}{
		{"status of the token, 400", answer(400, errorBody("INPUT", "INVALID_TOKEN_STATUS")), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"status of the token, 200", answer(200, errorBody("INPUT", "INVALID_TOKEN_STATUS")), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"status of the token, 404", answer(404, errorBody("INPUT", "INVALID_TOKEN_STATUS")), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"status of the token, 409", answer(409, errorBody("INPUT", "INVALID_TOKEN_STATUS")), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"status of the token, 500", answer(500, errorBody("INPUT", "INVALID_TOKEN_STATUS")), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"workflow", answer(400, errorBody("INPUT", "INVALID_WORKFLOW")), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"no such token", answer(400, errorBody("INPUT", "EMPTY_RESULT")), refused, walletport.CodeNotFound, "token_not_at_scheme"},
		{"not supported", answer(400, errorBody("INPUT", "NOT_SUPPORTED")), refused, walletport.CodeUnsupported, "scheme_unsupported"},
		{"a field is missing", answer(400, errorBody("AuditInfo.UserId", "MISSING_REQUIRED_FIELD")), refused, walletport.CodeRejected, "scheme_request_refused"},
		{"a field is too long", answer(400, errorBody("CommentText", "INVALID_FIELD_LENGTH")), refused, walletport.CodeRejected, "scheme_request_refused"},
		{"an unknown code", answer(400, errorBody("INPUT", "SOMETHING_NEW")), refused, walletport.CodeRejected, "scheme_refused"},
		{"an unknown code, 500", answer(500, errorBody("System", "SOMETHING_NEW")), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"wrong encryption key", answer(400, errorBody("INPUT", "CRYPTOGRAPHY_ERROR")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"failed inside", answer(500, errorBody("System", "INTERNAL_SERVICE_FAILURE")), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"failed inside, 200", answer(200, errorBody("System", "INTERNAL_SERVICE_FAILURE")), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"MDES is away", answer(503, errorBody("System", "MDES_UNAVAILABLE")), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"two errors, one of which leaves it open", answer(400, `{"Errors":{"Error":[{"ReasonCode":"INVALID_TOKEN_STATUS"},{"ReasonCode":"MDES_UNAVAILABLE"}]}}`), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"one error without brackets", answer(400, `{"Errors":{"Error":{"Source":"INPUT","ReasonCode":"INVALID_TOKEN_STATUS"}}}`), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"errors in camel case", answer(400, `{"errors":[{"source":"INPUT","reasonCode":"INVALID_TOKEN_STATUS"}]}`), refused, walletport.CodeRejected, "scheme_status_refused"},
		{"gateway: signature", answer(401, errorBody("Gateway", "AUTHENTICATION_FAILED")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"gateway: body hash", answer(400, errorBody("Gateway", "INVALID_BODY_HASH")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"gateway: client", answer(400, errorBody("Gateway", "INVALID_CLIENT_ID")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"gateway: something else", answer(400, errorBody("Gateway", "INVALID_OAUTH_TIMESTAMP")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"gateway of another product", answer(401, errorBody("Security.Credential", "SOMETHING_NEW")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"gateway: forbidden", answer(403, errorBody("Gateway", "PERMISSION_DENIED")), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"gateway: 5xx", answer(503, errorBody("Gateway", "SERVICE_ERROR")), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"gateway: too many", answer(429, errorBody("Gateway", "LIMIT_EXCEEDED")), refused, walletport.CodeRateLimited, "scheme_rate_limited"},
		{"401 without a body", answer(401, ""), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"403 with a page", answer(403, "<html>no</html>"), refused, walletport.CodeUnavailable, "scheme_access_refused"},
		{"429 without a body", answer(429, ""), refused, walletport.CodeRateLimited, "scheme_rate_limited"},
		{"502 with a page", answer(502, "<html>bad gateway</html>"), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"200 with a page", scheme.Answer{Status: 200, ContentType: "text/html", Body: []byte("<html>sign in</html>")}, unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"200 without a body", answer(200, ""), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"204", answer(204, ""), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"302", answer(302, ""), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"404 with a page", answer(404, "<html>where?</html>"), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"cut in the middle", answer(200, suspended[:len(suspended)-20]), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"two documents", answer(200, suspended+suspended), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"an array", answer(200, `[]`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"null", answer(200, `null`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"nothing in it", answer(200, `{}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"no errors in errors", answer(400, `{"Errors":{"Error":[]}}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"errors of another form", answer(400, `{"Errors":"no"}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"another wrapper", answer(200, `{"TokenDeleteResponse":{"Token":{"TokenUniqueReference":"`+testTUR+`"}}}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"a wrapper with null", answer(200, `{"TokenSuspendResponse":null,"SearchResponse":null}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"a wrapper with nothing", answer(200, `{"TokenSuspendResponse":{},"SearchResponse":{}}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"a wrapper with text", answer(200, `{"TokenSuspendResponse":"done","SearchResponse":"done"}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"a result and errors", answer(200, `{"SearchResponse":{"Accounts":{}},`+suspended[1:len(suspended)-1]+`,"Errors":{"Error":[{"ReasonCode":"INVALID_TOKEN_STATUS"}]}}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
		{"a result with 500", answer(500, `{"SearchResponse":{"Accounts":{}},`+suspended[1:]), unknown, walletport.CodeUnavailable, "scheme_unavailable"},
		{"10 MB", answer(200, `{"a":"`+strings.Repeat("a", 10<<20)+`"}`), unknown, walletport.CodeUnavailable, "scheme_answer_unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustMessages(t, nil)
			c.answer.RetryAfter = 7 * time.Second
			outcome := must[scheme.Command](t)(m.ChangeToken(changeInput(walletport.TokenSuspend))).Read(c.answer)
			if outcome.Effect != c.effect || outcome.Reference != "" {
				t.Errorf("effect %d with reference %q, want %d and none", outcome.Effect, outcome.Reference, c.effect)
			}
			if outcome.RetryAfter != 7*time.Second {
				t.Errorf("retry after %s, want what the answer said", outcome.RetryAfter)
			}
			mustRefuse(t, outcome.Err, c.code, c.reason)
			_, err := must[scheme.Query[scheme.Token]](t)(m.Token(tokenInput())).Read(c.answer)
			mustRefuse(t, err, c.code, c.reason)
		})
	}
}

// TestAnAnswerAboutAnotherTokenIsNone: what was done to this one nobody knows.
func TestAnAnswerAboutAnotherTokenIsNone(t *testing.T) {
	command := must[scheme.Command](t)(mustMessages(t, nil).ChangeToken(changeInput(walletport.TokenSuspend)))
	outcome := command.Read(ok(strings.Replace(suspended, testTUR, strings.ToLower(testTUR), 1)))
	if outcome.Effect != scheme.Unknown {
		t.Errorf("effect %d, want unknown", outcome.Effect)
	}
	mustRefuse(t, outcome.Err, walletport.CodeUnavailable, "scheme_answer_unreadable")
}

// TestEmptyResults: a card that the scheme does not know has no tokens; an answer that does
// not say so is not taken for one.
func TestEmptyResults(t *testing.T) {
	query := must[scheme.Query[scheme.TokenPage]](t)(mustMessages(t, nil).CardTokens(cardInput(t)))
	for _, status := range []int{200, 400, 404} {
		page, err := query.Read(answer(status, errorBody("INPUT", "EMPTY_RESULT")))
		if err != nil || page.Tokens == nil || len(page.Tokens) > 0 || page.Next != "" {
			t.Errorf("HTTP %d: %+v, error %v, want an empty page", status, page, err)
		}
	}
	for _, body := range []string{`{"SearchResponse":{}}`, `{"SearchResponse":{"PageInfo":{"Total":"3"}}}`, `{"SearchResponse":{"Accounts":null}}`} {
		_, err := query.Read(ok(body))
		mustRefuse(t, err, walletport.CodeUnavailable, "scheme_answer_unreadable")
	}
}

// TestATokenOfAnotherRequestorIsNotFound: a reference belongs to the one who asked for it.
func TestATokenOfAnotherRequestorIsNotFound(t *testing.T) {
	m := mustMessages(t, nil)
	in := tokenInput()
	in.Ref.Requestor = "50120834693"
	_, err := must[scheme.Query[scheme.Token]](t)(m.Token(in)).Read(mustAnswer(t, "search-token.json"))
	mustRefuse(t, err, walletport.CodeNotFound, "token_not_at_scheme")
	in = tokenInput()
	in.Ref.Reference = strings.ToUpper(testTUR)
	_, err = must[scheme.Query[scheme.Token]](t)(m.Token(in)).Read(mustAnswer(t, "search-token.json"))
	mustRefuse(t, err, walletport.CodeNotFound, "token_not_at_scheme")
	query := must[scheme.Query[customerservice.Requestor]](t)(m.Requestor(customerservice.RequestorInput{Access: testAccess(), By: testUser, ID: "50120834693"}))
	_, err = query.Read(mustAnswer(t, "requestor.json"))
	mustRefuse(t, err, walletport.CodeNotFound, "token_requestor_unknown")
	_, err = query.Read(answer(400, errorBody("INPUT", "EMPTY_RESULT")))
	mustRefuse(t, err, walletport.CodeNotFound, "token_requestor_unknown")
}

// TestHistoryThatIsNotThere: no entries mean that a change was not done, so they must be said.
func TestHistoryThatIsNotThere(t *testing.T) {
	query := must[scheme.Query[[]scheme.TokenEvent]](t)(mustMessages(t, nil).TokenHistory(tokenInput()))
	_, err := query.Read(ok(`{"TokenStatusHistoryResponse":{}}`))
	mustRefuse(t, err, walletport.CodeUnavailable, "scheme_answer_unreadable")
	events, err := query.Read(ok(`{"TokenStatusHistoryResponse":{"Statuses":{}}}`))
	if err != nil || len(events) != 0 {
		t.Errorf("%v, error %v, want no entries", events, err)
	}
}

// TestErrorsRepeatNoCardNumber puts a card number into every text of an error.
func TestErrorsRepeatNoCardNumber(t *testing.T) {
	m := mustMessages(t, nil)
	for _, pan := range []string{testPAN, "5204 2477 5000 1471", "5204-2477-5000-1471", "5204247750001471x"} {
		for _, body := range []string{
			`{"Errors":{"Error":[{"Source":%q,"ReasonCode":"INVALID_FIELD_VALUE"}]}}`,
			`{"Errors":{"Error":[{"ReasonCode":%q}]}}`,
			`{"Errors":{"Error":[{"ReasonCode":"INVALID_FIELD_VALUE","ErrorCode":%q}]}}`,
			`{"Errors":{"Error":[{"ReasonCode":"INVALID_FIELD_VALUE","Description":%q}]}}`,
			`{"Errors":%q}`,
			`{%q:{}}`,
			`{"SearchResponse":%q}`,
		} {
			a := answer(400, fmt.Sprintf(body, pan))
			a.ContentType = "text/" + pan
			outcome := must[scheme.Command](t)(m.ChangeToken(changeInput(walletport.TokenSuspend))).Read(a)
			_, err := must[scheme.Query[scheme.TokenPage]](t)(m.CardTokens(cardInput(t))).Read(a)
			for _, err := range []error{outcome.Err, err} {
				if err == nil || walletport.SuspectsPAN(err.Error()) || strings.Contains(err.Error(), "0001471") {
					t.Errorf("%s: error %v", body, err)
				}
			}
		}
	}
	// The status and a code are apart in the answer, and together they read as a card number.
	outcome := must[scheme.Command](t)(m.ChangeToken(changeInput(walletport.TokenSuspend))).Read(answer(366, `{"Errors":{"Error":[{"Source":"22477501471"}]}}`))
	if walletport.ContainsPAN(outcome.Err.Error()) {
		t.Errorf("error %v", outcome.Err)
	}
	_, err := must[scheme.Query[scheme.Token]](t)(m.Token(tokenInput())).Read(answer(400, errorBody("INPUT", "INVALID_REQUEST")))
	if want := "scheme_request_refused: the scheme found the request faulty: HTTP 400 INPUT INVALID_REQUEST: text"; err.Error() != want {
		t.Errorf("error %q, want %q: the canary must not be there because nothing is", err, want)
	}
}
