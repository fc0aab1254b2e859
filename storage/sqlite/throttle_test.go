package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

// TestAttemptsLeaveRoom: of those who share a commit half are attempts at the most, so who waits
// for an answer is in the next one, however many of them want to write.
func TestAttemptsLeaveRoom(t *testing.T) {
	const attempts = 3 * sqlite.MaxShared
	s := hold(t)
	began := make(chan struct{}, attempts)
	stop := storagetest.RunAttempts(t, attempts, func(ctx context.Context) {
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
