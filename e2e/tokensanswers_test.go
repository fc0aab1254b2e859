package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// commands are the calls that change a token, and questions those for the tokens of a card.
var (
	commands  = map[string]string{"mdes": "suspend", "vts": "lifecycle"}
	questions = map[string]string{"mdes": "search", "vts": "retrieveTokenInfo"}
)

// quickSchemes are thought to do within a second what they do, and each list asks them.
const quickSchemes = "tokens: {max_age: 1ms}\n"

// says is an answer of a scheme, whatever it was asked.
func says(status int, contentType, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// cutOff promises more than it sends.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	const half = `{"TokenSuspendResponse":{"Tok`
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(10*len(half)))
	_, _ = w.Write([]byte(half))
	panic(http.ErrAbortHandler)
}

// errorBody is an answer with the schemes' form of an error.
func errorBody(mdes, vts string) map[string]string {
	return map[string]string{
		"mdes": `{"Errors":{"Error":[{"Source":"Customer Service","ReasonCode":"` + mdes + `","Description":"x","Recoverable":false}]}}`,
		"vts":  `{"errorResponse":{"status":400,"code":"` + vts + `","reason":"x","message":"x"}}`,
	}
}

// badAnswer is an answer of a scheme, and what the caller is told of a change.
type badAnswer struct {
	name       string
	answer     func(scheme string) http.HandlerFunc
	code       string
	status     int
	retryAfter string
}

// TestWhatASchemeAnswers has the schemes answer in every bad way, over the real server. A
// change is done or not as the scheme did it, or found out; a list is as it was stored.
func TestWhatASchemeAnswers(t *testing.T) {
	t.Parallel()
	h := mustTokenBox(t, "")
	b, file := mustBetween(t, h.box.file)
	file.settleAfter = "1s"
	h.mustServers(t, 1, "", quickSchemes, file)
	const isJSON = "application/json"
	stale := map[string]string{
		"mdes": `{"Errors":{"Error":[{"Source":"Gateway","ReasonCode":"AUTHENTICATION_FAILED","Description":"OAuth timestamp is expired","Recoverable":false}]}}`,
		"vts":  `{"responseStatus":{"status":401,"code":"9121","severity":"ERROR","message":"Expired x-pay-token","info":""}}`,
	}
	cases := []badAnswer{
		{"401", same(says(401, "text/plain", "who are you?")), "scheme_access_refused", 503, ""},
		{"403", same(says(403, "text/html", "<h1>Forbidden</h1>")), "scheme_access_refused", 503, ""},
		{"a clock that is 10 minutes off", each(func(s string) http.HandlerFunc { return says(401, isJSON, stale[s]) }), "scheme_access_refused", 503, ""},
		{"429 with Retry-After", same(says(429, isJSON, "", "Retry-After", "7")), "scheme_rate_limited", 429, "7"},
		{"429 without", same(says(429, isJSON, "")), "scheme_rate_limited", 429, ""},
		{"500", same(says(500, "text/html", "<h1>Sorry</h1>")), "scheme_unavailable", 503, ""},
		{"503", same(says(503, isJSON, "")), "scheme_unavailable", 503, ""},
		{"200 with an error body", each(func(s string) http.HandlerFunc {
			return says(200, isJSON, errorBody("INVALID_TOKEN_STATUS", "VSE40007")[s])
		}), "token_transition_not_allowed", 409, ""},
		{"a wrong content type", same(says(200, "text/html", "<h1>Maintenance</h1>")), "scheme_unavailable", 503, ""},
		{"10 MB", same(says(200, isJSON, `{"x":"`+strings.Repeat("x", 10<<20)+`"}`)), "scheme_unavailable", 503, ""},
		{"cut in the middle", same(cutOff), "scheme_unavailable", 503, ""},
	}
	for card, scheme := range map[int64]string{7001: "mdes", 7002: "vts"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { h.wantBadAnswer(t, b, card, scheme, c) })
			}
		})
	}
}

// wantBadAnswer has a scheme answer a change and a question for a card's tokens badly, and
// then the same change well.
func (h *tokenHouse) wantBadAnswer(t *testing.T, b *between, card int64, scheme string, c badAnswer) {
	t.Helper()
	token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
	b.once(c.answer(scheme), commands[scheme])
	before := b.count(commands[scheme])
	a := h.caller(0).changeToken(token.ID, "suspend", "bad-"+randomHex(8), "")
	code := a.problem().Code
	switch {
	case code == "scheme_signature_spent": // so Visa says that a clock is off
		code = "scheme_access_refused"
	case code == "scheme_outcome_unknown" && c.code == "scheme_unavailable": // a slow machine finds it out later
		code = c.code
	}
	if a.status != c.status || code != c.code || c.retryAfter != "" && a.header.Get("Retry-After") != c.retryAfter {
		t.Errorf("the change: %v, Retry-After %q", a, a.header.Get("Retry-After"))
	}
	if sent := b.count(commands[scheme]) - before; sent != 1 {
		t.Errorf("the change was sent %d times", sent)
	}
	b.on(nil, commands[scheme])
	b.on(c.answer(scheme), questions[scheme])
	if old, a := h.caller(0).tokensOf(card, "old-"+randomHex(8)); a.status != http.StatusOK || len(old) == 0 || a.header.Get("X-Tokens-As-Of") == "" {
		t.Errorf("the list: %v, as of %q", a, a.header.Get("X-Tokens-As-Of"))
	}
	b.on(nil, questions[scheme])
	h.wantDone(t, card, token, "suspend", "SUSPENDED")
}

