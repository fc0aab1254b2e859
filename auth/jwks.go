package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	jwksTimeout  = 5 * time.Second
	maxJWKSBytes = 1 << 20
	// jwksInterval is the least time between two fetches: a token with an unknown
	// key id makes the library fetch, and anybody can send such tokens.
	jwksInterval = 10 * time.Second
)

// remoteKeys is a token issuer's key set behind a URL.
type remoteKeys struct{ set *oidc.RemoteKeySet }

func newRemoteKeys(url string, transport http.RoundTripper, clock func() time.Time) remoteKeys {
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: jwksTimeout}
	}
	client := &http.Client{Timeout: jwksTimeout, Transport: &calmTransport{next: transport, clock: clock}}
	return remoteKeys{set: oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), url)}
}

// VerifySignature checks the token, and tells the context of an outage.
func (k remoteKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	payload, err := k.set.VerifySignature(ctx, raw)
	if _, failed := errors.AsType[*fetchError](err); failed || err != nil && ctx.Err() != nil {
		if outage, ok := ctx.Value(outageKey{}).(*bool); ok {
			*outage = true
		}
	}
	return payload, err
}

// fetchError says that the keys could not be fetched.
type fetchError struct{ err error }

func (e *fetchError) Error() string { return "fetch keys: " + e.err.Error() }
func (e *fetchError) Unwrap() error { return e.err }

// errCalm refuses a fetch that comes too soon after a good one: the keys in hand
// are fresh, so the token is bad.
var errCalm = errors.New("keys were fetched a moment ago")

// calmTransport bounds how often and how much is fetched.
type calmTransport struct {
	next  http.RoundTripper
	clock func() time.Time

	mu   sync.Mutex
	last time.Time // of the last fetch that succeeded, or failed
	good bool      // whether it succeeded
}

// RoundTrip fetches, unless the last fetch was a moment ago.
func (t *calmTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.clock(); !t.last.IsZero() && now.Sub(t.last) < jwksInterval {
		if t.good {
			return nil, errCalm
		}
		return nil, &fetchError{errors.New("the last fetch failed a moment ago")}
	}
	answer, err := t.fetch(r)
	t.last, t.good = t.clock(), err == nil
	return answer, err
}

func (t *calmTransport) fetch(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, &fetchError{err}
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxJWKSBytes))
	_ = answer.Body.Close()
	if err != nil {
		return nil, &fetchError{err}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if answer.StatusCode != http.StatusOK || json.Unmarshal(text, &set) != nil || len(set.Keys) == 0 {
		return nil, &fetchError{fmt.Errorf("status %d, or no JWK set", answer.StatusCode)}
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, nil
}
