package jobs_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

var errScheme = walletport.Errorf(walletport.CodeUnavailable, "scheme_unavailable", "the scheme does not answer")

func atOnce(int) time.Duration { return 0 }

func doing(err error) jobs.HandlerFunc {
	return func(context.Context, jobs.Job) error { return err }
}

func TestAttempts(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		for _, c := range []struct {
			name string
			work jobs.Work
			want []ended
		}{
			{"a job is done", jobs.Work{Handler: doing(nil)}, []ended{{work, jobs.Done, 1, nil}}},
			{"a job that fails is tried again and done", jobs.Work{Handler: jobs.HandlerFunc(func(_ context.Context, job jobs.Job) error {
				if job.Attempt < 3 {
					return errScheme
				}
				return nil
			})}, []ended{{work, jobs.Again, 1, errScheme}, {work, jobs.Again, 2, errScheme}, {work, jobs.Done, 3, nil}}},
			{"after the last attempt it is parked", jobs.Work{Attempts: 2, Handler: doing(errScheme)},
				[]ended{{work, jobs.Again, 1, errScheme}, {work, jobs.Park, 2, errScheme}}},
			{"what no attempt can end is parked at once", jobs.Work{Handler: doing(jobs.Never(errScheme))}, []ended{{work, jobs.Park, 1, errScheme}}},
			{"the handler says when to come again", jobs.Work{
				Attempts: 2, Backoff: func(int) time.Duration { return time.Hour }, Handler: doing(jobs.After(0, errScheme)),
			}, []ended{{work, jobs.Again, 1, errScheme}, {work, jobs.Park, 2, errScheme}}},
			{"an attempt ends in time", jobs.Work{Attempts: 1, Timeout: time.Millisecond, Handler: jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error {
				<-ctx.Done()
				return ctx.Err()
			})}, []ended{{work, jobs.Park, 1, context.DeadlineExceeded}}},
			{"a panic is an attempt that failed", jobs.Work{Attempts: 1, Handler: jobs.HandlerFunc(func(context.Context, jobs.Job) error {
				panic(errScheme)
			})}, []ended{{work, jobs.Park, 1, errScheme}}},
		} {
			t.Run(c.name, func(t *testing.T) {
				c.work.Kind = work
				if c.work.Backoff == nil {
					c.work.Backoff = atOnce
				}
				worker := mustStart(t, store, jobs.Settings{Poll: 5 * time.Millisecond}, c.work)
				mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
				worker.want(t, c.want...)
				must(t, worker.stop())
			})
		}
		parked, err := store.ParkedJobs(t.Context(), work, 0, 10)
		must(t, err)
		var reasons []string
		for _, p := range parked {
			reasons = append(reasons, p.Reason)
		}
		if got := strings.Join(reasons, " "); got != "scheme_unavailable scheme_unavailable scheme_unavailable internal handler_panicked" {
			t.Errorf("parked because of %s", got)
		}
	})
}

// TestStop has a handler that ends when it is told to: its job has lost no attempt, and
// another worker has it at once.
func TestStop(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		begun := make(chan struct{})
		waits := jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		})
		worker := mustStart(t, store, jobs.Settings{Grace: time.Millisecond}, jobs.Work{Kind: work, Handler: waits})
		<-begun
		must(t, worker.stop())
		worker.want(t, ended{work, jobs.GiveBack, 1, context.Canceled})
		claimed, err := store.ClaimJobs(t.Context(), []jobs.Want{{Kind: work, Limit: 1}}, time.Minute)
		must(t, err)
		if len(claimed) != 1 || claimed[0].Attempt != 1 {
			t.Errorf("claimed %+v, want the job that was given back", claimed)
		}
	})
}

func TestStopWaitsForWhatEnds(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		begun, end := make(chan struct{}), make(chan struct{})
		worker := mustStart(t, store, jobs.Settings{Grace: hangs}, jobs.Work{Kind: work, Handler: jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error {
			close(begun)
			<-end
			return ctx.Err()
		})})
		<-begun
		stopped := make(chan error, 1)
		go func() { stopped <- worker.stop() }()
		close(end)
		must(t, <-stopped)
		worker.want(t, ended{work, jobs.Done, 1, nil})
	})
}

