package idempotency

import (
	"context"
	"time"
)

// How old answers leave the database: in bites that hold SQLite's one write lock for
// milliseconds only.
const (
	forgetEvery = 10 * time.Minute
	forgetBite  = 500
)

// Run forgets old answers every ten minutes, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := k.Forget(ctx); err != nil && ctx.Err() == nil {
				k.log.Warn("old answers not deleted", "err", err) // the next time does it
			}
		}
	}
}

// Forget deletes answers that no longer count.
func (k *Keeper) Forget(ctx context.Context) error {
	now, err := k.store.Now(ctx) // by which they were claimed
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		n, err := k.store.ForgetAnswers(ctx, now.Add(-Retention), forgetBite)
		if err != nil || n < forgetBite {
			return err
		}
	}
	return nil
}
