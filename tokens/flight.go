package tokens

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// flights are the questions for cards' tokens that are under way: who asks for a card that is
// asked for already waits for the same answer.
type flights struct {
	lock      sync.Mutex // guards the ways, isStopped, and what flights say it does
	ways      map[walletport.CardID]*flight
	isStopped bool
	// longest bounds a question with all its pages and details; 0 is maxFlight.
	longest time.Duration
}

// flight is one question and its answer.
type flight struct {
	cancel  context.CancelFunc
	waiting int  // how many wait for it; guarded by the lock of flights
	isOver  bool // guarded by it too

	done  chan struct{} // closed when what follows is set
	list  storage.TokenList
	keys  []string // ids of those it was asked with
	err   error
	fault string // what the asking panicked with, and where
}

// asking asks for the tokens of a card, stores them, and returns what is stored then, and the
// ids of the keys that it used.
type asking func(ctx context.Context) (storage.TokenList, []string, error)

// join waits for the answer about a card, up to wait. It is asked by the first caller, but
// not for the first caller alone: who goes away takes the question from nobody. It goes on
// after wait too, up to maxFlight, so that a card with many pages is known to the next caller.
// A wait that is over, and a caller who left, are scheme_unavailable. lost is told of a panic
// that nobody is there to hear of.
func (fs *flights) join(ctx context.Context, card walletport.CardID, wait time.Duration, ask asking, lost func(error)) (*flight, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	way := fs.find(ctx, card, ask, lost)
	select {
	case <-way.done:
	case <-ctx.Done():
	}
	if fs.leave(way) {
		return nil, scheme.ErrUnavailable().WithCause(ctx.Err())
	}
	<-way.done
	if way.fault != "" {
		panic(way.fault)
	}
	return way, nil
}

// leave has a caller wait no longer, and reports whether the question goes on without it.
func (fs *flights) leave(way *flight) bool {
	fs.lock.Lock()
	defer fs.lock.Unlock()
	way.waiting--
	return !way.isOver
}

// stop cancels all questions, also those that are yet to begin, and waits for their end.
func (fs *flights) stop() {
	fs.lock.Lock()
	fs.isStopped = true
	ways := slices.Collect(maps.Values(fs.ways))
	fs.lock.Unlock()
	for _, way := range ways {
		way.cancel()
		<-way.done
	}
}

const maxFlight = 10 * time.Second

// find returns the flight of the card, which begins if there is none.
func (fs *flights) find(ctx context.Context, card walletport.CardID, ask asking, lost func(error)) *flight {
	fs.lock.Lock()
	defer fs.lock.Unlock()
	if way, ok := fs.ways[card]; ok {
		way.waiting++
		return way
	}
	way := &flight{waiting: 1, done: make(chan struct{})}
	if fs.ways == nil {
		fs.ways = make(map[walletport.CardID]*flight)
	}
	fs.ways[card] = way
	var own context.Context
	own, way.cancel = context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(fs.longest, maxFlight))
	if fs.isStopped {
		way.cancel()
	}
	go func() {
		defer way.cancel()
		defer fs.end(card, way, lost)
		way.list, way.keys, way.err = ask(own)
	}()
	return way
}

// end tells those who wait. A panic goes on in them, whose acts are recorded; if all of them
// have left, lost is told of it.
func (fs *flights) end(card walletport.CardID, way *flight, lost func(error)) {
	if fault := recover(); fault != nil {
		way.fault = fmt.Sprintf("%v, in a question that several callers wait for:\n%s", fault, debug.Stack())
	}
	fs.lock.Lock()
	delete(fs.ways, card)
	way.isOver = true
	isLost := way.fault != "" && way.waiting == 0
	fs.lock.Unlock()
	if isLost {
		lost(errors.New("panic: " + way.fault))
	}
	close(way.done)
}
