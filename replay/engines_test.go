package replay_test

import (
	"context"
	"fmt"
	"os"
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
		path := storagetest.MigratedFile(t, openSQLite)
		story(t, [2]storage.Store{mustOpen(t, openSQLite, path), mustOpen(t, openSQLite, path)})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := storagetest.MigratedPostgres(t, openPostgres)
		story(t, [2]storage.Store{mustOpen(t, openPostgres, url), mustOpen(t, openPostgres, url)})
	})
}

type opener func(ctx context.Context, database string) (storagetest.Migrating, error)

func openSQLite(ctx context.Context, path string) (storagetest.Migrating, error) {
	return sqlite.Open(ctx, sqlite.Config{Path: path})
}

func openPostgres(ctx context.Context, url string) (storagetest.Migrating, error) {
	return postgres.Open(ctx, postgres.Config{URL: url})
}

// mustOpen opens a database that has its tables, until the test ends.
func mustOpen(t *testing.T, open opener, database string) storage.Store {
	t.Helper()
	s, err := open(t.Context(), database)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// counted counts the commits of a store.
type counted struct {
	replay.Store
	commits, uses atomic.Int64
	last          atomic.Pointer[storage.NonceUse]
}

func (c *counted) UseNonces(ctx context.Context, uses []storage.NonceUse) ([]bool, error) {
	c.commits.Add(1)
	c.uses.Add(int64(len(uses)))
	c.last.Store(&uses[len(uses)-1])
	return c.Store.UseNonces(ctx, uses)
}

// mustGuard runs a guard until the test ends, before its database closes.
func mustGuard(t *testing.T, store replay.Store, c replay.Config) *replay.Guard {
	t.Helper()
	g := replay.New(store, c)
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
			stores[i].Store = replicas[i]
			guards[i] = mustGuard(t, &stores[i], replay.Config{})
		}
		var passed [nonces]atomic.Int64
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				for i := range nonces {
					number := (i*(2*caller+1) + caller) % nonces
					err := use(t.Context(), guards[caller%2], fmt.Sprint(number))
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
		c := replay.Config{Retention: time.Millisecond}
		guards := []*replay.Guard{mustGuard(t, replicas[0], c), mustGuard(t, replicas[1], c)}
		must(t, use(t.Context(), guards[0], "one"))
		if err := useAt(t.Context(), guards[1], "one", now.Add(time.Millisecond)); walletport.ReasonOf(err) != "nonce_reused" {
			t.Errorf("while the use counts: %v, want nonce_reused", err)
		}
		must(t, useAt(t.Context(), guards[1], "one", now.Add(2*time.Millisecond)))
	})
}

// TestADayIsTheDefaultOnEachEngine holds the digest, too: it is what replicas of other
// versions compare with.
func TestADayIsTheDefaultOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, replicas [2]storage.Store) {
		seen := &counted{Store: replicas[0]}
		g := mustGuard(t, seen, replay.Config{})
		must(t, use(t.Context(), g, "\x75\xeb\xe1\x55"))
		const digest = "fc87cba1aedf5fbd47b9448f49af9ddb74059b7689525c546b07085ee94cadd9" // by sha256sum
		if last := *seen.last.Load(); fmt.Sprintf("%x", last.Digest) != digest || !last.At.Equal(now) || !last.Since.Equal(now.Add(-24*time.Hour)) {
			t.Errorf("use %+v", last)
		}
		if err := useAt(t.Context(), g, "\x75\xeb\xe1\x55", now.Add(24*time.Hour)); walletport.ReasonOf(err) != "nonce_reused" {
			t.Errorf("within a day: %v, want nonce_reused", err)
		}
		must(t, useAt(t.Context(), g, "\x75\xeb\xe1\x55", now.Add(24*time.Hour+time.Millisecond)))
	})
}

func TestOldUsesLeaveEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, replicas [2]storage.Store) {
		g := mustGuard(t, replicas[0], replay.Config{Retention: time.Hour})
		today, err := replicas[0].Now(t.Context())
		must(t, err)
		old, recent := today.Add(-3*time.Hour), today.Add(-90*time.Minute)
		must(t, useAt(t.Context(), g, "old", old))
		must(t, useAt(t.Context(), g, "recent", recent))
		must(t, g.Forget(t.Context()))
		must(t, useAt(t.Context(), g, "old", old))
		if err := useAt(t.Context(), g, "recent", recent); walletport.ReasonOf(err) != "nonce_reused" {
			t.Errorf("a use that may count for a call under way: %v, want nonce_reused", err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
