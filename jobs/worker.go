package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Work is who does the jobs of a kind, and how. The zero value of each number means its
// default.
type Work struct {
	Kind    Kind
	Handler Handler
	// Workers is how many jobs of the kind this process does at a time. Each kind has its
	// own, so that none keeps another waiting. Default 4.
	Workers int
	// GivesWay claims nothing while another kind has all of its workers busy: what these do is
	// waited for, and the processors and the database are the same.
	GivesWay bool
	// Attempts is after how many the job is parked. Default 10.
	Attempts int
	// Backoff is the pause after attempt 1, 2, …. Default Exponential(time.Second, 5*time.Minute).
	Backoff func(attempt int) time.Duration
	// Timeout bounds an attempt. Default one minute.
	Timeout time.Duration
}

// Exponential returns a back-off that begins with first and doubles up to limit.
func Exponential(first, limit time.Duration) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		pause := first
		for i := 1; i < attempt && pause < limit; i++ {
			pause *= 2
		}
		return min(pause, limit)
	}
}

// Settings tune a Worker. The zero value of each field means its default.
type Settings struct {
	// Lease is how long a job stays with a process that has died. At most 8 s, so that
	// with a poll it is taken within 10 s. Default 5 s.
	Lease time.Duration
	// Poll is how often the queue is asked for what other processes enqueued and for
	// attempts that are due. At most 1 s. Default 250 ms.
	Poll time.Duration
	// Grace is how long a handler may go on when the worker is told to stop. Default 5 s.
	Grace time.Duration
}

const (
	maxLease = 8 * time.Second
	minLease = 100 * time.Millisecond
	maxPoll  = time.Second
)

// Observer is told what a Worker does. Its methods are called from the goroutines that do
// it, so they must return at once.
type Observer interface {
	// Began tells of an attempt that begins, and how long the job could have been claimed.
	Began(kind Kind, attempt int, waited time.Duration)
	// Ended tells of an attempt at a job that has ended, and the handler's error. err may hold
	// what a scheme answered: it is for operators.
	Ended(job Job, o Outcome, took time.Duration, err error)
	// Depth tells how many jobs there are, about every 15 s.
	Depth(kind Kind, d Depth)
	// Failed tells of a call to the queue that failed. It is made again.
	Failed(err error)
}

type unobserved struct{}

func (unobserved) Began(Kind, int, time.Duration)           {}
func (unobserved) Ended(Job, Outcome, time.Duration, error) {}
func (unobserved) Depth(Kind, Depth)                        {}
func (unobserved) Failed(error)                             {}

// Config is what a Worker is made of.
type Config struct {
	Queue    Queue
	Works    []Work
	Clock    func() time.Time // measures durations, of attempts and leases
	Observer Observer         // may be nil
	Settings Settings
}

// Worker does jobs until it is told to stop. Several, in any processes, may share a
// queue; one process needs one.
type Worker struct {
	queue    Queue
	works    map[Kind]Work
	kinds    []Kind
	clock    func() time.Time
	observer Observer
	settings Settings

	freed Bell           // rung when an attempt ended
	tasks sync.WaitGroup // the attempts

	lock    sync.Mutex            // guards what follows
	running map[*attempt]struct{} // two may be of one job, when the lease of the first ran out
	busy    map[Kind]int
	turn    map[Kind]int // 1 if untried keys had the odd one when the kind was last asked for, else 0
}

// NewWorker returns a Worker. It does nothing before Run.
func NewWorker(c Config) (*Worker, error) {
	if c.Queue == nil || c.Clock == nil {
		return nil, errors.New("jobs: Queue or Clock is missing")
	}
	w := &Worker{
		queue: c.Queue, works: map[Kind]Work{}, clock: c.Clock, observer: c.Observer, settings: c.Settings,
		freed: NewBell(), running: map[*attempt]struct{}{}, busy: map[Kind]int{}, turn: map[Kind]int{},
	}
	if w.observer == nil {
		w.observer = unobserved{}
	}
	if err := w.settings.complete(); err != nil {
		return nil, err
	}
	for _, work := range c.Works {
		if err := work.complete(); err != nil {
			return nil, err
		}
		if _, twice := w.works[work.Kind]; twice {
			return nil, fmt.Errorf("jobs: two do the kind %s", work.Kind)
		}
		w.works[work.Kind] = work
		w.kinds = append(w.kinds, work.Kind)
	}
	return w, nil
}

