package file_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/keys/file"
)

func TestPassphraseOpensTheStore(t *testing.T) {
	c := newConfig(t)
	secret, err := file.Passphrase([]byte("correct horse battery"))
	must(t, err)
	c.Secret = secret.Cheap()
	_, err = file.Create(c)
	must(t, err)
	open(t, c)
	wrong, err := file.Passphrase([]byte("correct horse staple"))
	must(t, err)
	c.Secret = wrong.Cheap()
	_, err = file.Open(c)
	wantReason(t, err, "keystore_secret")
	_, err = file.Passphrase([]byte("short"))
	wantReason(t, err, "keystore_secret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "horse") || strings.Contains(text, fmt.Sprintf("%x", "horse")) {
			t.Errorf("%s prints the passphrase", verb)
		}
	}
}

func TestForgedHeaderCannotMakeOpeningDear(t *testing.T) {
	c := newConfig(t)
	dear := c
	dear.Secret = c.Secret.WithWorkFactor(10)
	_, err := file.Create(dear)
	must(t, err)
	content, err := os.ReadFile(c.Path)
	must(t, err)
	forged := bytes.Replace(content, []byte(" 10\n"), []byte(" 22\n"), 1)
	if bytes.Equal(forged, content) {
		t.Fatal("the header has no work factor to forge")
	}
	must(t, os.WriteFile(c.Path, forged, 0o600))
	_, err = file.Open(c)
	wantReason(t, err, "keystore_damaged")
}

func TestKeyFileIsChecked(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	for _, c := range []struct {
		name, content string
		mode          os.FileMode
		reason        string
	}{
		{"base64 of 32 bytes", good + "\n", 0o600, ""},
		{"a Windows line end", good + "\r\n", 0o600, ""},
		{"no line end", good, 0o400, ""},
		{"readable for the group, as container platforms mount secrets", good, 0o440, ""},
		{"readable for all is refused", good, 0o644, "keystore_permissions"},
		{"writable for the group is refused", good, 0o660, "keystore_permissions"},
		{"31 bytes are refused", base64.StdEncoding.EncodeToString(make([]byte, 31)), 0o600, "keystore_secret"},
		{"text that is no base64 is refused", "not base64", 0o600, "keystore_secret"},
		{"an empty file is refused", "", 0o600, "keystore_secret"},
		{"a huge file is refused", strings.Repeat("A", 17<<20), 0o600, "keystore_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			must(t, os.WriteFile(path, []byte(c.content), 0o600))
			must(t, os.Chmod(path, c.mode))
			_, err := file.KeyFile(path)
			wantReason(t, err, c.reason)
		})
	}
	_, err := file.KeyFile(filepath.Join(t.TempDir(), "absent"))
	wantReason(t, err, "keystore_missing")
	_, err = file.KeyFile(t.TempDir())
	wantReason(t, err, "keystore_permissions")
	existing := filepath.Join(t.TempDir(), "key")
	must(t, file.CreateKeyFile(existing))
	wantReason(t, file.CreateKeyFile(existing), "keystore_unavailable")
}
