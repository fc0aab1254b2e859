package api_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
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
			want := []any{provisioning.PushRequest{CardID: 42, Wallet: walletport.IssuerWallet, Provider: "acme-wallet", AuditUser: "ada@bank.example"}}
			if diff := cmp.Diff(want, h.flow.calls); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
			actor, request := walletport.ActorFrom(h.flow.ctx), walletport.RequestFrom(h.flow.ctx)
			if actor.ClientID != c.client || !actor.ActsFor("acme") || request.ID != "order-7.1_a" || request.RemoteAddr != "192.0.2.7" {
				t.Errorf("the flow saw %+v, %+v", actor, request)
			}
			if records := h.trail.Take(); len(records) != 0 {
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
	h := mustHouse(t, func(p *parts) { p.Verifier = seen })
	cert := &x509.Certificate{}
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
	if w := h.do(r); seen.seen != nil || w.Code != http.StatusOK {
		t.Errorf("a certificate that nobody verified counts: answer %d", w.Code)
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
		for _, record := range h.trail.Take() {
			if walletport.ContainsPAN(string(record.AuditUser)) || walletport.ContainsPAN(record.Wallet) || record.CardID.String() == testPAN {
				t.Errorf("the record holds a PAN")
			}
		}
		if walletport.ContainsPAN(w.Body.String()) {
			t.Errorf("the answer holds a PAN: %s", w.Body.String())
		}
	})
}
