package replay

import (
	"context"
	"time"
)

// How old uses leave the database: in bites that hold SQLite's one write lock for
// milliseconds only.
const (
	forgetEvery = 10 * time.Minute
	forgetBite  = 500
)

func (g *Guard) forgetOften(ctx context.Context) {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := g.Forget(ctx); err != nil {
				g.log.Warn("old nonces not deleted", "err", err) // the next time does it
			}
		}
	}
}

// Forget deletes uses that no longer matter.
func (g *Guard) Forget(ctx context.Context) error {
	// By the database's clock: a replica whose own is a day ahead must not delete what
	// still counts.
	now, err := g.store.Now(ctx)
	if err != nil {
		return err
	}
	// Twice the retention: a call that is under way counts from its own start.
	before := now.Add(-2 * g.retention)
	for ctx.Err() == nil {
		n, err := g.store.ForgetNonces(ctx, before, forgetBite)
		if err != nil || n < forgetBite {
			return err
		}
	}
	return nil
}
