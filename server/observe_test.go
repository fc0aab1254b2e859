package server

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/telemetry"
)

func TestATrailThatWasSetBackShowsInReadiness(t *testing.T) {
	s := Server{clock: time.Now}
	observer := auditObserver{
		metrics: telemetry.NewMetrics(), log: slog.New(slog.DiscardHandler), clock: time.Now,
		failedAt: new(atomic.Int64), lost: &s.auditLost, early: &s.auditEarly,
	}
	if err := s.auditReady(t.Context()); err != nil || len(s.auditWarnings()) > 0 {
		t.Fatalf("auditReady = %v, warnings %v", err, s.auditWarnings())
	}
	observer.EndsEarly(7)
	if err := s.auditReady(t.Context()); err != nil || len(s.auditWarnings()) != 1 {
		t.Errorf("of a loss before the start: auditReady = %v, warnings %v; want a warning", err, s.auditWarnings())
	}
	observer.Lost(7)
	observer.Committed(1, 0, nil) // records go on, and make it no better
	if err := s.auditReady(t.Context()); walletport.ReasonOf(err) != "audit_set_back" {
		t.Errorf("auditReady = %v", err)
	}
}

// TestARefusedBatchSpeaksForSeconds, by which clock ever: a replica that is not ready gets no
// requests, and so writes nothing that would show that the trail is well again.
func TestARefusedBatchSpeaksForSeconds(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s := Server{clock: clock}
	observer := auditObserver{
		metrics: telemetry.NewMetrics(), log: slog.New(slog.DiscardHandler), clock: clock,
		failedAt: &s.auditFailedAt, lost: &s.auditLost, early: &s.auditEarly,
	}
	for _, c := range []struct {
		name     string
		later    time.Duration
		isUnwell bool
	}{{"at once", 0, true}, {"in time", auditFaultStands - 1, true}, {"later", auditFaultStands, false}, {"when the clock was set back", -time.Hour, false}} {
		observer.Committed(1, 0, errors.New("the disk is full"))
		failed := now
		now = now.Add(c.later)
		if err := s.auditReady(t.Context()); (walletport.ReasonOf(err) == "audit_unavailable") != c.isUnwell {
			t.Errorf("%s: auditReady = %v", c.name, err)
		}
		now = failed
	}
	observer.Committed(1, 0, nil)
	if err := s.auditReady(t.Context()); err != nil {
		t.Errorf("after a good batch: auditReady = %v", err)
	}
}
