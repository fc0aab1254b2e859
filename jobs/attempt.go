package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// attempt is one that runs.
type attempt struct {
	job    Job
	work   Work
	begun  time.Time
	ctx    context.Context // the handler's
	end    context.CancelCauseFunc
	lease  *time.Timer // ends the attempt when its lease may have run out
	stale  bool        // guarded by Worker.lock: the lease is not extended any more
	waited time.Duration
}

// errStopped is why an attempt ends that is given back.
var errStopped = errors.New("the worker stops")

// start begins an attempt. The lease began no earlier than the queue was asked for it, so
// counted from then it ends no later than in the database.
func (w *Worker) start(live context.Context, job Job, asked time.Time) {
	ctx, end := context.WithCancelCause(live)
	a := &attempt{job: job, work: w.works[job.Kind], begun: w.clock(), ctx: ctx, end: end, waited: job.Waited}
	a.lease = time.AfterFunc(w.settings.Lease-a.begun.Sub(asked), func() { a.end(ErrLost) })
	w.lock.Lock()
	w.running[a] = struct{}{}
	w.busy[job.Kind]++
	w.lock.Unlock()
	w.tasks.Go(func() {
		defer w.leave(a)
		w.observer.Began(job.Kind, job.Attempt, a.waited)
		outcome, err := w.settle(live, a, a.handle())
		w.observer.Ended(job, outcome, w.clock().Sub(a.begun), err)
	})
}

func (w *Worker) leave(a *attempt) {
	w.lock.Lock()
	delete(w.running, a)
	w.busy[a.job.Kind]--
	w.lock.Unlock()
	a.lease.Stop()
	a.end(nil)
	w.freed.Ring()
}

// errDied is of a job whose processes died in each of its attempts.
var errDied = walletport.Errorf(walletport.CodeInternal, "process_died", "the process died in each attempt")

// handle calls the handler. A job that has had all of its attempts and was claimed again,
// for the process died in the last, is not tried once more: it may be why.
func (a *attempt) handle() (err error) {
	if a.job.Attempt > a.work.Attempts {
		return Never(errDied)
	}
	ctx, cancel := context.WithTimeout(a.ctx, a.work.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return a.work.Handler.Handle(ctx, a.job)
}

// panicked returns the error for what a handler panicked with.
func panicked(value any) error {
	cause, is := value.(error)
	if !is {
		cause = fmt.Errorf("%v", value)
	}
	return walletport.Errorf(walletport.CodeInternal, "handler_panicked", "the handler panicked").
		WithCause(fmt.Errorf("%w\n%s", cause, debug.Stack()))
}

// settle ends the claim by what the handler said, and returns what came of it.
func (w *Worker) settle(live context.Context, a *attempt, err error) (Outcome, error) {
	w.lock.Lock()
	a.stale = true
	w.lock.Unlock()
	s := a.settlement(err)
	for {
		// The queue is asked even when the worker stops, but not after the lease.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(live), w.settings.Lease)
		failure := w.queue.SettleJob(ctx, a.job, s)
		cancel()
		switch {
		case failure == nil:
			return s.Outcome, err
		case errors.Is(failure, ErrLost) || errors.Is(context.Cause(a.ctx), ErrLost):
			return Lost, errors.Join(failure, err)
		}
		w.observer.Failed(failure)
		rest(a.ctx, restAfterFault)
		if a.ctx.Err() != nil {
			return Lost, errors.Join(failure, err)
		}
	}
}

// settlement is what becomes of the job.
func (a *attempt) settlement(err error) Settlement {
	if err == nil {
		return Settlement{Outcome: Done}
	}
	if errors.Is(context.Cause(a.ctx), errStopped) {
		return Settlement{Outcome: GiveBack}
	}
	reason := walletport.ReasonOf(err)
	if _, is := errors.AsType[never](err); is || a.job.Attempt >= a.work.Attempts {
		return Settlement{Outcome: Park, Reason: reason}
	}
	pause := min(max(a.work.Backoff(a.job.Attempt), 0), MaxDelay)
	if told, is := errors.AsType[after](err); is {
		pause = told.pause
	}
	return Settlement{Outcome: Again, Delay: pause, Reason: reason}
}

// extendOften extends the leases of what runs, three times in each.
func (w *Worker) extendOften(ctx context.Context) {
	tick := time.NewTicker(w.settings.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.extend(ctx)
		}
	}
}

func (w *Worker) extend(ctx context.Context) {
	attempts := w.extendable()
	if len(attempts) == 0 {
		return
	}
	claimed := make([]Job, len(attempts))
	for i, a := range attempts {
		claimed[i] = a.job
	}
	asked := w.clock()
	ctx, cancel := context.WithTimeout(ctx, w.settings.Lease)
	defer cancel()
	lost, err := w.queue.ExtendJobs(ctx, claimed, w.settings.Lease)
	if err != nil {
		w.observer.Failed(err)
		return
	}
	left := w.settings.Lease - w.clock().Sub(asked)
	for _, a := range attempts {
		switch {
		case slices.Contains(lost, a.job.ID):
			w.noteLost(a)
		case a.lease.Stop(): // else it has run out by our clock, and the handler was told
			a.lease.Reset(left)
		}
	}
}

// noteLost ends an attempt whose claim no longer holds. One that has ended itself since is
// no longer of the claim because it is settled.
func (w *Worker) noteLost(a *attempt) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if !a.stale {
		a.end(ErrLost)
	}
}

// extendable lists the attempts whose handlers run and may: one that does not end with
// its context loses its lease, so that its key does not wait for it for ever.
func (w *Worker) extendable() []*attempt {
	w.lock.Lock()
	defer w.lock.Unlock()
	now := w.clock()
	all := slices.Collect(maps.Keys(w.running))
	return slices.DeleteFunc(all, func(a *attempt) bool {
		return a.stale || a.ctx.Err() != nil || now.Sub(a.begun) > a.work.Timeout+w.settings.Lease
	})
}

// drain waits for the attempts, and ends those that go on for too long.
func (w *Worker) drain() error {
	ended := make(chan struct{})
	go func() { w.tasks.Wait(); close(ended) }()
	if waitFor(ended, w.settings.Grace) {
		return nil
	}
	w.lock.Lock()
	for a := range w.running {
		a.end(errStopped)
	}
	w.lock.Unlock()
	if waitFor(ended, w.settings.Lease) {
		return nil
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	for a := range w.running {
		return fmt.Errorf("a handler of the kind %s does not end", a.job.Kind)
	}
	return nil
}

func waitFor(ended <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}
