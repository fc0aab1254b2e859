package tokens

import (
	"context"
	"sync/atomic"
	"time"
)

// offset is how far the database's clock is ahead of this machine's.
type offset struct {
	by time.Duration
	at time.Time // when it was measured, by this machine's clock
}

// maxOffsetAge is how long an offset is taken for good.
const maxOffsetAge = 30 * time.Second

// databaseClock tells the time of the database without asking it each time. Ages of what is
// stored are judged by it: what a replica stored is of the database's clock, and another
// replica's own may go wrong by more than max_age, so that old rows would look young to it.
// It is exact to the time of one answer of the database, and to what this machine's clock is
// set by in between.
type databaseClock struct{ last atomic.Pointer[offset] }

// now returns the time of the database. The error is that of ask.
func (c *databaseClock) now(ctx context.Context, own func() time.Time, ask func(context.Context) (time.Time, error)) (time.Time, error) {
	now := own()
	if last := c.last.Load(); last != nil {
		if age := now.Sub(last.at); age >= 0 && age < maxOffsetAge {
			return now.Add(last.by), nil
		}
	}
	theirs, err := ask(ctx)
	if err != nil {
		return time.Time{}, err
	}
	now = own()
	c.last.Store(&offset{by: theirs.Sub(now), at: now})
	return theirs, nil
}
