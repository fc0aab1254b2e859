package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretRef(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	t.Setenv("WP_TEST_SECRET", "swordfish")
	t.Setenv("WP_TEST_EMPTY", "")
	for _, c := range []struct {
		name, ref, want, fault string
	}{
		{"a file", "file:" + write("plain", "swordfish"), "swordfish", ""},
		{"a file's last line break is dropped", "file:" + write("lf", "swordfish\n"), "swordfish", ""},
		{"so is the one of Windows", "file:" + write("crlf", "swordfish\r\n"), "swordfish", ""},
		{"only the last is", "file:" + write("two", "sword\nfish\n\n"), "sword\nfish\n", ""},
		{"spaces stay", "file:" + write("spaces", " swordfish "), " swordfish ", ""},
		{"a variable", "env:WP_TEST_SECRET", "swordfish", ""},
		{"an empty file is refused", "file:" + write("empty", "\n"), "", "is empty"},
		{"an empty variable is refused", "env:WP_TEST_EMPTY", "", "is empty"},
		{"a file that is not there is refused", "file:" + filepath.Join(dir, "none"), "", "read secret"},
		{"the secret itself is refused", "swordfish", "", "file:PATH or env:NAME"},
		{"a secret with a colon is refused", "swordfish:1", "", "file:PATH or env:NAME"},
		{"no place is refused", "env:", "", "file:PATH or env:NAME"},
		{"nothing is refused", "", "", "file:PATH or env:NAME"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := SecretRef(c.ref).Resolve()
			if string(got) != c.want || (err == nil) != (c.fault == "") {
				t.Fatalf("resolve = %q, %v; want %q", got, err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "swordfish")) {
				t.Errorf("error %q, want %q and no secret", err, c.fault)
			}
		})
	}
}

func TestSecretFilesCountFromTheConfigurationsFolder(t *testing.T) {
	for ref, want := range map[SecretRef]SecretRef{
		"file:secret":      "file:/etc/walletport/secret",
		"file:../secret":   "file:/etc/secret",
		"file:/run/secret": "file:/run/secret",
		"env:SECRET":       "env:SECRET",
		"file:":            "file:",
		"":                 "",
	} {
		if got := ref.relativeTo("/etc/walletport"); got != want {
			t.Errorf("%q becomes %q, want %q", ref, got, want)
		}
	}
}
