package exchange

import (
	"crypto/sha256"
	"io"
	"sync"
	"time"

	"github.com/walletport/walletport/scheme"
)

// signedSeconds has equal requests signed as of different seconds. A scheme that signs
// with the second and without a nonce (x-pay-token) takes the second of two equal requests
// within one second for a replay. It is signed as of the next second that is free, so that
// nobody waits; schemes forgive clocks that are ahead by far more.
//
// It knows the requests of this Line only.
type signedSeconds struct {
	mu   sync.Mutex
	last map[[sha256.Size]byte]int64 // the second as of which such a request was signed
}

const (
	maxAhead   = 10   // seconds; of more equal requests Visa has to judge
	maxSigneds = 4096 // before those that are over are forgotten
)

// sign makes a request as of now, or of a second soon after it.
func (s *signedSeconds) sign(form makeRequest, now time.Time, random io.Reader) (scheme.Request, error) {
	for at := now; ; {
		request, err := form(at, random)
		if err != nil {
			return scheme.Request{}, err
		}
		free := s.take(digestOf(request), at, now)
		if free.Equal(at) {
			return request, nil
		}
		at = free
	}
}

// take notes that a request is signed as of at and returns at, or the first second that is
// free.
func (s *signedSeconds) take(digest [sha256.Size]byte, at, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.last[digest]
	if known && last >= at.Unix() && last < now.Unix()+maxAhead {
		return time.Unix(last+1, 0)
	}
	if s.last == nil {
		s.last = make(map[[sha256.Size]byte]int64)
	}
	if len(s.last) >= maxSigneds {
		s.forget(now)
	}
	s.last[digest] = at.Unix()
	return at
}

// forget drops what is over, and everything if so many requests are not.
func (s *signedSeconds) forget(now time.Time) {
	for digest, last := range s.last {
		if last < now.Unix() {
			delete(s.last, digest)
		}
	}
	if len(s.last) >= maxSigneds {
		clear(s.last)
	}
}

// digestOf names a request by everything that is signed but the time.
func digestOf(r scheme.Request) [sha256.Size]byte {
	text := append([]byte(r.Method+" "+r.URL+"\n"), r.Body...)
	return sha256.Sum256(text)
}
