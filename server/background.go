package server

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport"
)

// background runs what has to go on beside requests. It starts from a context of
// its own, so that the end of a request or a signal does not cut work off. Work that ends
// before it is told to shows in readiness, by its kind, in the metrics and in the log.
type background struct {
	log   *slog.Logger
	clock func() time.Time

	lock sync.Mutex // guards what follows
	jobs []*job
	over []ended
}

// workKind says what it means for the server that work has ended.
type workKind int

const (
	// forCalls: calls wait for it and fail without it, so that the replica is not ready.
	forCalls workKind = iota
	// upkeep: the replica serves without it, and worse as time goes by. An operator must know.
	upkeep
)

type job struct {
	name string
	kind workKind
	stop context.CancelFunc
	done chan struct{}
}

// ended is work that went on no longer although nobody told it to stop.
type ended struct {
	*job
	at time.Time
}

// start runs work until stopAll.
func (b *background) start(ctx context.Context, name string, kind workKind, work func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	j := &job{name: name, kind: kind, stop: stop, done: make(chan struct{})}
	b.lock.Lock()
	b.jobs = append(b.jobs, j)
	b.lock.Unlock()
	go func() {
		defer close(j.done)
		err := work(ctx)
		if early := ctx.Err() == nil; early {
			b.noteEnded(j)
			b.log.Error("background work ended early: restart walletport", "work", name, "not_ready", kind == forCalls, "err", err)
		} else if err != nil {
			b.log.Error("background work ended", "work", name, "err", err)
		}
	}()
}

func (b *background) noteEnded(j *job) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.over = append(b.over, ended{j, b.clock()})
}

// endedEarly lists the work of a kind that has ended and should go on.
func (b *background) endedEarly(kind workKind) []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	var texts []string
	for _, e := range b.over {
		if e.kind == kind {
			texts = append(texts, "the background work "+e.name+" has ended at "+e.at.UTC().Format(time.RFC3339)+": restart walletport; the log says why")
		}
	}
	return texts
}

// ready says why calls cannot be answered any more.
func (b *background) ready(context.Context) error {
	if texts := b.endedEarly(forCalls); len(texts) > 0 {
		return walletport.Errorf(walletport.CodeUnavailable, "background_ended", "%s", texts[0])
	}
	return nil
}

// running is for the metrics: which work goes on, by its name.
func (b *background) running() map[string]bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	all := map[string]bool{}
	for _, j := range b.jobs {
		all[j.name] = true
	}
	for _, e := range b.over {
		all[e.name] = false
	}
	return all
}

// every does work again and again, each time an interval after the last began, until
// stopAll. Work that takes longer is done again at once. It is upkeep.
func (b *background) every(ctx context.Context, interval time.Duration, name string, work func(context.Context)) {
	b.start(ctx, name, upkeep, func(ctx context.Context) error {
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
	b.lock.Lock()
	jobs := b.jobs
	b.jobs = nil
	b.lock.Unlock()
	for _, j := range slices.Backward(jobs) {
		j.stop()
		<-j.done
	}
}