// complete checks settings and gives those that are missing.
func (s *Settings) complete() error {
	if s.Lease == 0 {
		s.Lease = 5 * time.Second
	}
	if s.Poll == 0 {
		s.Poll = 250 * time.Millisecond
	}
	if s.Grace == 0 {
		s.Grace = 5 * time.Second
	}
	switch {
	case s.Lease < minLease || s.Lease > maxLease:
		return fmt.Errorf("jobs: a lease is %s to %s", minLease, maxLease)
	case s.Poll < 0 || s.Poll > maxPoll:
		return fmt.Errorf("jobs: the queue is asked at least each %s", maxPoll)
	case s.Grace < 0:
		return errors.New("jobs: Grace is negative")
	}
	return nil
}

func (w *Work) complete() error {
	if w.Workers == 0 {
		w.Workers = 4
	}
	if w.Attempts == 0 {
		w.Attempts = 10
	}
	if w.Backoff == nil {
		w.Backoff = Exponential(time.Second, 5*time.Minute)
	}
	if w.Timeout == 0 {
		w.Timeout = time.Minute
	}
	switch {
	case !isWord(string(w.Kind)):
		return errors.New("jobs: a kind is none")
	case w.Handler == nil:
		return fmt.Errorf("jobs: nobody does the kind %s", w.Kind)
	case w.Workers < 0 || w.Attempts < 0 || w.Timeout < 0:
		return fmt.Errorf("jobs: a number of the kind %s is negative", w.Kind)
	}
	return nil
}

const (
	depthEvery = 15 * time.Second
	// restAfterFault is how long a queue is left alone that could not answer.
	restAfterFault = time.Second
)

// Run does jobs until ctx ends. Then it claims no more; what runs may go on for
// Settings.Grace, after which its context ends and it is given back. It is an error if a
// handler does not return even then: its job is done by another process when its lease
// has run out.
func (w *Worker) Run(ctx context.Context) error {
	live, end := context.WithCancel(context.WithoutCancel(ctx)) // leases are extended by it, which waits for no attempt
	defer end()
	var beside sync.WaitGroup
	beside.Go(func() { w.extendOften(live) })
	beside.Go(func() { w.tellDepths(live) })
	w.claimUntil(ctx, ofAttempt(live))
	err := w.drain()
	end()
	beside.Wait()
	return err
}

// claimUntil claims jobs until ctx ends, and runs their attempts from live.
func (w *Worker) claimUntil(ctx, live context.Context) {
	poll := time.NewTicker(w.settings.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		err := w.claim(ctx, live)
		if err != nil && ctx.Err() == nil {
			w.observer.Failed(err)
			rest(ctx, restAfterFault)
			continue
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-w.freed:
		case <-w.queue.JobsEnqueued():
		}
	}
}

// rest returns after the pause, or when ctx ends.
func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// claim starts an attempt for each job that is due, as far as there are workers.
func (w *Worker) claim(ctx, live context.Context) error {
	wants := w.wants()
	if len(wants) == 0 {
		return nil
	}
	asked := w.clock()
	claimed, err := w.queue.ClaimJobs(ctx, wants, w.settings.Lease)
	if err != nil {
		return err
	}
	for _, job := range claimed {
		w.start(live, job, asked)
	}
	return nil
}

// wants lists the kinds that have workers left. Half of these are for untried keys, so that
// those do not stand behind all that fail again and again. The odd one is for untried keys
// every other time: mostly one worker is free, and neither may starve.
func (w *Worker) wants() []Want {
	w.lock.Lock()
	defer w.lock.Unlock()
	var wants []Want
	for _, kind := range w.kinds {
		if w.givesWay(kind) {
			continue
		}
		if free := w.works[kind].Workers - w.busy[kind]; free > 0 {
			w.turn[kind] = 1 - w.turn[kind]
			wants = append(wants, Want{Kind: kind, Limit: free, Untried: (free + w.turn[kind]) / 2})
		}
	}
	return wants
}

// givesWay reports whether a kind leaves the processors to another one.
func (w *Worker) givesWay(kind Kind) bool {
	return w.works[kind].GivesWay && slices.ContainsFunc(w.kinds, func(other Kind) bool {
		return other != kind && w.busy[other] >= w.works[other].Workers
	})
}

func (w *Worker) tellDepths(ctx context.Context) {
	if _, nobody := w.observer.(unobserved); nobody {
		return
	}
	for ctx.Err() == nil {
		for _, kind := range w.kinds {
			depth, err := w.queue.JobDepth(ctx, kind)
			if err != nil {
				if ctx.Err() == nil {
					w.observer.Failed(err)
				}
				break
			}
			w.observer.Depth(kind, depth)
		}
		rest(ctx, depthEvery)
	}
}
