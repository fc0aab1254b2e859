package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
)

// TestANewKeyDoesNotStandBehindRetries has the only worker try many keys in vain, again and
// again, and holds it at one of them while a new key comes. All others are due before that.
func TestANewKeyDoesNotStandBehindRetries(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		const failing, fresh = 30, 1000
		store := mustOpen(t, database)
		for id := range int64(failing) {
			mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(id)})
		}
		began, end := make(chan int64), make(chan struct{})
		mustStart(t, store, jobs.Settings{Grace: time.Millisecond}, jobs.Work{
			Kind: work, Workers: 1, Attempts: 1000, Backoff: atOnce,
			Handler: jobs.HandlerFunc(func(ctx context.Context, job jobs.Job) error {
				select {
				case began <- job.Key.ID:
				case <-ctx.Done():
				}
				select {
				case <-end:
				case <-ctx.Done():
				}
				return errScheme
			}),
		})
		for range failing {
			<-began
			end <- struct{}{}
		}
		<-began
		mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(fresh)})
		end <- struct{}{}
		first, second := next(began, end), next(began, end)
		if first != fresh && second != fresh {
			t.Errorf("tried the keys %d and %d, want the new one with them", first, second)
		}
		// The retries go on beside new keys that come all the time.
		var retried int
		for id := range int64(20) {
			mustEnqueue(t, store, jobs.Request{Kind: work, Key: token(fresh + 1 + id)})
			if next(began, end) < fresh {
				retried++
			}
		}
		if retried < 8 {
			t.Errorf("%d of 20 attempts were retries, want half", retried)
		}
	})
}

// next waits for an attempt and ends it, and returns its key.
func next(began <-chan int64, end chan<- struct{}) int64 {
	id := <-began
	end <- struct{}{}
	return id
}
