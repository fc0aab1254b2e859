package outbound_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
)

// bench is a target on a real TLS server, and what an observer saw of its calls.
type bench struct {
	server *httptest.Server
	clock  *clock
	seen   *seen
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// seen is an observer that remembers.
type seen struct {
	mu       sync.Mutex
	outcomes []string
	calls    []string // target and method
}

func (s *seen) CallBegan(ctx context.Context, target, method, call, id string) (context.Context, func(string, int, time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.TrimSpace(strings.Join([]string{target, method, call, id}, " ")))
	return ctx, func(outcome string, _ int, _ time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.outcomes = append(s.outcomes, outcome)
	}
}

// last is the outcome of the last call.
func (s *seen) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.outcomes) == 0 {
		return ""
	}
	return s.outcomes[len(s.outcomes)-1]
}

func newBench(t *testing.T, handler http.HandlerFunc) *bench {
	t.Helper()
	b := &bench{server: httptest.NewUnstartedServer(handler), clock: &clock{now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}, seen: &seen{}}
	b.server.EnableHTTP2 = true
	b.server.StartTLS()
	t.Cleanup(b.server.Close)
	return b
}

func (b *bench) clients() outbound.Clients {
	return outbound.Clients{Clock: b.clock.Now, Observer: b.seen}
}

// roots has the certificate of the server, which every server of httptest shares.
func (b *bench) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(b.server.Certificate())
	return pool
}

// client returns a client of the bench's server, or of another target that change
// makes.
func (b *bench) client(t *testing.T, change func(*outbound.Clients, *outbound.Target)) *outbound.Client {
	t.Helper()
	clients := b.clients()
	target := outbound.Target{Name: "bank", URL: b.server.URL, Roots: b.roots()}
	if change != nil {
		change(&clients, &target)
	}
	client, err := clients.To(target)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func get(t *testing.T, c *outbound.Client, url string) (*outbound.Answer, error) {
	t.Helper()
	return c.Do(t.Context(), outbound.Request{Method: http.MethodGet, URL: url})
}

func TestACall(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Correlation-Id", r.Header.Get("X-Correlation-Id"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+string(body))
	})
	header := http.Header{"Authorization": {`OAuth oauth_body_hash="x"`}, "X-Correlation-Id": {"12345678901234"}}
	answer, err := b.client(t, nil).Do(t.Context(), outbound.Request{
		Method: http.MethodPost, URL: b.server.URL + "/search?apiKey=k", Header: header, Body: []byte("body"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := `POST /search?apiKey=k OAuth oauth_body_hash="x" body`; string(answer.Body) != want || answer.Status != http.StatusTeapot || answer.Header.Get("X-Correlation-Id") != "12345678901234" {
		t.Errorf("answer %d %v %q, want %q", answer.Status, answer.Header, answer.Body, want)
	}
	if len(header) != 2 {
		t.Errorf("the caller's headers are changed: %v", header)
	}
	if len(b.seen.calls) != 1 || b.seen.calls[0] != "bank POST" || b.seen.last() != outbound.OutcomeClientError {
		t.Errorf("the observer saw %q with %q", b.seen.calls, b.seen.outcomes)
	}
}

func TestTargetsThatAreNone(t *testing.T) {
	good := outbound.Target{Name: "bank", URL: "https://api.bank.example"}
	for _, c := range []struct {
		name   string
		clock  func() time.Time
		change func(*outbound.Target)
	}{
		{"without a clock", nil, func(*outbound.Target) {}},
		{"without a name", time.Now, func(t *outbound.Target) { t.Name = "" }},
		{"without a URL", time.Now, func(t *outbound.Target) { t.URL = "" }},
		{"in plain HTTP", time.Now, func(t *outbound.Target) { t.URL = "http://api.bank.example" }},
		{"in another scheme", time.Now, func(t *outbound.Target) { t.URL = "file:///etc/passwd" }},
		{"with a negative limit", time.Now, func(t *outbound.Target) { t.Limits.Whole = -1 }},
		{"with a negative size", time.Now, func(t *outbound.Target) { t.Limits.AnswerBytes = -1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := good
			c.change(&target)
			if client, err := (outbound.Clients{Clock: c.clock}).To(target); err == nil || client != nil {
				t.Errorf("To = %v, %v", client, err)
			}
		})
	}
	if _, err := (outbound.Clients{Clock: time.Now}).To(good); err != nil {
		t.Error(err)
	}
}

// TestAClientCallsItsTargetOnly: another place is refused before anything is sent.
func TestAClientCallsItsTargetOnly(t *testing.T) {
	b := newBench(t, func(http.ResponseWriter, *http.Request) { t.Error("a call came") })
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.URL = "https://api.bank.example/base" })
	for _, url := range []string{b.server.URL, "http://api.bank.example/base", "https://api.bank.example:8443/base", "https://bank.example", "%", ""} {
		_, err := get(t, client, url)
		if err == nil || !outbound.IsUnsent(err) || b.seen.last() != outbound.OutcomeMisuse {
			t.Errorf("%q: error %v, outcome %q", url, err, b.seen.last())
		}
	}
}

func TestNamesInTheURLAreCredentials(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_, _ = io.WriteString(w, user+"/"+password)
	})
	at := strings.Replace(b.server.URL, "https://", "https://ada:s3cret@", 1)
	answer, err := get(t, b.client(t, nil), at)
	if err != nil || string(answer.Body) != "ada/s3cret" {
		t.Errorf("answer %v, error %v", answer, err)
	}
	b.server.Close()
	if _, err = get(t, b.client(t, nil), at); err == nil || strings.Contains(err.Error(), "s3cret") || b.seen.last() != outbound.OutcomeUnreachable || !outbound.IsUnsent(err) {
		t.Errorf("error %v, outcome %q", err, b.seen.last())
	}
}

// TestAWriteIsSentOnce, also where a connection that was kept breaks before the answer:
// a read may be repeated by net/http then, a write not.
func TestAWriteIsSentOnce(t *testing.T) {
	var mu sync.Mutex
	writes, unkeyed := 0, 0
	b := &bench{clock: &clock{now: time.Unix(0, 0)}, seen: &seen{}}
	b.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		writes++
		if r.Header.Get("Idempotency-Key") != "k" || r.Header.Get("X-Idempotency-Key") != "k" {
			unkeyed++
		}
		mu.Unlock()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	defer b.server.Close()
	client := b.client(t, nil)
	if _, err := get(t, client, b.server.URL); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method string
		body   int
	}{{http.MethodPost, 1000}, {http.MethodPut, 1000}, {http.MethodDelete, 1000}, {http.MethodPost, 0}, {http.MethodDelete, 0}} {
		header := http.Header{"Idempotency-Key": {"k"}, "X-Idempotency-Key": {"k"}}
		_, err := client.Do(t.Context(), outbound.Request{Method: c.method, URL: b.server.URL, Body: bytes.Repeat([]byte("x"), c.body), Header: header})
		if err == nil || outbound.IsUnsent(err) || b.seen.last() != outbound.OutcomeUnreachable {
			t.Errorf("%s of %d bytes: error %v, outcome %q: whether it was carried out is not known", c.method, c.body, err, b.seen.last())
		}
		if _, err := get(t, client, b.server.URL); err != nil { // the next finds a kept connection
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if writes != 5 || unkeyed > 0 {
		t.Errorf("five writes were sent %d times, %d of them without their keys", writes, unkeyed)
	}
}
