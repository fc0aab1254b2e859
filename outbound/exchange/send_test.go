package exchange_test

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
	"github.com/walletport/walletport/scheme"
)

// TestACommandIsSentOnce, whatever comes back, over new and kept connections of HTTP/1.1
// and HTTP/2: the scheme counts.
func TestACommandIsSentOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		effect scheme.Effect
		reason string
		after  time.Duration
	}{
		{"done", says("ref"), scheme.Done, "", 0},
		{"the connection breaks", drop, scheme.Unknown, "scheme_no_answer", 0},
		{"the answer is cut", cut, scheme.Unknown, "scheme_no_answer", 0},
		{"the answer has 10 MB", huge, scheme.Unknown, "scheme_answer_unreadable", 0},
		{"500", status(500), scheme.Unknown, "scheme_unavailable", 0},
		{"503 with Retry-After", status(503, "Retry-After", "1"), scheme.Unknown, "scheme_unavailable", time.Second},
		{"a page", status(200, "Content-Type", "text/html"), scheme.Unknown, "scheme_answer_unreadable", 0},
		{"429 alone", status(429), scheme.Refused, "scheme_rate_limited", 0},
		{"429 with seconds", status(429, "Retry-After", "1"), scheme.Refused, "scheme_rate_limited", time.Second},
		{"429 with a date", status(429, "Retry-After", "Sun, 29 Nov 2026 12:00:07 GMT", "Date", "Sun, 29 Nov 2026 12:00:00 GMT"), scheme.Refused, "scheme_rate_limited", 7 * time.Second},
		{"a refusal", status(404), scheme.Refused, "token_not_at_scheme", 0},
		{"401", status(401), scheme.Refused, "scheme_access_refused", 0},
		{"a redirect", status(307, "Location", "/elsewhere", "Content-Type", "text/html"), scheme.Unknown, "scheme_answer_unreadable", 0},
		{"too late", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, scheme.Unknown, "scheme_no_answer", 0},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(protocol+" "+c.name, func(t *testing.T) {
				t.Parallel()
				f := newFar(t, protocol == "HTTP/2.0", c.answer)
				line := f.line(t, func(target *outbound.Target, _ *exchange.Config) {
					if c.name == "too late" {
						target.Limits.Headers = 300 * time.Millisecond
					}
				})
				methods := []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodGet}
				for _, method := range methods {
					f.warm(t, line)
					o := line.Send(t.Context(), f.command(method))
					if o.Effect != c.effect || walletport.ReasonOf(o.Err) != c.reason || o.RetryAfter != c.after {
						t.Errorf("%s: outcome %+v, want %d %s %s", method, o, c.effect, c.reason, c.after)
					}
					f.checkSecrets(t, o.Err)
				}
				requests := f.requests()
				if len(requests) != len(methods) {
					t.Errorf("%d commands made %d requests", len(methods), len(requests))
				}
				for _, r := range requests {
					if r.Proto != protocol {
						t.Errorf("a request came by %s", r.Proto)
					}
				}
			})
		}
	}
}

// warm leaves a kept connection behind.
func (f *far) warm(t *testing.T, line *exchange.Line) {
	t.Helper()
	q := scheme.Question{Name: "ping", Request: f.form(http.MethodHead), Read: func(scheme.Answer) (struct{}, error) { return struct{}{}, nil }}
	if err := line.Ask(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

// TestWhatNeverLeftIsRefused: it may be sent again.
func TestWhatNeverLeftIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f *far, target *outbound.Target)
		reason string
	}{
		{"nobody listens", func(f *far, _ *outbound.Target) { f.server.Close() }, "scheme_unavailable"},
		{"a certificate that is not trusted", func(_ *far, target *outbound.Target) { target.Roots = x509.NewCertPool() }, "scheme_unavailable"},
		{"an address elsewhere", func(_ *far, target *outbound.Target) { target.URL = "https://scheme.example" }, "scheme_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFar(t, false, says("ref"))
			line := f.line(t, func(target *outbound.Target, _ *exchange.Config) { c.change(f, target) })
			o := line.Send(t.Context(), f.command(http.MethodPost))
			if o.Effect != scheme.Refused || walletport.ReasonOf(o.Err) != c.reason || len(f.requests()) > 0 {
				t.Errorf("outcome %+v after %d requests", o, len(f.requests()))
			}
			f.checkSecrets(t, o.Err)
		})
	}
	t.Run("a caller who is gone", func(t *testing.T) {
		f := newFar(t, false, says("ref"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		o := f.line(t, nil).Send(ctx, f.command(http.MethodPost))
		if o.Effect != scheme.Refused || len(f.requests()) > 0 {
			t.Errorf("outcome %+v after %d requests", o, len(f.requests()))
		}
	})
}

// TestNoTurnIsRefused: a call beyond the caps never leaves.
func TestNoTurnIsRefused(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	f := newFar(t, false, func(w http.ResponseWriter, r *http.Request) { close(began); <-end; says("ref")(w, r) })
	line := f.line(t, func(target *outbound.Target, _ *exchange.Config) {
		target.Caps = outbound.Caps{Concurrent: 1, Wait: 10 * time.Millisecond}
	})
	first := make(chan scheme.Outcome)
	go func() { first <- line.Send(t.Context(), f.command(http.MethodPost)) }()
	<-began
	o := line.Send(t.Context(), f.command(http.MethodPost))
	if o.Effect != scheme.Refused || walletport.CodeOf(o.Err) != walletport.CodeRateLimited || f.outcomes() != outbound.OutcomeNoTurn {
		t.Errorf("outcome %+v, observed %s", o, f.outcomes())
	}
	close(end)
	if o := <-first; o.Effect != scheme.Done || len(f.requests()) != 1 {
		t.Errorf("the first: %+v", o)
	}
}

// TestAKeptConnectionThatBreaksRepeatsNoRead: net/http would send the same signature
// again, which the scheme would take for a replay.
func TestAKeptConnectionThatBreaksRepeatsNoRead(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		f := newFar(t, false, drop, says("found"))
		line := f.line(t, nil)
		f.warm(t, line)
		if _, err := scheme.Ask(t.Context(), line, f.query(method)); err != nil {
			t.Error(err)
		}
		requests := f.requests()
		if len(requests) != 2 || requests[0].Header.Get("X-Signed") == requests[1].Header.Get("X-Signed") ||
			requests[0].Header.Get("X-Request-Id") == requests[1].Header.Get("X-Request-Id") {
			t.Errorf("%s: the second of %d requests is the first again", method, len(requests))
		}
	}
}

// TestAReadWithoutABodyHasNone on the wire.
func TestAReadWithoutABodyHasNone(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		var length int64
		var body []byte
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			length = max(r.ContentLength, 0) + int64(len(r.TransferEncoding))
		}))
		server.EnableHTTP2 = http2
		server.StartTLS()
		defer server.Close()
		f := &far{server: server}
		f.warm(t, f.line(t, nil))
		_, err := scheme.Ask(t.Context(), f.line(t, nil), f.query(http.MethodGet))
		if walletport.ReasonOf(err) != "scheme_answer_unreadable" || len(body) > 0 || length != 0 {
			t.Errorf("HTTP/2 %t: body %q, %d, %v", http2, body, length, err)
		}
	}
}
