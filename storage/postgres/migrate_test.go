package postgres_test

import (
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// insertOldEntry is how a server of the version without step_up writes entry $1.
const insertOldEntry = `
INSERT INTO audit_entries (
    seq, time_ms, request_id, client_id, audit_user, action, issuer, card_id,
    wallet, scheme, outcome, key_versions, remote_address, hash
) VALUES ($1, 0, 'old', '', '', '', '', 7, '', '', 'ok', '[]', '192.0.2.1', decode(repeat('00', 32), 'hex'))`

// TestMigrateKeepsEntries takes the tables back to the version without step_up: the
// entries written there, and those that a server of that version still writes while
// this one starts, are entries without a proof.
func TestMigrateKeepsEntries(t *testing.T) {
	url := migrated(t)
	s := mustOpen(t, url)
	db := mustOpenSQL(t, url)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 4); err != nil {
		t.Fatalf("DownTo: %v", err)
	}
	write := func(seq int) {
		if _, err := db.ExecContext(t.Context(), insertOldEntry, seq); err != nil {
			t.Fatalf("entry %d as it was written before: %v", seq, err)
		}
	}
	write(1)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	write(2)
	got, err := s.AuditAfter(t.Context(), 0, 10)
	if err != nil {
		t.Fatalf("AuditAfter: %v", err)
	}
	if diff := cmp.Diff([]storage.AuditEntry{oldEntry(1), oldEntry(2)}, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func mustOpenSQL(t *testing.T, url string) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { db.Close() })
	return db
}

func oldEntry(seq int64) storage.AuditEntry {
	return storage.AuditEntry{
		Seq: seq,
		Record: walletport.AuditRecord{
			Time: time.UnixMilli(0).UTC(), RequestID: "old", CardID: 7, Outcome: walletport.OutcomeOK, RemoteAddress: "192.0.2.1",
		},
		Hash: make([]byte, 32),
	}
}