func same(h http.HandlerFunc) func(string) http.HandlerFunc {
	return func(string) http.HandlerFunc { return h }
}

func each(h func(string) http.HandlerFunc) func(string) http.HandlerFunc { return h }

// wantDone makes a change that must be done, once what is open of the token is closed.
func (h *tokenHouse) wantDone(t *testing.T, card int64, token listedToken, action, status string) {
	t.Helper()
	a := answer{}
	eventually(t, "the change is no longer put off", func() bool {
		a = h.caller(0).changeToken(token.ID, action, "well-"+randomHex(8), "")
		return a.status != http.StatusServiceUnavailable
	})
	story, err := h.truth(card, token.Reference)
	if a.status != http.StatusOK || a.mustToken(t).Status != status || err != nil || story.Status != status {
		t.Errorf("%s: %v, the scheme knows %+v, %v", action, a, story, err)
	}
}

// TestASchemeThatDoesNotKnowUs: the keys are those of another environment, or the scheme
// answers with others.
func TestASchemeThatDoesNotKnowUs(t *testing.T) {
	t.Parallel()
	h := mustTokenBox(t, "")
	file := h.box.file
	file.MDES.CustomerService.ConsumerKey = strings.Repeat("a", 48) + "!" + strings.Repeat("b", 48)
	file.VTS.TokenAPI.SharedSecret = strings.Repeat("another-environment.", 2)
	h.mustServers(t, 1, "", quickSchemes, file)
	for card, scheme := range map[int64]string{7001: "mdes", 7002: "vts"} {
		t.Run(scheme, func(t *testing.T) {
			_, a := h.caller(0).tokensOf(card, "stranger-"+scheme)
			if a.status != http.StatusServiceUnavailable || a.problem().Code != "scheme_access_refused" {
				t.Errorf("a card whose tokens were never told: %v", a)
			}
			if got := mustExport(t, h.at()).byID["stranger-"+scheme]; len(got) != 1 || got[0].Outcome != "scheme_access_refused" {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

// TestTokensOfASandbox are the lines that the simulated schemes play themselves.
func TestTokensOfASandbox(t *testing.T) {
	t.Parallel()
	h := mustTokenHouse(t, 0, "", "", walkEnv...)
	for card, scheme := range map[int64]string{7001: "mdes", 7002: "vts"} {
		t.Run(scheme+" card without tokens", func(t *testing.T) {
			a := h.caller(0).call(http.MethodGet, fmt.Sprintf("/v1/card/%d/tokens", card), "none-"+scheme, "")
			if a.status != http.StatusOK || strings.TrimSpace(a.body) != "[]" || a.header.Get("X-Tokens-As-Of") != "" {
				t.Errorf("the list: %v", a)
			}
		})
		t.Run(scheme+" with a wrong encryption key", func(t *testing.T) {
			token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
			h.fault(scheme, "*", "wrong_key", 3, 0)
			eventually(t, "the list is old", func() bool {
				tokens, a := h.caller(0).tokensOf(card, "key-"+randomHex(8))
				return len(tokens) == 1 && a.header.Get("X-Tokens-As-Of") != ""
			})
			h.atSandbox(http.MethodDelete, "/faults", "")
			h.wantDone(t, card, token, "deactivate", "DEACTIVATED")
		})
		t.Run(scheme+" token deleted at the scheme meanwhile", func(t *testing.T) {
			token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
			if a := h.act(card, token.Reference, "TOKEN_REQUESTOR", "delete"); a.status != http.StatusOK {
				t.Fatalf("the token requestor: %v", a)
			}
			a := h.caller(0).changeToken(token.ID, "suspend", "gone-"+scheme, "")
			if a.status != http.StatusConflict || a.problem().Code != "token_transition_not_allowed" {
				t.Errorf("the change: %v", a)
			}
			eventually(t, "the token is listed as deactivated", func() bool {
				return h.mustFindToken(t, card, token.Reference).Status == "DEACTIVATED"
			})
		})
	}
	for card, scheme := range map[int64]string{7003: "mdes", 7004: "vts"} {
		t.Run(scheme+" card with 200 tokens over pages", func(t *testing.T) {
			for range 200 {
				h.mustAddToken(t, card, "INACTIVE")
			}
			eventually(t, "all are listed", func() bool {
				tokens, _ := h.caller(0).tokensOf(card, "many-"+randomHex(8))
				return len(tokens) == 200
			})
		})
	}
}
