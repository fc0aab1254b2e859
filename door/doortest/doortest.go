// Package doortest is what tests of doors and of their calls share: a trail and a log that
// remember, and a reader of problem documents.
package doortest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/walletport/walletport"
)

// Trail keeps audit records, or fails; like the real one it gives up when ctx ends. It is
// safe for concurrent use.
type Trail struct {
	mu      sync.Mutex
	records []walletport.AuditRecord
	err     error
}

// Record keeps r, or returns what Fail was given.
func (t *Trail) Record(ctx context.Context, r walletport.AuditRecord) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return t.err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.records = append(t.records, r)
	return nil
}

// Fail makes Record fail with err; nil makes it work again.
func (t *Trail) Fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
}

// Take returns the records since the last time.
func (t *Trail) Take() []walletport.AuditRecord {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.records
	t.records = nil
	return taken
}

// Log keeps what is written to it. It is safe for concurrent use.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns everything that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Problem is a problem document.
type Problem struct {
	Type, Title, Detail, Instance, Code, RequestID string
	Status                                         int
	Errors                                         []struct{ Field, Reason string }
}

// WantProblem checks that the answer to r is a whole problem document of that status and
// code, and returns it.
func WantProblem(t *testing.T, r *http.Request, w *httptest.ResponseRecorder, status int, code string) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil && r.Method != http.MethodHead {
		t.Fatalf("status %d, no JSON: %v: %.200s", w.Code, err, w.Body.String())
	}
	if w.Code != status || p.Code != code {
		t.Errorf("answer %d %q (%s), want %d %q", w.Code, p.Code, p.Detail, status, code)
	}
	if p.Status != w.Code || p.Title == "" || p.Type != "/docs/errors#"+p.Code || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("problem %+v, X-Request-Id %q", p, w.Header().Get("X-Request-Id"))
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	return p
}
