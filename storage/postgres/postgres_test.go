package postgres_test

import (
	"os"
	"testing"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

func TestContract(t *testing.T) { storagetest.Run(t, newDatabase) }

func newDatabase(t testing.TB) storagetest.Open {
	url := storagetest.Postgres(t)
	return func(t testing.TB) storage.Store { return mustOpen(t, url) }
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
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

func BenchmarkStore(b *testing.B) { storagetest.Bench(b, newDatabase) }
