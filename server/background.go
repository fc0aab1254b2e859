package server

import (
	"context"
	"log/slog"
	"time"
)

// background runs what has to go on beside requests. It starts from a context of
// its own, so that the end of a request or a signal does not cut work off.
type background struct {
	log  *slog.Logger
	jobs []job
}

type job struct {
	name string
	stop context.CancelFunc
	done chan struct{}
}

// start runs work until stopAll. An error is logged: work that ends early leaves
// the server up, and readiness tells.
func (b *background) start(ctx context.Context, name string, work func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	j := job{name: name, stop: stop, done: make(chan struct{})}
	b.jobs = append(b.jobs, j)
	go func() {
		defer close(j.done)
		if err := work(ctx); err != nil {
			b.log.Error("background work ended", "work", name, "err", err)
		}
	}()
}

// every does work again and again, each time an interval after the last began, until
// stopAll. Work that takes longer is done again at once.
func (b *background) every(ctx context.Context, interval time.Duration, name string, work func(context.Context)) {
	b.start(ctx, name, func(ctx context.Context) error {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				work(ctx)
			}
		}
	})
}

// stopAll ends the work in the reverse order of its start, each before the next:
// what started first is needed longest.
func (b *background) stopAll() {
	for i := len(b.jobs) - 1; i >= 0; i-- {
		b.jobs[i].stop()
		<-b.jobs[i].done
	}
	b.jobs = nil
}
