package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/sandbox/sandboxtest"
	"github.com/walletport/walletport/server"
)

// lockedLog is what a server logs while a test looks.
type lockedLog struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(line []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(line)
}

func (l *lockedLog) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

// openWithMetrics opens a sandbox with every listener and its log.
func openWithMetrics(t *testing.T, log *lockedLog) *sandbox.Sandbox {
	t.Helper()
	return openBoxWith(t, log, "metrics: {listen: \"127.0.0.1:0\"}\nhttp: {drain: 50ms}\n")
}

// openBoxWith opens a sandbox whose configuration has more at its end.
func openBoxWith(t *testing.T, log *lockedLog, more string) *sandbox.Sandbox {
	t.Helper()
	o := sandboxtest.Options(folderWith(t, more))
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	box, err := sandbox.Open(t.Context(), o)
	must(t, err)
	return box
}

var metricsURL = regexp.MustCompile(`serving metrics and probes" url=http://([0-9.:]+)`)

// TestAnOrderlyStopIsNoError: whatever goes on beside requests ends with the server, the
// listener of the metrics too, and nothing of that is a fault.
func TestAnOrderlyStopIsNoError(t *testing.T) {
	for _, c := range []struct {
		name string
		when func(t *testing.T, log *lockedLog, stop func())
	}{
		{"before it served", func(_ *testing.T, _ *lockedLog, stop func()) { stop() }},
		{"while it serves", func(t *testing.T, log *lockedLog, stop func()) {
			waitFor(t, log, "msg=serving url")
			stop()
		}},
		{"again while it drains", func(t *testing.T, log *lockedLog, stop func()) {
			waitFor(t, log, "msg=serving url")
			stop()
			waitFor(t, log, "stopping: readiness says no")
			stop()
		}},
		{"while a scrape goes on", func(t *testing.T, log *lockedLog, stop func()) {
			waitFor(t, log, "msg=serving url")
			slow, err := net.Dial("tcp", metricsURL.FindStringSubmatch(log.String())[1])
			must(t, err)
			t.Cleanup(func() { _ = slow.Close() })
			_, err = slow.Write([]byte("GET /metrics HTTP/1.1\r\n"))
			must(t, err)
			stop()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := &lockedLog{}
			box := openWithMetrics(t, log)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- box.Run(ctx) }()
			c.when(t, log, stop)
			must(t, <-done)
			if got := log.String(); strings.Contains(got, "level=ERROR") || !strings.Contains(got, "stopped: every accepted request was answered") {
				t.Errorf("the log says\n%s", got)
			}
		})
	}
}

func waitFor(t *testing.T, log *lockedLog, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log never says %q:\n%s", text, log)
		}
	}
}

// TestWorkThatIsToldToStopReportsNoFault: what it was about to ask was not answered for
// that alone.
func TestWorkThatIsToldToStopReportsNoFault(t *testing.T) {
	box := startSandbox(t)
	log := &lockedLog{}
	s := box.Beside(func(s *server.Server) { s.SetLog(slog.New(slog.NewTextHandler(log, nil))) })
	ended, end := context.WithCancel(t.Context())
	end()
	s.InspectCondition(ended)
	s.WarnOfIssuers(ended)
	s.ReloadQuietly(ended, "certificates", ended.Err())
	if strings.Contains(log.String(), "level=") {
		t.Errorf("the log says\n%s", log)
	}
	s.ReloadQuietly(t.Context(), "certificates", os.ErrNotExist)
	if !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("a fault while it goes on is not said:\n%s", log)
	}
}
