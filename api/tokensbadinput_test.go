package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/tokens"
)

// TestBadInputOfTokenCalls is the list of what callers get wrong in the calls on tokens:
// the answer, and the record of it in the audit trail.
func TestBadInputOfTokenCalls(t *testing.T) {
	h := mustHouse(t, nil)
	const user, lists, suspends, changes = "ada@bank.example", walletport.ActionTokensList, walletport.Action("tokens.suspend"), walletport.ActionTokensChange
	seven := walletport.AuditDetails(nil).With(walletport.DetailTokenID, "7")
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	noCredentials := func(r *http.Request) { r.Header.Del("Authorization") }
	list := func(card string) string { return "/wallet/v1/card/" + card + "/tokens" + byAda }
	change := func(token, action string) string { return "/wallet/v1/tokens/" + token + "/" + action + byAda }
	type row struct {
		name, method, target string
		change               func(*http.Request)
		body                 string
		status               int
		code                 string
		record               walletport.AuditRecord
	}
	var rows []row
	for name, auditUser := range map[string]struct{ query, code string }{
		"auditUser missing": {"", "audit_user_missing"}, "auditUser empty": {"?auditUser=", "audit_user_missing"},
		"auditUser of 10 kB":           {"?auditUser=" + strings.Repeat("a", 10_000), "audit_user_too_long"},
		"auditUser with a line break":  {"?auditUser=a%0Ab", "audit_user_malformed"},
		"a PAN in auditUser":           {"?auditUser=" + testPAN, "audit_user_contains_pan"},
		"auditUser twice":              {byAda + "&auditUser=eve", "audit_user_repeated"},
		"auditUser not escaped":        {"?auditUser=%zz", "query_malformed"},
		"auditUser of another letters": {"?audituser=ada", "audit_user_missing"},
	} {
		rows = append(rows,
			row{name: "list, " + name, method: http.MethodGet, target: listPath + auditUser.query, status: 400, code: auditUser.code, record: walletport.AuditRecord{ClientID: h.client.id, Action: lists, CardID: 42}},
			row{name: "change, " + name, method: http.MethodPut, target: suspendPath + auditUser.query, status: 400, code: auditUser.code, record: walletport.AuditRecord{ClientID: h.client.id, Action: suspends, Details: seven}})
	}
	for name, card := range map[string]struct{ id, code string }{
		"not a number": {"abc", "card_id_malformed"}, "over int64": {"9223372036854775808", "card_id_malformed"},
		"empty": {"", "card_id_malformed"}, "a fraction": {"4.2", "card_id_malformed"}, "a PAN": {testPAN, "card_id_contains_pan"},
		"a PAN with hyphens": {"5204-2477-5000-1471", "card_id_malformed"}, "a list": {"42,43", "card_id_malformed"}, "of 10 kB": {strings.Repeat("4", 10_000), "card_id_malformed"},
	} {
		rows = append(rows, row{name: "cardId, " + name, method: http.MethodGet, target: list(card.id), status: 400, code: card.code, record: walletport.AuditRecord{ClientID: h.client.id, AuditUser: user, Action: lists}})
	}
	for name, id := range map[string]string{
		"not a number": "abc", "0": "0", "negative": "-7", "with a sign": "%2B7", "with a zero before": "07", "a fraction": "7.0", "2^53": "9007199254740992",
		"over int64": "9223372036854775808", "empty": "", "a PAN": testPAN, "a list": "7,8", "of 10 kB": strings.Repeat("7", 10_000),
	} {
		record := walletport.AuditRecord{ClientID: h.client.id, AuditUser: user, Action: suspends}
		rows = append(rows, row{name: "tokenId, " + name, method: http.MethodPut, target: change(id, "suspend"), status: 404, code: "token_not_found", record: record})
	}
	for name, action := range map[string]string{
		"unknown": "delete", "in capitals": "SUSPEND", "with a capital": "Suspend", "empty": "", "a list": "suspend,resume", "with a space": "suspend%20", "a PAN": testPAN,
	} {
		rows = append(rows, row{name: "action, " + name, method: http.MethodPut, target: change("7", action), status: 404, code: "token_action_unknown", record: walletport.AuditRecord{ClientID: h.client.id, AuditUser: user, Action: changes, Details: seven}})
	}
	of := walletport.AuditRecord{ClientID: h.client.id, AuditUser: user, Action: suspends, Details: seven}
	stranger := walletport.AuditRecord{AuditUser: user, Action: suspends, Details: seven}
	for name, reasons := range map[string][]string{"unknown": {"bored"}, "in capitals": {"LOST"}, "empty": {""}, "a PAN": {testPAN}, "a list": {"lost,stolen"}} {
		rows = append(rows, row{name: "X-Reason, " + name, method: http.MethodPut, target: suspend, change: header("X-Reason", reasons...), status: 400, code: "token_reason_unknown", record: of})
	}
	rows = append(rows,
		row{name: "X-Reason twice", method: http.MethodPut, target: suspend, change: header("X-Reason", "lost", "lost"), status: 400, code: "token_reason_repeated", record: of},
		row{name: "a body", method: http.MethodPut, target: suspend, body: `{"reason":"lost"}`, status: 400, code: "body_unexpected", record: of},
		row{name: "a body over the limit", method: http.MethodPut, target: suspend, body: strings.Repeat("x", 64<<10+1), status: 413, code: "body_too_large", record: of},
		row{name: "an Accept that excludes JSON", method: http.MethodPut, target: suspend, change: header("Accept", "text/html"), status: 406, code: "not_acceptable", record: of},
		row{name: "no credentials", method: http.MethodPut, target: suspend, change: noCredentials, status: 401, code: "credentials_missing", record: stranger},
		row{name: "a stranger with bad input learns nothing of it", method: http.MethodPut, target: change("abc", "delete"), change: noCredentials, status: 401, code: "credentials_missing", record: walletport.AuditRecord{AuditUser: user, Action: changes}},
		row{name: "a client that may list only", method: http.MethodPut, target: suspend, change: func(r *http.Request) { r.SetBasicAuth(h.readOnly.id, h.readOnly.secret) }, status: 403, code: "scope_missing", record: walletport.AuditRecord{ClientID: h.readOnly.id, AuditUser: user, Action: suspends, Details: seven}},
		row{name: "list, no credentials", method: http.MethodGet, target: listTarget, change: noCredentials, status: 401, code: "credentials_missing", record: walletport.AuditRecord{AuditUser: user, Action: lists, CardID: 42}},
		row{
			name: "list, a token that may see numbers and no lists", method: http.MethodGet, target: listTarget,
			change: header("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(time.Hour), "tokens:number tokens:write")),
			status: 403, code: "scope_missing", record: walletport.AuditRecord{ClientID: "mobile@" + tokenIssuer, AuditUser: user, Action: lists, CardID: 42},
		},
		row{name: "list, a body", method: http.MethodGet, target: listTarget, body: `{}`, status: 400, code: "body_unexpected", record: walletport.AuditRecord{ClientID: h.client.id, AuditUser: user, Action: lists, CardID: 42}},
	)
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			h.trail.Take()
			h.flow.calls = nil
			r := h.mustRequest(t, c.method, c.target, strings.NewReader(c.body))
			if c.change != nil {
				c.change(r)
			}
			p := wantProblem(t, r, h.do(r), c.status, c.code)
			if len(h.flow.calls) != 0 {
				t.Errorf("the flow was called")
			}
			if c.status == 400 && c.code != "body_unexpected" && len(p.Errors) == 0 {
				t.Errorf("errors[] does not say where")
			}
			wantRecord(t, h.trail.Take(), &c.record, c.code, p.RequestID)
		})
	}
}

