package auth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/outbound"
)

// publisher stands for the place where an identity provider publishes its keys.
type publisher struct {
	mu      sync.Mutex
	status  int
	header  http.Header
	body    []byte
	err     error
	hold    chan struct{} // when it is there, an answer waits for its end
	fetches int
}

func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.fetches++
	hold, answer, err := p.hold, &http.Response{StatusCode: p.status, Header: p.header, Body: io.NopCloser(bytes.NewReader(p.body)), Request: r}, p.err
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// set changes what the publisher answers.
func (p *publisher) set(change func(*publisher)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

type namedKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func mustKeySet(t testing.TB, keys ...namedKey) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &k.key.PublicKey, KeyID: k.id, Use: "sig", Algorithm: "ES256"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustSignAs(t testing.TB, k namedKey, c tokenClaims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k.key, KeyID: k.id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return mustCompact(t, signer, payload)
}

func mustCompact(t testing.TB, signer jose.Signer, payload []byte) string {
	t.Helper()
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// provider is an identity provider with two keys, and everything that trusts it, in
// a synctest bubble.
type provider struct {
	*publisher
	trust         *auth.Trust
	authenticator *auth.Authenticator
	gate          *auth.StepUp
	old, next     namedKey
	logs          *bytes.Buffer
}

func newProvider(t *testing.T, b *bench, change func(*auth.Config)) *provider {
	t.Helper()
	p := &provider{publisher: &publisher{status: http.StatusOK, header: http.Header{}}, old: namedKey{"old", mustECKey(t)}, next: namedKey{"next", mustECKey(t)}, logs: &bytes.Buffer{}}
	p.body = mustKeySet(t, p.old)
	issuer := issuerConfig(nil)
	issuer.JWKSURL = "https://login.bank.example/jwks"
	rule := stepUpRule("eba-sca", nil, func(r *auth.StepUpRule) { r.JWKSURL = issuer.JWKSURL })
	config := auth.Config{TokenIssuers: []auth.TokenIssuer{issuer}, StepUp: []auth.StepUpRule{rule}}
	if change != nil {
		change(&config)
	}
	var err error
	if p.trust, err = auth.OpenTrust(t.Context(), config, time.Now, &outbound.Clients{Transport: p}, slog.New(slog.NewTextHandler(p.logs, nil))); err != nil {
		t.Fatal(err)
	}
	if p.authenticator, err = auth.New(config, b.store, time.Now, p.trust); err != nil {
		t.Fatal(err)
	}
	if p.gate, err = auth.NewStepUp(config, p.trust); err != nil {
		t.Fatal(err)
	}
	return p
}

// run keeps the keys fresh for as long as the test runs.
func (p *provider) run(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.trust.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
}

func claimsNow() tokenClaims {
	return goodClaims().with("exp", time.Now().Add(48*time.Hour).Unix()).with("iat", time.Now().Unix())
}

func (p *provider) bearer(t *testing.T, k namedKey) error {
	t.Helper()
	_, err := p.authenticator.AuthenticateBearer(t.Context(), mustSignAs(t, k, claimsNow()), nil)
	return err
}

func (p *provider) stepUp(t *testing.T, k namedKey) error {
	t.Helper()
	s := subject()
	s.Now = time.Now()
	claims := goodProof().with("exp", s.Now.Add(time.Hour).Unix()).with("iat", s.Now.Unix()).with("auth_time", s.Now.Unix())
	_, err := p.gate.CheckStepUp(withProof(t.Context(), mustSignAs(t, k, claims)), s)
	return err
}

// inBubble runs test in a bubble of its own, with its own time. The database stays
// outside: its connections are not the bubble's to wait for.
func inBubble(t *testing.T, change func(*auth.Config), test func(*testing.T, *provider)) {
	t.Helper()
	b := newBench(t)
	synctest.Test(t, func(t *testing.T) { test(t, newProvider(t, b, change)) })
}

// TestAKeyThatIsTakenAwayIsTrustedNoLonger: within the refresh interval, also for a
// token that was verified before.
func TestAKeyThatIsTakenAwayIsTrustedNoLonger(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*auth.Config)
		header  http.Header
		trusted time.Duration // from the fetch on
	}{
		{"after five minutes by default", nil, http.Header{}, 5 * time.Minute},
		{"after what is configured", func(c *auth.Config) { c.KeyRefresh = time.Minute }, http.Header{}, time.Minute},
		{"sooner where the cache headers say so", nil, http.Header{"Cache-Control": {"public, max-age=90, must-revalidate"}}, 90 * time.Second},
		{"no later, whatever the cache headers say", nil, http.Header{"Cache-Control": {"max-age=86400"}}, 5 * time.Minute},
		{"not at once where nothing may be cached", nil, http.Header{"Cache-Control": {"no-store"}}, 30 * time.Second},
		{"sooner where the answer is old already", nil, http.Header{"Cache-Control": {"max-age=100"}, "Age": {"40"}}, time.Minute},
		{"at the moment of Expires", nil, http.Header{"Expires": {"Sat, 01 Jan 2000 00:02:00 GMT"}}, 2 * time.Minute}, // a bubble begins at midnight
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, c.change, func(t *testing.T, p *provider) {
				p.header = c.header
				p.run(t)
				token := mustSignAs(t, p.old, claimsNow())
				call := func() error {
					_, err := p.authenticator.AuthenticateBearer(t.Context(), token, nil)
					return err
				}
				if err := errors.Join(call(), p.stepUp(t, p.old)); err != nil {
					t.Fatal(err)
				}
				p.set(func(p *publisher) { p.body = mustKeySet(t, namedKey{"next", mustECKey(t)}) })
				time.Sleep(c.trusted - time.Second)
				if err := errors.Join(call(), p.stepUp(t, p.old)); err != nil {
					t.Errorf("before the keys are fetched again: %v", err)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				wantReason(t, call(), walletport.CodeUnauthenticated, auth.ReasonInvalid)
				wantReason(t, p.bearer(t, p.old), walletport.CodeUnauthenticated, auth.ReasonInvalid)
				wantReason(t, p.stepUp(t, p.old), walletport.CodeForbidden, auth.ReasonStepUpInvalid)
			})
		})
	}
}

