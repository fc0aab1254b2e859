package server

import (
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
