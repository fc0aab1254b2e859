package clicktopaysim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport/sim"
)

// payToken is what the header x-pay-token says: the time of signing, as text, and an
// HMAC-SHA-256 over that time, the path without its first slash, the query and the body,
// all as they were sent.
type payToken struct {
	seconds, digest string
	at              time.Time
}

// maxSeconds is more than any time in seconds, and less than one of our time in milliseconds.
const maxSeconds = 100_000_000_000

// readPayToken returns the zero Kind for one that is well formed.
func readPayToken(text string) (p payToken, _ sim.Kind) {
	version, rest, _ := strings.Cut(text, ":")
	seconds, digest, hasThree := strings.Cut(rest, ":")
	n, err := strconv.ParseInt(seconds, 10, 64)
	raw, errHex := hex.DecodeString(digest)
	switch {
	case version == "x":
		return p, payTokenVersion
	case version != "xv2" || !hasThree || !sim.IsDigits(seconds) || err != nil || errHex != nil || len(raw) != sha256.Size:
		return p, payTokenForm
	case digest != strings.ToLower(digest):
		return p, payTokenCapitals
	case n > maxSeconds:
		return p, payTokenMillis
	}
	return payToken{seconds, digest, time.Unix(n, 0)}, sim.Kind{}
}

// misfit returns the zero Kind if the hash is of one of the clients, and else looks for what
// may have been signed instead.
func (s *Service) misfit(in *request, clients []Client, p payToken) sim.Kind {
	full := resourcePath(in.http)
	short := strings.TrimPrefix(full, pathContext)
	right, other, otherKind := short, full, payTokenContext
	if s.c.SignsContext {
		right, other, otherKind = full, short, payTokenNoContext
	}
	_, query, _ := strings.Cut(in.http.RequestURI, "?")
	body := string(in.body)
	for _, signed := range []struct {
		text string
		kind sim.Kind
	}{
		{right + query + body, sim.Kind{}},
		{other + query + body, otherKind},
		{"/" + right + query + body, payTokenSlash},
		{"/" + other + query + body, payTokenSlash},
		{right + "?" + query + body, payTokenMark},
		{right + body, payTokenNoQuery},
		{right + query, payTokenNoBody},
	} {
		if isOfSecret(clients, p.seconds+signed.text, p.digest) {
			return signed.kind
		}
	}
	return payTokenHash
}

// isOfSecret reports whether digest is the lower-case hex of the HMAC under a secret.
func isOfSecret(clients []Client, signed, digest string) bool {
	for _, c := range clients {
		mac := hmac.New(sha256.New, c.Secret)
		mac.Write([]byte(signed))
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

// use returns the zero Kind for a token that is of this time and was not used before.
func (u *usedTokens) use(p payToken, now time.Time) sim.Kind {
	switch {
	case p.at.Before(now.Add(-lifetime)):
		return payTokenStale
	case p.at.After(now.Add(lifetime)):
		return payTokenFuture
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.seen[p.digest]; ok {
		return payTokenUsed
	}
	if len(u.seen) >= maxUsed {
		for d, signed := range u.seen {
			if signed.Before(now.Add(-lifetime)) {
				delete(u.seen, d)
			}
		}
	}
	u.seen[p.digest] = p.at
	return sim.Kind{}
}
