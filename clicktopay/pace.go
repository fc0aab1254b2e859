package clicktopay

import (
	"context"
	"time"

	"github.com/walletport/walletport/act"
)

// pace spreads acts evenly over time. It is not safe for concurrent use.
type pace struct {
	interval time.Duration
	clock    func() time.Time
	next     time.Time
}

// maxCatchUp is how much of a delay is made up for: a run that was held up for long does not
// come down on the scheme in one heap.
const maxCatchUp = time.Second

// slowest is the longest interval: that of a rate near 0 would be longer than a Duration can
// be, and then none at all.
const slowest = 24 * time.Hour

func newPace(perSecond float64, clock func() time.Time) *pace {
	interval := min(float64(time.Second)/perSecond, float64(slowest))
	return &pace{interval: time.Duration(interval), clock: clock, next: clock()}
}

// wait waits for the moment of the next act, and reports whether ctx goes on.
func (p *pace) wait(ctx context.Context) bool {
	now := p.clock()
	if late := now.Add(-maxCatchUp); p.next.Before(late) {
		p.next = late
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.interval)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	return act.Pause(ctx, wait)
}