func TestAHandlerThatDoesNotEndIsNamed(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		begun, end := make(chan struct{}), make(chan struct{})
		worker := mustStart(t, store, jobs.Settings{Grace: time.Millisecond, Lease: 100 * time.Millisecond}, jobs.Work{
			Kind: work, Handler: jobs.HandlerFunc(func(context.Context, jobs.Job) error { close(begun); <-end; return errScheme }),
		})
		<-begun
		if err := worker.stop(); err == nil || !strings.Contains(err.Error(), string(work)) {
			t.Errorf("Run: %v, want an error that names the kind", err)
		}
		close(end)
		worker.next(t)
	})
}

// TestAKindKeepsNoOtherWaiting fills all workers of a kind.
func TestAKindKeepsNoOtherWaiting(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		end := make(chan struct{})
		var slow atomic.Int64
		worker := mustStart(t, store, jobs.Settings{},
			jobs.Work{Kind: work, Workers: 2, Handler: jobs.HandlerFunc(func(context.Context, jobs.Job) error { slow.Add(1); <-end; return nil })},
			jobs.Work{Kind: other, Workers: 1, Handler: doing(nil)})
		for id := range int64(5) {
			mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(id)}, jobs.Request{Kind: other, Key: token(100 + id)})
		}
		for range 5 {
			worker.want(t, ended{other, jobs.Done, 1, nil})
		}
		if got := slow.Load(); got > 2 {
			t.Errorf("%d jobs of a kind with two workers ran at once", got)
		}
		close(end)
		for range 5 {
			worker.want(t, ended{work, jobs.Done, 1, nil})
		}
	})
}

// TestAKindGivesWay: while another one has all of its workers busy, and not only some, it claims
// nothing, and a third one does its jobs meanwhile.
func TestAKindGivesWay(t *testing.T) {
	const patient jobs.Kind = "test.patient"
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		begun, end := make(chan struct{}), make(chan struct{})
		worker := mustStart(t, store, jobs.Settings{},
			jobs.Work{Kind: work, Workers: 2, Handler: jobs.HandlerFunc(func(context.Context, jobs.Job) error { begun <- struct{}{}; <-end; return nil })},
			jobs.Work{Kind: patient, GivesWay: true, Handler: doing(nil)},
			jobs.Work{Kind: other, Handler: doing(nil)})
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		<-begun
		mustEnqueue(t, store, jobs.Request{Kind: patient, Key: token(2)})
		worker.want(t, ended{patient, jobs.Done, 1, nil})
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(3)})
		<-begun
		mustEnqueue(t, store, jobs.Request{Kind: patient, Key: token(4)})
		for id := range int64(5) { // each is claimed when the patient one could be
			mustEnqueue(t, store, jobs.Request{Kind: other, Key: token(100 + id)})
			worker.want(t, ended{other, jobs.Done, 1, nil})
		}
		end <- struct{}{}
		worker.want(t, ended{work, jobs.Done, 1, nil}, ended{patient, jobs.Done, 1, nil})
		end <- struct{}{}
		worker.want(t, ended{work, jobs.Done, 1, nil})
	})
}

// forgetful is a queue that answers each extension with the loss of the claim.
type forgetful struct{ storage.Store }

func (f forgetful) ExtendJobs(_ context.Context, claimed []jobs.Job, _ time.Duration) (lost []jobs.ID, err error) {
	for _, job := range claimed {
		lost = append(lost, job.ID)
	}
	return lost, nil
}

// deaf is a queue that does not answer extensions.
type deaf struct{ storage.Store }

func (deaf) ExtendJobs(context.Context, []jobs.Job, time.Duration) ([]jobs.ID, error) {
	return nil, errScheme
}

func TestALostLeaseEndsTheAttempt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		for name, queue := range map[string]jobs.Queue{"somebody else has it": forgetful{store}, "nobody can tell": deaf{store}} {
			t.Run(name, func(t *testing.T) {
				mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
				cause := make(chan error, 1)
				first := atomic.Bool{}
				worker := mustStart(t, queue, jobs.Settings{Lease: 150 * time.Millisecond, Poll: 5 * time.Millisecond}, jobs.Work{
					Kind: work, Backoff: atOnce, Workers: 1,
					Handler: jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error {
						if first.Swap(true) {
							return nil
						}
						<-ctx.Done()
						cause <- context.Cause(ctx)
						return ctx.Err()
					}),
				})
				if got := <-cause; !errors.Is(got, jobs.ErrLost) {
					t.Errorf("the attempt ended because of %v, want the lost claim", got)
				}
				for worker.next(t).outcome != jobs.Done {
				}
			})
		}
	})
}

