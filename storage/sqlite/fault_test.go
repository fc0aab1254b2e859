package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
)

// bulky links one entry that fills a page and more.
func bulky(head storage.AuditHead) ([]storage.AuditEntry, error) {
	record := walletport.AuditRecord{RequestID: strings.Repeat("x", 5000)}
	return []storage.AuditEntry{{Seq: head.Seq + 1, Record: record, Hash: make([]byte, 32)}}, nil
}

func TestFullDisk(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	if err := s.AppendAudit(t.Context(), bulky); err != nil {
		t.Fatal(err)
	}
	mustExec(t, s, "PRAGMA max_page_count = 1") // SQLite takes the present size as the least
	err := s.AppendAudit(t.Context(), bulky)
	wantUnavailable(t, "AppendAudit on a full disk", err)
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("the error %v does not tell the operator that the disk is full", err)
	}
	if head, err := s.AuditHead(t.Context()); err != nil || head.Seq != 1 {
		t.Errorf("AuditHead = %d, %v, want 1: the failed append must leave nothing", head.Seq, err)
	}
	mustExec(t, s, "PRAGMA max_page_count = 1000000")
	if err := s.AppendAudit(t.Context(), bulky); err != nil {
		t.Errorf("AppendAudit with room again: %v", err)
	}
}

// TestImportOntoAFullDisk: a batch of an import for which there is no room leaves neither cards
// nor a mark, and is stored when there is.
func TestImportOntoAFullDisk(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	im := storage.Import{ID: "file", Holder: "one", State: []byte("begun")}
	if claimed, err := s.ClaimImport(t.Context(), im, ""); err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	changes := make([]storage.CardChange, 1000)
	for i := range changes {
		changes[i].Card = storage.Card{CardSummary: walletport.CardSummary{ID: walletport.CardID(i + 1), Issuer: "bank"}, Sealed: make([]byte, 100)}
	}
	mark := storage.ImportMark{ID: "file", Holder: "one", State: []byte("a batch")}
	mustExec(t, s, "PRAGMA max_page_count = 1")
	_, err := s.ChangeCards(t.Context(), changes, &mark)
	wantUnavailable(t, "ChangeCards on a full disk", err)
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("the error %v does not tell the operator that the disk is full", err)
	}
	wantUnavailable(t, "AddCardFinds on a full disk", s.AddCardFinds(t.Context(), manyFinds(5000)))
	stored, err := s.CardsAfter(t.Context(), "", 0, 10)
	got, importErr := s.Import(t.Context(), "file")
	if len(stored) != 0 || string(got.State) != "begun" || err != nil || importErr != nil {
		t.Errorf("%d cards are stored, and the import is at %q: %v, %v", len(stored), got.State, err, importErr)
	}
	mustExec(t, s, "PRAGMA max_page_count = 1000000")
	if missed, err := s.ChangeCards(t.Context(), changes, &mark); err != nil || len(missed) != 0 {
		t.Errorf("with room again: %d missed, %v", len(missed), err)
	}
	if got, err := s.Import(t.Context(), "file"); err != nil || string(got.State) != "a batch" {
		t.Errorf("the import is at %q, %v", got.State, err)
	}
}

func manyFinds(n int) []storage.CardFind {
	finds := make([]storage.CardFind, n)
	for i := range finds {
		finds[i] = storage.CardFind{Attribute: storage.ByCustomer, Value: fmt.Appendf(nil, "customer %d", i), ID: 1}
	}
	return finds
}

func TestFailureInTheMiddleLeavesNothing(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	for _, table := range []string{"cards", "audit_entries"} {
		mustExec(t, s, "CREATE TRIGGER fail_"+table+" BEFORE INSERT ON "+table+
			" WHEN NEW.rowid = 2 BEGIN SELECT RAISE(ABORT, 'asked to fail'); END")
	}
	cards := make([]storage.Card, 3)
	for i := range cards {
		cards[i] = storage.Card{CardSummary: walletport.CardSummary{ID: walletport.CardID(i + 1), Issuer: "bank"}}
	}
	_, err := s.PutCards(t.Context(), cards)
	wantUnavailable(t, "PutCards", err)
	if stored, err := s.CardsAfter(t.Context(), "", 0, 10); err != nil || len(stored) != 0 {
		t.Errorf("CardsAfter = %v, %v, want none", stored, err)
	}
	err = s.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		return []storage.AuditEntry{{Seq: 1}, {Seq: 2}}, nil
	})
	wantUnavailable(t, "AppendAudit", err)
	if got := wantNoGap(t, s); got != 0 {
		t.Errorf("the chain has %d entries, want none", got)
	}
	mustExec(t, s, "CREATE TRIGGER fail_nonces BEFORE INSERT ON nonces WHEN NEW.issuer = 'second' BEGIN SELECT RAISE(ABORT, 'asked to fail'); END")
	_, err = s.UseNonces(t.Context(), []storage.NonceUse{{Nonce: storage.Nonce{Issuer: "first"}}, {Nonce: storage.Nonce{Issuer: "second"}}})
	wantUnavailable(t, "UseNonces", err)
	if n, err := s.ForgetNonces(t.Context(), time.UnixMilli(1), 10); n != 0 || err != nil {
		t.Errorf("ForgetNonces = %d, %v, want none", n, err)
	}
}

