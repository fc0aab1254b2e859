package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestSchema(t *testing.T) { storagetest.RunSchema(t, schemaEngine(t)) }

func TestNoTokenIDIsGivenTwice(t *testing.T) { storagetest.RunTokenIDs(t, schemaEngine(t)) }

func schemaEngine(t *testing.T) storagetest.SchemaEngine {
	path := filepath.Join(t.TempDir(), "walletport.db")
	open := func(existing bool) func(testing.TB) (storagetest.Migrating, error) {
		return func(t testing.TB) (storagetest.Migrating, error) {
			s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Existing: existing})
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
	return storagetest.SchemaEngine{Open: open(false), Existing: open(true), Exec: func(t testing.TB, statement string) {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}}
}

func TestDatabaseThatIsNotThereStaysSo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "empty.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte("This is a letter and no database of ours.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, reason string }{
		{"nothing at the path", "none.db", "database_absent"},
		{"no folder", "none/none.db", "database_absent"},
		{"an empty file", "empty.db", "schema_missing"},
		{"a folder", ".", "store_unavailable"},
		{"something else", "text.db", "store_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, c.path), Existing: true})
			if got := walletport.ReasonOf(err); got != c.reason {
				t.Errorf("Open: %v, want the reason %s", err, c.reason)
			}
		})
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "empty.db")); err != nil || info.Size() != 0 {
		t.Errorf("the empty file was written to: %v, %v", info, err)
	}
}