func TestKeysAreFetchedOnceForAllWhoTrustThem(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.run(t)
		if err := errors.Join(p.bearer(t, p.old), p.stepUp(t, p.old), p.bearer(t, p.old)); err != nil {
			t.Error(err)
		}
		if n := p.count(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
	})
}

func TestANewKeyIsTakenAtItsFirstToken(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.run(t)
		wantReason(t, p.bearer(t, p.next), walletport.CodeUnauthenticated, auth.ReasonInvalid)
		p.set(func(q *publisher) { q.body = mustKeySet(t, p.old, p.next) })
		wantReason(t, p.bearer(t, p.next), walletport.CodeUnauthenticated, auth.ReasonInvalid) // a moment ago the keys were read
		time.Sleep(10 * time.Second)
		if err := errors.Join(p.bearer(t, p.next), p.bearer(t, p.old)); err != nil {
			t.Error(err)
		}
		before := p.count()
		for range 50 { // anybody can send tokens with a strange key
			wantReason(t, p.bearer(t, namedKey{"strange", mustECKey(t)}), walletport.CodeUnauthenticated, auth.ReasonInvalid)
		}
		if n := p.count(); n != before {
			t.Errorf("bad tokens made us fetch: %d times more", n-before)
		}
	})
}

// TestOldKeysAreTrustedForAnHourOfOutage, with the cause in log, error and warnings.
func TestOldKeysAreTrustedForAnHourOfOutage(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.run(t)
		if err := p.bearer(t, p.old); err != nil {
			t.Fatal(err)
		}
		if w := p.trust.Warnings(); len(w) != 0 {
			t.Errorf("warnings before the outage: %q", w)
		}
		p.set(func(p *publisher) { p.status = http.StatusNotFound })
		token := mustSignAs(t, p.old, claimsNow())
		call := func() error {
			_, err := p.authenticator.AuthenticateBearer(t.Context(), token, nil)
			return err
		}
		time.Sleep(time.Hour - time.Second)
		if err := errors.Join(call(), p.bearer(t, p.old), p.stepUp(t, p.old)); err != nil {
			t.Errorf("within the hour: %v", err)
		}
		want := []string{`the keys of token issuer "https://login.bank.example" and step-up rule "eba-sca" of "https://id.bank.example" cannot be read: fetch: status 404; the keys read before are trusted until 2000-01-01T01:00:00Z`}
		if got := p.trust.Warnings(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("warnings %q,\nwant %q", got, want)
		}
		wantReason(t, p.bearer(t, p.next), walletport.CodeUnavailable, "token_keys_unavailable") // it may be of a new key
		time.Sleep(2 * time.Second)
		for name, err := range map[string]error{"a token verified before": call(), "a new token": p.bearer(t, p.old), "a proof": p.stepUp(t, p.old)} {
			wantReason(t, err, walletport.CodeUnavailable, "token_keys_unavailable")
			if !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "status 404") {
				t.Errorf("%s: the cause is %v", name, errors.Unwrap(err))
			}
		}
		if got := fmt.Sprint(p.trust.Warnings()); !strings.Contains(got, "refused") {
			t.Errorf("warnings %q", got)
		}
		p.set(func(p *publisher) { p.status = http.StatusOK })
		time.Sleep(5 * time.Minute)
		if err := call(); err != nil {
			t.Errorf("after the outage: %v", err)
		}
		if w := p.trust.Warnings(); len(w) != 0 {
			t.Errorf("warnings after the outage: %q", w)
		}
		synctest.Wait()
		if n := strings.Count(p.logs.String(), "status 404"); n != 1 {
			t.Errorf("the outage is logged %d times, want once:\n%s", n, p.logs)
		}
	})
}

