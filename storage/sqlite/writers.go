package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// maxShared bounds how many share a commit, so that none waits for long for the others.
const maxShared = 32

// writers are those who wait to write. One at a time has the turn, and the write lock of the
// database; it writes in one transaction what it wants and what the others want who wait then,
// for a commit costs more than most of what is written, and nearly the same for many as for
// one. Nobody waits for others to come: one that is alone has a transaction as ever.
type writers struct {
	turn chan struct{} // holds one

	lock    sync.Mutex
	waiting []*writing // oldest first, that of the turn among them until it is taken
}

func newWriters() *writers { return &writers{turn: make(chan struct{}, 1)} }

// writing is what one caller wants to write.
type writing struct {
	ctx  context.Context // of the caller
	act  func(*sql.Tx, *statements) error
	err  error         // of act, or of the transaction
	done chan struct{} // closed when err is the outcome
}

// panicked is what an act panicked with. The panic goes on in its caller, who need not be
// who ran the act, so it tells where it began.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string {
	return fmt.Sprintf("%v, in a transaction that several may have shared:\n%s", p.value, p.stack)
}

// Unwrap returns the value if it is an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// awaitTurn returns when w is done, and then false, or has the turn. Who leaves before others
// have begun with w is done.
func (q *writers) awaitTurn(w *writing) bool {
	q.lock.Lock()
	q.waiting = append(q.waiting, w)
	q.lock.Unlock()
	select {
	case q.turn <- struct{}{}:
		if !w.isDone() { // who had the turn before may have taken it along
			return true
		}
		q.endTurn()
		return false
	case <-w.done:
		return false
	case <-w.ctx.Done():
	}
	if q.leave(w) {
		w.end(storage.ErrUnavailable(w.ctx, w.ctx.Err()))
	}
	<-w.done
	return false
}

func (q *writers) endTurn() { <-q.turn }

// leave takes w from those who wait. It reports false when somebody has taken it along.
func (q *writers) leave(w *writing) bool {
	q.lock.Lock()
	defer q.lock.Unlock()
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// take takes w, and of the others the oldest, from those who wait.
func (q *writers) take(w *writing) []*writing {
	q.leave(w)
	q.lock.Lock()
	defer q.lock.Unlock()
	n := min(len(q.waiting), maxShared-1)
	group := append([]*writing{w}, q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// run runs the act for a caller who has not left, and notes how it ended.
func (w *writing) run(tx *sql.Tx, p *statements) {
	w.err = nil
	defer func() {
		if value := recover(); value != nil {
			w.err = &panicked{value, debug.Stack()}
		}
	}()
	if w.ctx.Err() == nil {
		w.err = w.act(tx, p)
	}
	if err := w.ctx.Err(); w.err == nil && err != nil {
		w.err = storage.ErrUnavailable(w.ctx, err)
	}
}

// isFault reports whether an act failed by more than its own refusal. That of a caller who
// has left is like one too: a statement may have been cut off.
func isFault(err error) bool { return walletport.CodeOf(err) == walletport.CodeUnavailable }

func (w *writing) isDone() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// end tells the caller, once.
func (w *writing) end(err error) {
	if w.isDone() {
		return
	}
	w.err = err
	close(w.done)
}

// anyStands reports whether there is something to commit.
func anyStands(group []*writing) bool {
	return slices.ContainsFunc(group, func(w *writing) bool { return w.err == nil })
}

// endAll tells each its own error, or that of the commit.
func endAll(group []*writing, commit error) bool {
	for _, w := range group {
		err := w.err
		if err == nil && commit != nil {
			err = storage.ErrUnavailable(w.ctx, commit)
		}
		w.end(err)
	}
	return true
}

// outcome returns the error once w is done, and goes on with a panic of its act.
func (w *writing) outcome() error {
	<-w.done
	if p, is := w.err.(*panicked); is { //nolint:errorlint // of this act, not of one that it called
		panic(p)
	}
	return w.err
}
