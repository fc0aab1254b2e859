package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/sandbox/sandboxtest"
)

// mustRunCommand runs a command and returns its exit code and what it printed.
func mustRunCommand(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), args, console{In: strings.NewReader(""), Out: &out, Err: &out})
	return code, out.String()
}

// sandboxRecords is how many records a new sandbox has: two of each API client that it
// makes.
const sandboxRecords = 6

// mustMakeSandbox makes a sandbox, which stands still, and whose trail is signed.
func mustMakeSandbox(t *testing.T) (dir string) {
	t.Helper()
	dir = sandboxtest.Folder(t)
	mustOpen(t, dir).Close()
	return dir
}

func mustTamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db := mustOpenDatabase(t, dir)
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestABrokenTrailIsEvidence(t *testing.T) {
	dir := mustMakeSandbox(t)
	archived := filepath.Join(t.TempDir(), "archived.jsonl.gz")
	if code, printed := mustRunCommand(t, "audit", "export", "--no-record", "--dir", dir, "-o", archived); code != exitOK {
		t.Fatalf("exit %d: %s", code, printed)
	}
	mustTamper(t, dir, "UPDATE audit_entries SET key_versions = 'x' WHERE seq = 2")

	evidence := filepath.Join(t.TempDir(), "evidence.jsonl")
	code, printed := mustRunCommand(t, "audit", "export", "--no-record", "--dir", dir, "-o", evidence)
	if code != exitFault || !strings.Contains(printed, "changed") || !strings.Contains(printed, evidence) {
		t.Errorf("export: exit %d, printed %s", code, printed)
	}
	text, err := os.ReadFile(evidence)
	if err != nil {
		t.Fatalf("the evidence is gone: %v", err)
	}
	if lines := bytes.Count(text, []byte("\n")); lines != sandboxRecords || !bytes.Contains(text, []byte(`"unreadable":{"keyVersions":"x"}`)) {
		t.Errorf("%d lines, want all records as they stand:\n%s", lines, text)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"the database", []string{"audit", "verify", "--dir", dir, "--no-record"}, "broken at record 2: changed: columns of the record cannot be read: keyVersions"},
		{"the export of it", []string{"audit", "verify", evidence, "--dir", dir}, "broken at record 2: changed"},
		{"the archived export against it", []string{"audit", "compare", archived, "--dir", dir, "--no-record"}, "broken at record 2: rewritten"},
		{"and it is recorded", []string{"audit", "verify", "--dir", dir}, "broken at record 2: changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, printed := mustRunCommand(t, c.args...); code != exitFault || !strings.Contains(printed, c.want) {
				t.Errorf("exit %d, printed %s", code, printed)
			}
		})
	}
}

// TestTheFileOfABrokenTrailIsNotCalledMoreThanItIs: it may have a part of the trail, or nothing.
func TestTheFileOfABrokenTrailIsNotCalledMoreThanItIs(t *testing.T) {
	dir := mustMakeSandbox(t)
	zeros := strings.Repeat("0", 64)
	for _, c := range []struct {
		after, want string
		lines       int // in the file; 0: there is none
	}{
		{"999", "the trail is broken, and has no record to export from there on", 0},
		{"2:" + zeros, fmt.Sprintf("the trail is broken; from record 3 to %d it is in ", sandboxRecords), sandboxRecords - 2},
	} {
		t.Run(c.after, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.jsonl")
			code, printed := mustRunCommand(t, "audit", "export", "--after", c.after, "--no-record", "-o", path, "--dir", dir)
			if code != exitFault || !strings.Contains(printed, c.want) || strings.Contains(printed, "all of it") {
				t.Errorf("exit %d, printed %s", code, printed)
			}
			text, err := os.ReadFile(path)
			if lines := bytes.Count(text, []byte("\n")); lines != c.lines || (err == nil) != (c.lines > 0) {
				t.Errorf("the file has %d lines, error %v", lines, err)
			}
		})
	}
	t.Run("cut", func(t *testing.T) {
		full, broken := errors.New("the disk is full"), &audit.Break{Seq: 2, Kind: audit.Changed}
		var told bytes.Buffer
		command := auditExportCommand{Output: filepath.Join(t.TempDir(), "x.jsonl")}
		err := command.keepEvidence(console{Err: &told}, audit.Exported{FirstWritten: 1, LastWritten: 6}, broken, full)
		if !errors.Is(err, full) || !errors.Is(err, broken) || strings.Contains(told.String(), "all of it") || !strings.Contains(told.String(), "is cut") {
			t.Errorf("error %v, told %s", err, told.String())
		}
	})
}

// TestADemandThatDemandsNothingIsRefused: a trail could not fail it.
func TestADemandThatDemandsNothingIsRefused(t *testing.T) {
	const key = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
	for _, demand := range []string{"--witnessed-within=0s", "--witnessed-within=-25h", "--at-least=0", "--at-least=-3", "--expect-head=0"} {
		t.Run(demand, func(t *testing.T) {
			if code, printed := mustRunCommand(t, "audit", "verify", "--no-record", "--witness", key, demand, "--dir", t.TempDir()); code != exitUsage {
				t.Errorf("exit %d, printed %s", code, printed)
			}
		})
	}
}

func TestATrailThatIsNotWhole(t *testing.T) {
	for _, c := range []struct {
		name   string
		tamper []string
		want   string
	}{
		{"emptied", []string{"DELETE FROM audit_entries", "DELETE FROM audit_checkpoints", "DELETE FROM audit_notes", "UPDATE audit_head SET seq = 0, hash = zeroblob(32)"}, "not whole: the trail has no record"},
		{"without its end, which the checkpoint knows", []string{"DELETE FROM audit_entries WHERE seq > 2", "UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_entries WHERE seq = 2)"}, fmt.Sprintf("truncated: a checkpoint over record %d is signed", sandboxRecords)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := mustMakeSandbox(t)
			mustTamper(t, dir, c.tamper...)
			if code, printed := mustRunCommand(t, "audit", "verify", "--no-record", "--dir", dir); code != exitFault || !strings.Contains(printed, c.want) {
				t.Errorf("exit %d, printed %s", code, printed)
			}
		})
	}
	t.Run("and is to be taken as it is", func(t *testing.T) {
		dir := mustMakeSandbox(t)
		mustTamper(t, dir, "DELETE FROM audit_entries", "DELETE FROM audit_checkpoints", "DELETE FROM audit_notes", "UPDATE audit_head SET seq = 0, hash = zeroblob(32)")
		if code, printed := mustRunCommand(t, "audit", "verify", "--partial", "--no-record", "--dir", dir); code != exitOK {
			t.Errorf("exit %d, printed %s", code, printed)
		}
	})
}