func TestSeveralFaultsOfAListAreSaidAtOnce(t *testing.T) {
	h := mustHouse(t, nil)
	r := h.mustRequest(t, http.MethodGet, "/wallet/v1/card/abc/tokens?auditUser=a%0Ab", nil)
	p := wantProblem(t, r, h.do(r), 400, "card_id_malformed")
	if got := fieldsOf(p); !slices.Equal(got, []string{"cardId", "auditUser"}) {
		t.Errorf("errors[] names %q", got)
	}
}

func TestMethodsAndPathsNearTokenCalls(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct{ name, method, target, code, says, allow string }{
		{"the list by POST", http.MethodPost, listTarget, "method_not_allowed", "", "GET"},
		{"the list by HEAD", http.MethodHead, listTarget, "method_not_allowed", "", "GET"},
		{"the change by POST", http.MethodPost, suspend, "method_not_allowed", "", "PUT"},
		{"the change by PATCH", http.MethodPatch, suspend, "method_not_allowed", "", "PUT"},
		{"a slash at the end of the list", http.MethodGet, listPath + "/", "path_not_found", "leave the slash at its end out", ""},
		{"the list in capitals", http.MethodGet, "/wallet/v1/Card/42/Tokens", "path_not_found", "the call is written /wallet/v1/card/{cardId}/tokens;", ""},
		{"the list of version 2", http.MethodGet, "/wallet/v2/card/42/tokens", "path_not_found", "the call has the version v1", ""},
		{"the change of version 2", http.MethodPut, "/wallet/v2/tokens/7/suspend", "path_not_found", "the call has the version v1", ""},
		{"no base path", http.MethodPut, strings.TrimPrefix(suspendPath, "/wallet"), "path_not_found", "the calls are below /wallet", ""},
		{"a token alone", http.MethodGet, "/wallet/v1/tokens/7", "path_not_found", "there is nothing at this path; ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.mustRequest(t, c.method, c.target, nil)
			w := h.do(r)
			p := wantProblem(t, r, w, w.Code, c.code)
			if !strings.Contains(p.Detail, c.says) || w.Header().Get("Allow") != c.allow {
				t.Errorf("detail %q, Allow %q", p.Detail, w.Header().Get("Allow"))
			}
		})
	}
}

