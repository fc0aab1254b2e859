package tokens_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport/tokens"
)

// TestATokenWaitsNotLongForItsScheme: after a long outage with many attempts the job of an
// unknown change asks again soon.
func TestATokenWaitsNotLongForItsScheme(t *testing.T) {
	t.Parallel()
	for _, work := range new(tokens.Flow).Works() {
		for attempt := 1; attempt < 1000; attempt *= 3 {
			if pause := work.Backoff(attempt); pause < time.Second || pause > 15*time.Second {
				t.Errorf("after attempt %d %s waits %s", attempt, work.Kind, pause)
			}
		}
	}
}