func TestAKnownKeyIsNeverAnOutage(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.run(t)
		p.set(func(p *publisher) { p.status = http.StatusBadGateway })
		time.Sleep(time.Minute)
		wantReason(t, p.bearer(t, namedKey{"old", mustECKey(t)}), walletport.CodeUnauthenticated, auth.ReasonInvalid)
	})
}

// TestWhoWaitsForKeysMayGiveUp: a slow provider holds nobody for longer than they
// want to wait, and those who have a key in hand not at all.
func TestWhoWaitsForKeysMayGiveUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.run(t)
		time.Sleep(time.Minute)
		hold := make(chan struct{})
		p.set(func(p *publisher) { p.hold = hold })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := p.authenticator.AuthenticateBearer(ctx, mustSignAs(t, p.next, claimsNow()), nil)
		wantReason(t, err, walletport.CodeUnavailable, "token_keys_unavailable")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if err := p.bearer(t, p.old); err != nil || time.Since(began) != time.Second {
			t.Errorf("a token of a key in hand: %v after %s", err, time.Since(began))
		}
		p.set(func(q *publisher) { q.body, q.hold = mustKeySet(t, p.next), nil })
		close(hold)
	})
}

func TestReloadFetchesAtOnce(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.run(t)
		p.set(func(q *publisher) { q.body = mustKeySet(t, p.next) })
		if err := p.trust.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantReason(t, p.bearer(t, p.old), walletport.CodeUnauthenticated, auth.ReasonInvalid)
		if err := p.bearer(t, p.next); err != nil {
			t.Error(err)
		}
		p.set(func(p *publisher) { p.body = []byte("<html>log in</html>") })
		if err := p.trust.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "no JWK set in JSON") {
			t.Errorf("error %v", err)
		}
	})
}

// TestABreakerStaysWithinTheBoundedRefresh: a place that fails again and again is left
// alone for less time than lies between two readings, so only an operator who asks again
// at once is told that it was not asked.
func TestABreakerStaysWithinTheBoundedRefresh(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *provider) {
		p.set(func(p *publisher) { p.status = http.StatusBadGateway })
		for range 5 {
			if err := p.trust.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "status 502") {
				t.Fatalf("error %v", err)
			}
		}
		before := p.count()
		if err := p.trust.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "not asked again yet after 5 failures, the last: status 502") {
			t.Errorf("error %v", err)
		}
		if n := p.count(); n != before {
			t.Errorf("%d fetches more", n-before)
		}
		p.set(func(p *publisher) { p.status = http.StatusOK })
		time.Sleep(10 * time.Second)
		if err := p.bearer(t, p.old); err != nil {
			t.Errorf("the first token after ten seconds: %v", err)
		}
	})
}

