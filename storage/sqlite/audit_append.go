package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// The statement of an append is written here and not generated, for it has as many
// rows as a batch. With a statement a row, batches of 32 and of 256 records were
// measured to cost a sixth more processor time, and two thirds more allocations.
const (
	insertEntriesSQL = `
INSERT INTO audit_entries (
    seq, time_ms, request_id, client_id, audit_user, action, issuer, card_id,
    wallet, scheme, outcome, key_versions, step_up, remote_address, details, hash
) VALUES `

	entryColumns = 16
)

// runLengths are the numbers of rows that there are statements for, each the half of
// the one before: any batch is a few of them.
var runLengths = [...]int{32, 16, 8, 4, 2, 1}

// entryInserts are the prepared statements, in the order of runLengths.
type entryInserts [len(runLengths)]*sql.Stmt

func prepareEntryInserts(ctx context.Context, db *sql.DB) (*entryInserts, error) {
	row := "(?" + strings.Repeat(", ?", entryColumns-1) + ")"
	var inserts entryInserts
	for i, rows := range runLengths {
		insert, err := db.PrepareContext(ctx, insertEntriesSQL+row+strings.Repeat(", "+row, rows-1)) //nolint:sqlclosecheck // closed with the database, as the generated ones
		if err != nil {
			return nil, fmt.Errorf("prepare an insert of %d audit entries: %w", rows, err)
		}
		inserts[i] = insert
	}
	return &inserts, nil
}

// AppendAudit implements storage.Audit. The head is locked by the write lock
// that every transaction begins with.
func (s *Store) AppendAudit(ctx context.Context, link func(storage.AuditHead) ([]storage.AuditEntry, error)) error {
	return s.transactOn(ctx, func(tx *sql.Tx, p *statements) error { return appendAudit(ctx, tx, p, link) })
}

func appendAudit(ctx context.Context, tx *sql.Tx, p *statements, link func(storage.AuditHead) ([]storage.AuditEntry, error)) error {
	q := p.write.WithTx(tx)
	row, err := q.GetAuditHead(uncancelled(ctx))
	if err != nil {
		return storage.ErrUnavailable(ctx, fmt.Errorf("audit head: %w", err))
	}
	head := storage.AuditHead{Seq: row.Seq, Hash: row.Hash}
	entries, err := link(head)
	if err != nil || len(entries) == 0 {
		return err
	}
	if err := storage.CheckEntries(head, entries); err != nil {
		return err
	}
	if err := p.inserts.run(uncancelled(ctx), tx, entries); err != nil {
		return storage.ErrUnavailable(ctx, fmt.Errorf("audit entries: %w", err))
	}
	last := &entries[len(entries)-1]
	if err := q.SetAuditHead(uncancelled(ctx), sqlitedb.SetAuditHeadParams{Seq: last.Seq, Hash: notNull(last.Hash)}); err != nil {
		return storage.ErrUnavailable(ctx, fmt.Errorf("audit head: %w", err))
	}
	return nil
}

// run inserts entries in their order.
func (inserts *entryInserts) run(ctx context.Context, tx *sql.Tx, entries []storage.AuditEntry) error {
	args := make([]any, 0, entryColumns*min(len(entries), runLengths[0]))
	for i, rows := range runLengths {
		for ; len(entries) >= rows; entries = entries[rows:] {
			var err error
			if args, err = appendEntries(args[:0], entries[:rows]); err != nil {
				return err
			}
			insert := tx.StmtContext(ctx, inserts[i]) //nolint:sqlclosecheck // closed with the transaction
			if _, err := insert.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendEntries appends the columns of each entry, in the order of insertEntriesSQL.
func appendEntries(args []any, entries []storage.AuditEntry) ([]any, error) {
	for i := range entries {
		e := &entries[i]
		r := &e.Record
		keyVersions, err := storage.EncodeList(r.KeyVersions)
		if err != nil {
			return nil, err
		}
		details, err := storage.EncodeDetails(r.Details)
		if err != nil {
			return nil, err
		}
		args = append(args,
			e.Seq, r.Time.UnixMilli(), r.RequestID, r.ClientID, string(r.AuditUser), string(r.Action), string(r.Issuer), int64(r.CardID),
			r.Wallet, string(r.Scheme), r.Outcome, keyVersions, r.StepUp, r.RemoteAddress, details, notNull(e.Hash))
	}
	return args, nil
}
