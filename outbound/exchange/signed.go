package exchange

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/walletport/walletport/scheme"
)

// signedSeconds has equal requests signed as of different seconds. A scheme that signs
// with the second and without a nonce (x-pay-token) takes the second of two equal requests
// within one second for a replay. So it is signed as of a second before that is drawn, and
// nobody waits: Visa takes a signature for 480 s. Those ahead of us are not used, for a
// clock of ours that is ahead already would make them too far.
//
// It knows the requests of this Line only. Those of other processes may be equal too: see
// Line.Ask.
type signedSeconds struct {
	mu    sync.Mutex
	spent map[int64]map[[sha256.Size]byte]bool // by the second as of which they were signed
	count int
}

const (
	maxSpent    = 1 << 15 // requests, before all are forgotten
	maxDraws    = 16      // for one request; then Visa has to judge
	furthest    = 120     // seconds that are drawn from: a quarter of how long Visa takes a signature
	firstSpread = 8       // seconds that are drawn from first; then four times as many
)

// sign makes a request as of now, or of a second not long before. refusals says how often
// the scheme has refused the request for its second: then now is not tried again.
func (s *signedSeconds) sign(form makeRequest, now time.Time, random io.Reader, refusals int) (scheme.Request, error) {
	for draw := 0; ; draw++ {
		at, err := drawSecond(now, random, draw+refusals)
		if err != nil {
			return scheme.Request{}, err
		}
		request, err := form(at, random)
		if err != nil {
			return scheme.Request{}, err
		}
		if s.take(digestOf(request), at.Unix(), now.Unix()) || draw == maxDraws {
			return request, nil
		}
	}
}

// drawSecond returns now for the first draw, and then a time before: at random, for other
// processes draw too, and from further back the more were taken.
func drawSecond(now time.Time, random io.Reader, draw int) (time.Time, error) {
	if draw == 0 {
		return now, nil
	}
	var drawn [8]byte
	if _, err := io.ReadFull(random, drawn[:]); err != nil {
		return now, fmt.Errorf("draw a second to sign as of: %w", err)
	}
	spread := min(firstSpread<<(2*min(draw-1, 2)), furthest)
	back := 1 + binary.BigEndian.Uint64(drawn[:])%uint64(spread)
	return now.Add(-time.Duration(back) * time.Second), nil
}

// take notes that a request is signed as of a second, and reports whether none was before.
func (s *signedSeconds) take(digest [sha256.Size]byte, second, now int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	of := s.spent[second]
	if of[digest] {
		return false
	}
	if of == nil {
		of = make(map[[sha256.Size]byte]bool)
		s.spent[second] = of
	}
	of[digest] = true
	s.count++
	return true
}

// forget drops the seconds that are not drawn any more, also those of a clock that was set
// back, and everything if that is too much.
func (s *signedSeconds) forget(now int64) {
	if s.spent == nil || s.count >= maxSpent {
		s.spent, s.count = make(map[int64]map[[sha256.Size]byte]bool), 0
	}
	for second, of := range s.spent {
		if second < now-furthest || second > now+furthest {
			s.count -= len(of)
			delete(s.spent, second)
		}
	}
}

// digestOf names a request by everything that is signed but the time.
func digestOf(r scheme.Request) [sha256.Size]byte {
	text := append([]byte(r.Method+" "+r.URL+"\n"), r.Body...)
	return sha256.Sum256(text)
}
