package server

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
)

func TestConfigCheckWarnsOfADatabaseInPlainText(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(password, []byte("hello"), 0o600))
	for _, c := range []struct {
		url  string
		want bool
	}{
		{"postgres://ada@192.0.2.1/w", true},
		{"postgres://ada@192.0.2.1/w?sslmode=prefer", true},
		{"postgres://ada@192.0.2.1/w?sslmode=allow", true},
		{"postgres://ada@192.0.2.1/w?sslmode=disable", true},
		{"postgres://ada@127.0.0.1,192.0.2.1/w?sslmode=disable", true},
		{"postgres://ada@192.0.2.1/w?sslmode=require", false},
		{"postgres://ada@127.0.0.1/w", false},
		{"postgres:///w?host=/none", false},
	} {
		settings := config.Config{Database: config.Database{URL: c.url, Password: config.SecretRef("file:" + password)}}
		found := checkup{settings: settings, clock: time.Now}
		ended, end := context.WithCancel(t.Context())
		end() // what it says before it connects
		found.checkDatabase(ended)
		if got := strings.Contains(strings.Join(found.Warnings, "\n"), "plain text"); got != c.want {
			t.Errorf("%s: warned %v, want %v", c.url, got, c.want)
		}
	}
}

// A named pipe that nobody writes to would hold a server's start for ever.
func TestOnlyRegularFilesAreCertificates(t *testing.T) {
	for name, path := range map[string]string{"a folder": t.TempDir(), "a device": os.DevNull} {
		if _, err := openCertificateStore(t.Context(), config.TLS{CertificateFile: path, KeyFile: path}, nil); walletport.ReasonOf(err) != "file_kind" {
			t.Errorf("%s is taken for a certificate: %v", name, err)
		}
		if _, err := readRoots([]string{path}); walletport.ReasonOf(err) != "file_kind" {
			t.Errorf("%s is taken for Apple's roots: %v", name, err)
		}
	}
}
