package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mustPrint runs a command that has to succeed.
func mustPrint(t *testing.T, args ...string) string {
	t.Helper()
	code, printed := mustRunCommand(t, args...)
	if code != exitOK {
		t.Fatalf("%s: exit %d: %s", strings.Join(args, " "), code, printed)
	}
	return printed
}

func mustWriteTemp(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestARecordIsProvedToWhoHasNoDatabase(t *testing.T) {
	dir := mustMakeSandbox(t)
	key := mustWriteTemp(t, mustPrint(t, "keys", "export-public", "audit-checkpoint-v1", "--dir", dir))
	kept := mustWriteTemp(t, mustPrint(t, "audit", "checkpoint", "--dir", dir))
	vkey := strings.TrimSpace(mustPrint(t, "audit", "checkpoint", "--public-keys", "--dir", dir))

	proof := filepath.Join(t.TempDir(), "record.tlog-proof")
	mustPrint(t, "audit", "prove", "3", "--checkpoint", kept, "-o", proof, "--dir", dir)
	consistency := mustWriteTemp(t, mustPrint(t, "audit", "prove-consistency", "--checkpoint", kept, "--dir", dir))

	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"by a PEM file", []string{proof, "--key", key}, "record 3 is proved"},
		{"by the name and the key", []string{proof, "--public-key", vkey}, "record 3 is proved"},
		{"in the note that was kept", []string{proof, "--key", key, "--checkpoint", kept}, "record 3 is proved"},
		{"that the trail goes on", []string{consistency, "--key", key, "--checkpoint", kept}, "goes on from the older note"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if printed := mustPrint(t, append([]string{"audit", "verify-proof"}, c.args...)...); !strings.Contains(printed, c.want) {
				t.Errorf("printed %s", printed)
			}
		})
	}
	t.Run("as JSON", func(t *testing.T) {
		var got struct {
			Proved bool
			Size   int64
			Record struct{ Seq int64 }
		}
		if err := json.Unmarshal([]byte(mustPrint(t, "audit", "verify-proof", proof, "--key", key, "--json")), &got); err != nil || !got.Proved || got.Record.Seq != 3 || got.Size < 6 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("and that is recorded", func(t *testing.T) {
		if printed := mustPrint(t, "audit", "export", "--no-record", "--dir", dir); strings.Count(printed, `"action":"audit.prove"`) != 1 {
			t.Errorf("printed %s", printed)
		}
	})
	t.Run("unless none is wanted", func(t *testing.T) {
		mustPrint(t, "audit", "prove", "3", "--no-record", "--dir", dir)
		if printed := mustPrint(t, "audit", "export", "--no-record", "--dir", dir); strings.Count(printed, `"action":"audit.prove"`) != 1 {
			t.Errorf("printed %s", printed)
		}
	})
}

// TestNoProofIsShownWithoutItsRecord: the file would be out, and nobody could tell who has it.
func TestNoProofIsShownWithoutItsRecord(t *testing.T) {
	dir := mustMakeSandbox(t)
	mustTamper(t, dir, "CREATE TRIGGER full BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END")
	proof := filepath.Join(t.TempDir(), "record.tlog-proof")
	for _, args := range [][]string{{"audit", "prove", "3", "--dir", dir}, {"audit", "prove", "3", "-o", proof, "--dir", dir}} {
		code, printed := mustRunCommand(t, args...)
		if code == exitOK || !strings.Contains(printed, "audit_unavailable") || strings.Contains(printed, "tlog-proof") {
			t.Errorf("%s: exit %d, printed %s", args, code, printed)
		}
	}
	if _, err := os.Stat(proof); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

func TestAProofIsRefusedWithItsReason(t *testing.T) {
	dir := mustMakeSandbox(t)
	key := mustWriteTemp(t, mustPrint(t, "keys", "export-public", "audit-checkpoint-v1", "--dir", dir))
	foreign := t.TempDir() // with keys of its own
	mustOpen(t, foreign).Close()
	other := mustWriteTemp(t, mustPrint(t, "keys", "export-public", "audit-checkpoint-v1", "--dir", foreign))
	proof := mustPrint(t, "audit", "prove", "3", "--no-record", "--dir", dir)
	good := mustWriteTemp(t, proof)
	kept := mustWriteTemp(t, mustPrint(t, "audit", "checkpoint", "--dir", dir))
	goesOn := mustWriteTemp(t, mustPrint(t, "audit", "prove-consistency", "--checkpoint", kept, "--dir", dir))
	const witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
	for _, c := range []struct {
		name string
		code int
		args []string
		want string
	}{
		{"another key", exitFault, []string{good, "--key", other}, "checkpoint_key_unknown"},
		{"another record's number", exitFault, []string{mustWriteTemp(t, strings.Replace(proof, "index 2", "index 3", 1)), "--key", key}, "proof_mismatch"},
		{"no witness", exitFault, []string{good, "--key", key, "--witness", witness}, "unwitnessed"},
		{"no witness, named twice", exitFault, []string{good, "--key", key, "--witness", witness, "--witness", witness}, "the proof proves nothing: unwitnessed"},
		{"no proof", exitFault, []string{key, "--key", key, "--checkpoint", key}, "malformed"},
		{"a proof that was cut", exitFault, []string{mustWriteTemp(t, proof[:strings.Index(proof, "\n\n")]), "--key", key}, "the proof proves nothing: malformed: it stops"},
		{"as JSON", exitFault, []string{good, "--key", other, "--json"}, `"proved":false`},
		{"no key", exitUsage, []string{good}, "--key"},
		{"a key that is none", exitUsage, []string{good, "--public-key", "x"}, "--public-key"},
		{"a witness that is none", exitUsage, []string{good, "--key", key, "--witness", "x"}, "--witness"},
		{"a kept note that is empty", exitFault, []string{good, "--key", key, "--checkpoint", mustWriteTemp(t, "")}, "is empty"},
		{"no older note", exitUsage, []string{goesOn, "--key", key}, "--checkpoint"},
		{"no proof, and no older note", exitFault, []string{key, "--key", key}, "malformed"},
		{"a note for a proof", exitFault, []string{kept, "--key", key}, "the proof proves nothing: malformed: the file begins neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, printed := mustRunCommand(t, append([]string{"audit", "verify-proof"}, c.args...)...)
			if code != c.code || !strings.Contains(printed, c.want) || strings.Contains(printed, "malformed: malformed:") {
				t.Errorf("exit %d, printed %s", code, printed)
			}
		})
	}
	t.Run("a record that is not there", func(t *testing.T) {
		code, printed := mustRunCommand(t, "audit", "prove", "4711", "--no-record", "--dir", dir)
		if code == exitOK || !strings.Contains(printed, "audit_record_not_noted") {
			t.Errorf("exit %d, printed %s", code, printed)
		}
	})
	t.Run("a kept note that is empty", func(t *testing.T) {
		empty := mustWriteTemp(t, "")
		for _, args := range [][]string{{"audit", "prove", "3", "--no-record"}, {"audit", "prove-consistency"}} {
			code, printed := mustRunCommand(t, append(args, "--checkpoint", empty, "--dir", dir)...)
			if code == exitOK || !strings.Contains(printed, "is empty") {
				t.Errorf("%s: exit %d, printed %s", args, code, printed)
			}
		}
	})
	t.Run("a note of another key, and that is recorded", func(t *testing.T) {
		note := mustWriteTemp(t, mustPrint(t, "audit", "checkpoint", "--dir", foreign))
		code, printed := mustRunCommand(t, "audit", "prove", "3", "--checkpoint", note, "--dir", dir)
		if code == exitOK || !strings.Contains(printed, "audit_unproved: the note proves nothing: checkpoint_key_unknown") {
			t.Errorf("exit %d, printed %s", code, printed)
		}
		if printed := mustPrint(t, "audit", "export", "--no-record", "--dir", dir); strings.Count(printed, `"action":"audit.prove"`) != 1 || !strings.Contains(printed, `"outcome":"audit_unproved"`) {
			t.Errorf("exported %s", printed)
		}
	})
	t.Run("a tampered trail", func(t *testing.T) {
		mustTamper(t, dir, "UPDATE audit_entries SET audit_user = 'x' WHERE seq = 3")
		code, printed := mustRunCommand(t, "audit", "prove", "3", "--no-record", "--dir", dir)
		if code == exitOK || !strings.Contains(printed, "audit_unproved") || strings.Count(printed, "missing or was changed") != 1 {
			t.Errorf("exit %d, printed %s", code, printed)
		}
	})
}
