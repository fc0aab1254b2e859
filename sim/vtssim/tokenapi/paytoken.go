package tokenapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
)

// denial is why a request is not let in, by Visa's code.
type denial string

const (
	expiredOrUsed denial = "9121"
	mismatch      denial = "9159"
	unknownKey    denial = "9201" // of another environment, or not for x-pay-token
)

// authenticate checks the x-pay-token of a request, and returns the issuer: the header
// carries the time of signing and an HMAC-SHA-256 over that time, the path without its
// first slash, the query and the body, all as they were sent.
func (s *Service) authenticate(r *http.Request, c call, body []byte) ([]Client, *denial) {
	no := func(d denial) ([]Client, *denial) { return nil, &d }
	clients := s.clientsOf(r.URL.Query())
	if len(clients) == 0 {
		return no(unknownKey)
	}
	given := r.Header.Values("X-Pay-Token")
	if len(given) != 1 {
		return no(mismatch)
	}
	version, rest, _ := strings.Cut(given[0], ":")
	seconds, digest, _ := strings.Cut(rest, ":")
	_, query, _ := strings.Cut(r.RequestURI, "?")
	signed := slices.Concat([]byte(seconds+resourcePath(r)+query), body)
	isSigned := slices.ContainsFunc(clients, func(c Client) bool { return sim.IsHMAC(c.Secret, signed, digest) })
	// A change has no other signature that could be wrong.
	isFault := c.name == callLifecycle && faults.Take(r.Context(), faults.WrongSignature)
	if version != "xv2" || !sim.IsDigits(seconds) || isFault || !isSigned {
		return no(mismatch)
	}
	if !s.isFresh(seconds, digest) {
		return no(expiredOrUsed)
	}
	return clients, nil
}

// clientsOf returns the entries of an API key; it is named apiKey or apikey.
func (s *Service) clientsOf(query url.Values) (clients []Client) {
	names := append(slices.Clone(query["apiKey"]), query["apikey"]...)
	if len(names) != 1 {
		return nil
	}
	for _, c := range s.c.Clients() {
		if c.APIKey == names[0] && len(c.Secret) > 0 {
			clients = append(clients, c)
		}
	}
	return clients
}

// lifetime is how long an x-pay-token is good. That a clock ahead is forgiven as much is
// inferred.
const lifetime = 480 * time.Second

// isFresh reports whether a token is of this time and was not used before.
func (s *Service) isFresh(seconds, digest string) bool {
	n, err := strconv.ParseInt(seconds, 10, 64)
	at, now := time.Unix(n, 0), s.c.Now()
	if err != nil || at.Before(now.Add(-lifetime)) || at.After(now.Add(lifetime)) {
		return false
	}
	return s.used.Use(digest, at, now)
}
