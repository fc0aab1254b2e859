// Package sandboxtest is for tests of a server that a sandbox is made around: they start with
// keys that are made already, for a dozen RSA pairs take longer to make than all else that a
// start does. Whoever tests that they are made takes an empty folder.
package sandboxtest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sandbox"
)

// Options are those of a sandbox in dir on a free port of loopback, opened by ada, that logs
// nothing.
func Options(dir string) sandbox.Options {
	return sandbox.Options{
		Dir: dir, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Clock: time.Now, Operator: "os:ada",
		AsOperator: func(ctx context.Context) context.Context {
			return walletport.WithRequest(walletport.WithActor(ctx, walletport.Actor{ClientID: "operator"}), walletport.Request{ID: "op-1"})
		},
	}
}

// Folder returns a folder of the test's own, with the keys and secrets of the first sandbox of
// this process and nothing else.
func Folder(t testing.TB) string {
	t.Helper()
	files, err := madeKeys()
	if err != nil {
		t.Fatalf("make the keys of a sandbox: %v", err)
	}
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// keyPatterns are the names of the files that hold keys and secrets.
var keyPatterns = []string{"keystore.*", "*.pem", "*.asc", "*-secrets.json", "*-secret.txt"}

// madeKeys makes a sandbox once, and returns its files with keys by name.
var madeKeys = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "sandbox-keys")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	box, err := sandbox.Open(context.Background(), Options(dir))
	if err != nil {
		return nil, err
	}
	box.Close()
	files := make(map[string][]byte)
	for _, pattern := range keyPatterns {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
})
