package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport/storage"
)

// The statements of an append are written here and not generated: they travel
// together, BEGIN and COMMIT among them, so that a batch of any size costs two
// round trips, and the head is locked for hardly longer than one.
//
// All who record lock the head, and a COMMIT that waits for the disk would keep it locked
// meanwhile: one record after the other would wait for a disk of its own. So this COMMIT does
// not wait (setHeadSQL), and flushSQL does, behind it: then the disk is written once for all
// who wait. The log is written in its order: what is durable has everything before it durable,
// on a standby that is waited for too. Nobody is answered before that. Others see a record a
// moment before it is durable: a commit of their own waits for both, and AuditHead waits.
const (
	// beginSQL names the isolation that all statements here are written for: what waited for
	// another's commit goes on with what that made. What a role, a database or the server says of
	// it (default_transaction_isolation) would have each change fail beside which a record came.
	beginSQL = `BEGIN ISOLATION LEVEL READ COMMITTED`

	lockHeadSQL = `SELECT seq, hash FROM audit_head FOR UPDATE`

	insertEntriesSQL = `
INSERT INTO audit_entries (
    seq, time_ms, request_id, client_id, audit_user, action, issuer, card_id,
    wallet, scheme, outcome, key_versions, step_up, remote_address, details, hash
)
SELECT * FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bytea[]
)`

	setHeadSQL = `UPDATE audit_head SET seq = $1, hash = $2 RETURNING set_config('synchronous_commit', 'off', true)`

	// flushSQL writes something into the log, for the commit of a transaction that did not would
	// wait for nothing.
	flushSQL = `SELECT pg_logical_emit_message(true, 'walletport', ''::text)`

	// flushSeenSQL is flushSQL where the server writes a log. A standby shows what is in its own.
	flushSeenSQL = flushSQL + ` WHERE NOT pg_is_in_recovery()`
)

// rollbackTimeout bounds the clean-up of a connection whose caller may be gone.
const rollbackTimeout = 2 * time.Second

type linker = func(storage.AuditHead) ([]storage.AuditEntry, error)

// AppendAudit implements storage.Audit. A commit whose answer was lost is looked
// for when the head is locked again, so that no record is written twice.
func (s *Store) AppendAudit(ctx context.Context, link linker) error {
	var sent []storage.AuditEntry
	return s.retryLost(ctx, func() error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return unavailable(ctx, err)
		}
		defer conn.Release()
		defer rollback(ctx, conn)
		return appendOn(ctx, conn, link, &sent)
	})
}

// appendOn makes one attempt. sent are the entries of the attempt before, when it
// ended without an answer to its commit.
func appendOn(ctx context.Context, conn *pgxpool.Conn, link linker, sent *[]storage.AuditEntry) error {
	head, err := lockHead(ctx, conn, beginSQL)
	if err != nil {
		return unavailable(ctx, err)
	}
	landed, err := isStored(ctx, conn, head, *sent)
	if err != nil {
		return unavailable(ctx, err)
	}
	if landed {
		if err := awaitStored(ctx, conn); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	}
	entries, args, err := linkTo(head, link)
	if err != nil || len(entries) == 0 {
		return err
	}
	*sent = entries
	if err := commitEntries(ctx, conn, args, entries[len(entries)-1]); err != nil {
		return unavailable(ctx, err)
	}
	return nil
}

// lockHead locks the head of the chain, after statements that travel with it.
func lockHead(ctx context.Context, conn *pgxpool.Conn, before ...string) (storage.AuditHead, error) {
	var head storage.AuditHead
	batch := &pgx.Batch{}
	for _, statement := range before {
		batch.Queue(statement)
	}
	batch.Queue(lockHeadSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&head.Seq, &head.Hash) })
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return storage.AuditHead{}, fmt.Errorf("lock audit head: %w", err)
	}
	return head, nil
}

// linkTo asks for the entries behind head, and returns them as the arguments of
// insertEntriesSQL too.
func linkTo(head storage.AuditHead, link linker) ([]storage.AuditEntry, []any, error) {
	entries, err := link(head)
	if err != nil || len(entries) == 0 {
		return nil, nil, err
	}
	if err := storage.CheckEntries(head, entries); err != nil {
		return nil, nil, err
	}
	args, err := entryColumns(entries)
	return entries, args, err
}