// TestAFaultUndoesAnUpdate whatever change makes of the error.
func TestAFaultUndoesAnUpdate(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	mustExec(t, s, "CREATE TRIGGER fail_clients BEFORE INSERT ON clients WHEN NEW.id = 'second' BEGIN SELECT RAISE(ABORT, 'asked to fail'); END")
	mustExec(t, s, "CREATE TRIGGER fail_entries BEFORE INSERT ON audit_entries WHEN NEW.rowid = 2 BEGIN SELECT RAISE(ABORT, 'asked to fail'); END")
	goOn := func(tx storage.Tx) error {
		if err := tx.AddClient(storage.Client{ID: "first"}); err != nil {
			t.Errorf("AddClient: %v", err)
		}
		wantUnavailable(t, "AddClient", tx.AddClient(storage.Client{ID: "second"}))
		return tx.AddClient(storage.Client{ID: "third"})
	}
	wantUnavailable(t, "Update whose change goes on", s.Update(t.Context(), goOn))
	err := s.Update(t.Context(), func(tx storage.Tx) error { return errors.Join(tx.AppendAudit(linkOne), goOn(tx)) })
	wantUnavailable(t, "Update that appends, and whose change goes on", err)
	err = s.Update(t.Context(), func(tx storage.Tx) error {
		twice := func(storage.AuditHead) ([]storage.AuditEntry, error) {
			return []storage.AuditEntry{{Seq: 1}, {Seq: 2}}, nil
		}
		return errors.Join(tx.AppendAudit(twice), tx.AddClient(storage.Client{ID: "first"}))
	})
	wantUnavailable(t, "Update that appends", err)
	if clients, err := s.Clients(t.Context()); err != nil || len(clients) > 0 {
		t.Errorf("Clients = %v, %v, want none", clients, err)
	}
	if got := wantNoGap(t, s); got != 0 {
		t.Errorf("the chain has %d entries, want none", got)
	}
}

func TestNothingCanBeWritten(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	mustExec(t, s, "PRAGMA query_only = on")
	wantUnavailable(t, "Ping", s.Ping(t.Context()))
	_, err := s.UseNonces(t.Context(), make([]storage.NonceUse, 1))
	wantUnavailable(t, "UseNonces", err)
	wantUnavailable(t, "Update", s.Update(t.Context(), func(tx storage.Tx) error { return tx.AddClient(storage.Client{ID: "one"}) }))
	mustExec(t, s, "PRAGMA query_only = off")
	if fresh, err := s.UseNonces(t.Context(), make([]storage.NonceUse, 1)); err != nil || !fresh[0] {
		t.Errorf("UseNonces once it can be written again = %v, %v", fresh, err)
	}
}

// TestWaitForAnotherWriter holds the write lock as another process would: a caller
// waits for it, and can leave.
func TestWaitForAnotherWriter(t *testing.T) {
	path := migrated(t)
	s, other := mustOpenMade(t, path), mustOpenMade(t, path)
	inside, leave := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() {
		held <- other.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			close(inside)
			<-leave
			return bulky(head)
		})
	}()
	<-inside
	ctx, cancel := context.WithCancelCause(t.Context())
	waiting := make(chan error, 1)
	go func() { waiting <- s.AppendAudit(ctx, bulky) }()
	cancel(context.Canceled)
	wantUnavailable(t, "a caller who left", <-waiting)
	go func() { waiting <- s.AppendAudit(t.Context(), bulky) }()
	close(leave)
	if err := <-held; err != nil {
		t.Errorf("the one who held the lock: %v", err)
	}
	if err := <-waiting; err != nil {
		t.Errorf("the one who waited: %v", err)
	}
	if head, err := s.AuditHead(t.Context()); err != nil || head.Seq != 2 {
		t.Errorf("AuditHead = %d, %v, want 2", head.Seq, err)
	}
}

func mustExec(t *testing.T, s *sqlite.Store, statement string) {
	t.Helper()
	if _, err := s.WriteDB().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}
