package audit_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

// eachEngine runs test on a new database of each engine.
func eachEngine(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, storagetest.MigratedFile(t, openDatabase)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, storagetest.MigratedPostgres(t, openDatabase)) })
}

func mustOpen(t testing.TB, database string) storage.Store {
	t.Helper()
	s, err := openDatabase(t.Context(), database)
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return s
}

// mustExec does to a database what walletport never does.
func mustExec(t testing.TB, database string, statements ...string) {
	t.Helper()
	exec := execSQLite
	if strings.HasPrefix(database, "postgres:") {
		exec = execPostgres
	}
	if err := exec(t.Context(), database, strings.Join(statements, ";\n")); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func execSQLite(ctx context.Context, path, script string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, script)
	return err
}

func execPostgres(ctx context.Context, database, script string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.PgConn().Exec(ctx, script).ReadAll() // takes several statements
	return err
}

func TestReplicasShareOneChain(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		ring, seen := checkpointRing(t), &observed{}
		var stops []func()
		done := make(chan struct{})
		for range 2 {
			l, stop := mustRun(t, audit.Config{
				Store: mustOpen(t, database), Keys: keystest.NewSource(ring), Observer: seen,
				Settings: audit.Settings{CheckpointEvery: 40},
			})
			stops = append(stops, stop)
			go func() {
				mustRecordAll(t, l, 200, 8)
				done <- struct{}{}
			}()
		}
		<-done
		<-done
		store := mustOpen(t, database)
		mustVerify(t, store, ring) // before the last checkpoint
		for _, stop := range stops {
			stop()
		}
		got := mustVerify(t, store, ring)
		if got.Records != 400 || got.Checkpoints < 2 || got.Unsigned != 0 {
			t.Errorf("Verify = %+v, want 400 records, all signed", got)
		}
		if seen.failed > 0 || len(seen.lost) > 0 {
			t.Errorf("%d commits failed, losses %v", seen.failed, seen.lost)
		}
		wantExport(t, store, database)
	})
}

// wantExport checks that an export of a real engine verifies.
func wantExport(t *testing.T, store storage.Store, database string) {
	t.Helper()
	l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(checkpointRing(t))})
	mustRecordAll(t, l, 1, 1)
	stop()
	mustExec(t, database, "DELETE FROM audit_checkpoints")
	ring := checkpointRing(t)
	export := strings.Join(mustExport(t, store, audit.ExportOptions{Keys: ring}), "")
	if got, err := audit.VerifyExport(t.Context(), strings.NewReader(export), publicOf(t, ring)); err != nil || got.Records != 401 {
		t.Errorf("VerifyExport = %+v, %v", got, err)
	}
}

