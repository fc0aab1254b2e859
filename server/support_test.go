package server

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newKeyStore makes an empty key store.
func newKeyStore(t *testing.T) keys.Custody {
	t.Helper()
	return makeKeyStore(t, filepath.Join(t.TempDir(), "k.age"))
}

func makeKeyStore(t *testing.T, path string) keys.Custody {
	t.Helper()
	custody, err := CreateKeys(config.Keys{File: path, KeyFile: filepath.Join(t.TempDir(), "k.key")}, io.Discard)
	must(t, err)
	return custody
}
