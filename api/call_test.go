package api_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/provisioning"
)

func TestProvisionIssuerwallet(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		client string
	}{
		{"by Basic", func(*http.Request) {}, h.client.id},
		{"by Bearer", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(time.Hour), "provision"))
		}, "mobile@" + tokenIssuer},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls = nil
			r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
			r.Header.Set("X-Request-Id", "order-7.1_a")
			c.change(r)
			w := h.do(r)
			if w.Code != http.StatusOK || w.Body.String() != `{"digitizationData":"`+goodData+`"}` {
				t.Fatalf("answer %d %s", w.Code, w.Body.String())
			}
			wantSpecified(t, r, w)
			for name, want := range map[string]string{
				"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Request-Id": "order-7.1_a", "X-Content-Type-Options": "nosniff",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			want := []any{provisioning.IssuerWalletRequest{CardID: 42, Provider: "acme-wallet", AuditUser: "ada@bank.example"}}
			if diff := cmp.Diff(want, h.flow.calls); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
			actor, request := walletport.ActorFrom(h.flow.ctx), walletport.RequestFrom(h.flow.ctx)
			if actor.ClientID != c.client || !actor.ActsFor("acme") || request.ID != "order-7.1_a" || request.RemoteAddr != "192.0.2.7" {
				t.Errorf("the flow saw %+v, %+v", actor, request)
			}
			if records := h.trail.take(); len(records) != 0 {
				t.Errorf("the door recorded what the flow records: %+v", records)
			}
		})
	}
}

func TestSeveralFaultsAreSaidAtOnce(t *testing.T) {
	h := mustHouse(t, nil)
	r := h.mustRequest(t, http.MethodPost, "/wallet/v1/abc/provision/issuerwallet/acme", nil)
	p := wantProblem(t, r, h.do(r), 400, "card_id_malformed")
	if len(p.Errors) != 2 || p.Errors[0].Field != "cardId" || p.Errors[1].Field != "auditUser" {
		t.Errorf("errors %+v", p.Errors)
	}
}

func TestHarmlessRequestsPass(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
	}{
		{"unknown query parameters", goodTarget + "&page=7", nil},
		{"a negative card id", strings.Replace(goodTarget, "/42/", "/-1/", 1), nil},
		{"the largest card id", strings.Replace(goodTarget, "/42/", "/9223372036854775807/", 1), nil},
		{"a content type without a body", goodTarget, func(r *http.Request) { r.Header.Set("Content-Type", "text/csv") }},
		{"an empty body of unknown length", goodTarget, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1 }},
		{"Accept: */*", goodTarget, func(r *http.Request) { r.Header.Set("Accept", "*/*") }},
		{"Accept: application/*", goodTarget, func(r *http.Request) { r.Header.Set("Accept", "text/html;q=0.9, application/*;q=0.1") }},
		{"Accept with a parameter", goodTarget, func(r *http.Request) { r.Header.Set("Accept", "application/json;charset=utf-8") }},
		{"Accept in two headers", goodTarget, func(r *http.Request) { r.Header["Accept"] = []string{"text/html", "application/json"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.mustRequest(t, http.MethodPost, c.target, nil)
			if c.change != nil {
				c.change(r)
			}
			if w := h.do(r); w.Code != http.StatusOK {
				t.Errorf("answer %d %s", w.Code, w.Body.String())
			}
		})
	}
}

func TestWrongMethod(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct{ method, target, allow string }{
		{http.MethodGet, goodTarget, "POST"},
		{http.MethodHead, goodTarget, "POST"},
		{http.MethodPut, goodTarget, "POST"},
		{http.MethodDelete, goodTarget, "POST"},
		{http.MethodOptions, goodTarget, "POST"},
		{"BREW", goodTarget, "POST"},
		{http.MethodPost, "/healthz", "GET, HEAD"},
	} {
		t.Run(c.method+" "+c.allow, func(t *testing.T) {
			r := h.mustRequest(t, c.method, c.target, nil)
			w := h.do(r)
			wantProblem(t, r, w, http.StatusMethodNotAllowed, "method_not_allowed")
			if got := w.Header().Get("Allow"); got != c.allow {
				t.Errorf("Allow: %q, want %q", got, c.allow)
			}
			if records := h.trail.take(); len(records) != 0 {
				t.Errorf("recorded %+v", records)
			}
		})
	}
}

