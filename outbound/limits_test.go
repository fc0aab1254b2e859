package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
)

// soon and later are limits that a test meets on purpose; the other limits are far beyond.
// A connection to this machine is made before later, however busy it is.
const (
	soon  = 100 * time.Millisecond
	later = 20 * soon
)

// TestLimits holds every step of a call to its limit, over real connections.
func TestLimits(t *testing.T) {
	slow := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body": // headers at once, the body never
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
		case "/around":
			http.Redirect(w, r, "/headers", http.StatusFound)
			return
		}
		<-r.Context().Done()
	})
	for _, c := range []struct {
		name, url, says string
		limits          outbound.Limits
		unsent          bool
	}{
		{"connecting", "https://" + fullListener(t), "i/o timeout", outbound.Limits{Connect: soon}, true},
		{"the handshake", "https://" + silentListener(t), "TLS handshake timeout", outbound.Limits{TLS: soon}, true},
		{"the headers", slow.server.URL + "/headers", "timeout awaiting response headers", outbound.Limits{Headers: soon}, false},
		{"the body", slow.server.URL + "/body", "deadline exceeded", outbound.Limits{Whole: later}, false},
		{"redirects", slow.server.URL + "/around", "deadline exceeded", outbound.Limits{Whole: later}, false},
	} {
		t.Run(c.name+" has a limit", func(t *testing.T) {
			client := slow.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.URL, target.Limits = c.url, c.limits })
			_, err := get(t, client, c.url)
			if err == nil || !strings.Contains(err.Error(), c.says) || slow.seen.last() != outbound.OutcomeTimeout || outbound.IsUnsent(err) != c.unsent {
				t.Errorf("error %v (unsent %t), outcome %q; want %q (unsent %t)", err, outbound.IsUnsent(err), slow.seen.last(), c.says, c.unsent)
			}
		})
	}
}

// fullListener is a listener that has no room for a connection more: those who connect
// get no answer.
func fullListener(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(socket, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
	for range 16 {
		conn, err := net.DialTimeout("tcp", address, soon)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Skip("this system's listeners always have room")
	return ""
}

// silentListener takes connections and says nothing.
func silentListener(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func TestTheCallersContextEndsACall(t *testing.T) {
	began := make(chan struct{})
	b := newBench(t, func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.Breaker.Failures = 1 })
	_, err := client.Do(ctx, outbound.Request{Method: http.MethodGet, URL: b.server.URL})
	if err == nil || b.seen.last() != outbound.OutcomeCanceled {
		t.Errorf("error %v, outcome %q", err, b.seen.last())
	}
	if _, err = client.Do(ctx, outbound.Request{Method: http.MethodGet, URL: b.server.URL}); b.seen.last() != outbound.OutcomeCanceled {
		t.Errorf("what a caller gave up counts as the target's failure: %v", err)
	}
}

// TestADeadlineThatIsTooShortIsTheCallers: what no target could have done in time is no
// failure of the target's, and what one that is well would have done is.
func TestADeadlineThatIsTooShortIsTheCallers(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers time.Duration
		own     time.Duration
		counts  bool
	}{
		{"far shorter than the target's limits", 0, hangs, false},
		{"long enough for a target that is well", 5 * soon, hangs, true},
		{"longer than a limit of the target", 0, soon / 10, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			at := b.server.URL
			if c.own != hangs {
				at = "https://" + silentListener(t)
			}
			client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
				target.URL, target.Breaker.Failures = at, 1
				target.Limits = outbound.Limits{Headers: c.headers, TLS: c.own}
			})
			hurry := func() string {
				ctx, cancel := context.WithTimeout(t.Context(), soon)
				defer cancel()
				_, _ = client.Do(ctx, outbound.Request{Method: http.MethodGet, URL: at})
				return b.seen.last()
			}
			if outcome := hurry(); outcome != outbound.OutcomeTimeout {
				t.Errorf("the call ends as %q", outcome)
			}
			if outcome := hurry(); (outcome == outbound.OutcomeLeftAlone) != c.counts {
				t.Errorf("the next one ends as %q", outcome)
			}
		})
	}
}

// hangs is a limit that no test meets.
const hangs = time.Minute

// TestSizes bounds what an answer may have, packed and unpacked.
func TestSizes(t *testing.T) {
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	_, _ = packer.Write(bytes.Repeat([]byte{'x'}, 1<<20))
	_ = packer.Close()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		case "/grows":
			_, _ = io.WriteString(w, strings.Repeat("x", 1001))
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/endless":
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			}
		case "/headers":
			w.Header().Set("X", strings.Repeat("x", 128<<10))
		}
	})
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
		target.Limits.AnswerBytes = 1000
		target.Breaker.Failures = -1
	})
	if answer, err := get(t, client, b.server.URL+"/fits"); err != nil || len(answer.Body) != 1000 {
		t.Errorf("an answer of the size that is allowed: %v", err)
	}
	for path, want := range map[string]string{
		"/grows": outbound.OutcomeTooBig, "/packed": outbound.OutcomeTooBig, "/endless": outbound.OutcomeTooBig, "/headers": outbound.OutcomeUnreachable,
	} {
		answer, err := get(t, client, b.server.URL+path)
		if err == nil || answer != nil || b.seen.last() != want || outbound.IsUnsent(err) {
			t.Errorf("%s: answer %v, error %v, outcome %q, want %q", path, answer != nil, err, b.seen.last(), want)
		}
	}
	if bomb.Len() > 2000 {
		t.Errorf("the packed answer has %d bytes and shows nothing", bomb.Len())
	}
}
