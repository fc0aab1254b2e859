package api_test

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/telemetry"
)

// scopeAuth knows clients that are named after their only scope, and nobody by
// the secret "wrong".
type scopeAuth struct{}

func (scopeAuth) AuthenticateBasic(_ context.Context, id, secret string, _ *x509.Certificate) (walletport.Actor, error) {
	if secret == "wrong" {
		return walletport.Actor{}, walletport.Errorf(walletport.CodeUnauthenticated, "credentials_invalid", "no")
	}
	scope, _, _ := strings.Cut(id, "/")
	return walletport.Actor{ClientID: id, Scopes: []walletport.Scope{walletport.Scope(scope)}}, nil
}

func (a scopeAuth) AuthenticateBearer(ctx context.Context, token string, cert *x509.Certificate) (walletport.Actor, error) {
	return a.AuthenticateBasic(ctx, token, "", cert)
}

// mustSmallHouse has no database, so that it can live in a synctest bubble.
func mustSmallHouse(t testing.TB, limits api.Limits) *house {
	t.Helper()
	h := &house{flow: &fakeFlow{}, trail: &trail{}, logs: &lockedBuffer{}, metrics: telemetry.NewMetrics()}
	door, err := api.New(api.Parts{
		Provisioner: h.flow, Activator: h.flow, Authenticator: scopeAuth{}, Audit: h.trail, Clock: time.Now, Rand: zeroes{}, Metrics: h.metrics,
		Log: telemetry.NewLogger(h.logs, slog.LevelInfo), Config: api.Config{Limits: limits},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.door = door
	h.client = credential{"provision/1", "right"}
	return h
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRateLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits api.Limits
		free   int
		retry  string
		after  time.Duration
	}{
		{"50 a second by default", api.Limits{}, 50, "1", 2 * time.Second},
		{"what is configured a second", api.Limits{RequestsPerSecond: 3}, 3, "1", 2 * time.Second},
		{"what is configured a minute", api.Limits{RequestsPerSecond: -1, RequestsPerMinute: 5}, 5, "60", 2 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := mustSmallHouse(t, c.limits)
				call := func(client string) (*http.Request, *httptest.ResponseRecorder) {
					r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
					r.SetBasicAuth(client, "right")
					return r, h.do(r)
				}
				for i := range c.free {
					if _, w := call("provision/1"); w.Code != http.StatusOK {
						t.Fatalf("request %d answers %d", i, w.Code)
					}
				}
				r, w := call("provision/1")
				wantProblem(t, r, w, http.StatusTooManyRequests, "rate_limited")
				if got := w.Header().Get("Retry-After"); got != c.retry {
					t.Errorf("Retry-After %q, want %q", got, c.retry)
				}
				if _, w := call("provision/2"); w.Code != http.StatusOK {
					t.Errorf("another client answers %d", w.Code)
				}
				if len(h.flow.calls) != c.free+1 || len(h.trail.take()) != 0 {
					t.Errorf("a limited request reached the flow or the trail")
				}
				time.Sleep(c.after) // of the bubble's clock
				if _, w := call("provision/1"); w.Code != http.StatusOK {
					t.Errorf("after the wait: %d", w.Code)
				}
			})
		})
	}
}

func TestFailedAuthenticationsAreLimitedByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustSmallHouse(t, api.Limits{FailuresPerMinute: 3})
		call := func(address, secret string) (*http.Request, *httptest.ResponseRecorder) {
			r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
			r.RemoteAddr = address
			r.SetBasicAuth("provision/1", secret)
			return r, h.do(r)
		}
		for range 3 {
			r, w := call("[2001:db8::1]:1", "wrong")
			wantProblem(t, r, w, http.StatusUnauthorized, "credentials_invalid")
		}
		for range 100 {
			r, w := call("[2001:db8::2]:1", "wrong") // another host of the same site
			wantProblem(t, r, w, http.StatusTooManyRequests, "authentication_rate_limited")
		}
		if n := len(h.trail.take()); n != 3 {
			t.Errorf("%d records of 103 failures, want 3", n)
		}
		if _, w := call("[2001:db8::1]:1", "right"); w.Code != http.StatusOK {
			t.Errorf("a good caller behind the address answers %d", w.Code)
		}
		r, w := call("[2001:db8:0:1::1]:1", "wrong")
		wantProblem(t, r, w, http.StatusUnauthorized, "credentials_invalid")
		r, w = call("odd", "wrong")
		wantProblem(t, r, w, http.StatusUnauthorized, "credentials_invalid")
	})
}

func TestLimitsValidate(t *testing.T) {
	for _, bad := range []api.Limits{{BodyBytes: -1}, {HeaderBytes: -1}, {RequestTime: -1}, {IdleTime: -1}} {
		if (api.Config{Limits: bad}).Validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if err := (api.Config{}).Validate(); err != nil {
		t.Errorf("the zero config: %v", err)
	}
}

func TestServerRefusesEndlessHeaders(t *testing.T) {
	h := mustSmallHouse(t, api.Limits{HeaderBytes: 8 << 10})
	server := h.door.NewServer()
	if server.ReadHeaderTimeout == 0 || server.ReadTimeout == 0 || server.WriteTimeout == 0 || server.IdleTimeout == 0 {
		t.Errorf("a time has no bound: %+v", server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	send := func(size int) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listener.Addr().String()+goodTarget, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("provision/1", "right")
		r.Header.Set("X-Large", strings.Repeat("a", size))
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := send(100); got != http.StatusOK {
		t.Errorf("a small request answers %d", got)
	}
	if got := send(64 << 10); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 kB of headers answer %d", got)
	}
}
