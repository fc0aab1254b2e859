package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport/storage"
)

// beginning runs the statements of a transaction. The first of them begins it: BEGIN travels
// with it, and does not cost a round trip of its own. It implements pgdb.DBTX.
type beginning struct {
	conn  *pgxpool.Conn
	begun bool // or tried
}

// Exec implements pgdb.DBTX.
func (b *beginning) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if b.begun {
		return b.conn.Exec(ctx, sql, args...)
	}
	results := b.first(ctx, sql, args)
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag, err
}

// Query implements pgdb.DBTX.
func (b *beginning) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if b.begun {
		return b.conn.Query(ctx, sql, args...)
	}
	results := b.first(ctx, sql, args)
	rows, err := results.Query()
	if err != nil {
		_ = results.Close() // err says why
		return nil, err
	}
	return &firstRows{Rows: rows, results: results}, nil
}

// QueryRow implements pgdb.DBTX.
func (b *beginning) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if b.begun {
		return b.conn.QueryRow(ctx, sql, args...)
	}
	return firstRow{b.first(ctx, sql, args)}
}

// lockHead locks the head of the audit chain.
func (b *beginning) lockHead(ctx context.Context) (storage.AuditHead, error) {
	if b.begun {
		return lockHead(ctx, b.conn)
	}
	b.begun = true
	return lockHead(ctx, b.conn, beginSQL)
}

// SendBatch implements pgdb.DBTX.
func (b *beginning) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	if b.begun {
		return b.conn.SendBatch(ctx, batch)
	}
	b.begun = true
	whole := &pgx.Batch{}
	whole.Queue(beginSQL)
	whole.QueuedQueries = append(whole.QueuedQueries, batch.QueuedQueries...)
	results := b.conn.SendBatch(ctx, whole)
	_, _ = results.Exec() // of BEGIN: where it failed, the next result says so too
	return results
}

// first sends BEGIN and the first statement.
func (b *beginning) first(ctx context.Context, sql string, args []any) pgx.BatchResults {
	batch := &pgx.Batch{}
	batch.Queue(sql, args...)
	return b.SendBatch(ctx, batch)
}

// firstRows are those of the first statement.
type firstRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error // of the end of the batch
}

// Next implements pgx.Rows. Behind the last row the connection is free again.
func (r *firstRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close implements pgx.Rows.
func (r *firstRows) Close() {
	r.Rows.Close()
	if err := r.results.Close(); r.err == nil {
		r.err = err
	}
}

// Err implements pgx.Rows.
func (r *firstRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

// firstRow is that of the first statement.
type firstRow struct{ results pgx.BatchResults }

// Scan implements pgx.Row.
func (r firstRow) Scan(dest ...any) error {
	err := r.results.QueryRow().Scan(dest...)
	if closed := r.results.Close(); err == nil {
		err = closed
	}
	return err
}
