package clicktopay

import (
	"context"
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

// TestAPaceIsKept: no act comes before its time.
func TestAPaceIsKept(t *testing.T) {
	const perSecond, acts = 200, 20
	p, begun := newPace(perSecond, time.Now), time.Now()
	for range acts + 1 { // the first one comes at once
		if !p.wait(t.Context()) {
			t.Fatal("it waits no more")
		}
	}
	if took := time.Since(begun); took < acts*time.Second/perSecond {
		t.Errorf("%d acts at %d a second took %s", acts, perSecond, took)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if p.wait(ctx) {
		t.Error("it goes on although it was told to stop")
	}
}

// TestALongDelayIsNotMadeUpFor but for a second of it.
func TestALongDelayIsNotMadeUpFor(t *testing.T) {
	const perSecond = 50
	now := time.Now()
	p := newPace(perSecond, func() time.Time { return now })
	now = now.Add(time.Hour)
	atOnce := 0
	for !p.next.After(now) {
		p.wait(t.Context())
		atOnce++
	}
	if atOnce != perSecond+1 {
		t.Errorf("%d acts come at once, want those of a second", atOnce)
	}
}
