package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// maxSpent is how many tokens are remembered before those that are too old are forgotten.
const maxSpent = 1 << 20

// Spent remembers the signed tokens that may be used once, for as long as they are good. It
// is not kept over a restart, and is safe for concurrent use.
type Spent struct {
	lifetime time.Duration

	mu   sync.Mutex
	seen map[string]time.Time // when it was signed
}

// NewSpent returns one that remembers tokens for lifetime since they were signed.
func NewSpent(lifetime time.Duration) *Spent {
	return &Spent{lifetime: lifetime, seen: map[string]time.Time{}}
}

// Use reports whether a token is used for the first time. Whether it is still good its
// caller has found out.
func (s *Spent) Use(token string, signed, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[token]; ok {
		return false
	}
	if len(s.seen) >= maxSpent {
		s.forget(now.Add(-s.lifetime))
	}
	s.seen[token] = signed
	return true
}

func (s *Spent) forget(before time.Time) {
	for token, signed := range s.seen {
		if signed.Before(before) {
			delete(s.seen, token)
		}
	}
}

// IsHMAC reports whether digest is the lower-case hex of the HMAC-SHA-256 of text under a
// secret.
func IsHMAC(secret, text []byte, digest string) bool {
	mac := hmac.New(sha256.New, secret)
	mac.Write(text)
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(digest))
}
