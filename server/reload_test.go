package server

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/telemetry"
)

// reloadFunc is a reloader that is one function.
type reloadFunc func(ctx context.Context) error

// Reload implements reloader.
func (f reloadFunc) Reload(ctx context.Context) error { return f(ctx) }

func TestFilesAreReloadedEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged strings.Builder
		var lock sync.Mutex // the reloads run beside the test
		times, fault := 0, error(nil)
		set := func(err error) { lock.Lock(); fault = err; lock.Unlock() }
		s := &Server{log: telemetry.NewLogger(&logged, slog.LevelInfo), clock: time.Now, background: &background{log: slog.New(slog.DiscardHandler), clock: time.Now}}
		s.follow(t.Context(), "files", reloadFunc(func(context.Context) error {
			lock.Lock()
			defer lock.Unlock()
			times++
			return fault
		}))
		step := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		step(10 * time.Second)
		if times != 1 || logged.Len() != 0 {
			t.Errorf("after ten seconds: %d reloads, log %s", times, &logged)
		}
		set(errors.New("half a file"))
		step(time.Minute)
		if n := strings.Count(logged.String(), "half a file"); times != 7 || n != 1 {
			t.Errorf("a fault that lasts: %d reloads, logged %d times, want once", times, n)
		}
		if got := s.reloadWarnings(); len(got) != 1 || !strings.HasPrefix(got[0], "files: ") || strings.Contains(got[0], "half a file") {
			t.Errorf("warnings %q while a restart would fail", got)
		}
		set(nil)
		step(10 * time.Second)
		if got := s.reloadWarnings(); len(got) != 0 {
			t.Errorf("warnings %q of good files", got)
		}
		set(errors.New("half a file"))
		step(10 * time.Second)
		if n := strings.Count(logged.String(), "half a file"); n != 2 {
			t.Errorf("a fault that comes back is logged %d times, want twice", n)
		}
		s.background.stopAll()
		step(time.Minute)
		if times != 9 {
			t.Errorf("%d reloads a minute after the end, want the 9 before it", times)
		}
	})
}

func TestReloadReadsEverything(t *testing.T) {
	var all reloads
	times := 0
	count := reloadFunc(func(context.Context) error { times++; return nil })
	all.add("first", count)
	all.add("second", reloadFunc(func(context.Context) error { return errors.New("broken") }))
	all.add("third", count)
	err := all.Reload(t.Context())
	if times != 2 || err == nil || err.Error() != "second: broken" {
		t.Errorf("%d good reloads, error %v", times, err)
	}
}
