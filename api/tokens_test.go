package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/tokens"
)

const (
	listPath    = "/wallet/v1/card/42/tokens"
	listTarget  = listPath + byAda
	suspendPath = "/wallet/v1/tokens/7/suspend"
	suspend     = suspendPath + byAda
)

// tokenNumber is that of a token: it must be nowhere but in the answer to those who may
// have it.
const tokenNumber = "5204731600014784"

func mustNumber(t testing.TB) walletport.PAN {
	t.Helper()
	number, err := walletport.ParsePAN(tokenNumber)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// someTokens are one whose number the caller may see, one whose number is known in part
// only to the caller, and one without.
func someTokens(t testing.TB) []tokens.Listed {
	ref := func(requestor, reference string) walletport.TokenRef {
		return walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: requestor, Reference: reference}
	}
	return []tokens.Listed{
		{ID: 7, Ref: ref("50110030273", "DWSPMC7"), Wallet: "Apple Pay", Status: walletport.TokenActive, MaskedNumber: "520473******4784", Number: mustNumber(t)},
		{ID: 8, Ref: ref("50120834693", "DWSPMC8"), Wallet: "Google Pay", Status: walletport.TokenSoftDeleted, MaskedNumber: "520473******4784"},
		{ID: 1<<53 - 1, Ref: ref("50199999999", "DWSPMC9"), Wallet: "50199999999", Status: walletport.TokenInactive},
	}
}

func TestGetTokens(t *testing.T) {
	h := mustHouse(t, nil)
	at := time.Date(2026, 11, 29, 17, 4, 5, 6_700_000, time.FixedZone("CET", 3600))
	for _, c := range []struct {
		name string
		list tokens.List
		body string
		asOf string
	}{
		{"none", tokens.List{Tokens: []tokens.Listed{}, AsOf: at}, `[]`, ""},
		{"none, of a flow that gives nil", tokens.List{AsOf: at}, `[]`, ""},
		{
			"some", tokens.List{Tokens: someTokens(t), AsOf: at},
			`[{"tokenUniqueReferenceId":"DWSPMC7","tokenRequestorId":"50110030273","tokenNumber":"5204731600014784","tokenId":"7","walletProvider":"Apple Pay","status":"ACTIVE"},` +
				`{"tokenUniqueReferenceId":"DWSPMC8","tokenRequestorId":"50120834693","tokenNumber":"520473******4784","tokenId":"8","walletProvider":"Google Pay","status":"SOFTDELETED"},` +
				`{"tokenUniqueReferenceId":"DWSPMC9","tokenRequestorId":"50199999999","tokenId":"9007199254740991","walletProvider":"50199999999","status":"INACTIVE"}]`, "",
		},
		{"old ones", tokens.List{AsOf: at, IsOld: true}, `[]`, "2026-11-29T16:04:05.006Z"},
		{"old ones of a full second", tokens.List{AsOf: at.Truncate(time.Second), IsOld: true}, `[]`, "2026-11-29T16:04:05.000Z"},
		{"old ones that the scheme was never asked for", tokens.List{IsOld: true}, `[]`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls, h.flow.list = nil, c.list
			r := h.mustRequest(t, http.MethodGet, listTarget, nil)
			w := h.do(r)
			if w.Code != http.StatusOK || w.Body.String() != c.body {
				t.Fatalf("answer %d %s, want %s", w.Code, w.Body.String(), c.body)
			}
			wantSpecified(t, r, w)
			if got := w.Header().Get("X-Tokens-As-Of"); got != c.asOf {
				t.Errorf("X-Tokens-As-Of %q, want %q", got, c.asOf)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the answer may be kept: %v", w.Header())
			}
			want := []any{tokens.ListRequest{CardID: 42, AuditUser: "ada@bank.example", Channel: tokens.ChannelAPI}}
			if diff := cmp.Diff(want, h.flow.calls); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
			for _, listed := range c.list.Tokens {
				if !listed.Number.IsZero() {
					t.Errorf("the number of token %s is still in memory", listed.ID)
				}
			}
			if records := h.trail.Take(); len(records) != 0 {
				t.Errorf("the door recorded what the flow records: %+v", records)
			}
		})
	}
}

