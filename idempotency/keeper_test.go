package idempotency_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/idempotency"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

// replica is a database whose clock the test sets.
type replica struct {
	idempotency.Store
	now *atomic.Int64 // milliseconds
	err error         // of the clock
}

func (r replica) Now(context.Context) (time.Time, error) {
	return time.UnixMilli(r.now.Load()), r.err
}

// onEachEngine runs a story with two replicas on one database, whose clock is now.
func onEachEngine(t *testing.T, story func(t *testing.T, keepers [2]*idempotency.Keeper, now *atomic.Int64)) {
	t.Helper()
	onEachStore(t, func(t *testing.T, _ storage.Updater, keepers [2]*idempotency.Keeper, now *atomic.Int64) {
		story(t, keepers, now)
	})
}

// onEachStore is onEachEngine for a story that changes something too.
func onEachStore(t *testing.T, story func(t *testing.T, store storage.Updater, keepers [2]*idempotency.Keeper, now *atomic.Int64)) {
	t.Helper()
	run := func(t *testing.T, database string, open opener) {
		var keepers [2]*idempotency.Keeper
		var store storage.Updater
		now := new(atomic.Int64)
		now.Store(1_796_000_000_000)
		for i := range keepers {
			s, err := open(t.Context(), database)
			must(t, err)
			t.Cleanup(func() { must(t, s.Close()) })
			store, keepers[i] = s, idempotency.New(replica{s, now, nil}, idempotency.Config{Rand: rand.Reader})
		}
		story(t, store, keepers, now)
	}
	t.Run("SQLite", func(t *testing.T) {
		run(t, storagetest.MigratedFile(t, openSQLite), openSQLite)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		run(t, storagetest.MigratedPostgres(t, openPostgres), openPostgres)
	})
}

type opener func(ctx context.Context, database string) (storagetest.Migrating, error)

func openSQLite(ctx context.Context, path string) (storagetest.Migrating, error) {
	return sqlite.Open(ctx, sqlite.Config{Path: path})
}

func openPostgres(ctx context.Context, url string) (storagetest.Migrating, error) {
	return postgres.Open(ctx, postgres.Config{URL: url})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const lease = 25 * time.Second

var ok = walletport.KeptAnswer{Status: 200, ContentType: "application/json", Body: []byte(`{"a":1}`), Outcome: walletport.OutcomeOK, RequestID: "first"}

func claimOf(key, request byte) *walletport.AnswerClaim {
	return &walletport.AnswerClaim{Key: [32]byte{key}, Request: [32]byte{request}}
}

// mustClaim claims a key that is free.
func mustClaim(t *testing.T, k *idempotency.Keeper, key, request byte) walletport.AnswerClaim {
	t.Helper()
	claim := claimOf(key, request)
	answer, err := k.Claim(t.Context(), claim, lease)
	if err != nil || answer != nil {
		t.Fatalf("Claim = %+v, %v, want the key", answer, err)
	}
	return *claim
}

func wantRefused(t *testing.T, k *idempotency.Keeper, key, request byte, code walletport.Code, reason string) {
	t.Helper()
	answer, err := k.Claim(t.Context(), claimOf(key, request), lease)
	if answer != nil || walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("Claim = %+v, %v, want %s", answer, err, reason)
	}
}

func wantKept(t *testing.T, k *idempotency.Keeper, key, request byte, want walletport.KeptAnswer) {
	t.Helper()
	answer, err := k.Claim(t.Context(), claimOf(key, request), lease)
	must(t, err)
	if diff := cmp.Diff(&want, answer); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
}

func TestAnAnswerIsGivenAgainForADayOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, keepers [2]*idempotency.Keeper, now *atomic.Int64) {
		claim := mustClaim(t, keepers[0], 1, 1)
		for _, k := range keepers {
			wantRefused(t, k, 1, 1, walletport.CodeConflict, "idempotency_in_progress")
			wantRefused(t, k, 1, 2, walletport.CodeRejected, "idempotency_key_reused")
		}
		must(t, keepers[0].Keep(t.Context(), claim, ok))
		now.Add((24 * time.Hour).Milliseconds())
		must(t, keepers[1].Forget(t.Context()))
		for _, k := range keepers {
			wantKept(t, k, 1, 1, ok)
			wantRefused(t, k, 1, 2, walletport.CodeRejected, "idempotency_key_reused")
		}
		now.Add(1)
		mustClaim(t, keepers[1], 1, 2)
	})
}

func TestTheDeadHoldNobodyUpOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, keepers [2]*idempotency.Keeper, now *atomic.Int64) {
		dead := mustClaim(t, keepers[0], 1, 1)
		now.Add(lease.Milliseconds())
		wantRefused(t, keepers[1], 1, 1, walletport.CodeConflict, "idempotency_in_progress")
		now.Add(1)
		wantRefused(t, keepers[1], 1, 2, walletport.CodeRejected, "idempotency_key_reused")
		next := mustClaim(t, keepers[1], 1, 1)
		late := ok
		late.RequestID = "late"
		must(t, keepers[0].Keep(t.Context(), dead, late)) // who was thought dead is told nothing of it
		must(t, keepers[0].Drop(t.Context(), dead))
		wantRefused(t, keepers[0], 1, 1, walletport.CodeConflict, "idempotency_in_progress")
		must(t, keepers[1].Keep(t.Context(), next, ok))
		wantKept(t, keepers[0], 1, 1, ok)
	})
}

