package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

// program is the built walletport. It is package state because every test runs it.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "walletport-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "walletport")
	build := exec.Command("go", "build", "-o", program, "../cmd/walletport")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return storagetest.Main(m)
}

// engine is a database that a test can have an empty one of. url is "" for the
// program's own default.
type engine struct {
	name string
	url  func(t *testing.T) string
}

// engines is what walletport must behave the same on.
var engines = []engine{
	{"SQLite", func(*testing.T) string { return "" }},
	{"PostgreSQL", func(t *testing.T) string { return storagetest.Postgres(t) }},
}