// TestGetManyTokens: a list that is too long to be held back leaves whole.
func TestGetManyTokens(t *testing.T) {
	h := mustHouse(t, nil)
	for i := range 200 {
		listed := someTokens(t)[1]
		listed.ID = walletport.TokenID(i + 1)
		h.flow.list.Tokens = append(h.flow.list.Tokens, listed)
	}
	r := h.mustRequest(t, http.MethodGet, listTarget, nil)
	w := h.do(r)
	wantSpecified(t, r, w)
	if got := strings.Count(w.Body.String(), `"tokenId"`); w.Code != http.StatusOK || got != 200 {
		t.Errorf("answer %d with %d tokens", w.Code, got)
	}
}

func TestChangeTokenStatus(t *testing.T) {
	h := mustHouse(t, nil)
	for _, action := range walletport.TokenActions() {
		for _, reason := range slices.Concat([]walletport.TokenReason{""}, walletport.TokenReasons()) {
			t.Run(string(action)+" "+string(reason), func(t *testing.T) {
				h.flow.calls, h.flow.token = nil, someTokens(t)[1]
				r := h.mustRequest(t, http.MethodPut, "/wallet/v1/tokens/9007199254740991/"+string(action)+byAda, nil)
				if reason != "" {
					r.Header.Set("X-Reason", string(reason))
				}
				w := h.do(r)
				const body = `{"tokenUniqueReferenceId":"DWSPMC8","tokenRequestorId":"50120834693","tokenNumber":"520473******4784","tokenId":"8","walletProvider":"Google Pay","status":"SOFTDELETED"}`
				if w.Code != http.StatusOK || w.Body.String() != body {
					t.Fatalf("answer %d %s, want %s", w.Code, w.Body.String(), body)
				}
				wantSpecified(t, r, w)
				want := []any{tokens.ChangeRequest{TokenID: 1<<53 - 1, Action: action, Reason: reason, AuditUser: "ada@bank.example", Channel: tokens.ChannelAPI}}
				if diff := cmp.Diff(want, h.flow.calls); diff != "" {
					t.Errorf("the flow was called with (-want +got):\n%s", diff)
				}
				if records := h.trail.Take(); len(records) != 0 {
					t.Errorf("the door recorded what the flow records: %+v", records)
				}
			})
		}
	}
}

// TestTheWordsOfTokensAreTheSpecifications holds the enums to the words of the root.
func TestTheWordsOfTokensAreTheSpecifications(t *testing.T) {
	document := mustSpec(t, "openapi.yaml")
	change := document.Paths.Value("/v1/tokens/{tokenId}/{action}").Put
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"actions", change.Parameters.GetByInAndName("path", "action").Schema.Value.Enum, walletport.TokenActions()},
		{"reasons", change.Parameters.GetByInAndName("header", "X-Reason").Schema.Value.Enum, walletport.TokenReasons()},
	} {
		if fmt.Sprint(c.got) != fmt.Sprint(c.want) {
			t.Errorf("the specification has the %s %v, the code %v", c.name, c.got, c.want)
		}
	}
	statuses := document.Components.Schemas["token"].Value.Properties["status"].Value.Enum
	for _, s := range walletport.TokenStatuses() {
		if len(statuses) != len(walletport.TokenStatuses()) || !slices.Contains(statuses, any(string(s))) {
			t.Errorf("the specification has the statuses %v, and not %s", statuses, s)
		}
	}
}

// TestTokensThatAreNotThereLookAlike: what is no id, and what the flow does not give.
func TestTokensThatAreNotThereLookAlike(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.err = walletport.ErrTokenNotFound()
	var details []string
	for _, id := range []string{"abc", "7", "9223372036854775808", ""} {
		r := h.mustRequest(t, http.MethodPut, "/wallet/v1/tokens/"+id+"/suspend"+byAda, nil)
		details = append(details, wantProblem(t, r, h.do(r), 404, "token_not_found").Detail)
	}
	if distinct := slices.Compact(slices.Clone(details)); len(distinct) != 1 {
		t.Errorf("they can be told apart: %q", details)
	}
	t.Run("a request id with the number of the card is shown as it came", func(t *testing.T) {
		h.flow.err = &walletport.Redacted{Err: walletport.ErrTokenNotFound(), RequestID: true}
		r := h.mustRequest(t, http.MethodPut, suspend, nil)
		r.Header.Set("X-Request-Id", "user"+testPAN)
		if got := h.do(r).Header().Get("X-Request-Id"); got != "user"+testPAN || strings.Contains(h.logs.String(), testPAN) {
			t.Errorf("the answer has %q, the log %s", got, h.logs)
		}
	})
}

