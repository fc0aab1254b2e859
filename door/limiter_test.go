package door

import (
	"fmt"
	"math/rand/v2"
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
		if l.take(key, limit) == 0 {
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

// TestALimiterSaysTheRealWait floods a limiter at random times: who waits as long as it
// says is within the limit, and who comes a moment earlier is not.
func TestALimiterSaysTheRealWait(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		h := newHand()
		l := newLimiter(time.Minute, h.clock, 0)
		limit := 1 + r.IntN(20)
		for range 50 {
			h.now = h.now.Add(time.Duration(r.Int64N(int64(30 * time.Second))))
			key := []string{"a", "b"}[r.IntN(2)]
			wait := l.take(key, limit)
			if wait == 0 {
				continue
			}
			if wait > 2*time.Minute {
				t.Fatalf("a wait of %v", wait)
			}
			h.now = h.now.Add(wait - 2*time.Microsecond)
			if l.wait(key, limit) == 0 {
				t.Fatalf("limit %d: within it before %v are over", limit, wait)
			}
			h.now = h.now.Add(2 * time.Microsecond)
			if more := l.take(key, limit); more > 0 {
				t.Fatalf("limit %d: after %v it is %v more", limit, wait, more)
			}
		}
	}
}

// TestRatesSayTheLongerWait: who waits for the second is not sent away for the minute.
func TestRatesSayTheLongerWait(t *testing.T) {
	h := newHand()
	r := newRates(h.clock)
	for range 2 {
		if r.take("a", 2, 2) > 0 {
			t.Fatal("refused at once")
		}
	}
	wait := r.take("a", 2, 2)
	if wait < time.Minute {
		t.Errorf("the wait is %v, and the minute is full", wait)
	}
	h.now = h.now.Add(wait)
	if more := r.take("a", 2, 2); more > 0 {
		t.Errorf("after %v it is %v more", wait, more)
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
		l.take(fmt.Sprint("name ", i), 3)
	}
	if len(l.count) > most+sharedCounters {
		t.Errorf("%d counters, want at most %d", len(l.count), most+sharedCounters)
	}
	if l.many(100, "early guesser", 3) != 0 || l.many(100, "late guesser", 3) > 3 {
		t.Error("a guesser escapes in the flood")
	}
	h.now = h.now.Add(time.Minute)
	for i := range 600_000 {
		l.take(fmt.Sprint("another name ", i), 3)
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
