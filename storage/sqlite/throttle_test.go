package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

// TestAttemptsLeaveRoom: of those who share a commit half are attempts at the most, so who waits
// for an answer is in the next one, however many of them want to write.
func TestAttemptsLeaveRoom(t *testing.T) {
	const attempts = 3 * sqlite.MaxShared
	s := hold(t)
	began := make(chan struct{}, attempts)
	stop := mustRunAttempts(t, attempts, func(ctx context.Context) {
		began <- struct{}{}
		if err := s.Update(ctx, func(storage.Tx) error { return nil }); err != nil {
			t.Error(err)
		}
	})
	for range attempts {
		<-began
	}
	for s.Waiting() < sqlite.MaxShared/2 {
		time.Sleep(time.Millisecond)
	}
	s.queued = s.Waiting()
	s.call(t.Context(), func(tx storage.Tx) error {
		if s.commits > 1 {
			t.Errorf("the call is in commit %d after the one that it came in", s.commits)
		}
		return add("call")(tx)
	})
	s.end()
	stop()
	s.mustHold(t, "call")
}

// mustRunAttempts runs so many attempts at a time.
func mustRunAttempts(t *testing.T, count int, do func(context.Context)) (stop func()) {
	t.Helper()
	handler := jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error { do(ctx); return nil })
	w, err := jobs.NewWorker(jobs.Config{
		Queue: &manyJobs{left: count}, Works: []jobs.Work{{Kind: "test.work", Handler: handler, Workers: count}}, Clock: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// manyJobs is a queue with some jobs, in no database.
type manyJobs struct {
	jobs.Queue
	left int
}

func (q *manyJobs) ClaimJobs(_ context.Context, wants []jobs.Want, _ time.Duration) (claimed []jobs.Job, _ error) {
	for ; q.left > 0 && len(claimed) < wants[0].Limit; q.left-- {
		claimed = append(claimed, jobs.Job{ID: jobs.ID(q.left), Kind: wants[0].Kind, Attempt: 1})
	}
	return claimed, nil
}

func (q *manyJobs) SettleJob(context.Context, jobs.Job, jobs.Settlement) error { return nil }
func (q *manyJobs) JobsEnqueued() <-chan struct{}                              { return nil }

func (q *manyJobs) ExtendJobs(context.Context, []jobs.Job, time.Duration) ([]jobs.ID, error) {
	return nil, nil
}
func (q *manyJobs) JobDepth(context.Context, jobs.Kind) (jobs.Depth, error) { return jobs.Depth{}, nil }
