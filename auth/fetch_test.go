package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

// TestKeysOverHTTP goes over a real connection, with Go's own transport.
func TestKeysOverHTTP(t *testing.T) {
	key := namedKey{"k", mustECKey(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/jwks", http.StatusMovedPermanently)
			return
		}
		_, _ = w.Write(mustKeySet(t, key))
	}))
	defer server.Close()
	b := newBench(t)
	for _, path := range []string{"/jwks", "/old"} {
		config := issuerConfig(nil)
		config.JWKSURL = server.URL + path
		a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{config}})
		if _, err := a.AuthenticateBearer(t.Context(), mustSignAs(t, key, goodClaims()), nil); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestKeysInAFileAreReadAgain: within ten seconds; a broken file keeps the old keys,
// and says so.
func TestKeysInAFileAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first := namedKey{"first", mustECKey(t)}
	write(mustKeySet(t, first))
	inBubble(t, func(c *auth.Config) {
		c.TokenIssuers[0].JWKSURL, c.TokenIssuers[0].JWKSFile = "", path
		c.StepUp[0].JWKSURL, c.StepUp[0].JWKSFile = "", path
	}, func(t *testing.T, p *provider) {
		p.run(t)
		token := mustSignAs(t, first, claimsNow())
		call := func() error {
			_, err := p.authenticator.AuthenticateBearer(t.Context(), token, nil)
			return err
		}
		if err := errors.Join(call(), p.stepUp(t, first)); err != nil {
			t.Fatal(err)
		}
		write([]byte("{"))
		time.Sleep(2 * time.Hour)
		if err := errors.Join(call(), p.stepUp(t, first)); err != nil {
			t.Errorf("while the file is broken: %v", err)
		}
		if got := fmt.Sprint(p.trust.Warnings()); !strings.Contains(got, "no JWK set in JSON") {
			t.Errorf("warnings %q", got)
		}
		write(mustKeySet(t, p.next))
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		wantReason(t, call(), walletport.CodeUnauthenticated, auth.ReasonInvalid)
		wantReason(t, p.stepUp(t, first), walletport.CodeForbidden, auth.ReasonStepUpInvalid)
		if err := errors.Join(p.bearer(t, p.next), p.stepUp(t, p.next)); err != nil {
			t.Error(err)
		}
	})
}

func TestKeyFilesThatAreNone(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct{ name, path, says string }{
		{"a folder", folder, "a folder"},
		{"a device", "/dev/zero", "a device"},
		{"nothing", filepath.Join(folder, "none"), "no such file"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			issuer := issuerConfig(nil)
			issuer.JWKSFile = c.path
			_, err := auth.OpenTrust(t.Context(), auth.Config{TokenIssuers: []auth.TokenIssuer{issuer}}, time.Now, nil, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestLifetimesOfAnswers(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		header http.Header
		want   time.Duration // negative is unknown
	}{
		{"nothing", http.Header{}, -1},
		{"no max-age", http.Header{"Cache-Control": {"public, must-revalidate"}}, -1},
		{"a max-age", http.Header{"Cache-Control": {"max-age=60"}}, time.Minute},
		{"a max-age in quotes and capitals", http.Header{"Cache-Control": {`Public, MAX-AGE="60"`}}, time.Minute},
		{"headers of their own", http.Header{"Cache-Control": {"public", "max-age=60"}}, time.Minute},
		{"an age", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"20"}}, 40 * time.Second},
		{"an age beyond", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"90"}}, 0},
		{"an age of nonsense", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"-9e9"}}, time.Minute},
		{"max-age before Expires", http.Header{"Cache-Control": {"max-age=60"}, "Expires": {"Tue, 24 Nov 2026 13:00:00 GMT"}}, time.Minute},
		{"Expires", http.Header{"Expires": {"Tue, 24 Nov 2026 12:01:00 GMT"}}, time.Minute},
		{"an Expires that is past", http.Header{"Expires": {"Tue, 24 Nov 2026 11:00:00 GMT"}}, 0},
		{"an Expires of 0", http.Header{"Expires": {"0"}}, 0},
		{"no-cache", http.Header{"Cache-Control": {"no-cache, max-age=60"}}, 0},
		{"no-store behind it", http.Header{"Cache-Control": {"max-age=60,no-store"}}, 0},
		{"a negative max-age", http.Header{"Cache-Control": {"max-age=-1"}}, 0},
		{"a max-age of nonsense", http.Header{"Cache-Control": {"max-age=soon"}}, 0},
		{"a max-age of an age of the world", http.Header{"Cache-Control": {"max-age=9223372036854775807"}}, (1 << 31) * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := auth.LifetimeOf(c.header, now); got != c.want {
				t.Errorf("lifetime %s, want %s", got, c.want)
			}
		})
	}
}