// TestAnswersOfTheFlowOfTokens: what the flow says of a change is answered with its class's
// status, and how long to wait where that is known. Flows record what they say.
func TestAnswersOfTheFlowOfTokens(t *testing.T) {
	h := mustHouse(t, nil)
	_, notAllowed := walletport.TokenSuspended.After(walletport.TokenSuspend)
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
		says   string
		wait   string
	}{
		{"a state that does not allow it", notAllowed, 409, "token_transition_not_allowed", "resume, deactivate", ""},
		{"another change", walletport.Errorf(walletport.CodeConflict, "token_change_in_progress", "x").WithRetryAfter(3 * time.Second), 409, "token_change_in_progress", "x", "3"},
		{"the scheme refused", walletport.Errorf(walletport.CodeRejected, "scheme_refused", "x"), 422, "scheme_refused", "x", ""},
		{"the scheme cannot", walletport.Errorf(walletport.CodeUnsupported, "scheme_unsupported", "x"), 422, "scheme_unsupported", "x", ""},
		{"the scheme does not know us", walletport.Errorf(walletport.CodeUnavailable, "scheme_access_refused", "x"), 503, "scheme_access_refused", "x", "1"},
		{"the scheme is down, as was heard before", walletport.Errorf(walletport.CodeUnavailable, "scheme_unavailable", "x").WithRetryAfter(4500 * time.Millisecond), 503, "scheme_unavailable", "x", "5"},
		{"the scheme wants fewer", walletport.Errorf(walletport.CodeRateLimited, "scheme_rate_limited", "x").WithRetryAfter(time.Minute), 429, "scheme_rate_limited", "x", "60"},
		{"the scheme wants fewer, and says no more", walletport.Errorf(walletport.CodeRateLimited, "scheme_rate_limited", "x"), 429, "scheme_rate_limited", "x", "1"},
		{"no scheme", walletport.Errorf(walletport.CodeUnavailable, "scheme_not_configured", "x"), 503, "scheme_not_configured", "x", "1"},
	} {
		for method, target := range map[string]string{http.MethodGet: listTarget, http.MethodPut: suspend} {
			t.Run(method+" "+c.name, func(t *testing.T) {
				h.flow.err = c.err
				r := h.mustRequest(t, method, target, nil)
				w := h.do(r)
				p := wantProblem(t, r, w, c.status, c.code)
				if !strings.Contains(p.Detail, c.says) || w.Header().Get("Retry-After") != c.wait {
					t.Errorf("detail %q, Retry-After %q", p.Detail, w.Header().Get("Retry-After"))
				}
				if w.Header().Get("Deprecation") != "" {
					t.Errorf("a current call is called deprecated")
				}
				if records := h.trail.Take(); len(records) != 0 {
					t.Errorf("recorded twice: %+v", records)
				}
			})
		}
	}
}

// TestTokenNumbersStayInTheAnswer: the whole number of a token, which is good for payments,
// goes to the caller and nowhere else, whatever goes wrong.
func TestTokenNumbersStayInTheAnswer(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(context.Context)
		err   error
		shown bool
	}{
		{name: "listed", shown: true},
		{name: "not listed, for the flow fails", err: errors.New("token " + tokenNumber)},
		{name: "not listed, for the flow breaks", do: func(context.Context) { panic(tokenNumber) }},
	} {
		for method, target := range map[string]string{http.MethodGet: listTarget, http.MethodPut: suspend} {
			t.Run(method+" "+c.name, func(t *testing.T) {
				h := mustHouse(t, nil)
				h.flow.list.Tokens, h.flow.token = someTokens(t), someTokens(t)[0]
				h.flow.do, h.flow.err = c.do, c.err
				w := h.do(h.mustRequest(t, method, target, nil))
				if strings.Contains(w.Body.String(), tokenNumber) != c.shown {
					t.Errorf("answer %d %s", w.Code, w.Body.String())
				}
				seen := fmt.Sprintf("%+v %+v %v", h.trail.Take(), h.spans.GetSpans(), w.Header()) + h.logs.String() + h.do(h.mustRequest(t, http.MethodGet, "/metrics", nil)).Body.String()
				if strings.Contains(seen, tokenNumber) {
					t.Errorf("the number is elsewhere: %s", seen)
				}
				if strings.Count(h.logs.String(), "\n") < 1 || len(h.spans.GetSpans()) == 0 {
					t.Errorf("nothing was logged or traced")
				}
			})
		}
	}
}
