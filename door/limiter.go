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

// take counts an event under a key and returns 0, or else, when it is beyond the limit, how
// long it is until one will be within it; then it does not count. A negative limit is none.
func (l *limiter) take(key string, limit int) (wait time.Duration) {
	return l.ask(key, limit, true)
}

// wait is as take, for an event that does not take place.
func (l *limiter) wait(key string, limit int) time.Duration { return l.ask(key, limit, false) }

func (l *limiter) ask(key string, limit int, counts bool) time.Duration {
	if limit < 0 {
		return 0
	}
	at := maphash.String(l.seed, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	passed := l.turn()
	at = l.place(at)
	if wait := l.untilWithin(at, limit, passed); wait > 0 {
		return wait
	}
	if counts {
		l.count[at]++
	}
	return 0
}

// untilWithin returns how long it is until an event at that place will be within the limit
// if there is no other; passed is the age of the window. 0 is within it.
func (l *limiter) untilWithin(at uint64, limit int, passed time.Duration) time.Duration {
	before, count := float64(l.before[at]), float64(l.count[at])
	room := float64(limit) - 0.5 // the sum is rounded
	left := 1 - float64(passed)/float64(l.window)
	switch {
	case before*left+count < room:
		return 0
	case limit == 0:
		return l.window // as good as any: there never is one
	case count < room: // in this window, as soon as enough of the one before is past
		return max(1, l.share(1-(room-count)/before)-passed)
	}
	return l.window - passed + l.share(1-room/count) // in the next, of which this is the one before
}

// share returns a part of the window, and a little more: at the very moment the sum is
// still the limit.
func (l *limiter) share(part float64) time.Duration {
	return time.Duration(math.Ceil(part*float64(l.window))) + time.Microsecond
}

// rates are the limits of one key by the second and by the minute.
type rates struct{ perSecond, perMinute *limiter }

func newRates(clock func() time.Time) rates {
	return rates{perSecond: newLimiter(time.Second, clock, 0), perMinute: newLimiter(time.Minute, clock, 0)}
}

// take counts an event under a key and returns 0, or else how long it is until one will be
// within both limits. Negative limits are none.
func (r rates) take(key string, perSecond, perMinute int) (wait time.Duration) {
	if wait = r.perSecond.take(key, perSecond); wait == 0 {
		wait = r.perMinute.take(key, perMinute)
	}
	if wait == 0 {
		return 0
	}
	return max(wait, r.perSecond.wait(key, perSecond), r.perMinute.wait(key, perMinute))
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
