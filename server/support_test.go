package server

import (
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/keys/file"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newKeyStore makes an empty key store.
func newKeyStore(t *testing.T) *file.Store {
	t.Helper()
	return makeKeyStore(t, filepath.Join(t.TempDir(), "k.age"))
}

func makeKeyStore(t *testing.T, path string) *file.Store {
	t.Helper()
	keyFile := filepath.Join(t.TempDir(), "k.key")
	must(t, file.CreateKeyFile(keyFile))
	secret, err := file.KeyFile(keyFile)
	must(t, err)
	store, err := file.Create(file.Config{Path: path, Secret: secret})
	must(t, err)
	return store
}
