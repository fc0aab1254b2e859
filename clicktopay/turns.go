package clicktopay

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport/scheme"
)

// turns bound how many attempts open an answer at a time. To open one is an RSA operation of
// a millisecond, the most that a request costs. Attempts that have more answers than turns
// wait here, and not in the queue of the processors, in which all who ask the API would stand
// between them. Who has a turn lets calls of the API go before, for a while: somebody waits
// for these.
type turns struct {
	free  chan struct{} // as many as there are turns
	calls atomic.Int32  // of the API that are being answered
}

// An attempt looks every courtesyStep whether a call is being answered, and goes on after
// courtesySteps all the same: under a load of calls without an end requests are done too.
const (
	courtesyStep  = 2 * time.Millisecond
	courtesySteps = 10
)

// newTurns returns as many turns as half of the processors, so that the others are left to
// those who wait for an answer of the API.
func newTurns() *turns { return &turns{free: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))} }

// call notes a call of the API, until what it returns is called.
func (t *turns) call() (answered func()) {
	t.calls.Add(1)
	return func() { t.calls.Add(-1) }
}

// take waits for a turn, and for calls of the API.
func (t *turns) take() (leave func()) {
	t.free <- struct{}{}
	for range courtesySteps {
		if t.calls.Load() == 0 {
			break
		}
		time.Sleep(courtesyStep)
	}
	return func() { <-t.free }
}

// command has the command's answer read in a turn.
func (t *turns) command(c scheme.Command) scheme.Command {
	read := c.Read
	c.Read = func(a scheme.Answer) scheme.Outcome {
		defer t.take()()
		return read(a)
	}
	return c
}

// queryIn has the query's answer read in a turn.
func queryIn[T any](t *turns, q scheme.Query[T]) scheme.Query[T] {
	read := q.Read
	q.Read = func(a scheme.Answer) (T, error) {
		defer t.take()()
		return read(a)
	}
	return q
}
