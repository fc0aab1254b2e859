package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/telemetry"
)

func TestFilesAreReloadedEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged strings.Builder
		times, fault := 0, error(nil)
		s := &server{log: telemetry.NewLogger(&logged, slog.LevelInfo), background: &background{}}
		s.follow(t.Context(), "files", reloadFunc(func(context.Context) error { times++; return fault }))
		step := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		step(10 * time.Second)
		if times != 1 || logged.Len() != 0 {
			t.Errorf("after ten seconds: %d reloads, log %s", times, &logged)
		}
		fault = errors.New("half a file")
		step(time.Minute)
		if n := strings.Count(logged.String(), "half a file"); times != 7 || n != 1 {
			t.Errorf("a fault that lasts: %d reloads, logged %d times, want once", times, n)
		}
		fault = nil
		step(10 * time.Second)
		fault = errors.New("half a file")
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
