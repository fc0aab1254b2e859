package api

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/walletport/walletport"
)

// Check is one thing that the server cannot work without.
type Check struct {
	Name string // "database", "audit", "keys"
	Run  func(context.Context) error
}

const (
	checkTime = 2 * time.Second
	// checkEvery is how long an answer stands: anybody may ask, and a check of the
	// database writes.
	checkEvery = time.Second
)

// readiness is the answer of /readyz as last found.
type readiness struct {
	mu    sync.Mutex
	at    time.Time
	found readyAnswer
}

type readyAnswer struct {
	Status   string        `json:"status"` // "ready", "not_ready", "draining"
	Checks   []checkAnswer `json:"checks"`
	Warnings []string      `json:"warnings"`
}

type checkAnswer struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Code string `json:"code,omitempty"` // of the failure
}

// serveHealth says that the process answers. It depends on nothing, so that a
// database that is away does not get every replica restarted.
func (d *Door) serveHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// serveReady tells the truth: 503 unless every check passes.
func (d *Door) serveReady(w http.ResponseWriter, r *http.Request) {
	found := d.readyNow(r.Context())
	status := http.StatusOK
	if found.Status != "ready" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, found)
}

func (d *Door) readyNow(ctx context.Context) readyAnswer {
	d.ready.mu.Lock()
	defer d.ready.mu.Unlock()
	if now := d.Clock(); d.ready.at.IsZero() || now.Sub(d.ready.at) >= checkEvery || now.Before(d.ready.at) {
		d.ready.found, d.ready.at = d.runChecks(ctx), now
	}
	found := d.ready.found
	if d.draining.Load() {
		found.Status = "draining"
	}
	return found
}

// runChecks runs all checks at once. The asker's own patience does not end them:
// the answer is for the next one too.
func (d *Door) runChecks(ctx context.Context) readyAnswer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	found := readyAnswer{Status: "ready", Checks: make([]checkAnswer, len(d.Checks)), Warnings: []string{}}
	var all sync.WaitGroup
	for i, check := range d.Checks {
		all.Go(func() {
			code := walletport.ReasonOf(check.Run(ctx))
			found.Checks[i] = checkAnswer{Name: check.Name, OK: code == "", Code: code}
		})
	}
	all.Wait()
	for _, c := range found.Checks {
		if !c.OK {
			found.Status = "not_ready"
		}
	}
	if d.Warnings != nil {
		found.Warnings = append(found.Warnings, d.Warnings()...)
	}
	return found
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header()["Cache-Control"] = headerNoStore
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller who went away misses nothing
}
