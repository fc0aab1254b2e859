package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	jwksTimeout  = 5 * time.Second
	maxJWKSBytes = 1 << 20
	// jwksInterval is the least time between two fetches. A token with an unknown
	// key id asks for a fetch, and anybody can send such tokens.
	jwksInterval = 10 * time.Second
	// minRSABits refuses keys that are too short to trust.
	minRSABits = 2048
)

// keyList is a token issuer's public keys. It implements oidc.KeySet.
type keyList []jose.JSONWebKey

// parseKeys reads a JWK set (RFC 7517). It returns the keys that can verify a
// token, and an error that says why any other cannot.
func parseKeys(text []byte) (keyList, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("read JWK set: %w", err)
	}
	var usable keyList
	var errs []error
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(raw); err != nil {
			errs = append(errs, fmt.Errorf("read JWK: %w", err))
			continue
		}
		if err := checkKey(key); err != nil {
			errs = append(errs, err)
			continue
		}
		usable = append(usable, key)
	}
	return usable, errors.Join(errs...)
}

func checkKey(key jose.JSONWebKey) error {
	switch public := key.Key.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits {
			return errors.New("an RSA key has at least 2048 bits")
		}
		return nil
	}
	return errors.New("the JWK set holds something else than public keys")
}

// VerifySignature returns the payload of a token that one of the keys signed.
func (l keyList) VerifySignature(_ context.Context, raw string) ([]byte, error) {
	token, err := jose.ParseSignedCompact(raw, allowedAlgorithms)
	if err != nil {
		return nil, errors.New("no signed token")
	}
	return l.verify(token)
}

func (l keyList) verify(token *jose.JSONWebSignature) ([]byte, error) {
	if len(token.Signatures) != 1 {
		return nil, errors.New("a token has one signature")
	}
	id := token.Signatures[0].Header.KeyID
	for i := range l {
		if id != "" && l[i].KeyID != "" && l[i].KeyID != id {
			continue
		}
		if payload, err := token.Verify(&l[i]); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("no key of the issuer signed this")
}

// remoteKeys is a token issuer's key list behind a URL, fetched at the first token
// and again when a token is signed by none of the keys in hand. The library's own
// remote set has no pause between fetches, and may answer with an old result.
type remoteKeys struct {
	url    string
	client *http.Client
	clock  func() time.Time
	keys   atomic.Pointer[keyList]

	mu      sync.Mutex
	fetched time.Time // the last try
	err     error     // of the last try
}

func newRemoteKeys(url string, transport http.RoundTripper, clock func() time.Time) *remoteKeys {
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: jwksTimeout}
	}
	k := &remoteKeys{url: url, client: &http.Client{Timeout: jwksTimeout, Transport: transport}, clock: clock}
	k.keys.Store(&keyList{})
	return k
}

// VerifySignature returns the payload of a token that one of the keys signed, and
// tells the context when the keys cannot be fetched.
func (k *remoteKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	payload, err := k.keys.Load().VerifySignature(ctx, raw)
	if err == nil {
		return payload, nil
	}
	if fetchErr := k.refresh(ctx); fetchErr != nil {
		if outage, ok := ctx.Value(outageKey{}).(*bool); ok {
			*outage = true
		}
		return nil, fetchErr
	}
	return k.keys.Load().VerifySignature(ctx, raw)
}

// refresh fetches the keys, or repeats the outcome of a fetch a moment ago. One
// caller fetches, the others wait for it.
func (k *remoteKeys) refresh(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.clock(); !k.fetched.IsZero() && now.Sub(k.fetched) < jwksInterval {
		return k.err
	}
	keys, err := k.fetch(context.WithoutCancel(ctx)) // for all who wait, not for one who may hang up
	if err == nil {
		k.keys.Store(&keys)
	}
	k.fetched, k.err = k.clock(), err
	return err
}

func (k *remoteKeys) fetch(ctx context.Context) (keyList, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	answer, err := k.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for keys: status %d", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxJWKSBytes))
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keys, err := parseKeys(text)
	if len(keys) == 0 {
		return nil, fmt.Errorf("no usable key: %w", errors.Join(err, errors.New("the JWK set is empty")))
	}
	return keys, nil // an issuer may have keys of other kinds, for others
}