// isStored reports whether the entries stand in the chain. The attempt that wrote
// them held the lock that the caller holds now, so it has ended one way or the other.
func isStored(ctx context.Context, conn *pgxpool.Conn, head storage.AuditHead, sent []storage.AuditEntry) (bool, error) {
	if len(sent) == 0 {
		return false, nil
	}
	last := sent[len(sent)-1]
	if head.Seq < last.Seq {
		return false, nil
	}
	var hash []byte
	err := conn.QueryRow(ctx, "SELECT hash FROM audit_entries WHERE seq = $1", last.Seq).Scan(&hash)
	if err != nil {
		return false, fmt.Errorf("look for audit entry %d: %w", last.Seq, err)
	}
	return bytes.Equal(hash, last.Hash), nil
}

// awaitStored ends the transaction that found entries stored, and returns when they are durable:
// the connection may have been lost between their commit and that. This transaction locked the
// head, which is in the log, so its commit waits for all that is before.
func awaitStored(ctx context.Context, conn *pgxpool.Conn) error {
	if err := commit(ctx, conn); err != nil {
		return fmt.Errorf("await that the audit chain is durable: %w", err)
	}
	return nil
}

// commitEntries returns when the entries are durable, with all that the transaction changed.
func commitEntries(ctx context.Context, conn *pgxpool.Conn, args []any, last storage.AuditEntry) error {
	batch := &pgx.Batch{}
	batch.Queue(insertEntriesSQL, args...)
	batch.Queue(setHeadSQL, last.Seq, notNull(last.Hash))
	batch.Queue("COMMIT")
	batch.Queue(flushSQL) // a transaction of its own
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("append to the audit chain: %w", err)
	}
	if conn.Conn().PgConn().TxStatus() != 'I' {
		return errors.New("append to the audit chain: the transaction did not end")
	}
	return nil
}

// rollback ends the transaction of an attempt that did not commit, whose caller
// may have left. A connection that cannot even do that is closed by its release.
func rollback(ctx context.Context, conn *pgxpool.Conn) {
	pg := conn.Conn().PgConn()
	if pg.IsClosed() || pg.TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_, _ = conn.Exec(ctx, "ROLLBACK")
}

// entryColumns turns entries into one array for each column, in the order of
// insertEntriesSQL.
func entryColumns(entries []storage.AuditEntry) ([]any, error) {
	keyVersions, details := make([]string, len(entries)), make([]string, len(entries))
	for i := range entries {
		var err error
		if keyVersions[i], err = storage.EncodeList(entries[i].Record.KeyVersions); err != nil {
			return nil, err
		}
		if details[i], err = storage.EncodeDetails(entries[i].Record.Details); err != nil {
			return nil, err
		}
	}
	rows := make([]*storage.AuditEntry, len(entries))
	for i := range entries {
		rows[i] = &entries[i]
	}
	text := func(value func(*storage.AuditEntry) string) []string { return column(rows, value) }
	return []any{
		column(rows, func(e *storage.AuditEntry) int64 { return e.Seq }),
		column(rows, func(e *storage.AuditEntry) int64 { return e.Record.Time.UnixMilli() }),
		text(func(e *storage.AuditEntry) string { return e.Record.RequestID }),
		text(func(e *storage.AuditEntry) string { return e.Record.ClientID }),
		text(func(e *storage.AuditEntry) string { return string(e.Record.AuditUser) }),
		text(func(e *storage.AuditEntry) string { return string(e.Record.Action) }),
		text(func(e *storage.AuditEntry) string { return string(e.Record.Issuer) }),
		column(rows, func(e *storage.AuditEntry) int64 { return int64(e.Record.CardID) }),
		text(func(e *storage.AuditEntry) string { return e.Record.Wallet }),
		text(func(e *storage.AuditEntry) string { return string(e.Record.Scheme) }),
		text(func(e *storage.AuditEntry) string { return e.Record.Outcome }),
		keyVersions,
		text(func(e *storage.AuditEntry) string { return e.Record.StepUp }),
		text(func(e *storage.AuditEntry) string { return e.Record.RemoteAddress }),
		details,
		column(rows, func(e *storage.AuditEntry) []byte { return notNull(e.Hash) }),
	}, nil
}
