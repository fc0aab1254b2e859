package door

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// limiter counts events under keys, in windows of one length that follow each other.
// What the window before had counts by the share of it that is less than one length ago,
// so that nobody gets twice the limit around the turn of a window.
//
// It keeps no key but a hash of each, with a seed that nobody outside knows.
type limiter struct {
	window time.Duration
	clock  func() time.Time
	most   int // keys that are counted apart in a window; 0 is no bound
	seed   maphash.Seed

	mu            sync.Mutex
	began         time.Time      // the current window
	count, before map[uint64]int // events of this window, and of the one before
}

// sharedCounters is how many counters the keys share that come when as many as may be
// are counted apart. Several of them may be one to it, so that a key can be over the
// limit for others' events; no key gets more than the limit.
const sharedCounters = 1 << 12

func newLimiter(window time.Duration, clock func() time.Time, most int) *limiter {
	return &limiter{
		window: window, clock: clock, most: most, seed: maphash.MakeSeed(), began: clock(),
		count: map[uint64]int{}, before: map[uint64]int{},
	}
}

// over counts an event under a key, and reports whether it is beyond the limit; then it
// does not count. A negative limit is none.
func (l *limiter) over(key string, limit int) bool {
	if limit < 0 {
		return false
	}
	at := maphash.String(l.seed, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	left := 1 - float64(l.turn())/float64(l.window) // of the window before
	at = l.place(at)
	rate := float64(l.before[at])*left + float64(l.count[at])
	if int(math.Round(rate)) >= limit {
		return true
	}
	l.count[at]++
	return false
}

// turn begins a new window when it is time, and says how long ago the current one began.
// A clock that was put back begins anew.
func (l *limiter) turn() time.Duration {
	passed := l.clock().Sub(l.began)
	if passed >= 0 && passed < l.window {
		return passed
	}
	clear(l.before)
	if passed >= l.window && passed < 2*l.window {
		l.count, l.before = l.before, l.count
	}
	clear(l.count)
	if passed < 0 {
		l.began = l.began.Add(passed)
		return 0
	}
	rest := passed % l.window
	l.began = l.began.Add(passed - rest)
	return rest
}

// place returns where a key is counted.
func (l *limiter) place(at uint64) uint64 {
	if l.most == 0 || len(l.count) < l.most {
		return at
	}
	if _, known := l.count[at]; known {
		return at
	}
	return at % sharedCounters
}
