//go:build unix

package audit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"testing"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/storage/storagetest"
)

// TestAFullDiskFailsClosed runs a child whose files may not grow: to SQLite a full
// disk and a limit on the size of files are one thing.
func TestAFullDiskFailsClosed(t *testing.T) {
	path := storagetest.MigratedFile(t, openDatabase)
	command, out := mustStartChild(t, "full", path)
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("the child failed: %v", err)
	}
	var acknowledged int64
	if _, err := fmt.Sscanf(string(text), "acknowledged %d", &acknowledged); err != nil {
		t.Fatalf("the child said %q", text)
	}
	ring, err := ringOfSeed(childSeedHex)
	if err != nil {
		t.Fatal(err)
	}
	// Refused records are not there, acknowledged ones are.
	if got := mustVerify(t, mustOpen(t, path), ring); got.Records != acknowledged || got.Unsigned != 0 {
		t.Errorf("Verify = %+v, want %d records, all signed", got, acknowledged)
	}
}

// recordUntilFull records until the disk is full, proves that it stays so, makes
// room and records again.
func recordUntilFull(ctx context.Context, l *audit.Log, out io.Writer) error {
	signal.Ignore(syscall.SIGXFSZ) // so that a write gets an error instead
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	room := limit.Cur
	limit.Cur = 300 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	acknowledged := 0
	var full error
	for full == nil {
		if acknowledged > 10_000 {
			return errors.New("the disk does not get full")
		}
		if full = l.Record(ctx, record(acknowledged)); full == nil {
			acknowledged++
		}
	}
	for range 3 {
		if err := l.Record(ctx, record(0)); !reasonIs(err, "audit_unavailable") || !reasonIs(full, "audit_unavailable") {
			return fmt.Errorf("on a full disk: %w, then: %w", full, err)
		}
	}
	limit.Cur = room
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for range 5 {
		if err := l.Record(ctx, record(acknowledged)); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
		acknowledged++
	}
	_, err := fmt.Fprintln(out, "acknowledged", acknowledged)
	return err
}
