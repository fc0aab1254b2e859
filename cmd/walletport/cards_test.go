package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/vault"
)

func TestProgressIsDrawnOnATerminalOnly(t *testing.T) {
	t.Run("into a buffer and into a file nothing is drawn", func(t *testing.T) {
		file, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for _, w := range []interface{ Write([]byte) (int, error) }{&bytes.Buffer{}, file} {
			var options vault.ImportOptions
			showProgress(w, 100, "cards", &options)()
			if options.Progress != nil {
				t.Errorf("an import would draw into %T", w)
			}
		}
	})
	t.Run("a bar shows how many cards are done", func(t *testing.T) {
		var out bytes.Buffer
		var options vault.ImportOptions
		finish := drawProgress(&out, 100, "cards", &options)
		options.Progress(vault.ImportProgress{Rows: 7, Bytes: 50})
		finish()
		if text := out.String(); !strings.Contains(text, "7 cards") || !strings.Contains(text, "100%") {
			t.Errorf("drawn: %q", text)
		}
	})
}
