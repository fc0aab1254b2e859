package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestDiagnosesSayWhatIsThere: a caller who reads the detail alone knows what to change.
// Nothing of what was sent comes back.
func TestDiagnosesSayWhatIsThere(t *testing.T) {
	h := mustHouse(t, nil)
	google := walletCalls[1].good()
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	const secret = "canary7"
	for _, c := range []struct {
		name, target, body string
		change             func(*http.Request)
		status             int
		code               string
		says               string // in the detail or in a field's reason
	}{
		{"a percent sign that escapes nothing", goodPath + "?auditUser=" + secret + "%zz", "", nil, 400, "query_malformed", "write %25 for a percent sign"},
		{"a percent sign at the end", goodPath + "?auditUser=" + secret + "%", "", nil, 400, "query_malformed", "write %25 for a percent sign"},
		{"a malformed name", goodTarget + "&" + secret + "%4", "", nil, 400, "query_malformed", "write %25 for a percent sign"},
		{"semicolons between parameters", goodPath + "?auditUser=" + secret + ";x=1", "", nil, 400, "query_malformed", "write & between two parameters"},
		{"a second auditUser behind a malformed pair", goodTarget + "&%zz&auditUser=" + secret, "", nil, 400, "query_malformed", "percent sign"},
		{"a parameter twice", goodTarget + "&x=" + secret + "&x=" + secret, "", nil, 400, "query_malformed", "each parameter once"},
		{"auditUser in other letters", goodPath + "?AuditUser=" + secret, "", nil, 400, "audit_user_missing", "in another spelling"},
		{"auditUser with an underscore", goodPath + "?audit_user=" + secret, "", nil, 400, "audit_user_missing", "in another spelling"},

		{"no content type", google, `{}`, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "media_type_unsupported", "there is no Content-Type"},
		{"two content types", google, `{}`, header("Content-Type", "application/json", secret), 415, "media_type_unsupported", "several Content-Type"},
		{"a form", google, `a=` + secret, header("Content-Type", "application/x-www-form-urlencoded"), 415, "media_type_unsupported", "the Content-Type is another"},
		{"another charset", google, `{}`, header("Content-Type", "application/json; charset="+secret), 415, "media_type_unsupported", "another charset"},
		{"a broken content type", google, `{}`, header("Content-Type", "application/json; "+secret), 415, "media_type_unsupported", "malformed"},
		{"a compressed body", google, `{}`, header("Content-Encoding", secret), 415, "media_type_unsupported", "the body is compressed"},
		{"a compressed body without a word", google, "\x1f\x8b\x08\x00" + secret, nil, 400, "body_malformed", "the body is compressed"},
		{"UTF-16 with its mark", google, "\xff\xfe{\x00}\x00", nil, 400, "body_malformed", "UTF-16"},
		{"UTF-16 without", google, "{\x00}\x00", nil, 400, "body_malformed", "UTF-16"},
		{"white space", google, " \r\n", nil, 400, "body_malformed", "empty but for white space"},
		{"a tail", google, `{} ` + secret, nil, 400, "body_malformed", "something follows"},
		{"a second object", google, `{}{}`, nil, 400, "body_malformed", "something follows"},
		{"half an object", google, `{"clientAppID":"` + secret, nil, 400, "body_malformed", "not one whole JSON object"},
		{"a list", google, `["` + secret + `"]`, nil, 400, "body_malformed", "must be a JSON object"},
		{"a number for a string", google, `{"clientAppID":7}`, nil, 400, "body_malformed", "must be a string"},
		{"a string for a truth value", google, `{"googleOpaquePaymentCardRequested":"` + secret + `"}`, nil, 400, "body_malformed", "must be true or false"},
		{"a member twice", google, `{"clientAppID":"a","clientAppID":"` + secret + `"}`, nil, 400, "body_malformed", "must be given once"},
		{"null for what is needed", walletCalls[0].good(), `{"certificates":[],"nonce":null,"nonceSignature":"40"}`, nil, 400, "body_malformed", "must be a string, and is null"},
		{"a needed member in other letters", walletCalls[0].good(), `{"certificates":[],"Nonce":"` + secret + `","nonceSignature":"40"}`, nil, 400, "apple_nonce_missing", "in other letters"},

		{"another method", goodTarget, "", func(r *http.Request) { r.Method = http.MethodGet }, 405, "method_not_allowed", "the path takes POST"},
		{"no base path", strings.TrimPrefix(goodTarget, "/wallet"), "", nil, 404, "path_not_found", "the calls are below /wallet"},
		{"the base path twice", "/wallet" + goodTarget, "", nil, 404, "path_not_found", "/wallet is there twice"},
		{"a slash at the end", goodPath + "/", "", nil, 404, "path_not_found", "leave the slash at its end out"},
		{"a slash at the end of another call", "/wallet/v1/42/provision/googlepay/", `{}`, nil, 404, "path_not_found", "leave the slash at its end out"},
		{"an empty part", "/wallet/v1/42/provision//googlepay", `{}`, nil, 404, "path_not_found", "an empty part"},
		{"capitals", "/wallet/V1/42/Provision/GooglePay", `{}`, nil, 404, "path_not_found", "the call is written /wallet/v1/{cardId}/provision/googlepay;"},
		{"capitals in the base path", "/Wallet/v1/42/provision/issuerwallet/Acme", "", nil, 404, "path_not_found", "the call is written /wallet/v1/{cardId}/provision/issuerwallet/{walletProvider};"},
		{"another version", "/wallet/v2/42/provision/googlepay", `{}`, nil, 404, "path_not_found", "the call has the version v1"},
		{"another version of the activation", "/wallet/v1/42/activate", `{}`, nil, 404, "path_not_found", "the call has the version v3"},
		{"nothing near", "/wallet/v1/" + secret, "", nil, 404, "path_not_found", "there is nothing at this path; /openapi.json"},

		{"no credentials", goodTarget, "", func(r *http.Request) { r.Header.Del("Authorization") }, 401, "credentials_missing", "in an Authorization header"},
		{"another scheme", goodTarget, "", header("Authorization", "Digest "+secret), 401, "credentials_missing", "neither Basic nor Bearer"},
		{"a bare token", goodTarget, "", header("Authorization", secret), 401, "credentials_missing", "neither Basic nor Bearer"},
		{"Basic that is not encoded", goodTarget, "", header("Authorization", "Basic id:"+secret), 401, "credentials_invalid", "not base64"},
		{"two headers", goodTarget, "", header("Authorization", "Basic "+secret, "Bearer "+secret), 401, "credentials_invalid", "several Authorization headers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.mustRequest(t, http.MethodPost, c.target, strings.NewReader(c.body))
			if c.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			if c.change != nil {
				c.change(r)
			}
			w := h.do(r)
			p := wantProblem(t, r, w, c.status, c.code)
			var text strings.Builder
			text.WriteString(p.Detail)
			for _, e := range p.Errors {
				text.WriteString("\n" + e.Field + " " + e.Reason)
			}
			if !strings.Contains(text.String(), c.says) {
				t.Errorf("the answer says %q, want %q in it", text.String(), c.says)
			}
			if strings.Contains(strings.ReplaceAll(w.Body.String(), p.Instance, ""), secret) {
				t.Errorf("the answer repeats the input: %s", w.Body.String())
			}
		})
	}
}

