package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/oracle"
)

// pageBlock is a piece of a page that stands as it is.
var pageBlock = regexp.MustCompile("(?ms)^```(sh)?\n(.*?)^```$")

// different is what differs from run to run, and what stands for it.
var different = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`DWSPMC[0-9a-f]{42}|DNITHE[0-9]{18}`), "REFERENCE"},
	{regexp.MustCompile(`\bwpc_\w+`), "CLIENT"},
	{regexp.MustCompile(`\b[a-p]{24}\b`), "CHANGE"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "REQUEST"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\d[T ][0-9:.]{5,}Z?`), "TIME"},
	{regexp.MustCompile(`\d\d/20\d\d`), "EXPIRY"},
	{regexp.MustCompile(`ends in \d{4}|- +\d{4} `), "DIGITS "},
	{regexp.MustCompile(`\d{4}  (\d+\s+\w+ ago|just now)`), "DIGITS AGE"},
	{regexp.MustCompile(`\s+`), " "},
	{regexp.MustCompile(`just now|\d+ (second|minute)s? ago`), "AGE"},
}

func alike(text string) string {
	for _, d := range different {
		text = d.pattern.ReplaceAllString(text, d.name)
	}
	return strings.TrimSpace(text)
}

// TestTheTokensPage types the commands of docs/tokens.md that call a sandbox.
func TestTheTokensPage(t *testing.T) {
	t.Parallel()
	mustTypePage(t, "../docs/tokens.md", "Call it", "Reasons")
}

// TestTheClickToPayPage types the commands of docs/click-to-pay.md that call a sandbox.
func TestTheClickToPayPage(t *testing.T) {
	t.Parallel()
	mustTypePage(t, "../docs/click-to-pay.md", "Call it", "Why a request failed")
}

// mustTypePage types the commands of a page, between two headings and all in one shell, with a
// sandbox beside it, and compares what each block prints with what the page shows below it.
func mustTypePage(t *testing.T, path, from, to string) {
	t.Helper()
	for _, name := range []string{"bash", "curl", "jq"} {
		oracle.Need(t, name)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, calls, _ := strings.Cut(string(page), "\n## "+from+"\n")
	calls, _, found := strings.Cut(calls, "\n## "+to+"\n")
	if !found {
		t.Fatal("the page has no calls")
	}
	const mark = "===="
	script := []string{"set -euo pipefail"}
	var typed, want []string
	for _, block := range pageBlock.FindAllStringSubmatch(calls, -1) {
		if block[1] == "sh" {
			typed = append(typed, block[2])
			script = append(script, block[2], "echo; echo "+mark)
		} else {
			want = append(want, block[2])
		}
	}
	if len(want) != len(typed) {
		t.Fatalf("%d blocks of commands, %d of what they print", len(typed), len(want))
	}

	home := t.TempDir()
	box := mustSandbox(t, filepath.Join(home, "my-sandbox"), "")
	bin := filepath.Join(home, "bin")
	if err := errors.Join(os.Mkdir(bin, 0o700), os.Symlink(mustProgram(t), filepath.Join(bin, "walletport"))); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-s")
	shell.Dir, shell.Stdin = home, strings.NewReader("PATH="+bin+":$PATH\n"+strings.Join(script, "\n"))
	shell.Env = append(cleanEnv(), "TMPDIR="+home, "HOME="+home)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("the page's commands fail: %v\n%s", err, out)
	}
	got := strings.Split(string(out), mark+"\n")
	for i := range want {
		if diff := cmp.Diff(alike(want[i]), alike(got[i])); diff != "" {
			t.Errorf("the page shows something else (-page +real) below\n%s%s\nreal:\n%s", typed[i], diff, got[i])
		}
	}
	box.mustStop(t)
}
