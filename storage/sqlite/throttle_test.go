package sqlite_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

// TestAttemptsWaitForEachOther: who waits for an answer stands behind one attempt at the most,
// however many want to write.
func TestAttemptsWaitForEachOther(t *testing.T) {
	const attempts = 20
	s := mustOpen(t, t.TempDir()+"/walletport.db")
	var lock sync.Mutex
	var order []string
	write := func(ctx context.Context, who string) {
		err := s.Update(ctx, func(storage.Tx) error {
			lock.Lock()
			defer lock.Unlock()
			order = append(order, who)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	held, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		err := s.Update(t.Context(), func(storage.Tx) error { close(held); <-release; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	waiting := s.WriteDB().Stats().WaitCount
	began := make(chan struct{}, attempts)
	stop := mustRunAttempts(t, attempts, func(ctx context.Context) { began <- struct{}{}; write(ctx, "attempt") })
	for range attempts {
		<-began
	}
	all.Go(func() { write(t.Context(), "call") })
	mustWait(t, s, waiting+2) // the call, and one attempt
	close(release)
	all.Wait()
	stop()
	if len(order) != attempts+1 {
		t.Fatalf("%d wrote", len(order))
	}
	if order[0] != "call" && order[1] != "call" {
		t.Errorf("the call wrote after several attempts: %v", order)
	}
}

// mustWait waits until so many have waited for the writing connection.
func mustWait(t *testing.T, s *sqlite.Store, count int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); s.WriteDB().Stats().WaitCount < count; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d have waited", s.WriteDB().Stats().WaitCount)
		}
	}
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
