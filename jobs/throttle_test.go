package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
)

// attemptContext returns a context as handlers have it.
func attemptContext(t *testing.T) context.Context {
	t.Helper()
	got := make(chan context.Context, 1)
	queue := &oneJob{}
	work := jobs.Work{Kind: "test.work", Handler: jobs.HandlerFunc(func(ctx context.Context, _ jobs.Job) error {
		got <- context.WithoutCancel(ctx)
		return nil
	})}
	w, err := jobs.NewWorker(jobs.Config{Queue: queue, Works: []jobs.Work{work}, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	attempt := <-got
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return attempt
}

// oneJob is a queue with one job.
type oneJob struct {
	jobs.Queue
	given bool
}

func (q *oneJob) ClaimJobs(_ context.Context, wants []jobs.Want, _ time.Duration) ([]jobs.Job, error) {
	if q.given {
		return nil, nil
	}
	q.given = true
	return []jobs.Job{{ID: 1, Kind: wants[0].Kind, Attempt: 1}}, nil
}

func (q *oneJob) SettleJob(context.Context, jobs.Job, jobs.Settlement) error { return nil }
func (q *oneJob) JobsEnqueued() <-chan struct{}                              { return nil }

func TestThrottle(t *testing.T) {
	attempt := attemptContext(t)
	throttle := jobs.NewThrottle(1)
	leave, err := throttle.Enter(attempt)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("another attempt waits", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(attempt, 20*time.Millisecond)
		defer cancel()
		if _, err := throttle.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it entered: %v", err)
		}
	})
	t.Run("who is no attempt does not", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		leave, err := throttle.Enter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		leave()
	})
	t.Run("after it was left there is a place", func(t *testing.T) {
		leave()
		leave, err := throttle.Enter(attempt)
		if err != nil {
			t.Fatal(err)
		}
		leave()
	})
}