// TestWhatSendersAddIsTaken: what JSON libraries and proxies add changes nothing.
func TestWhatSendersAddIsTaken(t *testing.T) {
	h := mustHouse(t, nil)
	google := walletCalls[1].good()
	for _, c := range []struct{ name, target, kind, body string }{
		{"a byte order mark", google, "application/json", "\ufeff" + `{"clientAppID":"a"}`},
		{"a byte order mark alone", google, "application/json", "\ufeff"},
		{"null for optional members", google, "application/json", `{"clientAppID":null,"clientDeviceID":"d","googleOpaquePaymentCardRequested":null,"serverSessionId":null}`},
		{"null and a member of a later version", google, "application/json", `{"clientAppID":null,"later":{"a":[null]},"clientDeviceID":"d"}`},
		{"a charset", google, "application/json; charset=UTF-8", `{}`},
		{"a charset in quotes", google, `application/json;charset="utf-8"`, `{}`},
		{"an empty pair in the query", google + "&", "application/json", `{}`},
		{"another parameter", google + "&x=1&y", "application/json", `{}`},
		{"an escaped name", strings.Replace(google, "auditUser", "%61udit%55ser", 1), "application/json", `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls = nil
			r := h.mustRequest(t, http.MethodPost, c.target, strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			if w := h.do(r); w.Code != http.StatusOK || len(h.flow.calls) != 1 {
				t.Errorf("answer %d %s", w.Code, w.Body.String())
			}
		})
	}
}