// TestFlowErrors walks all classes: what the flow says is answered with the
// class's status, and not recorded a second time.
func TestFlowErrors(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"invalid", walletport.Errorf(walletport.CodeInvalid, "parameter_malformed", "x"), 400, "parameter_malformed"},
		{"forbidden", walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "the card has expired"), 403, "card_not_eligible"},
		{"not found", walletport.ErrCardNotFound(), 404, "card_not_found"},
		{"conflict", walletport.Errorf(walletport.CodeConflict, "clash", "x"), 409, "clash"},
		{"unsupported", walletport.Errorf(walletport.CodeUnsupported, "unsupported", "x"), 422, "unsupported"},
		{"rejected", walletport.Errorf(walletport.CodeRejected, "scheme_refused", "x"), 422, "scheme_refused"},
		{"rate limited", walletport.Errorf(walletport.CodeRateLimited, "scheme_busy", "x"), 429, "scheme_busy"},
		{"unavailable", walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "x").WithCause(errors.New("disk full")), 503, "audit_unavailable"},
		{"internal", walletport.Errorf(walletport.CodeInternal, "internal", "x"), 500, "internal"},
		{"a class that nobody knows", walletport.Errorf("odd", "odd", "x"), 500, "odd"},
		{"a foreign error", errors.New("driver: " + testPAN), 500, "internal"},
		{"out of time", context.DeadlineExceeded, 503, "timed_out"},
		{"the caller gone", context.Canceled, 503, "request_canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.err = c.err
			r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
			w := h.do(r)
			wantProblem(t, r, w, c.status, c.code)
			if strings.Contains(w.Body.String(), "driver") || strings.Contains(w.Body.String(), "disk") {
				t.Errorf("a cause is shown: %s", w.Body.String())
			}
			if retry := w.Header().Get("Retry-After"); (c.status == 503) != (retry != "") {
				t.Errorf("Retry-After %q", retry)
			}
			if records := h.trail.take(); len(records) != 0 {
				t.Errorf("recorded twice: %+v", records)
			}
		})
	}
	logs := h.logs.String()
	if !strings.Contains(logs, "disk full") || strings.Contains(logs, testPAN) {
		t.Errorf("the log lacks the cause, or has the PAN: %s", logs)
	}
}

func TestRefusalWithoutARecordIs503(t *testing.T) {
	h := mustHouse(t, nil)
	h.trail.err = walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the audit trail cannot be written")
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
	}{
		{"401", goodTarget, func(r *http.Request) { r.Header.Del("Authorization") }},
		{"403", goodTarget, func(r *http.Request) { r.SetBasicAuth(h.readOnly.id, h.readOnly.secret) }},
		{"400", goodPath, func(*http.Request) {}},
	} {
		t.Run("instead of "+c.name, func(t *testing.T) {
			r := h.mustRequest(t, http.MethodPost, c.target, nil)
			c.change(r)
			w := h.do(r)
			wantProblem(t, r, w, 503, "audit_unavailable")
			if w.Header().Get("Www-Authenticate") != "" {
				t.Errorf("the answer says 401 in a header")
			}
		})
	}
}

func TestRefusalIsRecordedThoughTheCallerHungUp(t *testing.T) {
	h := mustHouse(t, nil)
	ctx, hangUp := context.WithCancel(t.Context())
	r := h.mustRequest(t, http.MethodPost, goodPath, nil).WithContext(ctx)
	if w := h.do(r); w.Code != 400 { // fills the client cache
		t.Fatal(w.Code)
	}
	h.trail.take()
	hangUp()
	h.do(h.mustRequest(t, http.MethodPost, goodPath, nil).WithContext(ctx))
	if records := h.trail.take(); len(records) != 1 {
		t.Errorf("%d records, want 1", len(records))
	}
}

func TestDatabaseGone(t *testing.T) {
	h := mustHouse(t, nil)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
	wantProblem(t, r, h.do(r), 503, "store_unavailable")
}

func TestChallenges(t *testing.T) {
	h := mustHouse(t, nil)
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
	r.Header.Del("Authorization")
	want := []string{`Basic realm="walletport", charset="UTF-8"`, `Bearer realm="walletport"`}
	if diff := cmp.Diff(want, h.do(r).Header()["Www-Authenticate"]); diff != "" {
		t.Errorf("without credentials (-want +got):\n%s", diff)
	}
	r.Header.Set("Authorization", "Bearer x")
	want[1] += `, error="invalid_token"`
	if diff := cmp.Diff(want, h.do(r).Header()["Www-Authenticate"]); diff != "" {
		t.Errorf("with a bad token (-want +got):\n%s", diff)
	}
}

func TestRequestID(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name, given string
		taken       bool
	}{
		{"a harmless id is taken", "Order_7.1-b", true},
		{"64 letters are taken", strings.Repeat("a", 64), true},
		{"65 letters are not", strings.Repeat("a", 65), false},
		{"nothing is not", "", false},
		{"a space is not", "a b", false},
		{"a quote is not", `a"b`, false},
		{"a PAN is not", testPAN, false},
		{"a dashed PAN is not", "5204-2477-5000-1471", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
			r.Header.Set("X-Request-Id", c.given)
			got := h.do(r).Header().Get("X-Request-Id")
			if (got == c.given) != c.taken || got == "" || walletport.ContainsPAN(got) {
				t.Errorf("X-Request-Id %q of %q", got, c.given)
			}
		})
	}
}

