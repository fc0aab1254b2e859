package clicktopay_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

// onEach runs a story on both engines, side by side: stories wait more than they work.
func onEach(t *testing.T, story func(t *testing.T, database string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		story(t, acttest.Database(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		story(t, storagetest.MigratedPostgres(t, openDatabase))
	})
}

func openStore(t testing.TB, database string) storage.Store {
	t.Helper()
	store, err := openDatabase(t.Context(), database)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store
}

// openDatabase opens a PostgreSQL URL or a SQLite path.
func openDatabase(ctx context.Context, database string) (storagetest.Migrating, error) {
	if strings.HasPrefix(database, "postgres:") {
		return postgres.Open(ctx, postgres.Config{URL: database})
	}
	return sqlite.Open(ctx, sqlite.Config{Path: database})
}

// runUntilEnd runs work until the test ends.
func runUntilEnd(t testing.TB, work func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