// TestUnavailableKeysSayWhy: the operator finds the cause in the error's chain.
func TestUnavailableKeysSayWhy(t *testing.T) {
	encryption := fmt.Sprintf(`{"keys":[%s]}`, strings.Replace(jwkText(t, &mustECKey(t).PublicKey), `{`, `{"use":"enc",`, 1))
	for _, c := range []struct {
		name, says string
		change     func(*publisher)
	}{
		{"a status", "status 404", func(p *publisher) { p.status = http.StatusNotFound }},
		{"TLS", "certificate signed by unknown authority", func(p *publisher) {
			p.err = &tls.CertificateVerificationError{Err: errors.New("x509: certificate signed by unknown authority")}
		}},
		{"an empty set", "the JWK set is empty", func(p *publisher) { p.body = []byte(`{"keys":[]}`) }},
		{"a page", "no JWK set in JSON", func(p *publisher) { p.body = []byte("<html>log in</html>") }},
		{"another document", "no member keys", func(p *publisher) { p.body = []byte(`{"issuer":"https://login.bank.example","Keys":[{}]}`) }},
		{"keys twice", "no JWK set in JSON", func(p *publisher) { p.body = []byte(`{"keys":[],"keys":[]}`) }},
		{"no key for tokens", "its use is another than sig", func(p *publisher) { p.body = []byte(encryption) }},
		{"an endless answer", "more than 1048576 bytes", func(p *publisher) { p.body = bytes.Repeat([]byte(" "), 1<<20+1) }},
		{"too many keys", "more than 64 keys", func(p *publisher) { p.body = []byte(`{"keys":[` + strings.Repeat("{},", 64) + `{}]}`) }},
		{"a redirect to plain HTTP", "another place than https", func(p *publisher) {
			p.status, p.header = http.StatusFound, http.Header{"Location": {"http://login.bank.example/jwks"}}
		}},
		{"a redirect to plain HTTP on loopback", "another place than https", func(p *publisher) {
			p.status, p.header = http.StatusFound, http.Header{"Location": {"http://127.0.0.1/jwks"}}
		}},
		{"redirects without end", "too many redirects", func(p *publisher) {
			p.status, p.header = http.StatusFound, http.Header{"Location": {"/jwks"}}
		}},
		{"no answer", "deadline exceeded", func(p *publisher) { p.hold = make(chan struct{}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, p *provider) {
				c.change(p.publisher)
				for _, err := range []error{p.bearer(t, p.old), p.stepUp(t, p.old)} {
					wantReason(t, err, walletport.CodeUnavailable, "token_keys_unavailable")
					if cause := fmt.Sprint(errors.Unwrap(err)); !strings.Contains(cause, c.says) || strings.Contains(cause, "/jwks") {
						t.Errorf("the cause %q, want one that says %q and has no URL", cause, c.says)
					}
				}
				if got := fmt.Sprint(p.trust.Warnings()); !strings.Contains(got, c.says) {
					t.Errorf("warnings %q", got)
				}
			})
		})
	}
}

func jwkText(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKey{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeyRefreshIsBounded(t *testing.T) {
	for _, bad := range []time.Duration{-time.Second, time.Second, 31 * time.Minute} {
		if (auth.Config{KeyRefresh: bad}).Validate() == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// FuzzKeySet reads made-up JWK sets: none of their keys may verify what a stranger
// signed with a good key that is not among them.
func FuzzKeySet(f *testing.F) {
	key := mustECKey(f)
	b := newBench(f)
	token := mustSignAs(f, namedKey{"k", mustECKey(f)}, goodClaims())
	f.Add(mustKeySet(f, namedKey{"k", key}))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","use":"sig"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},null,7]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}],"keys":[]}`))
	f.Fuzz(func(t *testing.T, set []byte) {
		if len(set) == 0 {
			return
		}
		a, err := newAuthenticator(auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(set)}}, b.store, b.clock.Now)
		if err != nil {
			return
		}
		if _, err := a.AuthenticateBearer(t.Context(), token, nil); walletport.CodeOf(err) != walletport.CodeUnauthenticated {
			t.Errorf("error %v", err)
		}
	})
}
