package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/outbound"
)

// keyPause is for how long a place of keys is left alone that fails again and again:
// less than minReread, so that only readings that an operator asks for meet it.
const keyPause = minReread / 2

// fetcher returns a reader of a JWK set behind a URL. Its answer says when to ask
// again (RFC 9111), within minKeyRefresh and longest.
func fetcher(address string, rule outbound.Addresses, clients outbound.Clients, longest time.Duration) (reader, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the URL of the keys is malformed")
	}
	client, err := clients.To(outbound.Target{
		Name: at.Host, URL: address, Addresses: rule, FollowElsewhere: true,
		Limits:  outbound.Limits{Whole: rereadTime, AnswerBytes: maxJWKSBytes},
		Breaker: outbound.Breaker{Pause: keyPause},
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*keySet, time.Duration, error) {
		keys, lifetime, err := fetchKeys(ctx, client, address, clients.Clock)
		return keys, min(max(lifetime.or(longest), minKeyRefresh), longest), err
	}, nil
}

func fetchKeys(ctx context.Context, client *outbound.Client, address string, clock func() time.Time) (*keySet, lifetime, error) {
	began := clock()
	answer, err := client.Do(ctx, outbound.Request{
		Method: http.MethodGet, URL: address, Header: http.Header{"Accept": {"application/jwk-set+json, application/json"}},
	})
	if err != nil {
		return nil, unknownLifetime, fmt.Errorf("fetch: %w", err)
	}
	if answer.Status != http.StatusOK {
		return nil, unknownLifetime, fmt.Errorf("fetch: status %d", answer.Status)
	}
	keys, err := parseKeySet(answer.Body)
	return keys, lifetimeOf(answer.Header, began), err
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