func TestInstanceIsShownOnlyWhenHarmless(t *testing.T) {
	h := mustHouse(t, nil)
	for target, want := range map[string]string{
		goodPath:                              goodPath,
		"/wallet/v1/" + testPAN:               "",
		"/wallet/v1/5204-2477-5000-1471":      "",
		"/wallet/v1/a%20b":                    "",
		"/wallet/" + strings.Repeat("a", 300): "",
	} {
		r := h.mustRequest(t, http.MethodPost, target, nil)
		w := h.do(r)
		if p := wantProblem(t, r, w, w.Code, problemCode(w.Body.Bytes())); p.Instance != want {
			t.Errorf("instance of %s: %q, want %q", target, p.Instance, want)
		}
	}
}

func TestPanic(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.do = func(context.Context) { panic("card " + testPAN + " is odd") }
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
	w := h.do(r)
	wantProblem(t, r, w, 500, "internal")
	logs := h.logs.String()
	if !strings.Contains(logs, "fakeFlow") || strings.Contains(logs, testPAN) || strings.Contains(w.Body.String(), "odd") {
		t.Errorf("the log lacks the stack, or something leaks: %s", logs)
	}
	t.Run("http.ErrAbortHandler passes", func(t *testing.T) {
		h.flow.do = func(context.Context) { panic(http.ErrAbortHandler) }
		defer func() {
			if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("it was swallowed")
			}
		}()
		h.do(h.mustRequest(t, http.MethodPost, goodTarget, nil))
	})
}

func TestRequestTime(t *testing.T) {
	h := mustHouse(t, func(p *api.Parts) { p.Config.Limits.RequestTime = 10 * time.Millisecond })
	h.flow.do = func(ctx context.Context) { <-ctx.Done() }
	h.flow.err = context.DeadlineExceeded
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
	_ = h.do(r) // the first may run out of time in authentication already
	wantProblem(t, r, h.do(r), 503, problemCode(h.do(r).Body.Bytes()))
}

// certAuth wants to see a certificate.
type certAuth struct{ seen *x509.Certificate }

func (c *certAuth) AuthenticateBasic(_ context.Context, _, _ string, cert *x509.Certificate) (walletport.Actor, error) {
	c.seen = cert
	return walletport.Actor{ClientID: "c", Scopes: []walletport.Scope{walletport.ScopeProvision}}, nil
}

func (c *certAuth) AuthenticateBearer(ctx context.Context, _ string, cert *x509.Certificate) (walletport.Actor, error) {
	return c.AuthenticateBasic(ctx, "", "", cert)
}

func TestOnlyVerifiedCertificatesCount(t *testing.T) {
	seen := &certAuth{}
	h := mustHouse(t, func(p *api.Parts) { p.Authenticator = seen })
	cert := &x509.Certificate{}
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
	if h.do(r); seen.seen != nil {
		t.Errorf("a certificate that nobody verified counts")
	}
	r.TLS.VerifiedChains = [][]*x509.Certificate{{cert}}
	w := h.do(r)
	if seen.seen != cert {
		t.Errorf("the verified certificate is lost")
	}
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Errorf("no Strict-Transport-Security over TLS")
	}
}

// FuzzCall sends made-up calls of a good client and of strangers: a fault of the
// caller is never answered 5xx, never a panic, always a problem document.
func FuzzCall(f *testing.F) {
	h := mustHouse(f, nil)
	f.Add("42", "acme", "auditUser=ada", "application/json", "", "")
	f.Add("-1", "%2F", "auditUser=%00&auditUser", "*/*;q=x", "Basic "+base64.StdEncoding.EncodeToString([]byte(testPAN+":x")), "{}")
	f.Add(testPAN, testPAN, testPAN, testPAN, "Bearer "+testPAN, testPAN)
	f.Add("%zz", "%2e%2e", ";", ",;,", "Bearer ..", "\x00")
	f.Fuzz(func(t *testing.T, card, provider, query, accept, authorization, body string) {
		u, err := url.Parse("http://x/wallet/v1/" + card + "/provision/issuerwallet/" + provider + "?" + query)
		if err != nil {
			t.Skip("no URL: the HTTP server refuses it")
		}
		r := h.mustRequest(t, http.MethodPost, goodTarget, strings.NewReader(body))
		r.URL = u
		r.Header["Accept"] = []string{accept}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		w := h.do(r)
		if w.Code >= 500 {
			t.Fatalf("answer %d %s", w.Code, w.Body.String())
		}
		if w.Code != http.StatusOK {
			wantProblem(t, r, w, w.Code, problemCode(w.Body.Bytes()))
		}
		for _, record := range h.trail.take() {
			if walletport.ContainsPAN(string(record.AuditUser)) || walletport.ContainsPAN(record.Wallet) || record.CardID.String() == testPAN {
				t.Errorf("the record holds a PAN")
			}
		}
		if walletport.ContainsPAN(w.Body.String()) {
			t.Errorf("the answer holds a PAN: %s", w.Body.String())
		}
	})
}
