package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
)

// TestTheArchiveOfTheAuditPage types the commands of docs/audit.md, "To archive", as they
// stand, in a folder with a configuration of its own.
func TestTheArchiveOfTheAuditPage(t *testing.T) {
	oracle.Need(t, "bash")
	page, err := os.ReadFile("../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## To archive\n")
	block := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindStringSubmatch(section)
	if block == nil {
		t.Fatal("the page has no commands")
	}
	home := t.TempDir()
	for _, err := range []error{
		os.Symlink(mustProgram(t), filepath.Join(home, "walletport")),
		os.WriteFile(filepath.Join(home, "walletport.yaml"), []byte("keys: {file: keystore.age, key_file: keystore.key}\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	shell := exec.CommandContext(t.Context(), "bash", "-s")
	shell.Dir = home
	shell.Stdin = strings.NewReader(`set -euo pipefail
PATH="$PWD:$PATH"
walletport keys init --config walletport.yaml
walletport migrate --config walletport.yaml
walletport keys generate audit-checkpoint --activate --config walletport.yaml
` + block[1])
	shell.Env = append(cleanEnv(), "HOME="+home)
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "audit trail verified: ") || !strings.Contains(string(out), "the trail is the same from record 1 to ") {
		t.Errorf("the page's commands: %v\n%s", err, out)
	}
}
