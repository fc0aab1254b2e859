package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStop: why a measurement failed and why a server did not end as it should are both told, with
// what the server said.
func TestStop(t *testing.T) {
	failed := errors.New("the measurement failed")
	for _, c := range []struct {
		name   string
		status int // with which the server ends
		failed error
		says   []string
	}{
		{"both went well", 0, nil, nil},
		{"the measurement failed", 0, failed, []string{failed.Error(), "the last word"}},
		{"the server failed", 3, nil, []string{"exit status 3", "the last word"}},
		{"both failed", 3, failed, []string{failed.Error(), "exit status 3", "the last word"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, _ := startScript(t, fmt.Sprintf(`trap "exit %d" TERM; echo ready; while :; do sleep 0.02; done`, c.status))
			err := server.stop(c.failed)
			if (err == nil) != (len(c.says) == 0) || c.failed != nil && !errors.Is(err, c.failed) {
				t.Fatalf("it returns %v", err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
	t.Run("the server had ended before", func(t *testing.T) {
		server, output := startScript(t, "echo ready; exit 4")
		_, err := io.Copy(io.Discard, output) // it ends when the script does
		must(t, err)
		if err := server.stop(nil); err == nil || !strings.Contains(err.Error(), "exit status 4") {
			t.Errorf("it returns %v", err)
		}
	})
}

// startScript runs a script in place of a server, until it has printed a line. More of its output
// can be read.
func startScript(t *testing.T, script string) (server *running, output io.Reader) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "serve.log")
	must(t, os.WriteFile(log, []byte("the last word\n"), 0o600))
	cmd := exec.Command("sh", "-c", script)
	output, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var word string
	_, err = fmt.Fscanln(output, &word)
	must(t, err)
	return &running{cmd: cmd, log: log}, output
}
