package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// AuditHead implements storage.Audit.
func (s *Store) AuditHead(ctx context.Context) (storage.AuditHead, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.AuditHead{}, err
	}
	row, err := q.GetAuditHead(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return storage.AuditHead{}, nil
	}
	if err != nil {
		return storage.AuditHead{}, storage.ErrUnavailable(ctx, err)
	}
	return storage.AuditHead{Seq: row.Seq, Hash: row.Hash}, nil
}

// AuditAfter implements storage.Audit.
func (s *Store) AuditAfter(ctx context.Context, seq int64, limit int) ([]storage.AuditEntry, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListAuditEntries(ctx, sqlitedb.ListAuditEntriesParams{After: seq, MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	entries := make([]storage.AuditEntry, len(rows))
	for i := range rows {
		entries[i] = entryFrom(&rows[i])
	}
	return entries, nil
}

// AddCheckpoint implements storage.Audit.
func (s *Store) AddCheckpoint(ctx context.Context, c storage.Checkpoint) error {
	if err := storage.CheckCheckpoint(c); err != nil {
		return err
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		err := q.InsertCheckpoint(ctx, sqlitedb.InsertCheckpointParams{
			Seq:       c.Seq,
			Hash:      notNull(c.Hash),
			TimeMs:    c.Time.UnixMilli(),
			KeyID:     c.KeyID,
			Signature: notNull(c.Signature),
		})
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
}

// Checkpoints implements storage.Audit.
func (s *Store) Checkpoints(ctx context.Context, seq int64, limit int) ([]storage.Checkpoint, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListCheckpoints(ctx, sqlitedb.ListCheckpointsParams{After: seq, MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	checkpoints := make([]storage.Checkpoint, len(rows))
	for i, r := range rows {
		checkpoints[i] = checkpointFrom(r)
	}
	return checkpoints, nil
}

// LastCheckpoint implements storage.Audit.
func (s *Store) LastCheckpoint(ctx context.Context) (storage.Checkpoint, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Checkpoint{}, err
	}
	row, err := q.LastCheckpoint(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return storage.Checkpoint{}, nil
	}
	if err != nil {
		return storage.Checkpoint{}, storage.ErrUnavailable(ctx, err)
	}
	return checkpointFrom(row), nil
}

func checkpointFrom(r sqlitedb.AuditCheckpoint) storage.Checkpoint {
	return storage.Checkpoint{Seq: r.Seq, Hash: r.Hash, Time: timeFrom(r.TimeMs), KeyID: r.KeyID, Signature: r.Signature}
}

func entryFrom(r *sqlitedb.AuditEntry) storage.AuditEntry {
	e := storage.AuditEntry{
		Seq: r.Seq,
		Record: walletport.AuditRecord{
			Time:          timeFrom(r.TimeMs),
			RequestID:     r.RequestID,
			ClientID:      r.ClientID,
			AuditUser:     walletport.AuditUser(r.AuditUser),
			Action:        walletport.Action(r.Action),
			Issuer:        walletport.IssuerID(r.Issuer),
			CardID:        walletport.CardID(r.CardID),
			Wallet:        r.Wallet,
			Scheme:        walletport.SchemeID(r.Scheme),
			Outcome:       r.Outcome,
			StepUp:        r.StepUp,
			RemoteAddress: r.RemoteAddress,
		},
		Hash: r.Hash,
	}
	e.ReadLists(r.KeyVersions, r.Details)
	return e
}
