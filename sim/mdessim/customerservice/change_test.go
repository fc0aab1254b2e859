package customerservice

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// story is what the sandbox tells of a token.
type story struct {
	Ref, Status string
	Suspenders  []string
	History     []struct {
		Call, By string
		At       time.Time
	}
}

func (s story) deeds() (all []string) {
	for _, d := range s.History {
		all = append(all, d.By+" "+d.Call)
	}
	return all
}

func (w *world) story(t *testing.T, ref string) (s story) {
	t.Helper()
	do(t, http.MethodGet, w.URL+"/sandbox/mdes/tokens/"+ref, "", nil).read(t, &s)
	return s
}

func (w *world) act(t *testing.T, ref, as, what string) answer {
	t.Helper()
	return do(t, http.MethodPost, w.URL+"/sandbox/mdes/tokens/"+ref, "", []byte(`{"as":"`+as+`","do":"`+what+`"}`))
}

// history is what the issuer is told.
func (w *world) history(t *testing.T, ref string) (lines []string) {
	t.Helper()
	var said struct {
		TokenStatusHistoryResponse struct {
			Statuses struct {
				Status []struct {
					StatusCode, StatusDescription, Initiator, ReasonCode, CommentId string
					StatusDateTime                                                  time.Time
					AuditInfo                                                       struct{ UserId string }
				}
			}
		}
	}
	w.ask(t, "/token/statushistory", "TokenStatusHistory", members{"TokenUniqueReference": ref}).read(t, &said)
	for _, s := range said.TokenStatusHistoryResponse.Statuses.Status {
		if s.StatusDateTime.IsZero() || s.StatusDescription == "" || (s.Initiator == "I") != (s.AuditInfo.UserId == "ada@acme") {
			t.Errorf("an entry is %+v", s)
		}
		lines = append(lines, s.StatusCode+" "+s.Initiator+" "+s.ReasonCode)
	}
	return lines
}

