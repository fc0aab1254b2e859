package door

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// hand is a clock that the test sets.
type hand struct{ now time.Time }

func (h *hand) clock() time.Time { return h.now }

func newHand() *hand { return &hand{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// many counts n events and returns how many of them are within the limit.
func (l *limiter) many(n int, key string, limit int) (within int) {
	for range n {
		if !l.over(key, limit) {
			within++
		}
	}
	return within
}

// TestALimiterHasTheClockThatItIsHanded: the same events pass whatever the clock of the
// machine says.
func TestALimiterHasTheClockThatItIsHanded(t *testing.T) {
	for _, c := range []struct {
		name  string
		waits []time.Duration // between floods of 100, with a limit of 10 in a minute
		want  []int           // that pass
	}{
		{"time stands still", []time.Duration{0, 0}, []int{10, 0}},
		{"a second is not enough for one more", []time.Duration{0, time.Second}, []int{10, 0}},
		{"a quarter into the next window", []time.Duration{0, 75 * time.Second}, []int{10, 2}},
		{"the end of the next window", []time.Duration{0, 119 * time.Second}, []int{10, 10}},
		{"three windows later", []time.Duration{0, 3 * time.Minute}, []int{10, 10}},
		{"a clock that was put back begins anew", []time.Duration{0, -time.Hour, 0}, []int{10, 10, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHand()
			l := newLimiter(time.Minute, h.clock, 0)
			for i, wait := range c.waits {
				h.now = h.now.Add(wait)
				if got := l.many(100, "a", 10); got != c.want[i] {
					t.Errorf("flood %d: %d pass, want %d", i, got, c.want[i])
				}
			}
		})
	}
	if l := newLimiter(time.Minute, newHand().clock, 0); l.many(1000, "a", -1) != 1000 || l.many(1, "a", 0) != 0 {
		t.Error("a negative limit limits, or 0 does not")
	}
}

// TestStrangersFillNoMemory: however many keys there are, few are counted apart, and who
// is over the limit stays so. The flood is a minute of 10 000 guesses a second.
func TestStrangersFillNoMemory(t *testing.T) {
	const most = maxFailureKeys
	h := newHand()
	before := heap()
	l := newLimiter(time.Minute, h.clock, most)
	if got := l.many(100, "early guesser", 3); got != 3 {
		t.Errorf("%d guesses pass, want 3", got)
	}
	for i := range 600_000 {
		l.over(fmt.Sprint("name ", i), 3)
	}
	if len(l.count) > most+sharedCounters {
		t.Errorf("%d counters, want at most %d", len(l.count), most+sharedCounters)
	}
	if l.many(100, "early guesser", 3) != 0 || l.many(100, "late guesser", 3) > 3 {
		t.Error("a guesser escapes in the flood")
	}
	h.now = h.now.Add(time.Minute)
	for i := range 600_000 {
		l.over(fmt.Sprint("another name ", i), 3)
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("the counters take %d MiB", grown>>20)
	}
	h.now = h.now.Add(2 * time.Minute)
	if got := l.many(100, "late guesser", 3); got != 3 || len(l.count) != 1 || len(l.before) != 0 {
		t.Errorf("after the flood %d pass, and there are %d and %d counters", got, len(l.count), len(l.before))
	}
	runtime.KeepAlive(l)
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
