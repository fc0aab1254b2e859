package outbound

import (
	"cmp"
	"fmt"
	"sync"
	"time"
)

// Breaker says when a target that fails is left alone. A failure is a call without an
// answer, or with one of 500 or above; one that its caller canceled is none. A zero is the
// default that its comment names.
type Breaker struct {
	Failures int           // in a row, after which the target is left alone; 5, negative never leaves it alone
	Pause    time.Duration // between the calls that then are let through to find out whether it answers again, one at a time; 10s
}

const (
	defaultFailures = 5
	defaultPause    = 10 * time.Second
)

// breaker counts failures of one target. gobreaker and failsafe-go read the time
// themselves; this one is told it.
type breaker struct {
	Breaker
	mu       sync.Mutex
	failures int
	last     error     // of them
	until    time.Time // when the next call is let through, once there are too many
}

func newBreaker(b Breaker) *breaker {
	return &breaker{Breaker: Breaker{Failures: cmp.Or(b.Failures, defaultFailures), Pause: cmp.Or(b.Pause, defaultPause)}}
}

// admit reports whether a call may be made now. Of a target that is left alone one call
// in each pause is let through; the others get an error with the failure before.
func (b *breaker) admit(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Failures < 0 || b.failures < b.Failures {
		return nil
	}
	if wait := b.until.Sub(now); wait > 0 && wait <= b.Pause { // a longer one is of a clock that was set back
		return &fault{
			outcome: OutcomeLeftAlone, unsent: true,
			err: fmt.Errorf("not asked again yet after %d failures, the last: %w", b.failures, b.last),
		}
	}
	b.until = now.Add(b.Pause)
	return nil
}

// answered notes a call that was answered.
func (b *breaker) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.last = 0, nil
}

// failed notes a call that failed.
func (b *breaker) failed(now time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.last, b.until = err, now.Add(b.Pause)
}
