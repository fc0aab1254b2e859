package replay_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

// onEachEngine runs a story with two replicas on one database.
func onEachEngine(t *testing.T, story func(*testing.T, [2]storage.Store)) {
	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "walletport.db")
		open := func() storage.Store {
			s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
			must(t, err)
			return mustMigrate(t, s)
		}
		story(t, [2]storage.Store{open(), open()})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := storagetest.Postgres(t)
		open := func() storage.Store {
			s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
			must(t, err)
			return mustMigrate(t, s)
		}
		story(t, [2]storage.Store{open(), open()})
	})
}

// engine is a store that makes its own tables.
type engine interface {
	storage.Store
	Migrate(ctx context.Context) error
}

// mustMigrate makes an open database ready until the test ends.
func mustMigrate(t *testing.T, s engine) storage.Store {
	t.Helper()
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.Migrate(t.Context()))
	return s
}

// counted counts the commits of a store.
type counted struct {
	storage.Nonces
	commits, uses atomic.Int64
}

func (c *counted) UseNonces(ctx context.Context, uses []storage.NonceUse) ([]bool, error) {
	c.commits.Add(1)
	c.uses.Add(int64(len(uses)))
	return c.Nonces.UseNonces(ctx, uses)
}

// mustGuard runs a guard until the test ends, before its database closes.
func mustGuard(t *testing.T, nonces storage.Nonces) *replay.Guard {
	t.Helper()
	g := replay.New(nonces)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var ran sync.WaitGroup
	ran.Go(func() { must(t, g.Run(ctx)) })
	t.Cleanup(func() {
		stop()
		ran.Wait()
	})
	return g
}

// TestGuardsOnEachEngine has many callers of two replicas use the same nonces, each
// in an order of its own.
func TestGuardsOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, replicas [2]storage.Store) {
		const callers, nonces = 24, 40
		var stores [2]counted
		var guards [2]*replay.Guard
		for i := range guards {
			stores[i].Nonces = replicas[i]
			guards[i] = mustGuard(t, &stores[i])
		}
		var passed [nonces]atomic.Int64
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				for i := range nonces {
					number := (i*(2*caller+1) + caller) % nonces
					err := guards[caller%2].UseNonce(t.Context(), nonce(fmt.Sprint(number)))
					switch {
					case err == nil:
						passed[number].Add(1)
					case walletport.ReasonOf(err) != "nonce_reused":
						t.Errorf("nonce %d: %v", number, err)
					}
				}
			})
		}
		all.Wait()
		for number := range passed {
			if got := passed[number].Load(); got != 1 {
				t.Errorf("nonce %d passed %d times, want once", number, got)
			}
		}
		for i := range stores {
			commits, uses := stores[i].commits.Load(), stores[i].uses.Load()
			if uses != callers/2*nonces || commits >= uses {
				t.Errorf("replica %d: %d uses in %d commits, want %d in fewer", i, uses, commits, callers/2*nonces)
			}
		}
	})
}

func TestAnOldUsePassesAgainOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, replicas [2]storage.Store) {
		guards := []*replay.Guard{mustGuard(t, replicas[0]), mustGuard(t, replicas[1])}
		first, early, late := nonce("one"), nonce("one"), nonce("one")
		early.At, early.Since = first.At.Add(time.Millisecond), first.At
		late.At, late.Since = first.At.Add(time.Second), first.At.Add(time.Millisecond)
		must(t, guards[0].UseNonce(t.Context(), first))
		if err := guards[1].UseNonce(t.Context(), early); walletport.ReasonOf(err) != "nonce_reused" {
			t.Errorf("while the use counts: %v, want nonce_reused", err)
		}
		must(t, guards[1].UseNonce(t.Context(), late))
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
