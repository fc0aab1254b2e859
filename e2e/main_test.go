package e2e_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(runAndCleanUp(m)) }

// built is the program, built by the first test that runs it. It is package state
// because every test shares it.
var built struct {
	sync.Once
	dir, path string
	err       error
}

func runAndCleanUp(m *testing.M) int {
	defer func() { os.RemoveAll(built.dir) }()
	return storagetest.Main(m)
}

// mustProgram returns the path of the built program.
func mustProgram(t *testing.T) string {
	t.Helper()
	built.Do(func() { built.err = buildProgram() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func buildProgram() (err error) {
	if err := showSources(".."); err != nil {
		return err
	}
	if built.dir, err = os.MkdirTemp("", "walletport-e2e-"); err != nil {
		return err
	}
	built.path = filepath.Join(built.dir, "walletport")
	if out, err := goBuild("-o", built.path, "../cmd/walletport").CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// goBuild builds as make build does: tested is what is shipped, and both compile it once.
func goBuild(args ...string) *exec.Cmd {
	cmd := exec.Command("go", append([]string{"build", "-trimpath"}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd
}

// showSources looks into the module's folders. The go command keeps the result of
// a test until something changes that the test opened; it does not see what the
// program is built of, and would repeat a result that is no longer true.
func showSources(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "bin") {
			return filepath.SkipDir
		}
		return nil
	})
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