// TestTamperingWithTheTablesIsFound edits the rows of 12 records with checkpoints
// at 6 and 12.
func TestTamperingWithTheTablesIsFound(t *testing.T) {
	swap := []string{
		"UPDATE audit_entries SET seq = -5 WHERE seq = 5",
		"UPDATE audit_entries SET seq = 5 WHERE seq = 8",
		"UPDATE audit_entries SET seq = 8 WHERE seq = -5",
	}
	cases := []struct {
		name string
		sql  []string
		kind audit.Kind
		seq  int64
	}{
		{"a changed field", []string{"UPDATE audit_entries SET audit_user = 'someone else' WHERE seq = 5"}, audit.Changed, 5},
		{"a changed card", []string{"UPDATE audit_entries SET card_id = card_id + 1 WHERE seq = 5"}, audit.Changed, 5},
		{"a removed step-up", []string{"UPDATE audit_entries SET step_up = '' WHERE seq = 4"}, audit.Changed, 4},
		{"a deleted row", []string{"DELETE FROM audit_entries WHERE seq = 5"}, audit.Removed, 5},
		{"swapped rows", swap, audit.Reordered, 5},
		{"an inserted row", []string{
			"UPDATE audit_entries SET seq = -seq WHERE seq >= 5",
			"INSERT INTO audit_entries SELECT 5, time_ms, request_id, client_id, audit_user, action, issuer, card_id, wallet, scheme, outcome, key_versions, remote_address, hash, step_up, details FROM audit_entries WHERE seq = 4",
			"UPDATE audit_entries SET seq = 1 - seq WHERE seq < 0",
		}, audit.Inserted, 5},
		{"a deleted tail", []string{"DELETE FROM audit_entries WHERE seq > 10"}, audit.Truncated, 11},
		{"a deleted tail with the head set back", []string{
			"DELETE FROM audit_entries WHERE seq > 10",
			"UPDATE audit_head SET seq = 10, hash = (SELECT hash FROM audit_entries WHERE seq = 10)",
		}, audit.Truncated, 11},
		{"key versions that are no list", []string{"UPDATE audit_entries SET key_versions = 'x' WHERE seq = 5"}, audit.Changed, 5},
		{"details that are none", []string{"UPDATE audit_entries SET details = '{' WHERE seq = 5"}, audit.Changed, 5},
		{"added details", []string{"UPDATE audit_entries SET details = '{\"host\":\"other\"}' WHERE seq = 5"}, audit.Changed, 5},
		{"removed details", []string{"UPDATE audit_entries SET details = '' WHERE seq = 3"}, audit.Changed, 3},
		{"a deleted head", []string{"DELETE FROM audit_head"}, audit.HeadMismatch, 12},
		{"a deleted checkpoint moved elsewhere", []string{"UPDATE audit_checkpoints SET seq = 4 WHERE seq = 6"}, audit.CheckpointForged, 4},
	}
	eachEngine(t, func(t *testing.T, database string) {
		ring, store := checkpointRing(t), mustOpen(t, database)
		for range 2 {
			l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
			mustRecordAll(t, l, 6, 1)
			stop()
		}
		var restore []string
		for _, table := range []string{"audit_entries", "audit_head", "audit_checkpoints"} {
			mustExec(t, database, "CREATE TABLE saved_"+table+" AS SELECT * FROM "+table)
			restore = append(restore, "DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM saved_"+table)
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				mustVerify(t, store, ring)
				mustExec(t, database, c.sql...)
				_, err := audit.Verify(t.Context(), store, audit.TrustedKeys(ring))
				wantBreak(t, err, c.kind, c.seq)
				wantEvidence(t, store, ring)
				mustExec(t, database, restore...)
			})
		}
	})
}

// wantEvidence checks that the broken trail of a real engine can be exported whole, and
// that nobody takes the export for a good one.
func wantEvidence(t *testing.T, store storage.Store, ring *keys.Ring) {
	t.Helper()
	entries, err := store.AuditAfter(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = audit.Export(t.Context(), store, &out, audit.ExportOptions{Keys: ring, Now: start})
	if _, broken := errors.AsType[*audit.Break](err); !broken {
		t.Errorf("Export: %v", err)
	}
	if got := strings.Count(out.String(), "\n"); got != len(entries) {
		t.Errorf("%d lines for %d records", got, len(entries))
	}
	if _, err := audit.VerifyExport(t.Context(), &out, publicOf(t, ring)); err == nil {
		t.Error("VerifyExport takes the export of a broken trail")
	}
}

// TestADatabaseThatGoesAwayFailsClosed takes the database away under a running Log
// and gives it back.
func TestADatabaseThatGoesAwayFailsClosed(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		ring, store := checkpointRing(t), mustOpen(t, database)
		l, stop := mustRun(t, audit.Config{
			Store: store, Keys: keystest.NewSource(ring),
			Settings: audit.Settings{CommitTimeout: 3 * time.Second}, // which a busy machine has for a commit with a new connection
		})
		mustRecordAll(t, l, 20, 4)
		comeBack := mustTakeAway(t, database)
		errs := make(chan error, 5)
		for i := range cap(errs) {
			go func() { errs <- l.Record(t.Context(), record(100+i)) }()
		}
		for range cap(errs) {
			wantUnavailable(t, "Record without a database", <-errs)
		}
		comeBack()
		mustRecordAll(t, l, 20, 4)
		stop()
		if got := mustVerify(t, store, ring); got.Records != 40 || got.Unsigned != 0 {
			t.Errorf("Verify = %+v, want 40 records: none of those refused", got)
		}
	})
}

// mustTakeAway makes a database useless to its clients until the function that it
// returns is called.
func mustTakeAway(t *testing.T, database string) (comeBack func()) {
	t.Helper()
	if !strings.HasPrefix(database, "postgres:") {
		return mustLockSQLite(t, database)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	mustExec(t, u.String(), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	mustExec(t, u.String(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
	return func() { mustExec(t, u.String(), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS true") }
}

func mustLockSQLite(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err == nil {
		_, err = conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := conn.ExecContext(t.Context(), "ROLLBACK")
		if err := errors.Join(err, conn.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}
