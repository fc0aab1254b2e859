package clicktopay

import (
	"runtime"

	"github.com/walletport/walletport/scheme"
)

// turns bound how many attempts open an answer at a time. To open one is an RSA operation of
// a millisecond, the most that a request costs. Attempts that have more answers than turns
// wait here, and not in the queue of the processors, in which all who ask the API would stand
// between them.
type turns chan struct{}

// newTurns returns as many turns as half of the processors, so that the others are left to
// those who wait for an answer of the API.
func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// command has the command's answer read in a turn.
func (t turns) command(c scheme.Command) scheme.Command {
	read := c.Read
	c.Read = func(a scheme.Answer) scheme.Outcome {
		t <- struct{}{}
		defer func() { <-t }()
		return read(a)
	}
	return c
}

// queryIn has the query's answer read in a turn.
func queryIn[T any](t turns, q scheme.Query[T]) scheme.Query[T] {
	read := q.Read
	q.Read = func(a scheme.Answer) (T, error) {
		t <- struct{}{}
		defer func() { <-t }()
		return read(a)
	}
	return q
}
