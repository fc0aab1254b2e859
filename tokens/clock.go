package tokens

import (
	"context"
	"sync/atomic"
	"time"
)

// reading is the time of the database at a moment of this machine's clock.
type reading struct {
	theirs time.Time
	at     time.Time // by this machine's clock
}

// maxReadingAge is how long the time since a reading is counted by this machine's clock.
const maxReadingAge = 30 * time.Second

// databaseClock tells the time of the database without asking it each time. Ages of what is
// stored are judged by it: what a replica stored is of the database's clock, and another
// replica's own may go wrong by more than max_age, so that old rows would look young to it.
// It is exact to the time of one answer of the database. With time.Now as the machine's clock
// it does not matter that somebody sets that.
type databaseClock struct{ last atomic.Pointer[reading] }

// now returns the time of the database. The error is that of ask.
func (c *databaseClock) now(ctx context.Context, own func() time.Time, ask func(context.Context) (time.Time, error)) (time.Time, error) {
	if last := c.last.Load(); last != nil {
		if since := own().Sub(last.at); since >= 0 && since < maxReadingAge {
			return last.theirs.Add(since), nil
		}
	}
	theirs, err := ask(ctx)
	if err != nil {
		return time.Time{}, err
	}
	c.last.Store(&reading{theirs: theirs, at: own()})
	return theirs, nil
}
