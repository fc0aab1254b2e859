package e2e_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAProgramWithoutTheSandboxServes builds the program as a packager may: a server for
// production has no simulator in it. arch_test.go lists what such a program links.
func TestAProgramWithoutTheSandboxServes(t *testing.T) {
	bare := filepath.Join(t.TempDir(), "walletport")
	if out, err := goBuild("-tags", "nosandbox", "-o", bare, "../cmd/walletport").CombinedOutput(); err != nil {
		t.Fatalf("build with the tag nosandbox: %v\n%s", err, out)
	}
	t.Run("what it lacks says so", func(t *testing.T) {
		dir := t.TempDir()
		for _, args := range [][]string{
			{"sandbox", "--dir", dir, "--listen", plainHTTP}, {"demo"}, {"demo", "--keep", dir}, {"inspect", "-", "--json"},
			{"cards", "list", "--dir", dir},
		} {
			cmd := exec.Command(bare, args...)
			cmd.Env = cleanEnv()
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); err == nil || code != 2 || !strings.Contains(string(out), "built without the sandbox") || strings.Count(string(out), "\n") != 1 {
				t.Errorf("%s: exit code %d, printed %s; want 2 and one sentence", strings.Join(args, " "), code, out)
			}
		}
	})
	t.Run("and it serves", func(t *testing.T) {
		p := mustProduction(t, "", "http: {listen: '"+plainHTTP+"'}\n")
		s := &process{cmd: exec.Command(bare, "serve", "--config", p.configPath()), exited: make(chan struct{})}
		s.cmd.Env = cleanEnv()
		s.mustStart(t)
		c := newCaller(s.mustURL(t)+"/wallet", p.client)
		if !c.isReady() {
			t.Error("it is not ready")
		}
		if got := c.provision(serveCardID, "acme-wallet", "1"); got.status != http.StatusOK {
			t.Errorf("a call: %v", got)
		}
		s.mustStop(t)
	})
}
