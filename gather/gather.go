// Package gather lets callers share work that costs little more for many than for
// one: a statement, a commit. Calls that wait at the same time are answered together.
// A call never waits for others to come: one that is alone is answered at once.
//
// It knows nothing of what it gathers, and keeps nothing: every answer is made after
// it was asked for.
package gather

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A Group gathers calls and has work answer them, while Run runs. It is safe for
// concurrent use.
type Group[Q, A any] struct {
	limits  Limits
	work    func(context.Context, []*Call[Q, A])
	waiting chan *Call[Q, A]
	ended   chan struct{} // closed when Run has ended
}

// Limits bound the work of a Group. Each must be positive.
type Limits struct {
	Workers int           // how many batches are worked on at once
	Batch   int           // how many calls are in one
	Timeout time.Duration // for one batch, whose context no single caller can cancel
}

// Call is one caller's question, and the answer that work gives it.
type Call[Q, A any] struct {
	Question Q
	Answer   A

	left  <-chan struct{} // closed when the caller's context has ended
	done  chan struct{}   // closed when work has ended
	fault *Fault          // of work
}

// Fault is what Do panics with when work panicked: the panic goes on in the callers,
// and Stack tells where it began.
type Fault struct {
	Value any // what work panicked with
	Stack []byte
}

// String gives the value and the stack.
func (f *Fault) String() string {
	return fmt.Sprintf("%v, in work shared by several callers:\n%s", f.Value, f.Stack)
}

// New returns a Group whose work sets the Answer of each call. work must not keep the
// slice, nor touch a call after it has returned, and is called by several goroutines
// at once where there are several Workers. It panics when a limit is not positive.
func New[Q, A any](limits Limits, work func(ctx context.Context, calls []*Call[Q, A])) *Group[Q, A] {
	if min(limits.Workers, limits.Batch) <= 0 || limits.Timeout <= 0 {
		panic("gather: a limit is not positive")
	}
	return &Group[Q, A]{limits: limits, work: work, waiting: make(chan *Call[Q, A], limits.Batch), ended: make(chan struct{})}
}

var errEnded = errors.New("gather: the work has ended")

// Do returns what work answers, and panics with a *Fault when work does. An error says
// that there is no answer: it is ctx's when ctx ends first, and another when Run has
// ended. A call whose context, or Run's, has ended before its batch begins is not
// worked on; of any other one without an answer nobody knows.
func (g *Group[Q, A]) Do(ctx context.Context, question Q) (A, error) {
	var none A
	c := &Call[Q, A]{Question: question, left: ctx.Done(), done: make(chan struct{})}
	select {
	case g.waiting <- c:
	case <-c.left:
		return none, ctx.Err()
	case <-g.ended:
		return none, errEnded
	}
	select {
	case <-c.done:
	case <-c.left:
		return none, ctx.Err()
	case <-g.ended:
		return none, errEnded
	}
	if c.fault != nil {
		panic(c.fault)
	}
	return c.Answer, nil
}

// Run answers calls until ctx ends, and must be called once. The context of a batch
// under way ends with it.
func (g *Group[Q, A]) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range g.limits.Workers {
		workers.Go(func() { g.serve(ctx) })
	}
	workers.Wait()
	close(g.ended)
	return nil
}

// serve works on one batch after the other.
func (g *Group[Q, A]) serve(ctx context.Context) {
	batch := make([]*Call[Q, A], 0, g.limits.Batch)
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-g.waiting:
			batch = append(batch[:0], first)
		}
		// Requests that arrived together get as far as their calls first. On a busy
		// processor these are a dozen and more; on an idle one it takes no time.
		runtime.Gosched()
		batch = slices.DeleteFunc(g.fill(batch), (*Call[Q, A]).hasLeft)
		if ctx.Err() != nil {
			return
		}
		if len(batch) > 0 {
			g.answer(ctx, batch)
		}
		clear(batch)
	}
}

// fill appends those that wait, as far as there is room.
func (g *Group[Q, A]) fill(batch []*Call[Q, A]) []*Call[Q, A] {
	for len(batch) < g.limits.Batch {
		select {
		case c := <-g.waiting:
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

func (c *Call[Q, A]) hasLeft() bool {
	select {
	case <-c.left:
		return true
	default:
		return false
	}
}

// answer ends every call of the batch, whatever happens.
func (g *Group[Q, A]) answer(ctx context.Context, batch []*Call[Q, A]) {
	ctx, cancel := context.WithTimeout(ctx, g.limits.Timeout)
	defer cancel()
	defer func() {
		var fault *Fault
		if value := recover(); value != nil {
			fault = &Fault{Value: value, Stack: debug.Stack()}
		}
		for _, c := range batch {
			c.fault = fault
			close(c.done)
		}
	}()
	g.work(ctx, batch)
}
