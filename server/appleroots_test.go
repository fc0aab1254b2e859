package server

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRootFiles(t *testing.T) {
	root := mustRoot(t, "root").pem()
	for _, c := range []struct {
		name    string
		content []byte
		count   int
	}{
		{"one certificate", root, 1},
		{"two in a file", append(root[:len(root):len(root)], root...), 2},
		{"no PEM", []byte("hello"), 0},
		{"a damaged certificate", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "root.pem")
			must(t, os.WriteFile(path, c.content, 0o600))
			roots, err := readRoots([]string{path})
			if len(roots) != c.count || (err == nil) != (c.count > 0) {
				t.Errorf("%d certificates, error %v", len(roots), err)
			}
		})
	}
	if _, err := readRoots([]string{filepath.Join(t.TempDir(), "none.pem")}); err == nil {
		t.Error("a file that is not there is taken")
	}
}
