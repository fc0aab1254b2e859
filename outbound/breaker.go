package outbound

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Breaker says when a target that fails is left alone. A failure is a call without an
// answer, or with one of 500 or above; one that its caller canceled, or gave no
// time worth the name, is none. A zero is the default that its comment names.
type Breaker struct {
	Failures int           `setting:"failures"` // in a row, after which the target is left alone; 0 is 5, at most 1000, negative never leaves it alone
	Pause    time.Duration `setting:"pause"`    // between the calls that then are let through to find out whether it answers again, one at a time; 0 is 10s, 10ms to 5m
}

// WithDefaults returns b with what is in force for fields that are zero.
func (b Breaker) WithDefaults() Breaker {
	return Breaker{Failures: cmp.Or(b.Failures, defaultFailures), Pause: cmp.Or(b.Pause, defaultPause)}
}

// Validate reports everything that is wrong with b, each with the setting's name.
func (b Breaker) Validate() error {
	return errors.Join(
		rule("failures", b.Failures <= maxFailures, "up to 1000, or 0, which is 5"),
		rule("pause", isBetween(b.Pause, minTime, maxTime), "10ms to 5m, or 0, which is 10s"),
	)
}

const (
	defaultFailures = 5
	maxFailures     = 1000
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
	return &breaker{Breaker: b.WithDefaults()}
}

// look returns the error for a call that would not be made now, which says for how long
// and what the failure before was.
func (b *breaker) look(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.leftAlone(now)
}

// admit is look for a call that is made unless there is an error. Of a target that is
// left alone one call in each pause is let through.
func (b *breaker) admit(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.leftAlone(now); err != nil {
		return err
	}
	b.until = now.Add(b.Pause)
	return nil
}

func (b *breaker) leftAlone(now time.Time) error {
	if b.Failures < 0 || b.failures < b.Failures {
		return nil
	}
	wait := b.until.Sub(now)
	if wait <= 0 || wait > b.Pause { // a longer one is of a clock that was set back
		return nil
	}
	return &fault{
		outcome: OutcomeLeftAlone, unsent: true, retryAfter: wait,
		err: fmt.Errorf("not asked again yet after %d failures, the last: %w", b.failures, b.last),
	}
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
