package door

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport"
)

// Check is one thing that the server cannot work without.
type Check struct {
	Name string // "database", "audit", "vault", "offers"
	Run  func(context.Context) error
}

// Warning is what an operator should mend while the server works.
type Warning struct {
	Code    string `json:"code"`    // stable, "key_ends_soon"
	Message string `json:"message"` // for people; names key, issuer or offer, and nothing secret
}

const (
	// checkTime is what anybody waits for an answer at most. The checks are told to end
	// a little before, so that those that heed it can say what they waited for.
	checkTime = 2 * time.Second
	checkEnd  = checkTime - 200*time.Millisecond
	// checkEvery is how long an answer stands: anybody may ask, and a check of the
	// database writes.
	checkEvery = time.Second
	// staleAfter is how old an answer may be that is given while new checks run.
	staleAfter = checkEvery + checkTime
)

// readiness is the answer of /readyz as last found. Checks run once at a time,
// however many ask and however long a check hangs.
type readiness struct {
	mu      sync.Mutex
	at      time.Time // of found; zero before the first
	found   readyAnswer
	running chan struct{}   // closed when the checks that run have ended; nil when none do
	hanging map[string]bool // checks that did not end in time and are still under way
}

type readyAnswer struct {
	Status   string        `json:"status"` // "ready", "not_ready", "draining"
	AgeMs    int64         `json:"ageMs"`  // since the checks ended
	Checks   []checkAnswer `json:"checks"`
	Warnings []Warning     `json:"warnings"`
}

type checkAnswer struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Code    string `json:"code,omitempty"`    // of the failure
	Message string `json:"message,omitempty"` // of the failure, where it is one for callers
}

// Probes answers /healthz and /readyz, for a listener beside the API's: a probe
// without a client certificate does not get into that one.
func (d *Door) Probes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", d.serveHealth)
	mux.HandleFunc("GET /readyz", d.serveReady)
	return mux
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
	if found.Status != statusReady {
		status = http.StatusServiceUnavailable
		if c := CallFrom(r.Context()); c != nil {
			c.outcome = found.Status
		}
	}
	writeJSON(w, status, found)
}

const (
	statusReady    = "ready"
	statusNotReady = "not_ready"
	statusDraining = "draining"
)

// readyNow returns the last answer while it is fresh, and while new checks run and it
// is not stale. Else it waits for them, which takes checkTime at most.
func (d *Door) readyNow(ctx context.Context) readyAnswer {
	d.ready.mu.Lock()
	age := d.Clock().Sub(d.ready.at)
	known := !d.ready.at.IsZero() && age >= 0
	if !known || age >= checkEvery {
		if d.ready.running == nil {
			d.startChecks(ctx)
			known = false // who starts them waits for them
		}
		if running := d.ready.running; !known || age >= staleAfter {
			d.ready.mu.Unlock()
			<-running
			d.ready.mu.Lock()
		}
	}
	defer d.ready.mu.Unlock()
	found := d.ready.found
	found.AgeMs = max(0, d.Clock().Sub(d.ready.at).Milliseconds())
	found.Warnings = []Warning{}
	if d.Warnings != nil {
		found.Warnings = append(found.Warnings, d.Warnings()...)
	}
	if d.draining.Load() {
		found.Status = statusDraining
	}
	return found
}

// startChecks runs all checks in the background; its caller holds the lock. They go on
// when whoever asked hangs up: the answer is for the next one too.
func (d *Door) startChecks(ctx context.Context) {
	running := make(chan struct{})
	d.ready.running = running
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer close(running)
		found, errs := d.runChecks(ctx)
		d.ready.mu.Lock()
		before := d.ready.found
		d.ready.found, d.ready.at, d.ready.running = found, d.Clock(), nil
		d.ready.mu.Unlock()
		d.logChanges(ctx, before, found, errs)
	}()
}

// errHangs is the answer of a check that takes too long.
func errHangs() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "timed_out", "the check did not end in time")
}

// runChecks runs all checks at once and returns within checkTime, whether they heed
// their context or not.
func (d *Door) runChecks(ctx context.Context) (readyAnswer, []error) {
	ctx, cancel := context.WithTimeout(ctx, checkEnd)
	late := time.NewTimer(checkTime)
	defer late.Stop()
	ended := make(chan struct{})
	errs := make([]error, len(d.Checks))
	var results sync.Mutex
	var all sync.WaitGroup
	for i, check := range d.Checks {
		errs[i] = errHangs()
		if !d.enter(check.Name) {
			continue // it has hung since an earlier time
		}
		all.Go(func() {
			err := check.Run(ctx)
			if errors.Is(err, context.DeadlineExceeded) && walletport.CodeOf(err) == walletport.CodeInternal {
				err = errHangs().WithCause(err)
			}
			d.leave(check.Name)
			results.Lock()
			defer results.Unlock()
			errs[i] = err
		})
	}
	go func() {
		defer cancel()
		all.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-late.C:
	}
	results.Lock()
	defer results.Unlock()
	errs = slices.Clone(errs)
	return answerOf(d.Checks, errs), errs
}

// enter notes that a check runs. It reports false while it still does.
func (d *Door) enter(name string) bool {
	d.ready.mu.Lock()
	defer d.ready.mu.Unlock()
	if d.ready.hanging[name] {
		return false
	}
	if d.ready.hanging == nil {
		d.ready.hanging = map[string]bool{}
	}
	d.ready.hanging[name] = true
	return true
}

func (d *Door) leave(name string) {
	d.ready.mu.Lock()
	defer d.ready.mu.Unlock()
	delete(d.ready.hanging, name)
}

func answerOf(checks []Check, errs []error) readyAnswer {
	found := readyAnswer{Status: statusReady, Checks: make([]checkAnswer, len(checks))}
	for i, check := range checks {
		found.Checks[i] = checkAnswer{Name: check.Name, OK: errs[i] == nil, Code: walletport.ReasonOf(errs[i])}
		if e, ok := errors.AsType[*walletport.Error](errs[i]); ok {
			found.Checks[i].Message = e.Message
		}
		if errs[i] != nil {
			found.Status = statusNotReady
		}
	}
	return found
}

// logChanges tells of each check that failed and did not before, or the other way
// round. The answers themselves are for load balancers, who ask all the time.
func (d *Door) logChanges(ctx context.Context, before, now readyAnswer, errs []error) {
	for i, check := range now.Checks {
		was := checkAnswer{OK: true}
		if i < len(before.Checks) {
			was = before.Checks[i]
		}
		switch {
		case !check.OK && check.Code != was.Code:
			d.Log.LogAttrs(ctx, slog.LevelError, "not ready", slog.String("check", check.Name), slog.String("code", check.Code), slog.Any("err", errs[i]))
		case check.OK && !was.OK:
			d.Log.LogAttrs(ctx, slog.LevelInfo, "ready again", slog.String("check", check.Name))
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header()["Cache-Control"] = headerNoStore
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller who went away misses nothing
}
