package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAFileThatIsReplacedIsReadOn: a job that puts the next file in its place, as exports do each
// night, must not have an import read half of each.
func TestAFileThatIsReplacedIsReadOn(t *testing.T) {
	folder := t.TempDir()
	path, next := filepath.Join(folder, "cards.csv"), filepath.Join(folder, "next.csv")
	for name, content := range map[string]string{path: "the first", next: "another"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in, err := openImport(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if digest, err := in.digestAhead(); err != nil || digest == "" {
		t.Fatalf("digest %q, %v", digest, err)
	}
	begin := make([]byte, 4)
	if _, err := io.ReadFull(in, begin); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	again, err := in.again()
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for name, r := range map[string]struct {
		from io.Reader
		want string
	}{"again": {again, "the first"}, "on": {in, "first"}} {
		if got, err := io.ReadAll(r.from); string(got) != r.want || err != nil {
			t.Errorf("read %s: %q, %v; want %q", name, got, err, r.want)
		}
	}
}

// TestAFileThatIsWrittenToIsNoticed, and one that another file took the place of is as it was.
func TestAFileThatIsWrittenToIsNoticed(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(path string) error
		want  bool
	}{
		{"nothing happens", func(string) error { return nil }, false},
		{"another file gets its name", func(path string) error {
			if err := os.WriteFile(path+".next", []byte("other"), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".next", path)
		}, false},
		{"it is written over", func(path string) error { return os.WriteFile(path, []byte("second"), 0o600) }, true},
		{"it grows", func(path string) error { return os.WriteFile(path, []byte("first and more"), 0o600) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := mustWriteTemp(t, "first ")
			if err := os.Chtimes(path, time.Now(), time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			in, err := openImport(nil, path)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			if err := c.write(path); err != nil {
				t.Fatal(err)
			}
			if changed, err := in.changed(); changed != c.want || err != nil {
				t.Errorf("changed: %t, %v; want %t", changed, err, c.want)
			}
		})
	}
}

// TestAFileThatIsWrittenOverIsNotImportedToItsEnd: when the first of two files comes back, none of
// its rows is left out.
func TestAFileThatIsWrittenOverIsNotImportedToItsEnd(t *testing.T) {
	const rows, first, second = 30_000, 100_000, 200_000
	dir := mustMakeSandbox(t)
	file := mustWriteTemp(t, manyCards(first, rows))
	command := []string{"cards", "import", file, "--format", "csv", "--dir", dir}
	written := make(chan error, 1)
	db := mustOpenDatabase(t, dir)
	go func() { written <- writeOver(t.Context(), db, first, file, manyCards(second, rows)) }()
	code, printed := mustRunCommand(t, command...)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if code != exitFault || !strings.Contains(printed, "import_file_changed") || strings.Contains(printed, "the same command goes on") {
		t.Errorf("exit %d, printed %s", code, printed)
	}
	if err := os.WriteFile(file, []byte(manyCards(first, rows)), 0o600); err != nil {
		t.Fatal(err)
	}
	mustTamper(t, dir, "UPDATE imports SET beat_ms = beat_ms - 180000") // the process is still there, for it is this one
	code, printed = mustRunCommand(t, command...)
	if code != 0 || strings.Contains(printed, "goes on behind row") {
		t.Errorf("exit %d, printed %s", code, printed)
	}
	var stored int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM cards WHERE id >= ? AND id < ?", first, first+rows).Scan(&stored); err != nil || stored != rows {
		t.Errorf("%d cards of the first file are stored, want %d, %v", stored, rows, err)
	}
}

// mustOpenDatabase opens the database of a sandbox beside its commands.
func mustOpenDatabase(t *testing.T, dir string) *sql.DB {
	t.Helper()
	settings, err := location{Dir: dir}.load()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(settings.Database.URL, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// writeOver writes a file anew, in its place, as soon as a card of at least that id is stored.
func writeOver(ctx context.Context, db *sql.DB, id int, path, content string) error {
	for stored := 0; stored == 0; time.Sleep(time.Millisecond) {
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM cards WHERE id >= ?", id).Scan(&stored); err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

func manyCards(first, count int) string {
	var b strings.Builder
	b.WriteString("cardId,pan,expiryMonth,expiryYear\n")
	for i := range count {
		fmt.Fprintf(&b, "%d,5204247750001471,12,2031\n", first+i)
	}
	return b.String()
}
