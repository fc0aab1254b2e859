package outbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/walletport/walletport/outbound"
)

// TestRedirects goes over three servers: the target, another one behind TLS, and one in
// plain HTTP on loopback.
func TestRedirects(t *testing.T) {
	arrived := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+" "+r.Method+" "+r.Header.Get("Accept")+" "+r.Header.Get("X-Pay-Token")+" "+r.Header.Get("Referer"))
	}
	other := httptest.NewTLSServer(http.HandlerFunc(arrived))
	defer other.Close()
	plain := httptest.NewServer(http.HandlerFunc(arrived))
	defer plain.Close()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		if r.URL.Path == "/nowhere" {
			w.WriteHeader(http.StatusFound)
		}
		arrived(w, r)
	})
	host := func(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "https://") }
	for _, c := range []struct {
		name, method, to string
		elsewhere        bool
		body, says       string // one of them
	}{
		{"within the target is followed", "GET", "/x", false, host(b.server) + " GET json token ", ""},
		{"elsewhere is not", "GET", other.URL, false, "", "another place than the target"},
		{"elsewhere is followed where it may, without the call's headers", "GET", other.URL, true, host(other) + " GET json  ", ""},
		{"and back again has them", "GET", other.URL + "/?", true, host(other) + " GET json  ", ""},
		{"to plain HTTP is refused", "GET", plain.URL, true, "", "another place than https"},
		{"to another scheme is refused", "GET", "file:///etc/passwd", true, "", "another place than https"},
		{"to nothing that is a URL is refused", "GET", "https://a b/", true, "", "malformed URL"},
		{"without end is refused", "GET", "?to=" + url.QueryEscape("?to=%2F"), false, host(b.server) + " GET json token ", ""},
		{"of a write is the caller's", "POST", "/x", true, "", ""},
	} {
		t.Run("a redirect "+c.name, func(t *testing.T) {
			client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.FollowElsewhere = c.elsewhere })
			answer, err := client.Do(t.Context(), outbound.Request{
				Method: c.method, URL: b.server.URL + "/?secret=s3cret&to=" + url.QueryEscape(c.to), Header: http.Header{"Accept": {"json"}, "X-Pay-Token": {"token"}},
			})
			switch {
			case c.method == http.MethodPost:
				if err != nil || answer.Status != http.StatusTemporaryRedirect || answer.Header.Get("Location") == "" {
					t.Errorf("answer %v, error %v", answer, err)
				}
			case c.says != "":
				if err == nil || !strings.Contains(err.Error(), c.says) || b.seen.last() != outbound.OutcomeRedirect || outbound.IsUnsent(err) {
					t.Errorf("error %v, outcome %q, want %q", err, b.seen.last(), c.says)
				}
				if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "passwd")) {
					t.Errorf("the error has a URL: %v", err)
				}
			case err != nil:
				t.Error(err)
			case string(answer.Body) != c.body:
				t.Errorf("body %q, want %q", answer.Body, c.body)
			}
		})
	}
	t.Run("a redirect without a place is the answer", func(t *testing.T) {
		if answer, err := get(t, b.client(t, nil), b.server.URL+"/nowhere"); err != nil || answer.Status != http.StatusFound {
			t.Errorf("answer %v, error %v", answer, err)
		}
	})
}

func TestRedirectsHaveAnEnd(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	_, err := get(t, b.client(t, nil), b.server.URL)
	if err == nil || !strings.Contains(err.Error(), "too many redirects") || b.seen.last() != outbound.OutcomeRedirect {
		t.Errorf("error %v, outcome %q", err, b.seen.last())
	}
}

// TestPlainHTTPOnLoopback may lead to plain HTTP on loopback, where a sandbox is.
func TestPlainHTTPOnLoopback(t *testing.T) {
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "end") }))
	defer end.Close()
	begin := httptest.NewServer(http.RedirectHandler(end.URL, http.StatusFound))
	defer begin.Close()
	b := newBench(t, nil)
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
		target.URL, target.FollowElsewhere = begin.URL, true
	})
	answer, err := get(t, client, begin.URL)
	if err != nil || string(answer.Body) != "end" {
		t.Errorf("answer %v, error %v", answer, err)
	}
}
