package sqlite_test

import (
	"bytes"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	driver "modernc.org/sqlite"
)

// TestLibcIsTheDriversOwn guards against an upgrade of modernc.org/libc alone: the
// driver is C translated against one version of it, and works with no other.
func TestLibcIsTheDriversOwn(t *testing.T) {
	want := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(mustRead(t, goList(t, "{{.GoMod}}", "modernc.org/sqlite")))
	if want == nil {
		t.Fatal("the driver's go.mod does not name modernc.org/libc")
	}
	if got := goList(t, "{{.Version}}", "modernc.org/libc"); got != string(want[1]) {
		t.Errorf("modernc.org/libc is %s, but modernc.org/sqlite wants exactly %s", got, want[1])
	}
}

// TestCommitsWaitForTheirDataAlone: an fsync takes the time of the file's change through the journal
// of the file system too.
func TestCommitsWaitForTheirDataAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not everywhere is an fdatasync")
	}
	mustOpenMade(t, migrated(t))
	if !driver.FdatasyncEnabled() {
		t.Error("commits are made durable by fsync")
	}
}

func goList(t *testing.T, format, module string) string {
	t.Helper()
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", format, module)
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &stderr)
	}
	return strings.TrimSpace(string(output))
}
