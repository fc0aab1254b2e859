package vault

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Finder looks up cards for many callers at once: look-ups that wait together are
// read together, in one statement, as audit records share a commit. One that is
// alone is read at once. It answers while Run runs, and is safe for concurrent use.
//
// Nothing is kept: every answer is read from the database after it was asked for.
type Finder struct {
	cards   storage.Cards
	waiting chan *lookup
	ended   chan struct{} // closed when Run has ended
}

// lookup is one caller's question and, when done is closed, its answer.
type lookup struct {
	id   walletport.CardID
	done chan struct{}
	card storage.Card
	err  error
	// fault is what the database's code panicked with; it goes on in the caller,
	// whose door knows what to do with it.
	fault any
}

const (
	// finderReaders is how many statements run at once: one that hangs on a broken
	// connection does not hold up everybody.
	finderReaders = 2
	// finderBatch bounds the cards of one statement.
	finderBatch = 64
	// finderTimeout bounds one statement, which no single caller can cancel.
	finderTimeout = 5 * time.Second
)

// NewFinder returns a Finder that answers once Run runs.
func NewFinder(cards storage.Cards) *Finder {
	return &Finder{cards: cards, waiting: make(chan *lookup, finderBatch), ended: make(chan struct{})}
}

// Find returns the sealed card, or CodeNotFound, reason card_not_found; or
// CodeUnavailable, reason store_unavailable, also when ctx ends first.
func (f *Finder) Find(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	l := &lookup{id: id, done: make(chan struct{})}
	select {
	case f.waiting <- l:
	case <-ctx.Done():
		return storage.Card{}, storage.ErrUnavailable(ctx, ctx.Err())
	case <-f.ended:
		return storage.Card{}, storage.ErrUnavailable(ctx, errFinderEnded)
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		return storage.Card{}, storage.ErrUnavailable(ctx, ctx.Err())
	case <-f.ended:
		return storage.Card{}, storage.ErrUnavailable(ctx, errFinderEnded)
	}
	if l.fault != nil {
		panic(l.fault)
	}
	return l.card, l.err
}

var errFinderEnded = errors.New("look-ups are shut down")

// Run answers until ctx ends, and must be called once.
func (f *Finder) Run(ctx context.Context) error {
	var readers sync.WaitGroup
	for range finderReaders {
		readers.Go(func() { f.answer(ctx) })
	}
	readers.Wait()
	close(f.ended)
	return nil
}

func (f *Finder) answer(ctx context.Context) {
	batch := make([]*lookup, 0, finderBatch)
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-f.waiting:
			batch = append(batch[:0], first)
		}
		// Requests that arrived together get as far as their look-ups first. On a busy
		// processor these are a dozen and more; on an idle one it takes no time.
		runtime.Gosched()
		batch = f.gather(batch)
		f.read(ctx, batch)
		clear(batch)
	}
}

// gather appends those that wait, as far as there is room.
func (f *Finder) gather(batch []*lookup) []*lookup {
	for len(batch) < finderBatch {
		select {
		case l := <-f.waiting:
			batch = append(batch, l)
		default:
			return batch
		}
	}
	return batch
}

// read answers every look-up of the batch, whatever happens.
func (f *Finder) read(ctx context.Context, batch []*lookup) {
	ctx, cancel := context.WithTimeout(ctx, finderTimeout)
	defer cancel()
	defer func() {
		fault := recover()
		for _, l := range batch {
			l.fault = fault
			close(l.done)
		}
	}()
	if len(batch) == 1 {
		batch[0].card, batch[0].err = f.cards.Card(ctx, batch[0].id)
		return
	}
	cards, err := f.cards.CardsByID(ctx, idsOf(batch))
	hand(batch, cards, err)
}

func idsOf(batch []*lookup) []walletport.CardID {
	ids := make([]walletport.CardID, len(batch))
	for i, l := range batch {
		ids[i] = l.id
	}
	return ids
}

// hand gives each look-up its card, or the error.
func hand(batch []*lookup, cards []storage.Card, err error) {
	byID := make(map[walletport.CardID]*storage.Card, len(cards))
	for i := range cards {
		byID[cards[i].ID] = &cards[i]
	}
	for _, l := range batch {
		card := byID[l.id]
		switch {
		case err != nil:
			l.err = err
		case card == nil:
			l.err = walletport.ErrCardNotFound()
		default:
			l.card = *card
		}
	}
}
