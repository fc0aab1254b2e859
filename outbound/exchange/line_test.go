package exchange_test

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
	"github.com/walletport/walletport/scheme"
)

func TestLinesThatAreNone(t *testing.T) {
	f := newFar(t, false, says(""))
	client, err := outbound.Clients{Clock: time.Now}.To(outbound.Target{Name: "far", URL: f.server.URL})
	if err != nil {
		t.Fatal(err)
	}
	good := exchange.Config{Client: client, Clock: time.Now, Rand: rand.Reader}
	for name, change := range map[string]func(*exchange.Config){
		"without a client":        func(c *exchange.Config) { c.Client = nil },
		"without a clock":         func(c *exchange.Config) { c.Clock = nil },
		"without randomness":      func(c *exchange.Config) { c.Rand = nil },
		"with a malformed header": func(c *exchange.Config) { c.RequestIDHeader = "X-Request-Id: 1\r\n" },
		"with too many attempts":  func(c *exchange.Config) { c.Retries.Attempts = 11 },
		"with negative attempts":  func(c *exchange.Config) { c.Retries.Attempts = -1 },
		"with too long a pause":   func(c *exchange.Config) { c.Retries.Pause = time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			if line, err := exchange.New(c); err == nil || line != nil {
				t.Errorf("New = %v, %v", line, err)
			}
		})
	}
	if _, err := exchange.New(good); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerIsHandedOn(t *testing.T) {
	f := newFar(t, true, says("three tokens"))
	line := f.line(t, nil)
	got, err := scheme.Ask(t.Context(), line, f.query(http.MethodPost))
	if err != nil || got != "three tokens" {
		t.Errorf("answer %q, %v", got, err)
	}
	if o := line.Send(t.Context(), f.command(http.MethodPut)); o != (scheme.Outcome{Effect: scheme.Done, Reference: "three tokens"}) {
		t.Errorf("outcome %+v", o)
	}
	requests := f.requests()
	if len(requests) != 2 || requests[0].URL.Path != secretPath || requests[0].Header.Get("Authorization") != secretHeader {
		t.Fatalf("the scheme got %d requests, %v", len(requests), requests)
	}
	f.checkSecrets(t, nil)
}

// TestEachRequestHasAnID, which the scheme, the spans and the errors have alike.
func TestEachRequestHasAnID(t *testing.T) {
	for _, c := range []struct{ name, header, own string }{
		{"of ours", "X-Request-Id", ""},
		{"of ours in another header", "X-Correlation-Id", ""},
		{"of the request's own", "X-Request-Id", "own-1"},
		{"that is not sent", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFar(t, false, status(500))
			line := f.line(t, func(_ *outbound.Target, config *exchange.Config) {
				config.RequestIDHeader, config.Retries.Attempts = c.header, 2
			})
			q := f.query(http.MethodPost)
			q.Request = func(now time.Time, random io.Reader) (scheme.Request, error) {
				r, err := f.form(http.MethodPost)(now, random)
				if c.own != "" {
					r.Header["x-request-id"] = c.own
				}
				return r, err
			}
			_, err := scheme.Ask(t.Context(), line, q)
			var seen []string
			for i, r := range f.requests() {
				id := strings.Fields(f.seen[i])[3]
				seen = append(seen, id)
				if c.header != "" && r.Header.Get(c.header) != id || c.own != "" && id != c.own {
					t.Errorf("the scheme got id %q, the span has %q", r.Header.Get(c.header), id)
				}
				if c.header == "" && r.Header.Get("X-Request-Id") != "" {
					t.Error("an id was sent")
				}
			}
			if len(seen) != 2 || seen[0] == "" || c.own == "" && seen[0] == seen[1] {
				t.Errorf("ids %q", seen)
			}
			if e, ok := errors.AsType[*walletport.Error](err); !ok || !strings.Contains(err.Error(), "search, request "+seen[1]) || strings.Contains(e.Message, seen[1]) {
				t.Errorf("the error does not name the last request to operators alone: %v", err)
			}
		})
	}
}

// TestTheNameOfACallIsObserved: what a span and a metric have is the scheme's word.
func TestTheNameOfACallIsObserved(t *testing.T) {
	f := newFar(t, false, says(""))
	line := f.line(t, nil)
	_, _ = scheme.Ask(t.Context(), line, f.query(http.MethodGet))
	_ = line.Send(t.Context(), f.command(http.MethodPost))
	for i, want := range []string{"far GET search ", "far POST suspend "} {
		if len(f.seen) != 2 || !strings.HasPrefix(f.seen[i], want) || !strings.HasSuffix(f.seen[i], " ok 200") {
			t.Errorf("the observer saw %q", f.seen)
		}
	}
}
