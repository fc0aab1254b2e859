package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Caps bound how many calls of this process a target gets, as its operator asks of those
// who call. A call beyond them waits for its turn. A zero is the default that its comment
// names.
type Caps struct {
	Concurrent int           `setting:"concurrent"` // calls at a time, of which an eighth is kept for changes; 0 is 64, at most 10000, negative is no cap
	PerSecond  int           `setting:"per_second"` // calls that begin in a second, on the average; 0 is 200, at most 100000, negative is no cap
	Burst      int           `setting:"burst"`      // calls that may begin at one time after a while with fewer; 0 is as many as per_second, at most 100000
	Wait       time.Duration `setting:"wait"`       // for a turn, after which the call is given up without being sent; questions wait half as long, so that changes get their turn; 0 is 500ms, 1ms to 30s
}

const (
	defaultConcurrent = 64
	defaultPerSecond  = 200
	defaultWait       = 500 * time.Millisecond
	maxConcurrent     = 10_000
	maxPerSecond      = 100_000
	maxWait           = 30 * time.Second
)

// Validate reports everything that is wrong with c, each with the setting's name.
func (c Caps) Validate() error {
	return errors.Join(
		rule("concurrent", c.Concurrent <= maxConcurrent, "up to 10000, or 0, which is 64"),
		rule("per_second", c.PerSecond <= maxPerSecond, "up to 100000, or 0, which is 200"),
		rule("burst", isBetween(c.Burst, 1, maxPerSecond), "1 to 100000, or 0, which is as many as per_second"),
		rule("wait", isBetween(c.Wait, time.Millisecond, maxWait), "1ms to 30s, or 0, which is 500ms"),
	)
}

// WithDefaults returns c with what is in force for fields that are zero.
func (c Caps) WithDefaults() Caps {
	perSecond := cmp.Or(c.PerSecond, defaultPerSecond)
	return Caps{
		Concurrent: cmp.Or(c.Concurrent, defaultConcurrent), PerSecond: perSecond,
		Burst: cmp.Or(c.Burst, max(perSecond, 1)), Wait: cmp.Or(c.Wait, defaultWait),
	}
}

// turns gives the calls of one target their turns. A call holds one of the places from its
// turn to its end; how many turns begin is counted as a leaky bucket (GCRA) on the clock
// that was handed in.
type turns struct {
	caps   Caps
	clock  func() time.Time
	places chan struct{} // nil without a cap
	lent   chan struct{} // of them, to calls that yield

	mu   sync.Mutex
	full time.Time // when the allowance will be whole again if no call comes
}

func newTurns(c Caps, clock func() time.Time) *turns {
	t := &turns{caps: c.WithDefaults(), clock: clock}
	if t.caps.Concurrent > 0 {
		t.places = make(chan struct{}, t.caps.Concurrent)
		t.lent = make(chan struct{}, t.caps.Concurrent-t.caps.Concurrent/keptPart)
	}
	return t
}

// keptPart of the places is kept for calls that do not yield: 8 of 64.
const keptPart = 8

// take waits for a turn, in the order of those who wait. The caller calls done when the
// call is over.
func (t *turns) take(ctx context.Context, yields bool) (done func(), _ error) {
	longest := t.caps.Wait
	if yields {
		longest /= 2
	}
	bounded, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	leave, err := t.takePlace(bounded, yields)
	if err != nil {
		return nil, t.refused(ctx, longest, 0)
	}
	until, _ := bounded.Deadline()
	if wait, err := t.takeMoment(ctx, time.Until(until)); err != nil {
		leave()
		return nil, t.refused(ctx, longest, wait)
	}
	return leave, nil
}

// takePlace waits for a place, and for one that is lent where the call yields.
func (t *turns) takePlace(ctx context.Context, yields bool) (leave func(), _ error) {
	if t.places == nil {
		return func() {}, nil
	}
	if yields {
		if err := enter(ctx, t.lent); err != nil {
			return nil, err
		}
	}
	if err := enter(ctx, t.places); err != nil {
		if yields {
			<-t.lent
		}
		return nil, err
	}
	return func() {
		<-t.places
		if yields {
			<-t.lent
		}
	}, nil
}

// enter waits for one of some places, which is free again when it is received from there.
func enter(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeMoment waits until the call may begin. It does not begin to wait for what would be
// later than longest, and returns after how long it would not. What it has begun to wait for
// comes in time, the last moment too: only the end of ctx, the caller's, is waited for beside it.
func (t *turns) takeMoment(ctx context.Context, longest time.Duration) (time.Duration, error) {
	wait, ok := t.reserve(longest)
	switch {
	case !ok:
		return wait, errNoTurn
	case wait <= 0:
		return 0, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return 0, nil
	case <-ctx.Done():
		t.giveBack()
		return 0, ctx.Err()
	}
}

// reserve takes the next moment unless it is later than longest, and says how far it is.
func (t *turns) reserve(longest time.Duration) (wait time.Duration, ok bool) {
	if t.caps.PerSecond < 0 {
		return 0, true
	}
	now, each := t.clock(), t.each()
	allowance := time.Duration(t.caps.Burst-1) * each
	t.mu.Lock()
	defer t.mu.Unlock()
	if ahead := t.full.Sub(now); ahead < 0 || ahead > allowance+t.caps.Wait+each { // further ahead is of a clock that was set back
		t.full = now
	}
	if wait = t.full.Sub(now) - allowance; wait > max(longest, 0) {
		return wait, false
	}
	t.full = t.full.Add(each)
	return wait, true
}

// giveBack undoes a reservation. Those behind it keep theirs, so that the next one shares
// the moment of the last of them.
func (t *turns) giveBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.full = t.full.Add(-t.each())
}

func (t *turns) each() time.Duration { return time.Second / time.Duration(t.caps.PerSecond) }

var errNoTurn = errors.New("no turn")

// refused is about a call that got no turn; ctx is its caller's.
func (t *turns) refused(ctx context.Context, longest, retryAfter time.Duration) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &fault{outcome: OutcomeCanceled, unsent: true, err: ctx.Err()}
	}
	return &fault{
		outcome: OutcomeNoTurn, unsent: true, retryAfter: retryAfter,
		err: fmt.Errorf("there are as many calls as may be, and no turn within %s", longest),
	}
}
