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
		story(t, storagetest.Postgres(t))
	})
}

func openStore(t testing.TB, database string) storage.Store {
	t.Helper()
	var store storage.Store
	var err error
	if strings.HasPrefix(database, "postgres:") {
		store, err = postgres.Open(t.Context(), postgres.Config{URL: database})
	} else {
		store, err = sqlite.Open(t.Context(), sqlite.Config{Path: database})
	}
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	must(t, store.(interface{ Migrate(context.Context) error }).Migrate(t.Context()))
	return store
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