func TestATokensLife(t *testing.T) {
	w := newWorld(t, nil)
	ref := w.token(t, google, "googlepay", true)
	for _, step := range []struct{ call, reason, want string }{
		{"suspend", "L", "INVALID_TOKEN_STATUS"},
		{"activate", "C", ""},
		{"suspend", "L", ""},
		{"suspend", "L", "INVALID_TOKEN_STATUS"},
		{"CARDHOLDER", "suspend", ""},
		{"unsuspend", "F", ""},
		{"unsuspend", "F", "INVALID_TOKEN_STATUS"},
		{"CARDHOLDER", "resume", ""},
		{"TOKEN_REQUESTOR", "suspend", ""},
		{"delete", "C", ""},
		{"activate", "C", "INVALID_TOKEN_STATUS"},
	} {
		var got answer
		if step.call == strings.ToUpper(step.call) {
			got = w.act(t, ref, step.call, step.reason)
		} else {
			got = w.change(t, step.call, ref, step.reason)
		}
		if reason := got.reason(t); reason != step.want || (got.status == 200) != (step.want == "") {
			t.Fatalf("%s %s: %d %s", step.call, step.reason, got.status, got.body)
		}
	}
	wantDeeds := []string{
		"TOKEN_REQUESTOR digitize", "ISSUER activate", "ISSUER suspend", "CARDHOLDER suspend", "ISSUER unsuspend", "CARDHOLDER unsuspend", "TOKEN_REQUESTOR suspend", "ISSUER delete",
	}
	wantHistory := []string{"U W ", "A I C", "S I L", "S C ", "S I F", "A C ", "S W ", "D I C"}
	for _, when := range []string{"", " after a kill"} {
		if s := w.story(t, ref); s.Ref != ref || s.Status != "DEACTIVATED" || len(s.Suspenders) != 0 || !slices.Equal(s.deeds(), wantDeeds) {
			t.Errorf("the story%s is %+v", when, s)
		}
		if diff := cmp.Diff(wantHistory, w.history(t, ref)); diff != "" {
			t.Errorf("the history%s (-want +got):\n%s", when, diff)
		}
		w.start(t)
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	for _, status := range []int{0, 200} {
		w := newWorld(t, func(c *Config) { c.ErrorStatus = status })
		ref := w.token(t, google, "googlepay", false)
		good := members{"TokenUniqueReference": ref, "ReasonCode": "L"}
		with := func(name string, value any) members {
			all := maps.Clone(good)
			all[name] = value
			return all
		}
		who := func(name string, value any) members {
			changed := maps.Clone(audit)
			changed[name] = value
			return with("AuditInfo", changed)
		}
		for _, c := range []struct {
			name    string
			request members
			reason  string
		}{
			{"no reference", with("TokenUniqueReference", ""), "MISSING_REQUIRED_FIELD"},
			{"a reference of nobody", with("TokenUniqueReference", "DWSPMC"+strings.Repeat("0", 42)), "EMPTY_RESULT"},
			{"no reason", with("ReasonCode", ""), "MISSING_REQUIRED_FIELD"},
			{"a reason of another call", with("ReasonCode", "F"), "INVALID_FIELD_VALUE"},
			{"two reasons", with("ReasonCode", "LS"), "INVALID_FIELD_VALUE"},
			{"a comment of 501 characters", with("CommentText", strings.Repeat("ä", 501)), "INVALID_FIELD_LENGTH"},
			{"a comment with a card number", with("CommentText", "card "+testPAN), "INVALID_FIELD_VALUE"},
			{"no audit", with("AuditInfo", nil), "MISSING_REQUIRED_FIELD"},
			{"no user", who("UserId", ""), "MISSING_REQUIRED_FIELD"},
			{"a user of 3 characters", who("UserId", "ada"), "INVALID_FIELD_LENGTH"},
			{"a user of 51 characters", who("UserId", strings.Repeat("ä", 51)), "INVALID_FIELD_LENGTH"},
			{"no user name", who("UserName", ""), "MISSING_REQUIRED_FIELD"},
			{"a user name of 201 characters", who("UserName", strings.Repeat("a", 201)), "INVALID_FIELD_LENGTH"},
			{"no organization", who("Organization", ""), "MISSING_REQUIRED_FIELD"},
			{"a phone of 3 digits", who("Phone", "123"), "INVALID_FIELD_LENGTH"},
			{"a card number for a user", who("UserName", testPAN), "INVALID_FIELD_VALUE"},
		} {
			got := w.ask(t, "/token/suspend", "TokenSuspend", c.request)
			if want := max(status, 200); got.reason(t) != c.reason || status == 200 && got.status != want || status == 0 && got.status != 400 {
				t.Errorf("%s: %d %s, want %s", c.name, got.status, got.body, c.reason)
			}
		}
		if s := w.story(t, ref); s.Status != "ACTIVE" || len(s.History) != 1 {
			t.Errorf("something was done: %+v", s)
		}
		if got := w.ask(t, "/token/suspend", "TokenSuspend", who("Phone", "+358401234567")); got.reason(t) != "" || strings.Contains(string(got.body), "CommentId") {
			t.Errorf("without a comment: %d %s", got.status, got.body)
		}
	}
}

func TestDeletion(t *testing.T) {
	w := newWorld(t, nil)
	removed, gone := w.token(t, google, "googlepay", false), w.token(t, google, "googlepay", false)
	request := func(ref, fromApp string) members {
		return members{"TokenUniqueReference": ref, "ReasonCode": "Z", "DeleteFromConsumerApp": fromApp}
	}
	if got := w.ask(t, "/token/delete", "TokenDelete", request(removed, "yes")); got.reason(t) != "INVALID_FIELD_VALUE" {
		t.Errorf("%s", got.body)
	}
	for ref, fromApp := range map[string]string{removed: "true", gone: "false"} {
		if got := w.ask(t, "/token/delete", "TokenDelete", request(ref, fromApp)); got.reason(t) != "" {
			t.Errorf("%s", got.body)
		}
	}
	if s := w.story(t, removed); s.Status != "SOFTDELETED" {
		t.Errorf("deleted from the app it is %s", s.Status)
	}
	if s := w.story(t, gone); s.Status != "DEACTIVATED" {
		t.Errorf("deleted it is %s", s.Status)
	}
	if again := w.token(t, google, "googlepay", false); again != removed {
		t.Error("the same card on the same phone is another token")
	}
	if s := w.story(t, removed); s.Status != "ACTIVE" {
		t.Errorf("added again it is %s", s.Status)
	}
}

func TestActsOfOthers(t *testing.T) {
	w := newWorld(t, nil)
	applePay, phone, waiting, merchant := w.token(t, apple, "applepay", false), w.token(t, google, "googlepay", false), w.token(t, google, "googlepay", true), w.token(t, google, "other", false)
	w.change(t, "suspend", applePay, "S")
	for _, c := range []struct {
		name, ref, as, do string
		status            int
		want              string // status afterwards, or the code of the problem
	}{
		{"Apple's cardholder against the issuer", applePay, "CARDHOLDER", "suspend", 409, "token_status"},
		{"Apple's cardholder lets go what the issuer holds", applePay, "CARDHOLDER", "resume", 409, "token_status"},
		{"the cardholder deletes on the phone", phone, "CARDHOLDER", "delete", 200, "SOFTDELETED"},
		{"the requestor deletes", phone, "TOKEN_REQUESTOR", "delete", 200, "DEACTIVATED"},
		{"the requestor deletes twice", phone, "TOKEN_REQUESTOR", "delete", 409, "token_status"},
		{"the cardholder gives up a token in progress", waiting, "CARDHOLDER", "delete", 200, "DEACTIVATED"},
		{"the requestor suspends", merchant, "TOKEN_REQUESTOR", "suspend", 200, "SUSPENDED"},
		{"the issuer is no other", merchant, "ISSUER", "suspend", 400, "act_unknown"},
		{"an act that there is not", merchant, "CARDHOLDER", "activate", 400, "act_unknown"},
		{"a token that there is not", "DWSPMC", "CARDHOLDER", "suspend", 404, "token_unknown"},
	} {
		got := w.act(t, c.ref, c.as, c.do)
		var said struct {
			Status any
			Code   string
		}
		if err := json.Unmarshal(got.body, &said); err != nil {
			t.Fatal(err)
		}
		if got.status != c.status || said.Code != c.want && said.Status != c.want {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
	at := w.URL + "/sandbox/mdes/tokens/"
	if got := do(t, http.MethodGet, at+"DWSPMC", "", nil); got.status != 404 {
		t.Errorf("the story of nobody: %d", got.status)
	}
	if got := do(t, http.MethodPut, at+phone, "", nil); got.status != 405 {
		t.Errorf("PUT: %d", got.status)
	}
	if got := do(t, http.MethodPost, at+phone, "", []byte("{")); got.status != 400 {
		t.Errorf("no JSON: %d", got.status)
	}
}

func TestActivationMethodsAndCodes(t *testing.T) {
	w := newWorld(t, nil)
	waiting, active := w.token(t, google, "googlepay", true), w.token(t, apple, "applepay", false)
	methodsOf := func(ref string) (all []string) {
		var said struct {
			TokenActivationMethodsResponse struct {
				ActivationMethods struct {
					ActivationMethod []struct{ ActivationMethodId, ActivationMethodType, ActivationMethodValue, ResendIndicator string }
				}
			}
		}
		w.ask(t, "/token/activationmethods", "TokenActivationMethods", members{"TokenUniqueReference": ref}).read(t, &said)
		for _, m := range said.TokenActivationMethodsResponse.ActivationMethods.ActivationMethod {
			all = append(all, m.ActivationMethodType+" "+m.ResendIndicator)
		}
		return all
	}
	if got := methodsOf(waiting); !slices.Equal(got, []string{"SMS true", "EMA true", "BAP false"}) {
		t.Errorf("methods %v", got)
	}
	if got := methodsOf(active); len(got) != 0 {
		t.Errorf("methods of an active token: %v", got)
	}
	for _, c := range []struct{ ref, method, reason string }{
		{waiting, "1001", ""}, {waiting, "1002", ""}, {waiting, "1003", "INVALID_FIELD_VALUE"}, {waiting, "9", "INVALID_FIELD_VALUE"},
		{waiting, "", "MISSING_REQUIRED_FIELD"}, {active, "1001", "INVALID_TOKEN_STATUS"}, {"", "1001", "MISSING_REQUIRED_FIELD"},
	} {
		if got := w.ask(t, "/token/resendactivationcode", "TokenResendActivationCode", members{"TokenUniqueReference": c.ref, "ActivationMethodId": c.method}); got.reason(t) != c.reason {
			t.Errorf("resend by %q: %d %s", c.method, got.status, got.body)
		}
	}
	if got := w.history(t, waiting); len(got) != 1 {
		t.Errorf("a code is no change of status: %v", got)
	}
	if token, _ := w.vault.Token(waiting); token.CodeExpiresAt == nil {
		t.Error("no code is on its way")
	}
	w.config.Now = func() time.Time { return time.Now().Add(31 * 24 * time.Hour) }
	w.start(t)
	body, err := json.Marshal(members{"TokenResendActivationCodeRequest": members{"AuditInfo": audit, "TokenUniqueReference": waiting, "ActivationMethodId": "1001"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSigning(w.api("/token/resendactivationcode"), body)
	s.oauth["oauth_timestamp"] = fmt.Sprint(w.config.Now().Unix())
	if got := do(t, http.MethodPost, s.url, s.header(t), body); got.reason(t) != "INVALID_WORKFLOW" {
		t.Errorf("after a month: %d %s", got.status, got.body)
	}
}

func TestCommentsAndRequestors(t *testing.T) {
	w := newWorld(t, nil)
	ref := w.token(t, apple, "applepay", false)
	w.change(t, "suspend", ref, "L")
	got := w.ask(t, "/token/comments", "TokenComments", members{"TokenUniqueReference": ref})
	if got.reason(t) != "" || strings.Count(string(got.body), `"CommentText":"on the phone"`) != 1 {
		t.Errorf("comments: %s", got.body)
	}
	for id, want := range map[string]string{apple: "", "50199999999": "EMPTY_RESULT", "": "MISSING_REQUIRED_FIELD", "123": "INVALID_FIELD_LENGTH", "5019999999x": "INVALID_FIELD_VALUE"} {
		got := w.ask(t, "/tokenrequestorsearch", "TokenRequestorSearch", members{"TokenRequestorId": id})
		if got.reason(t) != want || want == "" && !strings.Contains(string(got.body), "Apple Pay") {
			t.Errorf("requestor %q: %d %s", id, got.status, got.body)
		}
	}
}

func TestFaults(t *testing.T) {
	w := newWorld(t, nil)
	ref := w.token(t, google, "googlepay", false)
	fault := func(call, kind string) {
		t.Helper()
		if got := do(t, http.MethodPost, w.URL+"/sandbox/faults", "", []byte(`{"scheme":"mdes","call":"`+call+`","fault":"`+kind+`"}`)); got.status != 201 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	fault("suspend", "drop_before")
	if got := w.change(t, "suspend", ref, "L"); got.status != 0 || w.story(t, ref).Status != "ACTIVE" {
		t.Errorf("dropped before: %d, %+v", got.status, w.story(t, ref))
	}
	fault("suspend", "drop_after_commit")
	if got := w.change(t, "suspend", ref, "L"); got.status != 0 || w.story(t, ref).Status != "SUSPENDED" {
		t.Errorf("dropped after commit: %d, %+v", got.status, w.story(t, ref))
	}
	if got := w.history(t, ref); got[len(got)-1] != "S I L" {
		t.Errorf("and the history is %v", got)
	}
	fault("*", "wrong_key") // waits for a call with something encrypted
	fault("unsuspend", "wrong_signature")
	if got := w.change(t, "unsuspend", ref, "F"); got.status != 401 || got.reason(t) != "AUTHENTICATION_FAILED" {
		t.Errorf("wrong signature: %d %s", got.status, got.body)
	}
	search := members{"EncryptedAccountInformation": pan(testPAN).field(t)}
	for _, want := range []string{"CRYPTOGRAPHY_ERROR", ""} {
		if got := w.ask(t, "/search", "Search", search); got.reason(t) != want {
			t.Errorf("wrong key: %d %s", got.status, got.body)
		}
	}
	fault("search", "rate_limited")
	if got := w.ask(t, "/search", "Search", search); got.status != 429 || got.reason(t) != "RATE_LIMIT_EXCEEDED" {
		t.Errorf("rate limited: %d %s", got.status, got.body)
	}
	fault("search", "error_5xx")
	if got := w.ask(t, "/search", "Search", search); got.status != 503 || got.reason(t) != "SYSTEM_ERROR" {
		t.Errorf("down: %d %s", got.status, got.body)
	}
	fault("search", "garbage")
	if got := w.ask(t, "/search", "Search", search); got.status != 200 || json.Valid(got.body) {
		t.Errorf("half an answer: %d %s", got.status, got.body)
	}
}

// A vault whose disk is gone, and a machine without randomness, are MDES's own trouble.
func TestTroubleOfItsOwn(t *testing.T) {
	w := newWorld(t, nil)
	ref := w.token(t, google, "googlepay", false)
	w.config.Rand = iotest.ErrReader(io.ErrUnexpectedEOF)
	w.start(t)
	if got := w.change(t, "suspend", ref, "L"); got.status != 500 || got.reason(t) != "INTERNAL_SERVICE_FAILURE" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if err := w.vault.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.ask(t, "/token/suspend", "TokenSuspend", members{"TokenUniqueReference": ref, "ReasonCode": "L"}); got.status != 500 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := w.act(t, ref, "CARDHOLDER", "suspend"); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
}
