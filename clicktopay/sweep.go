package clicktopay

import (
	"context"
	"time"

	"github.com/walletport/walletport/act"
)

// How completed requests leave the database: in bites that hold SQLite's one write lock for
// milliseconds only.
const (
	sweepEvery = 5 * time.Minute
	sweepBite  = 500
)

// Run deletes completed requests that are no longer kept, every 5 minutes until ctx ends, and
// returns nil. Each replica may.
func (f *Flow) Run(ctx context.Context) error {
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

// Sweep deletes the requests that were completed for longer than Settings.Keep, and returns
// how many there were. The time is the database's, by which they were completed.
func (f *Flow) Sweep(ctx context.Context) (deleted int, err error) {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		n, err := f.Store.DeleteEnrolmentRequests(ctx, now.Add(-f.Settings.Keep), sweepBite)
		deleted += n
		if err != nil || n < sweepBite {
			return deleted, err
		}
	}
	return deleted, ctx.Err()
}
