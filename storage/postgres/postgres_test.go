package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

func TestContract(t *testing.T) { storagetest.Run(t, newDatabase) }

func newDatabase(t testing.TB) storagetest.Open {
	url := migrated(t)
	return func(t testing.TB) storage.Store { return mustOpen(t, url) }
}

// migrated returns the URL of an empty database with its tables.
func migrated(t testing.TB) string {
	t.Helper()
	return storagetest.MigratedPostgres(t, func(ctx context.Context, url string) (storagetest.Migrating, error) {
		return postgres.Open(ctx, postgres.Config{URL: url})
	})
}

func mustOpen(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func BenchmarkStore(b *testing.B) { storagetest.Bench(b, newDatabase) }
