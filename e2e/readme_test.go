package e2e_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
)

// TestReadme types the README's commands as they stand, all in one shell as a
// newcomer does, on free ports. Only the build is left out: the program is built.
func TestReadme(t *testing.T) {
	for _, name := range []string{"bash", "curl", "jq", "openssl"} {
		oracle.Need(t, name)
	}
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	script := []string{
		"set -euo pipefail",
		"trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT",
		"make() { :; }", // the program is there already
	}
	for _, block := range blocks {
		script = append(script, block[1])
	}
	typed := strings.Join(script, "\n")
	for _, port := range []string{"8080", "8443", "9090"} {
		typed = strings.ReplaceAll(typed, "127.0.0.1:"+port, freeAddress(t))
	}

	home := t.TempDir()
	bin := filepath.Join(home, "bin")
	if err := errors.Join(os.Mkdir(bin, 0o700), os.Symlink(mustProgram(t), filepath.Join(bin, "walletport"))); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-s")
	shell.Dir, shell.Stdin = home, strings.NewReader(typed)
	shell.Env = append(cleanEnv(), "TMPDIR="+home, "HOME="+home)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("the README's commands fail: %v\n%s", err, out)
	}
	for _, want := range []string{
		`"encryptedPassData":"`, `"accepted":true`, "This is an answer for Apple Pay.",
		"-----BEGIN PUBLIC KEY-----", "1 rows: 1 inserted", `{"digitizationData":"`, "the configuration is good", `"status":"ready"`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing says %s", want)
		}
	}
	for _, check := range regexp.MustCompile(`(?m)^  ✓ .*$`).FindAllString(string(text), -1) {
		if !strings.Contains(string(out), check+"\n") {
			t.Errorf("inspect does not print what the README shows: %s", check)
		}
	}
	if t.Failed() {
		t.Logf("the shell showed:\n%s", out)
	}
}

// freeAddress is one that nobody listens on, for a program that is told it.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
