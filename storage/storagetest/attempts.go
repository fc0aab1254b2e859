package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
)

// RunAttempts runs so many attempts at jobs at a time, until stop.
func RunAttempts(t *testing.T, count int, do func(context.Context)) (stop func()) {
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
