package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
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
