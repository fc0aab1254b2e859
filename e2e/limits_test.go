package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// saysWhenThreeAMinuteFit reports whether a refusal by a limit of three in a minute says how
// long to wait: the rest of this minute, which is the server's own, and of the next as long
// as the three count for more than two and a half, a sixth.
func saysWhenThreeAMinuteFit(a answer) bool {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	return err == nil && seconds > 0 && seconds <= 71
}

// TestRateLimit wants the calls above the limit to be told when to come again.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	s := mustStart(t, []string{
		"WALLETPORT_HTTP__LISTEN=" + plainHTTP, "WALLETPORT_API__LIMITS__REQUESTS_PER_SECOND=-1", "WALLETPORT_API__LIMITS__REQUESTS_PER_MINUTE=3",
	}, "serve", "--config", p.configPath())
	base := s.mustURL(t) + "/wallet"
	for i := range 5 {
		a := newCaller(base, p.client).provision(serveCardID, wallet, fmt.Sprintf("limit-%d", i))
		if i < 3 {
			a.mustPayload(t)
			continue
		}
		if a.status != http.StatusTooManyRequests || a.code() != "rate_limited" || !saysWhenThreeAMinuteFit(a) {
			t.Errorf("call %d: %v, Retry-After %q", i+1, a, a.header.Get("Retry-After"))
		}
	}
	other := newCaller(base, p.mustClient(t, "provision"))
	other.provision(serveCardID, wallet, "other").mustPayload(t)
	if n := mustExport(t, p.at()).count("limit-"); n != 3 {
		t.Errorf("%d records, want 3: a flood must not fill the trail", n)
	}
	s.mustStop(t)
}

// TestIssuerRateLimit wants the calls on one issuer's cards to be limited, whichever
// clients make them.
func TestIssuerRateLimit(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "issuers: {acme: {limits: {requests_per_minute: 3}}}\n")
	s := p.mustServe(t)
	clients := []caller{newCaller(s.base, p.client), newCaller(s.base, p.mustClient(t, "provision"))}
	for i := range 6 {
		a := clients[i%2].provision(serveCardID, wallet, fmt.Sprintf("issuer-limit-%d", i))
		if i < 3 {
			a.mustPayload(t)
			continue
		}
		if a.status != http.StatusTooManyRequests || a.code() != "issuer_rate_limited" || !saysWhenThreeAMinuteFit(a) {
			t.Errorf("call %d: %v, Retry-After %q", i+1, a, a.header.Get("Retry-After"))
		}
	}
	if a := clients[0].provision(9, wallet, "no card"); a.code() != "card_not_found" {
		t.Errorf("a call on no card: %v", a)
	}
}

// TestFailedAuthenticationsAreLimited wants one who guesses secrets to be slowed
// down, and others at the same address not.
func TestFailedAuthenticationsAreLimited(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "api: {limits: {failures_per_minute: 3}}\n")
	s := p.mustServe(t)
	guesser := newCaller(s.base, credentials{p.client.Username, "guess"})
	for i := range 5 {
		a := guesser.provision(serveCardID, wallet, fmt.Sprintf("guess-%d", i))
		want := "credentials_invalid"
		if i >= 3 {
			want = "authentication_rate_limited"
		}
		if a.code() != want {
			t.Errorf("guess %d: %v, want %s", i+1, a, want)
		}
	}
	s.provision(serveCardID, wallet, "honest").mustPayload(t)
	other := newCaller(s.base, credentials{p.mustClient(t, "provision").Username, "guess"})
	if a := other.provision(serveCardID, wallet, "mistyped"); a.code() != "credentials_invalid" {
		t.Errorf("another client's mistake behind the address: %v", a)
	}
	s.mustStop(t)
	tr := mustExport(t, p.at())
	if n := tr.count("guess-"); n != 3 {
		t.Errorf("%d records of guesses, want 3", n)
	}
	i := slices.IndexFunc(tr.records, func(r record) bool { return r.Action == "calls.refused" })
	if i < 0 || tr.records[i].Outcome != "credentials_invalid" || tr.records[i].Details["calls"] != "2" || tr.records[i].RemoteAddress != "127.0.0.1" {
		t.Errorf("the trail does not tell of the other two guesses: %d", i)
	}
	mustVerify(t, p.at(), tr)
}