// FuzzTokenCalls sends made-up paths and reasons: a fault of the caller is never answered
// 5xx, and a flow gets whole ids and words that there are.
func FuzzTokenCalls(f *testing.F) {
	h := mustHouse(f, func(p *parts) { p.NoAccessLog = true })
	h.flow.token = someTokens(f)[1]
	for _, seed := range [][3]string{{"7", "suspend", "lost"}, {"07", "RESUME", ""}, {"9007199254740992", "deactivate", "fraud"}, {testPAN, "activate", "x"}, {"-1", "", "other"}, {"٧", "suspend", "other,lost"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, id, action, reason string) {
		for method, path := range map[string]string{http.MethodPut: "/wallet/v1/tokens/" + url.PathEscape(id) + "/" + url.PathEscape(action), http.MethodGet: "/wallet/v1/card/" + url.PathEscape(id) + "/tokens"} {
			h.flow.calls = nil
			r := h.mustRequest(t, method, path+byAda, nil)
			r.Header["X-Reason"] = []string{reason}
			w := h.do(r)
			if w.Code >= 500 || (w.Code == http.StatusOK) != (len(h.flow.calls) == 1) {
				t.Fatalf("answer %d %s, %d calls of the flow", w.Code, w.Body.String(), len(h.flow.calls))
			}
			if w.Code != http.StatusOK {
				wantProblem(t, r, w, w.Code, problemCode(w.Body.Bytes()))
				continue
			}
			switch got := h.flow.calls[0].(type) {
			case tokens.ChangeRequest:
				if got.TokenID.String() != id || string(got.Action) != action || string(got.Reason) != reason || !slices.Contains(walletport.TokenActions(), got.Action) || !slices.Contains(walletport.TokenReasons(), got.Reason) {
					t.Errorf("the flow got %+v of %q %q %q", got, id, action, reason)
				}
			case tokens.ListRequest:
				if read, err := strconv.ParseInt(id, 10, 64); err != nil || int64(got.CardID) != read {
					t.Errorf("the flow got %+v of %q", got, id)
				}
			}
		}
	})
}
