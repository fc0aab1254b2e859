package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
)

// TestBadInput is the list of what callers get wrong: each row's answer, and the
// record of it in the audit trail.
func TestBadInput(t *testing.T) {
	h := mustHouse(t, nil)
	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(id, secret) }
	}
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	long := strings.Repeat("a", 10_000)
	const card, wallet, user = 42, "acme-wallet", "ada@bank.example"
	at := func(card, provider, query string) string {
		return "/wallet/v1/" + card + "/provision/issuerwallet/" + provider + query
	}
	const byAda = "?auditUser=ada%40bank.example"
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
		body         string
		status       int
		code         string
		record       *walletport.AuditRecord // of what is checked: client, card, wallet, user
	}{
		{name: "auditUser missing", target: goodPath, status: 400, code: "audit_user_missing", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser empty", target: goodPath + "?auditUser=", status: 400, code: "audit_user_missing", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser in another case", target: goodPath + "?audituser=ada", status: 400, code: "audit_user_missing", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser of 10 kB", target: goodPath + "?auditUser=" + long, status: 400, code: "audit_user_too_long", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser with a line break", target: goodPath + "?auditUser=a%0Ab", status: 400, code: "audit_user_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser that is no UTF-8", target: goodPath + "?auditUser=%ff", status: 400, code: "audit_user_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser that is not escaped right", target: goodPath + "?auditUser=%zz", status: 400, code: "query_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "a semicolon in the query", target: goodTarget + ";x=1", status: 400, code: "query_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "a second auditUser behind a malformed pair", target: goodTarget + "&%zz&auditUser=" + testPAN, status: 400, code: "query_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "a second auditUser with an escaped name", target: goodTarget + "&%61uditUser=eve", status: 400, code: "audit_user_repeated", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "another parameter twice", target: goodTarget + "&x=1&x=2", status: 400, code: "query_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "a PAN glued to letters in the auditUser of a stranger", target: goodPath + "?auditUser=card" + testPAN, change: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401, code: "credentials_missing", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: walletport.RedactedNumber}},
		{name: "a PAN in auditUser", target: goodPath + "?auditUser=5204+2477+5000+1471", status: 400, code: "audit_user_contains_pan", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "auditUser twice", target: goodTarget + "&auditUser=eve", status: 400, code: "audit_user_repeated", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet}},
		{name: "cardId not a number", target: at("abc", wallet, byAda), status: 400, code: "card_id_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, Wallet: wallet, AuditUser: user}},
		{name: "cardId over int64", target: at("9223372036854775808", wallet, byAda), status: 400, code: "card_id_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, Wallet: wallet, AuditUser: user}},
		{name: "cardId empty", target: at("", wallet, byAda), status: 400, code: "card_id_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, Wallet: wallet, AuditUser: user}},
		{name: "a fraction for a cardId", target: at("4.2", wallet, byAda), status: 400, code: "card_id_malformed", record: &walletport.AuditRecord{ClientID: h.client.id, Wallet: wallet, AuditUser: user}},
		{name: "a PAN for a cardId", target: at(testPAN, wallet, byAda), status: 400, code: "card_id_contains_pan", record: &walletport.AuditRecord{ClientID: h.client.id, Wallet: wallet, AuditUser: user}},
		{name: "a wallet provider with an escaped slash", target: at("42", "acme%2Fwallet", byAda), status: 404, code: "wallet_provider_not_found", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, AuditUser: user}},
		{name: "a wallet provider with a slash", target: at("42", "acme/wallet", byAda), status: 404, code: "wallet_provider_not_found"},
		{name: "a wallet provider of 10 kB", target: at("42", long, byAda), status: 404, code: "wallet_provider_not_found", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, AuditUser: user}},
		{name: "a wallet provider with a line break", target: at("42", "a%0d%0ab", byAda), status: 404, code: "wallet_provider_not_found", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, AuditUser: user}},
		{name: "no wallet provider", target: at("42", "", byAda), status: 404, code: "wallet_provider_not_found", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, AuditUser: user}},
		{name: "a PAN for a wallet provider", target: at("42", testPAN, byAda), status: 404, code: "wallet_provider_not_found", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, AuditUser: user}},
		{name: "an Accept that excludes JSON", target: goodTarget, change: header("Accept", "text/html, application/xml;q=0.9"), status: 406, code: "not_acceptable", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "an Accept that refuses JSON", target: goodTarget, change: header("Accept", "*/*, application/json;q=0"), status: 406, code: "not_acceptable", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a body", target: goodTarget, body: `{"pan":"x"}`, status: 400, code: "body_unexpected", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a body of unknown length", target: goodTarget, change: func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), -1
		}, status: 400, code: "body_unexpected", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a body over the limit", target: goodTarget, body: strings.Repeat("x", 64<<10+1), status: 413, code: "body_too_large", record: &walletport.AuditRecord{ClientID: h.client.id, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "no credentials", target: goodTarget, change: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401, code: "credentials_missing", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "another scheme", target: goodTarget, change: header("Authorization", "Digest username=x"), status: 401, code: "credentials_missing", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a wrong secret", target: goodTarget, change: basic(h.client.id, "wps_wrong"), status: 401, code: "credentials_invalid", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "an unknown client", target: goodTarget, change: basic("wpc_nobody", h.client.secret), status: 401, code: "credentials_invalid", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "Basic that is no base64", target: goodTarget, change: header("Authorization", "Basic !!"), status: 401, code: "credentials_invalid", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "two Authorization headers", target: goodTarget, change: func(r *http.Request) {
			r.Header.Add("Authorization", r.Header.Get("Authorization"))
		}, status: 401, code: "credentials_invalid", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a made-up token", target: goodTarget, change: header("Authorization", "Bearer abc"), status: 401, code: "credentials_invalid", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "an expired token", target: goodTarget, change: header("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(-time.Hour), "provision")), status: 401, code: "token_expired", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a revoked client", target: goodTarget, change: basic(h.revoked.id, h.revoked.secret), status: 401, code: "client_revoked", record: &walletport.AuditRecord{CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a client without the scope", target: goodTarget, change: basic(h.readOnly.id, h.readOnly.secret), status: 403, code: "scope_missing", record: &walletport.AuditRecord{ClientID: h.readOnly.id, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a token without the scope", target: goodTarget, change: header("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(time.Hour), "cards")), status: 403, code: "scope_missing", record: &walletport.AuditRecord{ClientID: "mobile@" + tokenIssuer, CardID: card, Wallet: wallet, AuditUser: user}},
		{name: "a stranger with bad input learns nothing of it", target: at("abc", testPAN, "?auditUser="+testPAN), change: basic("wpc_nobody", "x"), status: 401, code: "credentials_invalid", record: &walletport.AuditRecord{}},
		{name: "an unknown path", target: "/wallet/v2/42", status: 404, code: "path_not_found"},
		{name: "an unknown path outside the API", target: "/admin", status: 404, code: "path_not_found"},
		{name: "the base path alone", target: "/wallet/", status: 404, code: "path_not_found"},
		{name: "a path that only begins alike", target: "/walletx" + strings.TrimPrefix(goodTarget, "/wallet"), status: 404, code: "path_not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.trail.Take()
			h.flow.calls = nil
			r := h.mustRequest(t, http.MethodPost, c.target, strings.NewReader(c.body))
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
			wantRecord(t, h.trail.Take(), c.record, c.code, p.RequestID)
		})
	}
}

func wantRecord(t *testing.T, got []walletport.AuditRecord, want *walletport.AuditRecord, code, requestID string) {
	t.Helper()
	if want == nil {
		if len(got) != 0 {
			t.Errorf("recorded %+v, want nothing", got)
		}
		return
	}
	if len(got) != 1 {
		t.Fatalf("%d records, want 1", len(got))
	}
	if age := time.Since(got[0].Time); age < 0 || age > time.Minute {
		t.Errorf("the record is of %s", got[0].Time)
	}
	full := *want
	full.Time, full.RequestID, full.Outcome, full.RemoteAddress = got[0].Time, requestID, code, "192.0.2.7"
	if full.Action == "" {
		full.Action = walletport.ActionProvision(walletport.IssuerWallet)
	}
	if diff := cmp.Diff(full, got[0]); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}
