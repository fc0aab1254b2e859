package sqlite_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// insertOldEntry is how a server of the version without step_up writes entry ?1.
const insertOldEntry = `
INSERT INTO audit_entries (
    seq, time_ms, request_id, client_id, audit_user, action, issuer, card_id,
    wallet, scheme, outcome, key_versions, remote_address, hash
) VALUES (?1, 0, 'old', '', '', '', '', 7, '', '', 'ok', '[]', '192.0.2.1', zeroblob(32))`

// TestMigrateKeepsEntries takes the tables back to the version without step_up: the
// entries written there, and those that a server of that version still writes while
// this one starts, are entries without a proof.
func TestMigrateKeepsEntries(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.WriteDB(), os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 4); err != nil {
		t.Fatalf("DownTo: %v", err)
	}
	write := func(seq int) {
		if _, err := s.WriteDB().ExecContext(t.Context(), insertOldEntry, seq); err != nil {
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

// TestMigrateFindsCards: cards that were stored when indexes found them are found as before.
func TestMigrateFindsCards(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.WriteDB(), os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 18); err != nil {
		t.Fatalf("DownTo: %v", err)
	}
	mustExec(t, s, `INSERT INTO cards VALUES
(1, 'acme', 'C1', 'mastercard', '', 'CARD_OK', 2031, 12, '52042477', '1471', x'0102', x'', x'', '', x'', 0),
(2, 'acme', '', 'mastercard', '', 'CARD_FORGOTTEN', 0, 0, '', '', x'', x'', x'', '', x'', 0)`)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	byPAN, panErr := s.CardsByPANIndex(t.Context(), []byte{1, 2})
	byCustomer, customerErr := s.CardsByCustomer(t.Context(), "C1", storage.CardPage{Limit: 10})
	byLastFour, lastErr := s.CardsByLastFour(t.Context(), "1471", storage.CardPage{Limit: 10})
	if err := errors.Join(panErr, customerErr, lastErr); err != nil {
		t.Fatal(err)
	}
	for by, found := range map[string][]storage.Card{"PAN": byPAN, "customer": byCustomer, "last four": byLastFour} {
		if len(found) != 1 || found[0].ID != 1 {
			t.Errorf("the %s finds %d cards", by, len(found))
		}
	}
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
