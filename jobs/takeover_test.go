package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

// takenWithin is how soon a job of a process that died is taken up again, whatever the settings.
const takenWithin = 10 * time.Second

// dying is the queue of a process that dies as soon as it has claimed a job.
type dying struct {
	storage.Store
	diedAt atomic.Pointer[time.Time]
}

var errDead = errors.New("the process is dead")

func (d *dying) ClaimJobs(ctx context.Context, wants []jobs.Want, lease time.Duration) ([]jobs.Job, error) {
	if d.diedAt.Load() != nil {
		return nil, errDead
	}
	claimed, err := d.Store.ClaimJobs(ctx, wants, lease)
	if len(claimed) > 0 {
		d.diedAt.Store(new(time.Now()))
	}
	return claimed, err
}

func (*dying) ExtendJobs(context.Context, []jobs.Job, time.Duration) ([]jobs.ID, error) {
	return nil, errDead
}
func (*dying) SettleJob(context.Context, jobs.Job, jobs.Settlement) error { return errDead }

// TestADeadProcessesJobIsTakenInTime has a process claim a job and die, and then another one
// wait for it, by a clock that goes on when both wait: with the settings of servers, which are
// the defaults, and with the slowest that there may be.
func TestADeadProcessesJobIsTakenInTime(t *testing.T) {
	for name, settings := range map[string]jobs.Settings{
		"as servers do": {}, "as slowly as may be": {Lease: 8 * time.Second, Poll: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			path := storagetest.MigratedFile(t, openDatabase)
			synctest.Test(t, func(t *testing.T) {
				store := mustOpen(t, path)
				mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(1)})
				queue := &dying{Store: store}
				forever := jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error { <-ctx.Done(); return ctx.Err() })
				dead := mustStart(t, queue, settings, jobs.Work{Kind: work, Handler: forever})
				synctest.Wait()
				taken := make(chan time.Time, 1)
				heir := mustStart(t, store, settings, jobs.Work{Kind: work, Handler: jobs.HandlerFunc(func(context.Context, jobs.Job) error {
					taken <- time.Now()
					return nil
				})})
				if after := (<-taken).Sub(*queue.diedAt.Load()); after > takenWithin || after < time.Second {
					t.Errorf("it was taken %s after the claim", after)
				}
				must(t, errors.Join(heir.stop(), dead.stop()))
			})
		})
	}
	for name, settings := range map[string]jobs.Settings{
		"a longer lease": {Lease: 8*time.Second + time.Millisecond}, "a rarer poll": {Poll: time.Second + time.Millisecond},
	} {
		if _, err := jobs.NewWorker(jobs.Config{Queue: forgetful{}, Clock: time.Now, Settings: settings}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
