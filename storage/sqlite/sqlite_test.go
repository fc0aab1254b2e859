package sqlite_test

import (
	"context"
	"testing"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestContract(t *testing.T) { storagetest.Run(t, newDatabase) }

func newDatabase(t testing.TB) storagetest.Open {
	path := migrated(t)
	return func(t testing.TB) storage.Store { return mustOpenMade(t, path) }
}

// migrated returns the path of an empty database with its tables.
func migrated(t testing.TB) string {
	t.Helper()
	return storagetest.MigratedFile(t, func(ctx context.Context, path string) (storagetest.Migrating, error) {
		return sqlite.Open(ctx, sqlite.Config{Path: path})
	})
}

// mustOpen opens a database, and makes its tables where there are none.
func mustOpen(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s := mustOpenMade(t, path)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

// mustOpenMade opens a database that has its tables.
func mustOpenMade(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
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
