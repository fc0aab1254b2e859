package audit_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
)

// The environment of a child: this test binary, started by one of its tests to be
// killed or to be short of disk.
const (
	childMode     = "WALLETPORT_AUDIT_TEST_CHILD"    // what to do
	childDatabase = "WALLETPORT_AUDIT_TEST_DATABASE" // see openDatabase
	childSeed     = "WALLETPORT_AUDIT_TEST_SEED"     // hex of the checkpoint key's seed
)

var childSeedHex = strings.Repeat("5a", ed25519.SeedSize)

func runChild(mode string) error {
	ctx := context.Background()
	ring, err := ringOfSeed(os.Getenv(childSeed))
	if err != nil {
		return err
	}
	store, err := openDatabase(ctx, os.Getenv(childDatabase))
	if err != nil {
		return err
	}
	l, err := audit.New(audit.Config{
		Store: store, Keys: keystest.NewSource(ring), Clock: time.Now,
		Settings: audit.Settings{CheckpointEvery: 50},
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	switch mode {
	case "load":
		return recordForever(ctx, l)
	case "change":
		return changeAndWait(ctx, l, bufio.NewWriter(os.Stdout))
	case "changes":
		return changeForever(ctx, l)
	case "full":
		err = recordUntilFull(ctx, l, os.Stdout)
	default:
		err = errors.New("no such child")
	}
	stop()
	return errors.Join(err, <-ended, store.Close())
}

// recordForever prints the request id of each record that it was told is durable.
func recordForever(ctx context.Context, l *audit.Log) error {
	failed := make(chan error)
	for worker := range 16 {
		go func() {
			for i := 0; ; i++ {
				r := record(i)
				r.RequestID = fmt.Sprintf("worker-%d-%d", worker, i)
				if err := l.Record(ctx, r); err != nil {
					failed <- err
					return
				}
				if _, err := fmt.Println(r.RequestID); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// openDatabase opens a PostgreSQL URL or a SQLite path.
func openDatabase(ctx context.Context, database string) (storagetest.Migrating, error) {
	if strings.HasPrefix(database, "postgres:") {
		return postgres.Open(ctx, postgres.Config{URL: database})
	}
	return sqlite.Open(ctx, sqlite.Config{Path: database})
}

func ringOfSeed(seed string) (*keys.Ring, error) {
	b, err := hex.DecodeString(seed)
	if err != nil || len(b) != ed25519.SeedSize {
		return nil, errors.New("the seed is malformed")
	}
	signer, err := keys.NewSigner(ed25519.NewKeyFromSeed(b))
	if err != nil {
		return nil, err
	}
	return keys.NewRing([]*keys.Key{{
		Meta:   keys.Meta{ID: "audit-checkpoint-v1", Purpose: keys.AuditCheckpoint, Version: 1, State: keys.Active},
		Public: signer.Public(), Signer: signer,
	}}), nil
}

// mustStartChild starts a child and returns it with its standard output.
func mustStartChild(t *testing.T, mode, database string) (*exec.Cmd, io.Reader) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), childMode+"="+mode, childDatabase+"="+database, childSeed+"="+childSeedHex)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, out
}

// TestACrashLosesNoAcknowledgedRecord kills a server that is under load.
func TestACrashLosesNoAcknowledgedRecord(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		command, out := mustStartChild(t, "load", database)
		acknowledged := readUntilKilled(t, command, out, 1000)

		store := mustOpen(t, database)
		ring, err := ringOfSeed(childSeedHex)
		if err != nil {
			t.Fatal(err)
		}
		stored := map[string]bool{}
		for seq := int64(0); ; {
			page, err := store.AuditAfter(t.Context(), seq, 500)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				stored[e.Record.RequestID] = true
				seq = e.Seq
			}
		}
		for _, id := range acknowledged {
			if !stored[id] {
				t.Errorf("record %s was acknowledged and is lost", id)
			}
		}
		before := mustVerify(t, store, ring)
		if before.Checkpoints == 0 {
			t.Error("no checkpoint was made under load")
		}
		l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
		mustRecordAll(t, l, 10, 1)
		stop()
		if after := mustVerify(t, store, ring); after.Records != before.Records+10 || after.Unsigned != 0 {
			t.Errorf("after a restart: %+v, before: %+v", after, before)
		}
	})
}

// readUntilKilled kills the child after n lines and returns all that it wrote. A
// last line without an end was not written yet.
func readUntilKilled(t *testing.T, command *exec.Cmd, out io.Reader, n int) []string {
	t.Helper()
	var lines []string
	reader := bufio.NewReader(out)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
		if len(lines) == n {
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err == nil || len(lines) < n {
		t.Fatalf("the child ended by itself after %d lines: %v", len(lines), err)
	}
	return lines
}

func reasonIs(err error, reason string) bool { return walletport.ReasonOf(err) == reason }