// TestWhatTheDeadHaveMadeIsKnownOnEachEngine to whoever takes their key over, and to nobody who
// begins anew with it.
func TestWhatTheDeadHaveMadeIsKnownOnEachEngine(t *testing.T) {
	onEachStore(t, func(t *testing.T, store storage.Updater, keepers [2]*idempotency.Keeper, now *atomic.Int64) {
		makes := func(claim walletport.AnswerClaim, id string) error {
			return store.Update(t.Context(), func(tx storage.Tx) error { return tx.NoteMade(claim, id) })
		}
		dead := mustClaim(t, keepers[0], 1, 1)
		must(t, makes(dead, "req-1"))
		for range 2 {
			now.Add(lease.Milliseconds() + 1)
			if heir := mustClaim(t, keepers[1], 1, 1); heir.Made != "req-1" {
				t.Errorf("the heir knows of %q", heir.Made)
			}
		}
		if err := makes(dead, "req-2"); walletport.ReasonOf(err) != "idempotency_in_progress" {
			t.Errorf("who was thought dead makes something: %v", err)
		}
		now.Add((24 * time.Hour).Milliseconds() + 1)
		if next := mustClaim(t, keepers[1], 1, 1); next.Made != "" {
			t.Errorf("a day later the key knows of %q", next.Made)
		}
	})
}

func TestADroppedKeyIsFreeOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, keepers [2]*idempotency.Keeper, _ *atomic.Int64) {
		must(t, keepers[0].Drop(t.Context(), mustClaim(t, keepers[0], 1, 1)))
		mustClaim(t, keepers[1], 1, 2)
	})
}

// TestOneOfManyRunsOnEachEngine has callers of two replicas claim the same keys, each in an
// order of its own.
func TestOneOfManyRunsOnEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, keepers [2]*idempotency.Keeper, _ *atomic.Int64) {
		const callers, keys = 12, 10
		var claimed [keys]atomic.Int64
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				for i := range keys {
					key := (i*(2*caller+1) + caller) % keys
					answer, err := keepers[caller%2].Claim(t.Context(), claimOf(byte(key), 1), lease)
					switch {
					case err == nil && answer == nil:
						claimed[key].Add(1)
					case walletport.ReasonOf(err) != "idempotency_in_progress":
						t.Errorf("key %d: %v, %v", key, answer, err)
					}
				}
			})
		}
		all.Wait()
		for key := range claimed {
			if got := claimed[key].Load(); got != 1 {
				t.Errorf("key %d was claimed %d times, want once", key, got)
			}
		}
	})
}

func TestOldAnswersLeaveEachEngine(t *testing.T) {
	onEachEngine(t, func(t *testing.T, keepers [2]*idempotency.Keeper, now *atomic.Int64) {
		must(t, keepers[0].Keep(t.Context(), mustClaim(t, keepers[0], 1, 1), ok))
		now.Add((24 * time.Hour).Milliseconds() + 1)
		must(t, keepers[1].Forget(t.Context()))
		now.Add(-1) // it would count now, if it were there
		mustClaim(t, keepers[1], 1, 2)
	})
}

// keeping is a database that keeps an answer or not.
type keeping struct {
	idempotency.Store
	kept bool
}

func (k keeping) KeepAnswer(context.Context, walletport.AnswerClaim, walletport.KeptAnswer) (bool, error) {
	return k.kept, nil
}

// TestAnAnswerThatComesTooLateIsLogged: calls that take longer than their lease are done twice.
func TestAnAnswerThatComesTooLateIsLogged(t *testing.T) {
	for _, kept := range []bool{true, false} {
		var lines bytes.Buffer
		k := idempotency.New(keeping{kept: kept}, idempotency.Config{Log: slog.New(slog.NewTextHandler(&lines, nil))})
		must(t, k.Keep(t.Context(), *claimOf(1, 1), ok))
		if isLogged := strings.Contains(lines.String(), "is not kept"); isLogged == kept || isLogged != strings.Contains(lines.String(), "request_id=first") {
			t.Errorf("of an answer that is kept (%t) it logs %q", kept, lines.String())
		}
	}
}

// TestNoClaimWithoutClockOrChance: a claim that could not be told from others is none.
func TestNoClaimWithoutClockOrChance(t *testing.T) {
	down := storage.ErrUnavailable(t.Context(), errors.New("down"))
	k := idempotency.New(replica{nil, new(atomic.Int64), down}, idempotency.Config{Rand: rand.Reader})
	wantRefused(t, k, 1, 1, walletport.CodeUnavailable, "store_unavailable")
	if err := k.Forget(t.Context()); walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("Forget: %v", err)
	}
	k = idempotency.New(replica{}, idempotency.Config{Rand: iotest.ErrReader(errors.New("no entropy"))})
	wantRefused(t, k, 1, 1, walletport.CodeInternal, "internal")
}
