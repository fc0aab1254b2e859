package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport/disk"
)

const (
	maxRedirects  = 5
	jwksHandshake = 5 * time.Second
)

// fetcher returns a reader of a JWK set behind a URL. Its answer says when to ask
// again (RFC 9111), within minKeyRefresh and longest.
func fetcher(address string, transport http.RoundTripper, clock func() time.Time, longest time.Duration) reader {
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: jwksHandshake}
	}
	client := &http.Client{Transport: transport, CheckRedirect: refuseDowngrade}
	return func(ctx context.Context) (*keySet, time.Duration, error) {
		keys, lifetime, err := fetchKeys(ctx, client, address, clock())
		return keys, min(max(lifetime.or(longest), minKeyRefresh), longest), err
	}
}

// refuseDowngrade keeps a redirect from leading to where others could answer.
func refuseDowngrade(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) > maxRedirects:
		return errors.New("too many redirects")
	case next.URL.Scheme == "https":
		return nil
	case before[0].URL.Scheme == "http" && isSafeURL(next.URL.String()): // loopback all the way
		return nil
	}
	return errors.New("a redirect leads to another place than https")
}

func fetchKeys(ctx context.Context, client *http.Client, address string, now time.Time) (*keySet, lifetime, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, unknownLifetime, errors.New("the URL is malformed")
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := client.Do(r)
	if err != nil {
		var wrapped *url.Error // its text has the URL, and a URL may hold a secret
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, unknownLifetime, fmt.Errorf("fetch: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, unknownLifetime, fmt.Errorf("fetch: status %d", answer.StatusCode)
	}
	text, err := readBounded(answer.Body)
	if err != nil {
		return nil, unknownLifetime, fmt.Errorf("fetch: %w", err)
	}
	keys, err := parseKeySet(text)
	return keys, lifetimeOf(answer.Header, now), err
}

func readBounded(in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxJWKSBytes+1))
	if err == nil && len(text) > maxJWKSBytes {
		err = fmt.Errorf("more than %d bytes", maxJWKSBytes)
	}
	return text, err
}

// lifetime is for how long an answer says that it is fresh.
type lifetime time.Duration

const unknownLifetime lifetime = -1

func (l lifetime) or(other time.Duration) time.Duration {
	if l == unknownLifetime {
		return other
	}
	return time.Duration(l)
}

// maxLifetimeSeconds keeps a header's number within a time.Duration.
const maxLifetimeSeconds = 1 << 31

// lifetimeOf reads Cache-Control, Age and Expires (RFC 9111 sections 4.2.1, 5.1 to
// 5.3).
func lifetimeOf(h http.Header, now time.Time) lifetime {
	fresh := unknownLifetime
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			fresh = maxAge(value, h.Get("Age"))
		}
	}
	if fresh != unknownLifetime {
		return fresh
	}
	if text := h.Get("Expires"); text != "" {
		until, err := http.ParseTime(text)
		if err != nil {
			return 0
		}
		return lifetime(max(until.Sub(now), 0))
	}
	return unknownLifetime
}

// maxAge is what is left of a max-age, which counts from the origin's answer; a broken
// one is 0 (RFC 9111 section 4.2.1).
func maxAge(value, age string) lifetime {
	seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
	if err != nil || seconds < 0 {
		return 0
	}
	old, _ := strconv.ParseInt(age, 10, 64) // none or a broken one is 0
	return lifetime(time.Duration(max(min(seconds, maxLifetimeSeconds)-max(old, 0), 0)) * time.Second)
}

// fileReader returns a reader of a JWK set in a file.
func fileReader(path string) reader {
	return func(context.Context) (*keySet, time.Duration, error) {
		text, err := disk.Read(path, maxJWKSBytes)
		if err != nil {
			return nil, fileReread, fmt.Errorf("read keys: %w", err)
		}
		keys, err := parseKeySet(text)
		return keys, fileReread, err
	}
}
