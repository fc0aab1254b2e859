package tokenapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	// A change has no other signature that could be wrong.
	isFault := c.name == callLifecycle && faults.Take(r.Context(), faults.WrongSignature)
	if version != "xv2" || !sim.IsDigits(seconds) || isFault || !isOfSecret(clients, signed, digest) {
		return no(mismatch)
	}
	if !s.used.use(seconds, digest, s.c.Now()) {
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

// isOfSecret reports whether digest is the lower-case hex of the HMAC under a secret.
func isOfSecret(clients []Client, signed []byte, digest string) bool {
	for _, c := range clients {
		mac := hmac.New(sha256.New, c.Secret)
		mac.Write(signed)
		if hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(digest)) {
			return true
		}
	}
	return false
}

// lifetime is how long an x-pay-token is good. That a clock ahead is forgiven as much is
// inferred.
const lifetime = 480 * time.Second

// usedTokens remembers the tokens of the time in which they could be used again. It is not
// kept over a restart.
type usedTokens struct {
	mu   sync.Mutex
	seen map[string]time.Time // when it was signed
}

const maxUsed = 1 << 20

// use reports whether a token is of this time and was not used before.
func (u *usedTokens) use(seconds, digest string, now time.Time) bool {
	n, err := strconv.ParseInt(seconds, 10, 64)
	at := time.Unix(n, 0)
	if err != nil || at.Before(now.Add(-lifetime)) || at.After(now.Add(lifetime)) {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.seen[digest]; ok {
		return false
	}
	if len(u.seen) >= maxUsed {
		for d, signed := range u.seen {
			if signed.Before(now.Add(-lifetime)) {
				delete(u.seen, d)
			}
		}
	}
	u.seen[digest] = at
	return true
}
