package exchange_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
	"github.com/walletport/walletport/scheme"
)

// What must be seen nowhere but at the scheme.
const (
	secretPath   = "/v1/secretPath"
	secretHeader = "secretSignature"
	secretBody   = "secretBody"
)

// far is a simulated scheme on a real TLS server: it answers the calls in turn, the last
// answer again and again, and counts the requests that it has read.
type far struct {
	server  *httptest.Server
	answers []http.HandlerFunc

	mu   sync.Mutex
	got  []*http.Request
	seen []string // of calls: what the observer was told
}

func newFar(t *testing.T, http2 bool, answers ...http.HandlerFunc) *far {
	t.Helper()
	f := &far{answers: answers}
	f.server = httptest.NewUnstartedServer(f)
	f.server.EnableHTTP2 = http2
	f.server.StartTLS()
	t.Cleanup(f.server.Close)
	return f
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // of whoever warms a connection
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	f.mu.Lock()
	n := min(len(f.got), len(f.answers)-1)
	f.got = append(f.got, r)
	f.mu.Unlock()
	f.answers[n](w, r)
}

func (f *far) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *far) CallBegan(ctx context.Context, target, method, call, id string) (context.Context, func(string, int, time.Duration)) {
	return ctx, func(outcome string, status int, _ time.Duration) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.seen = append(f.seen, fmt.Sprintf("%s %s %s %s %s %d", target, method, call, id, outcome, status))
	}
}

func (f *far) outcomes() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, line := range f.seen {
		all = append(all, strings.Fields(line)[4])
	}
	return strings.Join(all, " ")
}

// line returns a Line to the far side; change may change what it is made of.
func (f *far) line(t *testing.T, change func(*outbound.Target, *exchange.Config)) *exchange.Line {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(f.server.Certificate())
	target := outbound.Target{Name: "far", URL: f.server.URL, Roots: roots, Breaker: outbound.Breaker{Failures: -1}}
	config := exchange.Config{Clock: time.Now, Rand: rand.Reader, RequestIDHeader: "X-Request-Id", Retries: exchange.Retries{Pause: time.Millisecond}}
	if change != nil {
		change(&target, &config)
	}
	client, err := outbound.Clients{Clock: time.Now, Observer: f}.To(target)
	if err != nil {
		t.Fatal(err)
	}
	config.Client = client
	line, err := exchange.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// form makes requests that say as of which second they are signed.
func (f *far) form(method string) func(time.Time, io.Reader) (scheme.Request, error) {
	return func(now time.Time, _ io.Reader) (scheme.Request, error) {
		r := scheme.Request{Method: method, URL: f.server.URL + secretPath, Header: map[string]string{
			"Authorization": secretHeader, "X-Signed": fmt.Sprint(now.Unix()), "Content-Type": "application/json",
		}}
		if method != http.MethodGet && method != http.MethodDelete {
			r.Body = []byte(secretBody)
		}
		return r, nil
	}
}

// read is how a scheme reads an answer, in short.
func read(a scheme.Answer) (string, error) {
	cause := fmt.Errorf("HTTP %d", a.Status)
	switch {
	case a.Status == 401 && string(a.Body) == "9121":
		return "", scheme.ErrSignatureSpent().WithCause(cause)
	case a.Status == 401 || a.Status == 403:
		return "", scheme.ErrAccessRefused().WithCause(cause)
	case a.Status == 429:
		return "", scheme.ErrRateLimited().WithCause(cause)
	case a.Status >= 500:
		return "", scheme.ErrUnavailable().WithCause(cause)
	case a.Status >= 400:
		return "", scheme.ErrTokenNotFound().WithCause(cause)
	case !strings.HasPrefix(a.ContentType, "text/plain"):
		return "", scheme.ErrUnreadable()
	}
	return string(a.Body), nil
}

func (f *far) query(method string) scheme.Query[string] {
	return scheme.Query[string]{Name: "search", Request: f.form(method), Read: read}
}

func (f *far) command(method string) scheme.Command {
	return scheme.Command{Name: "suspend", Request: f.form(method), Read: func(a scheme.Answer) scheme.Outcome {
		said, err := read(a)
		switch {
		case err == nil:
			return scheme.Outcome{Effect: scheme.Done, Reference: said}
		case a.Status < 500 && a.Status >= 400:
			return scheme.Outcome{Effect: scheme.Refused, Err: err, RetryAfter: a.RetryAfter}
		}
		return scheme.Outcome{Err: err, RetryAfter: a.RetryAfter}
	}}
}

// The answers of a far side.

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, text)
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// drop cuts the connection after the request was read.
func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cut answers a half.
func cut(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	says("half")(w, r)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// rubbish answers what is no HTTP, and repeats what was sent.
func rubbish(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out := bufio.NewWriter(conn)
	_, _ = out.WriteString(r.Header.Get("Authorization") + " is wrong for " + r.URL.Path + "\r\n\r\n")
	_ = out.Flush()
	_ = conn.Close()
}

func huge(w http.ResponseWriter, r *http.Request) { says(strings.Repeat(secretBody, 1<<20))(w, r) }

// checkSecrets: nothing of a request is in an error or in what an observer sees.
func (f *far) checkSecrets(t *testing.T, err error) {
	t.Helper()
	f.mu.Lock()
	text := strings.Join(f.seen, "\n") + fmt.Sprintf("\n%v\n%+v", err, err)
	f.mu.Unlock()
	if strings.Contains(text, "secret") {
		t.Errorf("a part of the request is shown: %s", text)
	}
}
