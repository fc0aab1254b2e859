package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

func TestOpen(t *testing.T) {
	t.Run("the files are readable by their owner alone", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "walletport.db")
		mustOpen(t, path)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			wantMode(t, path+suffix, 0o600)
		}
	})
	t.Run("a file that others could read is closed to them", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "walletport.db")
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, path)
		wantMode(t, path, 0o640)
	})
	t.Run("a group that was let in stays", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "walletport.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o664); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, path)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			wantMode(t, path+suffix, 0o660)
		}
	})
	t.Run("a path may hold any character", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a b?mode=memory&c%20#d;é.db")
		mustOpen(t, path)
		wantMode(t, path, 0o600)
	})
	t.Run("without a path it says so", func(t *testing.T) {
		_, err := sqlite.Open(t.Context(), sqlite.Config{})
		if err == nil || !strings.Contains(err.Error(), "Path") {
			t.Errorf("Open: got error %v, want one that names Path", err)
		}
	})
	t.Run("a folder that is not there and a file that is no database are unavailable", func(t *testing.T) {
		garbage := filepath.Join(t.TempDir(), "garbage.db")
		if err := os.WriteFile(garbage, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Join(t.TempDir(), "no", "such.db"), garbage} {
			_, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
			wantUnavailable(t, "Open", err)
		}
	})
	t.Run("before the tables are made every call is unavailable, after it works", func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "walletport.db")})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		wantUnavailable(t, "Ping", s.Ping(t.Context()))
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping: %v", err)
		}
	})
}

func TestConnectionSettings(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "walletport.db"))
	setting := func(db *sql.DB, name string) string {
		var value string
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
			t.Fatalf("PRAGMA %s: %v", name, err)
		}
		return value
	}
	for _, c := range []struct{ name, write, read string }{
		{"journal_mode", "wal", "wal"},
		{"synchronous", "2", "2"}, // FULL
		{"foreign_keys", "1", ""},
		{"secure_delete", "1", ""},
		{"query_only", "0", "1"},
		{"busy_timeout", "4000", "4000"},
	} {
		if got := setting(s.WriteDB(), c.name); got != c.write {
			t.Errorf("the writer's %s is %s, want %s", c.name, got, c.write)
		}
		if got := setting(s.ReadDB(), c.name); c.read != "" && got != c.read {
			t.Errorf("the readers' %s is %s, want %s", c.name, got, c.read)
		}
	}
	if got := s.WriteDB().Stats().MaxOpenConnections; got != 1 {
		t.Errorf("%d connections may write, want 1", got)
	}
}

// TestRewrapForgetsOldKeys looks into the file: once the log is folded into it, the
// replaced key must be gone, and the new one there.
func TestRewrapForgetsOldKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.db")
	oldKey, newKey := []byte("the old wrapped key of a card"), []byte("the new wrapped key of a card")
	s := mustOpen(t, path)
	card := storage.Card{CardSummary: walletport.CardSummary{ID: 1, Issuer: "bank"}, WrappedKey: oldKey}
	if _, err := s.PutCards(t.Context(), []storage.Card{card}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	if !bytes.Contains(mustRead(t, path), oldKey) {
		t.Fatal("the file does not hold the key, so this test proves nothing")
	}
	s = mustOpen(t, path)
	n, err := s.Rewrap(t.Context(), []storage.CardRewrapping{{ID: 1, Old: oldKey, New: append(newKey, newKey...), KEK: "kek/2"}})
	if err != nil || n != 1 {
		t.Fatalf("Rewrap = %d, %v, want 1", n, err)
	}
	mustClose(t, s)
	content := mustRead(t, path)
	if bytes.Contains(content, oldKey) {
		t.Error("the file still holds the replaced key")
	}
	if !bytes.Contains(content, newKey) {
		t.Error("the file does not hold the new key")
	}
}

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, info.Mode().Perm()); diff != "" {
		t.Errorf("mode of %s (-want +got):\n%s", filepath.Ext(path), diff)
	}
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("%s: got error %v, want the reason store_unavailable", what, err)
	}
}

func mustClose(t *testing.T, s *sqlite.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
