package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

const (
	sweepEvery = 2 * time.Second
	sweepPage  = 100
)

// Run sweeps every 2 seconds until ctx ends, and returns nil. Each replica may: they do not
// get in each other's way. At its end it cancels the questions that go on although nobody
// waits for them any more, and waits for these; later ones have no answer.
func (f *Flow) Run(ctx context.Context) error {
	defer f.flights.stop()
	for hasFailed := false; ; {
		_, err := f.Sweep(ctx)
		if err != nil && !hasFailed && ctx.Err() == nil {
			f.Observer.SweepFailed(err)
		}
		hasFailed = err != nil
		if !act.Pause(ctx, sweepEvery) {
			return nil
		}
	}
}

// Sweep finds changes that were interrupted, by a kill or a database that went away: the
// intent is stored, and since then more time has passed than a change takes. It gives each
// a job that asks the scheme what became of it. found is how many there were.
func (f *Flow) Sweep(ctx context.Context) (found int, err error) {
	now, err := f.now(ctx)
	if err != nil {
		return 0, err
	}
	for after := walletport.TokenID(0); ; {
		rows, readErr := f.Store.TokensInChange(ctx, after, sweepPage)
		if readErr != nil {
			return found, errors.Join(err, readErr)
		}
		for _, row := range rows {
			after = row.ID
			if row.Change.State != storage.ChangeAsked || !isLost(now.Sub(row.Change.Since)) {
				continue
			}
			switch lostErr := f.lose(ctx, row, now); {
			case lostErr == nil:
				found++
			case !errors.Is(lostErr, errOvertaken):
				err = errors.Join(err, lostErr)
			}
		}
		if len(rows) < sweepPage {
			return found, err
		}
	}
}

// isLost reports whether nobody can be at work any more at a change whose intent is that old.
// One that is yet to come is of a clock that was set back since.
func isLost(age time.Duration) bool { return age > lostAfter || age < -storage.MaxWordDelay }

// lose notes that nobody knows what became of a change, in one commit with the job that
// finds it out.
func (f *Flow) lose(ctx context.Context, row storage.Token, at time.Time) error {
	change := row.Change
	err := f.commitFor(ctx, row, foundBySweep, func(tx storage.Tx, record *act.Record) error {
		err := tx.UpdateToken(row.ID, func(old storage.Token) (storage.Token, error) {
			if old.Change.ID != change.ID || old.Change.State != storage.ChangeAsked {
				return old, errOvertaken
			}
			old.Change.State, old.Change.Outcome = storage.ChangeUnknown, ReasonOutcomeUnknown
			return old, nil
		})
		if err != nil {
			return err
		}
		record.Outcome = ReasonOutcomeUnknown
		entry := entryOf(row.ID, change, storage.ChangeUnknown, at)
		entry.Channel, entry.Answer = storage.ChannelJob, ReasonOutcomeUnknown
		if err := tx.AddTokenHistory(entry); err != nil {
			return err
		}
		return enqueue(tx, row.ID)
	})
	if err == nil {
		f.Observer.Changed(row.Ref.Scheme, change.Action, string(storage.ChangeUnknown))
	}
	return err
}
