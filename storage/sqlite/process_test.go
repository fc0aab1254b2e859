package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/storage"
)

// otherProcess names the database to a copy of this test binary, which is the other
// process of the tests below.
const otherProcess = "WALLETPORT_TEST_DATABASE"

const appendsOfAProcess = 25

// TestOtherProcess is what the other process does.
func TestOtherProcess(t *testing.T) {
	path := os.Getenv(otherProcess)
	if path == "" {
		t.Skip("this is a part of TestProcesses")
	}
	s := mustOpen(t, path)
	for range appendsOfAProcess {
		if err := s.AppendAudit(t.Context(), linkOne); err != nil {
			t.Fatal(err)
		}
	}
}

// TestProcesses starts several processes on a file that does not exist: each makes
// or finds the tables, and all append to one chain while this process reads it.
func TestProcesses(t *testing.T) {
	const count = 4
	path := filepath.Join(t.TempDir(), "walletport.db")
	processes := make([]*exec.Cmd, count)
	outputs := make([]bytes.Buffer, count)
	for i := range processes {
		processes[i] = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOtherProcess$")
		processes[i].Env = append(os.Environ(), otherProcess+"="+path)
		processes[i].Stdout, processes[i].Stderr = &outputs[i], &outputs[i]
		if err := processes[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() {
		var err error
		for i, p := range processes {
			if waitErr := p.Wait(); waitErr != nil {
				err = fmt.Errorf("process %d: %w: %s", i, waitErr, &outputs[i])
			}
		}
		ended <- err
	}()
	s := mustOpen(t, path)
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
			wantNoGap(t, s)
		}
	}
	if got := wantNoGap(t, s); got != count*appendsOfAProcess {
		t.Errorf("the chain has %d entries, want %d", got, count*appendsOfAProcess)
	}
	var migrations, distinct int
	row := s.ReadDB().QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT version_id) FROM goose_db_version")
	if err := row.Scan(&migrations, &distinct); err != nil {
		t.Fatal(err)
	}
	if files := len(mustGlob(t, "migrations/*.sql")); migrations != files+1 || distinct != migrations {
		t.Errorf("%d versions are recorded, %d of them different, want %d", migrations, distinct, files+1)
	}
}

// linkOne links an entry whose hash is that of the entry before, counted up.
func linkOne(head storage.AuditHead) ([]storage.AuditEntry, error) {
	return []storage.AuditEntry{{Seq: head.Seq + 1, Hash: countUp(head.Hash)}}, nil
}

func countUp(hash []byte) []byte {
	next := bytes.Clone(hash)
	for i := range next {
		if next[i]++; next[i] != 0 {
			break
		}
	}
	return next
}

// wantNoGap reads the chain and returns its length.
func wantNoGap(t *testing.T, s storage.Store) int {
	t.Helper()
	entries, err := s.AuditAfter(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	hash := make([]byte, 32)
	for i, e := range entries {
		hash = countUp(hash)
		if e.Seq != int64(i)+1 || !bytes.Equal(e.Hash, hash) {
			t.Fatalf("entry %d does not continue the chain", e.Seq)
		}
	}
	return len(entries)
}

func mustGlob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("files %s: %v, %v", pattern, paths, err)
	}
	return paths
}
