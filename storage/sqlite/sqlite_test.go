package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestContract(t *testing.T) { storagetest.Run(t, newDatabase) }

func newDatabase(t testing.TB) storagetest.Open {
	path := filepath.Join(t.TempDir(), "walletport.db")
	return func(t testing.TB) storage.Store { return mustOpen(t, path) }
}

func mustOpen(t testing.TB, path string) *sqlite.Store {
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
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

func BenchmarkStore(b *testing.B) { storagetest.Bench(b, newDatabase) }
