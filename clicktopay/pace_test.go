package clicktopay

import (
	"testing"
	"time"
)

// TestARateNearZeroIsSlow, and not as fast as can be.
func TestARateNearZeroIsSlow(t *testing.T) {
	for _, c := range []struct {
		perSecond float64
		want      time.Duration
	}{{200, 5 * time.Millisecond}, {0.1, 10 * time.Second}, {1e-9, slowest}, {5e-324, slowest}} {
		if got := newPace(c.perSecond, time.Now).interval; got != c.want {
			t.Errorf("%g a second: one every %s, want %s", c.perSecond, got, c.want)
		}
	}
}
