package server

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys"
)

func TestTheLogIsToldOfAWarningOnce(t *testing.T) {
	var log bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil)), clock: time.Now, Keys: newKeyStore(t)}
	w := conditionWarning{door.Warning{Code: "clock_differs", Message: "an hour"}, nil}
	s.condition.found.warnings = []conditionWarning{w}
	s.tellWarnings()
	s.tellWarnings()
	s.condition.found.warnings = nil
	s.tellWarnings()
	s.tellWarnings()
	if got := log.String(); strings.Count(got, "level=WARN") != 1 || strings.Count(got, "clock_differs") != 2 || strings.Count(got, "a warning is gone") != 1 {
		t.Errorf("the log says %s", got)
	}
}

// TestInspectionsLeaveTheMachineToRequests: those that take long come more seldom, but
// for a change of the keys.
func TestInspectionsLeaveTheMachineToRequests(t *testing.T) {
	ring, at := keys.NewRing(nil), time.Now()
	for _, c := range []struct {
		name      string
		ago, took time.Duration
		ring      *keys.Ring
		want      bool
	}{
		{"a minute ago", time.Minute, time.Second, ring, true},
		{"less than a minute ago", 50 * time.Second, time.Millisecond, ring, false},
		{"a minute ago, and it took ten seconds", time.Minute, 10 * time.Second, ring, false},
		{"twenty times as long ago as it took", 200 * time.Second, 10 * time.Second, ring, true},
		{"a moment ago, with other keys", 0, 10 * time.Second, keys.NewRing(nil), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := condition{ring: ring, at: at.Add(-c.ago), took: c.took}
			if got := found.isDue(c.ring, at); got != c.want {
				t.Errorf("due: %v, want %v", got, c.want)
			}
		})
	}
}

// TestTheLogTellsWorkThatEndedEarlyFromWorkThatWasToldTo: the one needs a restart.
func TestTheLogTellsWorkThatEndedEarlyFromWorkThatWasToldTo(t *testing.T) {
	var log bytes.Buffer
	b := &background{log: slog.New(slog.NewTextHandler(&log, nil)), clock: time.Now}
	b.start(t.Context(), "patient", forCalls, func(ctx context.Context) error { <-ctx.Done(); return nil })
	b.start(t.Context(), "hasty", forCalls, func(context.Context) error { return nil })
	<-b.jobs[1].done
	b.stopAll()
	if got := log.String(); strings.Count(got, "ended early") != 1 || !strings.Contains(got, "work=hasty") {
		t.Errorf("the log says %s", got)
	}
	if got := b.endedEarly(forCalls); len(got) != 1 {
		t.Errorf("ended early: %q", got)
	}
}
