package tokens

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// flights are the questions for cards' tokens that are under way: who asks for a card that is
// asked for already waits for the same answer.
type flights struct {
	lock sync.Mutex
	ways map[walletport.CardID]*flight
	// longest bounds a question with all its pages and details; 0 is maxFlight.
	longest time.Duration
}

// flight is one question and its answer.
type flight struct {
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
// A wait that is over, and a caller who left, are scheme_unavailable.
func (fs *flights) join(ctx context.Context, card walletport.CardID, wait time.Duration, ask asking) (*flight, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	way := fs.find(ctx, card, ask)
	select {
	case <-way.done:
	case <-ctx.Done():
		return nil, scheme.ErrUnavailable().WithCause(ctx.Err())
	}
	if way.fault != "" {
		panic(way.fault)
	}
	return way, nil
}

const maxFlight = 10 * time.Second

// find returns the flight of the card, which begins if there is none.
func (fs *flights) find(ctx context.Context, card walletport.CardID, ask asking) *flight {
	fs.lock.Lock()
	defer fs.lock.Unlock()
	if way, ok := fs.ways[card]; ok {
		return way
	}
	way := &flight{done: make(chan struct{})}
	if fs.ways == nil {
		fs.ways = make(map[walletport.CardID]*flight)
	}
	fs.ways[card] = way
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(fs.longest, maxFlight))
	go func() {
		defer cancel()
		defer fs.end(card, way)
		way.list, way.keys, way.err = ask(own)
	}()
	return way
}

// end tells those who wait. A panic goes on in them, whose acts are recorded.
func (fs *flights) end(card walletport.CardID, way *flight) {
	if fault := recover(); fault != nil {
		way.fault = fmt.Sprintf("%v, in a question that several callers wait for:\n%s", fault, debug.Stack())
	}
	fs.lock.Lock()
	delete(fs.ways, card)
	fs.lock.Unlock()
	close(way.done)
}
