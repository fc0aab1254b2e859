package vault

import (
	"context"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/gather"
	"github.com/walletport/walletport/storage"
)

// Finder looks up cards for many callers at once: look-ups that wait together are
// read together, in one statement, as audit records share a commit. One that is
// alone is read at once. It answers while Run runs, and is safe for concurrent use.
//
// Nothing is kept: every answer is read from the database after it was asked for.
type Finder struct {
	lookups *gather.Group[walletport.CardID, found]
}

// found is the answer to one look-up.
type found struct {
	card *storage.Card // means nothing with an error
	err  error
}

type lookup = gather.Call[walletport.CardID, found]

var finderLimits = gather.Limits{
	Workers: 2, // a statement that hangs on a broken connection does not hold up everybody
	Batch:   64,
	Timeout: 5 * time.Second,
}

// NewFinder returns a Finder that answers once Run runs.
func NewFinder(cards storage.Cards) *Finder {
	return &Finder{gather.New(finderLimits, func(ctx context.Context, batch []*lookup) { read(ctx, cards, batch) })}
}

// Find returns the sealed card, or CodeNotFound, reason card_not_found, also for one that
// was forgotten; or CodeUnavailable, reason store_unavailable, also when ctx ends first.
func (f *Finder) Find(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	answer, err := f.lookups.Do(ctx, id)
	if err != nil {
		return storage.Card{}, storage.ErrUnavailable(ctx, err)
	}
	if answer.err != nil {
		return storage.Card{}, answer.err
	}
	return *answer.card, nil
}

// Run answers until ctx ends, and must be called once.
func (f *Finder) Run(ctx context.Context) error { return f.lookups.Run(ctx) }

// read answers every look-up of the batch.
func read(ctx context.Context, cards storage.Cards, batch []*lookup) {
	if len(batch) == 1 {
		card, err := existing(cards.Card(ctx, batch[0].Question))
		batch[0].Answer = found{&card, err}
		return
	}
	rows, err := cards.CardsByID(ctx, idsOf(batch))
	hand(batch, rows, err)
}

func idsOf(batch []*lookup) []walletport.CardID {
	ids := make([]walletport.CardID, len(batch))
	for i, l := range batch {
		ids[i] = l.Question
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
		card := byID[l.Question]
		switch {
		case err != nil:
			l.Answer.err = err
		case card == nil || card.Status == walletport.CardForgotten:
			l.Answer.err = walletport.ErrCardNotFound()
		default:
			l.Answer.card = card
		}
	}
}
