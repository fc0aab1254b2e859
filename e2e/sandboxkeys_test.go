package e2e_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// madeKeys are the files with the keys and secrets of the first new sandbox, by name. It is
// package state because every later sandbox starts with them: a dozen RSA pairs take longer
// to make than all else that a start does. The tests of the README and of the command
// demo make their own.
var madeKeys struct {
	sync.Mutex
	files map[string][]byte
}

// keyPatterns are the names of such files.
var keyPatterns = []string{"keystore.*", "*.pem", "*.asc", "*-secrets.json", "*-secret.txt"}

// mustTakeKeys gives a new sandbox the keys that are made already, if there are, and
// reports whether it will make its own. One that is there keeps what it has.
func mustTakeKeys(t *testing.T, dir string) (makesOwn bool) {
	t.Helper()
	there, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	madeKeys.Lock()
	defer madeKeys.Unlock()
	if len(there) > 0 || madeKeys.files == nil {
		return len(there) == 0
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range madeKeys.files {
		mustWrite(t, filepath.Join(dir, name), string(content))
	}
	return false
}

// mustKeepKeys reads the keys that a new sandbox has made.
func mustKeepKeys(t *testing.T, dir string) {
	t.Helper()
	files := make(map[string][]byte)
	for _, pattern := range keyPatterns {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	madeKeys.Lock()
	defer madeKeys.Unlock()
	madeKeys.files = files
}
