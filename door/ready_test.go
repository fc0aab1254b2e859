package door_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
)

type ready struct {
	Status string
	AgeMs  int64
	Checks []struct {
		Name, Code, Message string
		OK                  bool
	}
	Warnings []door.Warning
}

// mustReady asks whether the server is ready.
func (h *house) mustReady(t *testing.T) (int, ready) {
	t.Helper()
	w := h.do(mustRequest(t, http.MethodGet, "/readyz", nil))
	var r ready
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return w.Code, r
}

func TestReadiness(t *testing.T) {
	var broken atomic.Pointer[error]
	var asked atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		h := mustHouse(t, nil)
		h.door.Checks = []door.Check{
			{Name: "database", Run: func(context.Context) error {
				asked.Add(1)
				if err := broken.Load(); err != nil {
					return *err
				}
				return nil
			}},
			{Name: "audit", Run: func(context.Context) error { return nil }},
		}
		h.door.Warnings = func() []door.Warning {
			return []door.Warning{{Code: "key_ends_soon", Message: "key tav-signing-v3 ends at 2026-12-01T00:00:00Z"}}
		}
		status, got := h.mustReady(t)
		if status != 200 || got.Status != "ready" || len(got.Checks) != 2 || !got.Checks[0].OK || cmp.Diff(h.door.Warnings(), got.Warnings) != "" {
			t.Errorf("all is well: %d %+v", status, got)
		}
		time.Sleep(time.Second / 2) // of the bubble's clock
		for range 10 {
			if _, got = h.mustReady(t); got.AgeMs != 500 {
				t.Errorf("the answer says that it is %d ms old, want 500", got.AgeMs)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("%d checks within a second, want 1", asked.Load())
		}
		away := error(walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away").WithCause(errors.New("secret driver text")))
		broken.Store(&away)
		time.Sleep(time.Second)
		status, got = h.mustReady(t)
		if status != 503 || got.Status != "not_ready" || got.Checks[0].OK || got.Checks[0].Code != "store_unavailable" ||
			got.Checks[0].Message != "away" || !got.Checks[1].OK {
			t.Errorf("the database is away: %d %+v", status, got)
		}
		time.Sleep(time.Second)
		h.mustReady(t)
		broken.Store(nil)
		time.Sleep(time.Second)
		if status, got = h.mustReady(t); status != 200 {
			t.Errorf("it came back: %d %+v", status, got)
		}
		h.door.Drain()
		if status, got = h.mustReady(t); status != 503 || got.Status != "draining" {
			t.Errorf("draining: %d %+v", status, got)
		}
		if w := h.do(mustRequest(t, http.MethodGet, "/healthz", nil)); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
			t.Errorf("the process lives: %d %s", w.Code, w.Body.String())
		}
		h.wantReadinessLog(t)
	})
}

// wantReadinessLog wants the change in the log once, with its cause, and no refused
// probe as a failure of ours.
func (h *house) wantReadinessLog(t *testing.T) {
	t.Helper()
	var faults, changes, codes []string
	for line := range strings.Lines(h.logs.String()) {
		var l struct{ Level, Msg, Check, Code, Err string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Level == "ERROR":
			faults = append(faults, l.Msg+" "+l.Check+" "+l.Code+" "+l.Err)
		case l.Msg == "ready again":
			changes = append(changes, l.Check)
		case l.Code != "ok":
			codes = append(codes, l.Code)
		}
	}
	want := [][]string{{"not ready database store_unavailable store_unavailable: away: secret driver text"}, {"database"}, {"not_ready", "not_ready", "draining"}}
	if diff := cmp.Diff(want, [][]string{faults, changes, codes}); diff != "" {
		t.Errorf("the log's errors, changes and refused probes (-want +got):\n%s", diff)
	}
}

// TestACheckThatHangsHoldsUpNobody has a check that heeds nothing, as a system call
// does on a dead disk: it runs once, and everybody has an answer in the time of one.
func TestACheckThatHangsHoldsUpNobody(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			h := mustHouse(t, nil)
			var hangs atomic.Bool
			var running, most, runs atomic.Int64
			release := make(chan struct{})
			h.door.Checks = []door.Check{{Name: "database", Run: func(ctx context.Context) error {
				runs.Add(1)
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				if !hangs.Load() {
					return nil
				}
				if !heeds {
					ctx = context.WithoutCancel(ctx)
				}
				select {
				case <-ctx.Done():
				case <-release:
				}
				return ctx.Err()
			}}}
			h.mustReady(t)
			hangs.Store(true)
			time.Sleep(1100 * time.Millisecond)
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 700 * time.Millisecond)
					before := time.Now()
					status, got := h.mustReady(t)
					if took := time.Since(before); took > 2*time.Second {
						t.Errorf("asker %d waited %v", i, took)
					}
					switch {
					case status == 200 && got.AgeMs <= 3000: // the last answer, with its age
					case status == 503 && got.Checks[0].Code == "timed_out":
					default:
						t.Errorf("asker %d: %d %+v", i, status, got)
					}
				})
			}
			all.Wait()
			if most.Load() != 1 || !heeds && runs.Load() != 2 {
				t.Errorf("%d checks at once, %d in all", most.Load(), runs.Load())
			}
			hangs.Store(false)
			close(release)
			time.Sleep(3 * time.Second)
			if status, got := h.mustReady(t); status != 200 {
				t.Errorf("when it hangs no more: %d %+v", status, got)
			}
		})
	}
}

// TestAnOldAnswerIsNotGiven: who asks after a long time gets a new answer, also when
// somebody else has just asked.
func TestAnOldAnswerIsNotGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustHouse(t, nil)
		var broken atomic.Bool
		h.door.Checks = []door.Check{{Name: "database", Run: func(context.Context) error {
			time.Sleep(time.Second)
			if broken.Load() {
				return walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away")
			}
			return nil
		}}}
		h.mustReady(t)
		broken.Store(true)
		time.Sleep(time.Hour)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if status, got := h.mustReady(t); status != 503 || got.AgeMs != 0 {
					t.Errorf("an hour later: %d %+v", status, got)
				}
			})
		}
		all.Wait()
	})
}

// TestProbesBesideTheAPI are for a listener that wants no client certificate.
func TestProbesBesideTheAPI(t *testing.T) {
	h := mustHouse(t, nil)
	for target, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/made-up/v1/things/1": 404, "/docs": 404} {
		w := httptest.NewRecorder()
		h.door.Probes().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", target, w.Code, status)
		}
	}
}

func TestACallerWhoHungUpIsNoFailureOfOurs(t *testing.T) {
	h := mustHouse(t, nil)
	h.things.err = context.Canceled
	h.do(mustRequest(t, http.MethodPost, goodTarget, nil))
	if logs := h.logs.String(); !strings.Contains(logs, `"code":"request_canceled"`) || strings.Contains(logs, `"level":"ERROR"`) {
		t.Errorf("the log says %s", logs)
	}
}