// TestLongWorkKeepsItsLease has a handler run for several leases, with another worker
// beside it that would take the job.
func TestLongWorkKeepsItsLease(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store, beside := mustOpen(t, database), mustOpen(t, database)
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		var attempts atomic.Int64
		handler := jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error {
			attempts.Add(1)
			select { // more than two leases
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(5 * time.Second):
				return nil
			}
		})
		settings := jobs.Settings{Lease: 2 * time.Second}
		one := mustStart(t, store, settings, jobs.Work{Kind: work, Handler: handler})
		two := mustStart(t, beside, settings, jobs.Work{Kind: work, Handler: handler})
		awaitAll(t, store)
		must(t, errors.Join(one.stop(), two.stop()))
		if got := attempts.Load(); got != 1 {
			t.Errorf("%d attempts, want one", got)
		}
	})
}

func TestDepthIsTold(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1), Delay: time.Hour})
		worker := mustStart(t, store, jobs.Settings{}, jobs.Work{Kind: work, Handler: doing(nil)})
		if got := <-worker.depths; got.Waiting != 1 || got.Parked != 0 {
			t.Errorf("depth %+v, want one that waits", got)
		}
	})
}

func TestNewWorkerRefuses(t *testing.T) {
	good := func() jobs.Config {
		return jobs.Config{Queue: forgetful{}, Clock: time.Now, Works: []jobs.Work{{Kind: work, Handler: doing(nil)}}}
	}
	if _, err := jobs.NewWorker(good()); err != nil {
		t.Fatalf("NewWorker: %v", err)
	}
	for name, spoil := range map[string]func(*jobs.Config){
		"no queue":                  func(c *jobs.Config) { c.Queue = nil },
		"no clock":                  func(c *jobs.Config) { c.Clock = nil },
		"a kind twice":              func(c *jobs.Config) { c.Works = append(c.Works, c.Works[0]) },
		"a kind that is none":       func(c *jobs.Config) { c.Works[0].Kind = "Work 1" },
		"a kind that nobody does":   func(c *jobs.Config) { c.Works[0].Handler = nil },
		"no workers":                func(c *jobs.Config) { c.Works[0].Workers = -1 },
		"a lease beyond take-over":  func(c *jobs.Config) { c.Settings.Lease = 9 * time.Second },
		"a lease too short to keep": func(c *jobs.Config) { c.Settings.Lease = time.Millisecond },
		"a poll beyond take-over":   func(c *jobs.Config) { c.Settings.Poll = 3 * time.Second },
		"a negative grace":          func(c *jobs.Config) { c.Settings.Grace = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := good()
			spoil(&c)
			if _, err := jobs.NewWorker(c); err == nil {
				t.Error("NewWorker took it")
			}
		})
	}
}

func TestExponential(t *testing.T) {
	backoff := jobs.Exponential(time.Second, 5*time.Second)
	for attempt, want := range map[int]time.Duration{1: 1 * time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second, 1 << 40: 5 * time.Second} {
		if got := backoff(attempt); got != want {
			t.Errorf("before attempt %d: %s, want %s", attempt+1, got, want)
		}
	}
}

// TestAPauseOfNothingIsStillAPause: a handler that asks for none keeps no queue busy.
func TestAPauseOfNothingIsStillAPause(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		store := mustOpen(t, database)
		var begun []time.Time // by one worker, one after the other
		worker := mustStart(t, store, jobs.Settings{Poll: time.Millisecond}, jobs.Work{Kind: work, Handler: jobs.HandlerFunc(func(context.Context, jobs.Job) error {
			if begun = append(begun, time.Now()); len(begun) < 4 {
				return jobs.After(0, jobs.ErrNotYet)
			}
			return nil
		})})
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
		worker.want(t, ended{work, jobs.Again, 1, jobs.ErrNotYet}, ended{work, jobs.Again, 2, jobs.ErrNotYet}, ended{work, jobs.Again, 3, jobs.ErrNotYet},
			ended{work, jobs.Done, 4, nil})
		if took := begun[3].Sub(begun[0]); took < 250*time.Millisecond {
			t.Errorf("four attempts began within %s", took)
		}
	})
}
