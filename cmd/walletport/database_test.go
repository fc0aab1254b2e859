package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

// databaseCommands are all commands that open the database; CONFIG and CARDS are
// files.
var databaseCommands = []string{
	"serve --config CONFIG",
	"cards import CARDS --issuer acme --config CONFIG",
	"cards list --config CONFIG",
	"cards show 1 --config CONFIG",
	"cards rewrap --config CONFIG",
	"clients create --name n --issuer acme --scope provision --config CONFIG",
	"clients list --config CONFIG",
	"clients revoke wpc_none --config CONFIG",
	"keys generate tav-signing --config CONFIG",
	"keys activate audit-checkpoint-v1 --config CONFIG",
	"keys retire audit-checkpoint-v1 --config CONFIG",
	"audit verify --config CONFIG",
	"audit export --config CONFIG",
}

// operatorFolder makes a folder with a key store and a configuration.
func operatorFolder(t *testing.T, databaseURL string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "walletport.yaml"), fmt.Appendf(nil, "http: {listen: \"127.0.0.1:0\"}\ndatabase: {url: %q}\nkeys: {key_file: keystore.key}\n", databaseURL), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "cards.csv"), []byte("cardId,pan,expiryMonth,expiryYear\n1,5399999999999999,12,2031\n"), 0o600))
	if code, _, stderr := runs(t, "keys", "init", "--config", filepath.Join(dir, "walletport.yaml")); code != exitOK {
		t.Fatal(stderr)
	}
	return dir
}

// commandIn fills in a command's files.
func commandIn(dir, command string) []string {
	return strings.Fields(strings.NewReplacer("CONFIG", filepath.Join(dir, "walletport.yaml"), "CARDS", filepath.Join(dir, "cards.csv")).Replace(command))
}

func wantRefused(t *testing.T, dir, want string) {
	t.Helper()
	for _, command := range databaseCommands {
		code, stdout, stderr := runs(t, commandIn(dir, command)...)
		if code != exitFault || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit status %d, %s%s; want %q", command, code, stdout, stderr, want)
		}
	}
}

func TestOnlyMigrateMakesADatabase(t *testing.T) {
	dir := operatorFolder(t, "sqlite:walletport.db")
	path := filepath.Join(dir, "walletport.db")
	wantRefused(t, dir, "there is no database at "+path+": check database.url; walletport migrate makes a new one")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a command made the database: %v", err)
	}

	must(t, os.WriteFile(path, nil, 0o600))
	wantRefused(t, dir, "schema_missing: the database is empty")
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("a command wrote to the empty file: %v %v", info, err)
	}

	for _, want := range []string{"the database is made", "the database is up to date"} {
		if code, stdout, stderr := runs(t, commandIn(dir, "migrate --config CONFIG")...); code != exitOK || !strings.Contains(stdout, want) {
			t.Fatalf("migrate: %d %s%s", code, stdout, stderr)
		}
	}
	if code, _, stderr := runs(t, commandIn(dir, "clients list --config CONFIG")...); code != exitOK {
		t.Errorf("clients list after migrate: %s", stderr)
	}
}

func TestNoCommandWorksOnTablesOfAnotherVersion(t *testing.T) {
	for _, engine := range []struct {
		name, driver string
		url          func(dir string) (url, name string)
	}{
		{"SQLite", "sqlite", func(dir string) (string, string) {
			path := filepath.Join(dir, "walletport.db")
			return "sqlite:" + path, path
		}},
		{"PostgreSQL", "pgx", func(string) (string, string) {
			url := storagetest.Postgres(t)
			return url, url
		}},
	} {
		t.Run(engine.name, func(t *testing.T) {
			url, name := engine.url(t.TempDir())
			dir := operatorFolder(t, url)
			migrate := func() (int, string) {
				code, stdout, stderr := runs(t, commandIn(dir, "migrate --config CONFIG")...)
				return code, stdout + stderr
			}
			exec := func(statement string) {
				t.Helper()
				db, err := sql.Open(engine.driver, name)
				must(t, err)
				defer db.Close()
				_, err = db.ExecContext(t.Context(), statement)
				must(t, err)
			}
			if code, said := migrate(); code != exitOK {
				t.Fatal(said)
			}
			exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
			wantRefused(t, dir, "schema_newer: the database has schema version 99, newer than the")
			if code, said := migrate(); code != exitFault || !strings.Contains(said, "schema_newer") {
				t.Errorf("migrate back from the future: %d %s", code, said)
			}
			exec("DELETE FROM goose_db_version WHERE version_id > 4")
			wantRefused(t, dir, "schema_older: the database has schema version 4 and this program needs")
		})
	}
}
