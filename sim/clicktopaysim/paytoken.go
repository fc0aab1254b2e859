package clicktopaysim

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
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
		isSigned := func(c Client) bool { return sim.IsHMAC(c.Secret, []byte(p.seconds+signed.text), p.digest) }
		if slices.ContainsFunc(clients, isSigned) {
			return signed.kind
		}
	}
	return payTokenHash
}

// lifetime is how long an x-pay-token is good. That a clock ahead is forgiven as much is
// inferred.
const lifetime = 480 * time.Second

// useUp returns the zero Kind for a token that is of this time and was not used before.
func (s *Service) useUp(p payToken) sim.Kind {
	now := s.c.Now()
	switch {
	case p.at.Before(now.Add(-lifetime)):
		return payTokenStale
	case p.at.After(now.Add(lifetime)):
		return payTokenFuture
	case !s.used.Use(p.digest, p.at, now):
		return payTokenUsed
	}
	return sim.Kind{}
}
