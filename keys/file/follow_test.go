package file_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
)

// countingLog counts what an operator is told.
type countingLog struct {
	slog.Handler
	mu     sync.Mutex
	levels map[slog.Level]int
}

func (l *countingLog) Enabled(context.Context, slog.Level) bool { return true }

func (l *countingLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.levels[r.Level]++
	return nil
}

func (l *countingLog) count(level slog.Level) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.levels[level]
}

// stale returns why the keys that serve are not those of the file.
func stale(s *file.Store) error {
	_, because := s.Stale()
	return because
}

// Time is synctest's: a poll takes no time at all.
func TestRunFollowsTheFile(t *testing.T) {
	operator, c := newStore(t)
	log := &countingLog{levels: map[slog.Level]int{}}
	c.Log = slog.New(log)
	var later atomic.Int64 // hours
	c.Clock = func() time.Time { return now.Add(time.Duration(later.Load()) * time.Hour) }
	server := open(t, c)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- server.Run(ctx) }()
		poll := func() { time.Sleep(2100 * time.Millisecond); synctest.Wait() }

		poll()
		if log.count(slog.LevelInfo) != 0 {
			t.Errorf("an unchanged file was read again")
		}
		mustGenerate(t, operator, keys.Spec{Purpose: keys.VaultKEK, Activate: true})
		poll()
		if len(server.Current().All()) != 1 || stale(server) != nil || log.count(slog.LevelInfo) != 1 {
			t.Fatalf("the new key does not serve: %v", stale(server))
		}

		good, err := os.ReadFile(c.Path)
		must(t, err)
		must(t, os.WriteFile(c.Path, good[:len(good)-1], 0o600))
		later.Add(1)
		poll()
		later.Add(1)
		poll()
		if len(server.Current().All()) != 1 {
			t.Errorf("a broken file took the keys away")
		}
		wantReason(t, stale(server), "keystore_damaged")
		if log.count(slog.LevelError) != 1 {
			t.Errorf("the broken file was logged %d times, want once", log.count(slog.LevelError))
		}

		must(t, os.Remove(c.Path))
		poll()
		poll()
		wantReason(t, stale(server), "keystore_missing")
		if since, _ := server.Stale(); !since.Equal(now.Add(time.Hour)) {
			t.Errorf("stale since %v, want when the file was first found broken", since)
		}
		if log.count(slog.LevelError) != 2 || len(server.Current().All()) != 1 {
			t.Errorf("a missing file: logged %d times, %d keys", log.count(slog.LevelError), len(server.Current().All()))
		}

		must(t, os.WriteFile(c.Path, good, 0o600))
		poll()
		if stale(server) != nil {
			t.Errorf("a mended file still counts as broken: %v", stale(server))
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// An operator's change that is refused must not hide another operator's change.
func TestRefusedChangeDoesNotHideAnother(t *testing.T) {
	server, c := newStore(t)
	mustGenerate(t, open(t, c), keys.Spec{Purpose: keys.VaultKEK})
	_, err := server.Activate(t.Context(), "none")
	wantReason(t, err, "key_not_found")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- server.Run(ctx) }()
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		stop()
		must(t, <-done)
	})
	if len(server.Current().All()) != 1 {
		t.Errorf("the other operator's key does not serve")
	}
}

func TestRefreshLooksAtOnce(t *testing.T) {
	server, c := newStore(t)
	before := server.Current()
	if server.Refresh() != before {
		t.Errorf("an unchanged file was read again")
	}
	mustGenerate(t, open(t, c), keys.Spec{Purpose: keys.VaultKEK, Activate: true})
	if got := len(server.Refresh().All()); got != 1 {
		t.Errorf("%d keys after another operator made one, want 1", got)
	}
	must(t, os.Remove(c.Path))
	if got := len(server.Refresh().All()); got != 1 {
		t.Errorf("a missing file took the keys away: %d left", got)
	}
	wantReason(t, stale(server), "keystore_missing")
}

func TestReadersNeedNoLockDuringAChange(t *testing.T) {
	s, _ := newStore(t)
	mustGenerate(t, s, keys.Spec{Purpose: keys.VaultKEK, Activate: true})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Current().Select(keys.VaultKEK, "", "", now); err != nil {
					t.Errorf("Select during a rotation: %v", err)
					return
				}
			}
		})
	}
	for range 5 {
		mustGenerate(t, s, keys.Spec{Purpose: keys.VaultKEK, Activate: true})
	}
	close(stop)
	readers.Wait()
	if k, err := s.Current().Select(keys.VaultKEK, "", "", now); err != nil || k.Version != 6 {
		t.Errorf("Select = %v, %v; want version 6", k, err)
	}
	if err := stale(s); err != nil {
		t.Errorf("Err: %v", err)
	}
}
