package api_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door/doortest"
)

// TestBadInputOfWalletCalls is the list of what callers get wrong in the calls with
// a body, for each of them: the answer, and the record of it in the audit trail.
func TestBadInputOfWalletCalls(t *testing.T) {
	h := mustHouse(t, nil)
	const user = "ada@bank.example"
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	long, large := strings.Repeat("a", 10_000), strings.Repeat("A", 1<<20)
	type row struct {
		name, card, query string
		body              string // "" sends the call's own, "-" none
		change            func(*http.Request)
		status            int
		code              string
		fields            []string // of errors[], when they are known
		record            walletport.AuditRecord
	}
	by := walletport.AuditRecord{ClientID: h.client.id, CardID: 42, AuditUser: user}
	nobody := walletport.AuditRecord{ClientID: h.client.id, CardID: 42}
	noCard := walletport.AuditRecord{ClientID: h.client.id, AuditUser: user}
	stranger := walletport.AuditRecord{CardID: 42, AuditUser: user}
	rows := []row{
		{name: "auditUser missing", query: "-", status: 400, code: "audit_user_missing", fields: []string{"auditUser"}, record: nobody},
		{name: "auditUser empty", query: "?auditUser=", status: 400, code: "audit_user_missing", fields: []string{"auditUser"}, record: nobody},
		{name: "auditUser of 10 kB", query: "?auditUser=" + long, status: 400, code: "audit_user_too_long", fields: []string{"auditUser"}, record: nobody},
		{name: "auditUser with a line break", query: "?auditUser=a%0Ab", status: 400, code: "audit_user_malformed", fields: []string{"auditUser"}, record: nobody},
		{name: "a PAN in auditUser", query: "?auditUser=5204+2477+5000+1471", status: 400, code: "audit_user_contains_pan", fields: []string{"auditUser"}, record: nobody},
		{name: "auditUser twice", query: byAda + "&auditUser=eve", status: 400, code: "audit_user_repeated", fields: []string{"auditUser"}, record: nobody},
		{name: "cardId not a number", card: "abc", status: 400, code: "card_id_malformed", fields: []string{"cardId"}, record: noCard},
		{name: "cardId over int64", card: "9223372036854775808", status: 400, code: "card_id_malformed", fields: []string{"cardId"}, record: noCard},
		{name: "a PAN for a cardId", card: testPAN, status: 400, code: "card_id_contains_pan", fields: []string{"cardId"}, record: noCard},
		{name: "an Accept that excludes JSON", change: header("Accept", "text/html"), status: 406, code: "not_acceptable", record: by},
		{name: "no credentials", change: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401, code: "credentials_missing", record: stranger},
		{name: "a wrong secret", change: func(r *http.Request) { r.SetBasicAuth(h.client.id, "wps_wrong") }, status: 401, code: "credentials_invalid", record: stranger},
		{
			name: "an expired token", change: header("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(-time.Hour), "provision activate")),
			status: 401, code: "token_expired", record: stranger,
		},
		{
			name: "a client without the scope", change: func(r *http.Request) { r.SetBasicAuth(h.readOnly.id, h.readOnly.secret) },
			status: 403, code: "scope_missing", record: walletport.AuditRecord{ClientID: h.readOnly.id, CardID: 42, AuditUser: user},
		},
		{
			name: "a stranger with a bad body learns nothing of it", body: "{", change: func(r *http.Request) { r.Header.Del("Authorization") },
			status: 401, code: "credentials_missing", record: stranger,
		},

		{name: "no content type", change: func(r *http.Request) { r.Header.Del("Content-Type") }, status: 415, code: "media_type_unsupported", record: by},
		{name: "a form", change: header("Content-Type", "application/x-www-form-urlencoded"), status: 415, code: "media_type_unsupported", record: by},
		{name: "JSON by another name", change: header("Content-Type", "text/json"), status: 415, code: "media_type_unsupported", record: by},
		{name: "a broken content type", change: header("Content-Type", "application/json; charset"), status: 415, code: "media_type_unsupported", record: by},
		{name: "another charset", change: header("Content-Type", "application/json; charset=utf-16"), status: 415, code: "media_type_unsupported", record: by},
		{name: "two content types", change: header("Content-Type", "application/json", "application/json"), status: 415, code: "media_type_unsupported", record: by},
		{name: "a compressed body", change: header("Content-Encoding", "gzip"), status: 415, code: "media_type_unsupported", record: by},
		{name: "white space for a body", body: " \n", status: 400, code: "body_malformed", record: by},
		{name: "broken JSON", body: `{"nonce":`, status: 400, code: "body_malformed", record: by},
		{name: "JSON with a tail", body: `{} {}`, status: 400, code: "body_malformed", record: by},
		{name: "JSON with a comment", body: `{/* */}`, status: 400, code: "body_malformed", record: by},
		{name: "null for a body", body: `null`, status: 400, code: "body_malformed", record: by},
		{name: "a list for a body", body: `[]`, status: 400, code: "body_malformed", record: by},
		{name: "a string for a body", body: `"{}"`, status: 400, code: "body_malformed", record: by},
		{name: "a body that is no UTF-8", body: "{\"a\":\"\xff\"}", status: 400, code: "body_malformed", record: by},
		{name: "a body with half of a character", body: `{"a":"\ud83d"}`, status: 400, code: "body_malformed", record: by},
		{name: "two byte order marks", body: "\ufeff\ufeff{}", status: 400, code: "body_malformed", record: by},
		{name: "UTF-16", body: "\xff\xfe{\x00}\x00", status: 400, code: "body_malformed", record: by},
		{name: "gzip without a word", body: "\x1f\x8b\x08\x00", status: 400, code: "body_malformed", record: by},
		{name: "a second auditUser behind a malformed pair", query: byAda + "&%zz&auditUser=eve", status: 400, code: "query_malformed", fields: []string{"query"}, record: nobody},
		{name: "a semicolon in the query", query: "?auditUser=ada;eve", status: 400, code: "query_malformed", fields: []string{"query"}, record: nobody},
		{name: "endless depth", body: strings.Repeat(`{"a":`, 12_000) + "1" + strings.Repeat("}", 12_000), status: 413, code: "body_too_large", record: by},
		{name: "much depth", body: strings.Repeat(`{"a":`, 10_900), status: 400, code: "body_malformed", record: by},
		{name: "a body of 1 MB", body: `{"a":"` + large + `"}`, status: 413, code: "body_too_large", record: by},
		{name: "a body of unknown length over the limit", body: `{"a":"` + large + `"}`, change: func(r *http.Request) { r.ContentLength = -1 }, status: 413, code: "body_too_large", record: by},
		{name: "a body that breaks off", change: func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"a":`), brokenReader{}))
		}, status: 400, code: "body_malformed", record: by},
	}
	for _, call := range walletCalls {
		for _, c := range rows {
			t.Run(call.name+", "+c.name, func(t *testing.T) {
				h.trail.Take()
				h.flow.calls = nil
				card, query, body := orElse(c.card, "42"), orElse(c.query, byAda), orElse(c.body, call.body)
				if query == "-" {
					query = ""
				}
				r := h.mustPost(t, call.at(card, query), body)
				if c.change != nil {
					c.change(r)
				}
				p := wantProblem(t, r, h.do(r), c.status, c.code)
				if got := fieldsOf(p); c.fields != nil && !slices.Equal(got, c.fields) {
					t.Errorf("errors[] names %q, want %q", got, c.fields)
				}
				if len(h.flow.calls) != 0 {
					t.Errorf("the flow was called")
				}
				record := c.record
				record.Action, record.Wallet = call.action, call.wallet
				wantRecord(t, h.trail.Take(), &record, c.code, p.RequestID)
			})
		}
	}
}

// brokenReader is a caller who goes away in the middle of a body.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func fieldsOf(p doortest.Problem) []string {
	var names []string
	for _, e := range p.Errors {
		names = append(names, e.Field)
	}
	return names
}

// TestBadApplePayBodies: what PassKit gave the app is all needed, and all of a kind.
func TestBadApplePayBodies(t *testing.T) {
	h := mustHouse(t, nil)
	all := []string{"certificates", "nonce", "nonceSignature"}
	large := strings.Repeat("A", 1<<20)
	for _, c := range []struct {
		name, body string
		status     int
		code       string
		fields     []string
	}{
		{"no body", "", 400, "body_missing", all},
		{"an empty object", `{}`, 400, "apple_certificates_missing", all},
		{"certificates missing", `{"nonce":"9b","nonceSignature":"40"}`, 400, "apple_certificates_missing", all[:1]},
		{"nonce missing", `{"certificates":[],"nonceSignature":"40"}`, 400, "apple_nonce_missing", all[1:2]},
		{"nonceSignature missing", `{"certificates":[],"nonce":"9b"}`, 400, "apple_nonce_signature_missing", all[2:]},
		{"names in another case", `{"Certificates":[],"NONCE":"9b","noncesignature":"40"}`, 400, "apple_certificates_missing", all},
		{"one certificate that is no list", `{"certificates":"bGVhZg==","nonce":"9b","nonceSignature":"40"}`, 400, "body_malformed", all[:1]},
		{"a number among the certificates", `{"certificates":["bGVhZg==",7,"c3ViQ0E="],"nonce":"9b","nonceSignature":"40"}`, 400, "body_malformed", all[:1]},
		{"null among the certificates", `{"certificates":[null],"nonce":"9b","nonceSignature":"40"}`, 400, "body_malformed", all[:1]},
		{"null for certificates", `{"certificates":null,"nonce":"9b","nonceSignature":"40"}`, 400, "body_malformed", all[:1]},
		{"a number for a nonce", `{"certificates":[],"nonce":9,"nonceSignature":"40"}`, 400, "body_malformed", all[1:2]},
		{"null for a nonce", `{"certificates":[],"nonce":null,"nonceSignature":"40"}`, 400, "body_malformed", all[1:2]},
		{"the nonce twice", `{"certificates":[],"nonce":"9b","nonce":"9b","nonceSignature":"40"}`, 400, "body_malformed", all[1:2]},
		{"the nonce twice, once escaped", `{"certificates":[],"nonce":"9b","\u006eonce":"9c","nonceSignature":"40"}`, 400, "body_malformed", all[1:2]},
		{"the nonce a thousand times", `{"certificates":[],` + strings.Repeat(`"nonce":"9b",`, 1000) + `"nonceSignature":"40"}`, 400, "body_malformed", all[1:2]},
		{"several faults at once", `{"certificates":{},"nonce":[]}`, 400, "body_malformed", all},
		{"twelve certificates are for the flow to refuse", `{"certificates":["` + strings.Repeat(`a","`, 11) + `a"],"nonce":"9b","nonceSignature":"40"}`, 200, "", nil},
		{"a certificate of 1 MB", `{"certificates":["` + large + `"],"nonce":"9b","nonceSignature":"40"}`, 413, "body_too_large", nil},
		{"a nonce of 1 MB", `{"certificates":[],"nonce":"` + large + `","nonceSignature":"40"}`, 413, "body_too_large", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls = nil
			r := h.mustPost(t, walletCalls[0].good(), c.body)
			w := h.do(r)
			if c.status == http.StatusOK {
				if w.Code != http.StatusOK || len(h.flow.calls) != 1 {
					t.Errorf("answer %d %s", w.Code, w.Body.String())
				}
				return
			}
			p := wantProblem(t, r, w, c.status, c.code)
			if got := fieldsOf(p); !slices.Equal(got, c.fields) {
				t.Errorf("errors[] names %q, want %q", got, c.fields)
			}
			if len(h.flow.calls) != 0 {
				t.Errorf("the flow was called")
			}
		})
	}
}

// TestBodiesAreTheSpecifications sends each member of each body in the specification
// as something else than its type, twice, and not at all.
func TestBodiesAreTheSpecifications(t *testing.T) {
	h := mustHouse(t, nil)
	document := mustSpec(t, "openapi.yaml")
	for _, call := range walletCalls {
		schema := document.Paths.Value(call.path).Post.RequestBody.Value.Content["application/json"].Schema.Value
		if schema.Properties == nil {
			t.Fatalf("%s has no members", call.name)
		}
		for name, member := range schema.Properties {
			good := map[string]string{"string": `"a"`, "boolean": `true`, "array": `["a"]`}[(*member.Value.Type)[0]]
			for wrong, body := range map[string]string{
				"a number": fmt.Sprintf(`{%q:7}`, name), "an object": fmt.Sprintf(`{%q:{}}`, name),
				"twice": fmt.Sprintf(`{%q:%s,%q:%s}`, name, good, name, good),
			} {
				t.Run(call.name+", "+name+" "+wrong, func(t *testing.T) {
					r := h.mustPost(t, call.good(), body)
					if p := wantProblem(t, r, h.do(r), http.StatusBadRequest, "body_malformed"); !slices.Contains(fieldsOf(p), name) {
						t.Errorf("errors[] names %q", fieldsOf(p))
					}
				})
			}
			t.Run(call.name+", "+name+" null", func(t *testing.T) {
				r := h.mustPost(t, call.good(), fmt.Sprintf(`{%q:null}`, name))
				w := h.do(r)
				if optional := !slices.Contains(schema.Required, name); optional && len(schema.Required) == 0 {
					if w.Code != http.StatusOK {
						t.Errorf("answer %d %s: null says that the member has no value", w.Code, w.Body.String())
					}
					return
				}
				if p := wantProblem(t, r, w, http.StatusBadRequest, "body_malformed"); !slices.Contains(fieldsOf(p), name) {
					t.Errorf("errors[] names %q", fieldsOf(p))
				}
			})
			t.Run(call.name+", only "+name, func(t *testing.T) {
				w := h.do(h.mustPost(t, call.good(), fmt.Sprintf(`{%q:%s}`, name, good)))
				if (w.Code == http.StatusOK) != onlyNeeds(schema, name) {
					t.Errorf("answer %d %s", w.Code, w.Body.String())
				}
			})
		}
		t.Run(call.name+" without a body", func(t *testing.T) {
			required := document.Paths.Value(call.path).Post.RequestBody.Value.Required
			if w := h.do(h.mustPost(t, call.good(), "")); (w.Code == http.StatusOK) == required || required != call.needsBody {
				t.Errorf("answer %d; a body is required: %v", w.Code, required)
			}
		})
	}
}

func onlyNeeds(schema *openapi3.Schema, name string) bool {
	return len(schema.Required) == 0 || slices.Equal(schema.Required, []string{name})
}

func TestWrongMethodOfWalletCalls(t *testing.T) {
	h := mustHouse(t, nil)
	for _, call := range walletCalls {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "BREW"} {
			t.Run(call.name+", "+method, func(t *testing.T) {
				r := h.mustRequest(t, method, call.good(), nil)
				w := h.do(r)
				wantProblem(t, r, w, http.StatusMethodNotAllowed, "method_not_allowed")
				if got := w.Header().Get("Allow"); got != "POST" {
					t.Errorf("Allow: %q", got)
				}
				if records := h.trail.Take(); len(records) != 0 {
					t.Errorf("recorded %+v", records)
				}
			})
		}
	}
}