// TestATrustedProxyNamesTheCaller in the trail; a stranger's header does not.
func TestATrustedProxyNamesTheCaller(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]string{"127.0.0.1": "203.0.113.9", "192.0.2.1": "127.0.0.1"} {
		p := mustProduction(t, "", "http: {trusted_proxies: ["+trusted+"]}\n")
		s := p.mustServe(t)
		a := s.post(provisionPath(serveCardID, "issuerwallet/"+wallet), nil, "behind", withHeader("X-Forwarded-For", "1.1.1.1, 203.0.113.9"))
		a.mustPayload(t)
		s.mustStop(t)
		if got := mustExport(t, p.at()).byID["behind"][0].RemoteAddress; got != want {
			t.Errorf("%s is trusted: recorded address %q, want %q", trusted, got, want)
		}
	}
}

// TestPages reads everything that the server answers beside the API.
func TestPages(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	soon := time.Now().Add(20 * 24 * time.Hour).UTC().Truncate(time.Second)
	mustRun(t, "", p.at().with("keys", "generate", "tav-signing", "--activate", "--valid-until", soon.Format(time.RFC3339))...)
	s := p.mustServe(t)
	s.provision(serveCardID, wallet, "page").mustPayload(t)
	s.provision(4242, wallet, "page-2")
	for _, c := range []struct {
		path, contentType string
		want              []string
	}{
		{"/healthz", "application/json", []string{`"ok"`}},
		{"/readyz", "application/json", []string{`"ready"`, `"database"`, `"audit"`, `"vault"`, `"offers"`, `"key_ends_soon"`, "tav-signing-v2 ends at " + soon.Format(time.RFC3339)}},
		{"/openapi.json", "application/json", []string{`"openapi":"3.0.3"`, "/v1/{cardId}/provision/issuerwallet/{walletProvider}"}},
		{"/docs", "text/html", []string{"redoc"}},
		{"/docs/errors", "text/html", []string{"audit_user_contains_pan"}},
		{"/metrics", "text/plain", []string{
			`walletport_http_requests_total{outcome="ok",route="/v1/{cardId}/provision/issuerwallet/{walletProvider}"} 1`,
			`walletport_http_requests_total{outcome="card_not_found",route="/v1/{cardId}/provision/issuerwallet/{walletProvider}"} 1`,
			`walletport_http_request_seconds_bucket{outcome="ok",route="/v1/{cardId}/provision/issuerwallet/{walletProvider}",le="+Inf"} 1`,
			`walletport_audit_batch_records_sum 2`,
			`walletport_audit_commit_seconds_count 2`,
			`walletport_card_lookups_total{outcome="card_not_found"} 1`,
			fmt.Sprintf(`walletport_key_expiry_timestamp_seconds{key="tav-signing-v2",purpose="tav-signing"} %g`, float64(soon.Unix())),
		}},
	} {
		t.Run(c.path, func(t *testing.T) {
			a := s.get(c.path)
			if a.err != nil || a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), c.contentType) {
				t.Fatalf("%v of type %s", a, a.header.Get("Content-Type"))
			}
			for _, want := range c.want {
				if !strings.Contains(a.body, want) {
					t.Errorf("the page lacks %s", want)
				}
			}
		})
	}
	if !s.says(`"code":"key_ends_soon"`) {
		t.Error("the log does not say at start that a key ends soon")
	}
	s.mustStop(t)
}

// TestMetricsListenerOfItsOwn wants the metrics at their own address alone, and probes
// there too.
func TestMetricsListenerOfItsOwn(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "metrics: {listen: 127.0.0.1:0}\n")
	s := p.mustServe(t)
	if a := s.get("/metrics"); a.status != http.StatusNotFound {
		t.Errorf("beside the API: %v", a)
	}
	beside := newCaller(s.mustURLOf(t, "serving metrics and probes")+"/wallet", credentials{})
	for path, status := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/docs": 404, "/wallet/v3/1/activate": 404} {
		if a := beside.get(path); a.err != nil || a.status != status {
			t.Errorf("%s beside the metrics: %v, want status %d", path, a, status)
		}
	}
	s.mustStop(t)
	wantPrivate(t, filepath.Join(p.dir, "walletport.db"))
}
