package jobs

import "context"

// Throttle lets few attempts at a time into what is scarce, such as the transactions that a
// database has at a time. There may be many more attempts than that, and whoever waits for an
// answer is not to stand in a queue behind them all.
type Throttle struct{ places chan struct{} }

// NewThrottle returns a Throttle with so many places, at least one.
func NewThrottle(places int) Throttle { return Throttle{make(chan struct{}, max(places, 1))} }

// Enter waits for a place, in the order of the calls, if ctx is of an attempt of a Worker.
// Others never wait, and in the zero Throttle nobody does. Its error is that of ctx. An
// attempt that is in does not enter again.
func (t Throttle) Enter(ctx context.Context) (leave func(), err error) {
	if t.places == nil || ctx.Value(attemptKey{}) == nil {
		return func() {}, nil
	}
	select {
	case t.places <- struct{}{}:
		return func() { <-t.places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// attemptKey is of contexts of attempts.
type attemptKey struct{}

// ofAttempt marks the context of an attempt.
func ofAttempt(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptKey{}, attemptKey{})
}
