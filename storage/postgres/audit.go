package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// AuditHead implements storage.Audit.
func (s *Store) AuditHead(ctx context.Context) (storage.AuditHead, error) {
	var head storage.AuditHead
	err := s.retryLost(ctx, func() error {
		row, err := s.queries.GetAuditHead(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			head = storage.AuditHead{}
			return nil
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		head = storage.AuditHead{Seq: row.Seq, Hash: row.Hash}
		if _, err := s.pool.Exec(ctx, flushSeenSQL); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	return head, err
}

// AuditAfter implements storage.Audit.
func (s *Store) AuditAfter(ctx context.Context, seq int64, limit int) ([]storage.AuditEntry, error) {
	var entries []storage.AuditEntry
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListAuditEntries(ctx, pgdb.ListAuditEntriesParams{After: seq, MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		entries = make([]storage.AuditEntry, len(rows))
		for i := range rows {
			entries[i] = entryFrom(&rows[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// AddCheckpoint implements storage.Audit.
func (s *Store) AddCheckpoint(ctx context.Context, c storage.Checkpoint) error {
	if err := storage.CheckCheckpoint(c); err != nil {
		return err
	}
	return s.retryLost(ctx, func() error {
		err := s.queries.InsertCheckpoint(ctx, pgdb.InsertCheckpointParams{
			Seq:       c.Seq,
			Hash:      notNull(c.Hash),
			TimeMs:    c.Time.UnixMilli(),
			KeyID:     c.KeyID,
			Signature: notNull(c.Signature),
		})
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
}

// Checkpoints implements storage.Audit.
func (s *Store) Checkpoints(ctx context.Context, seq int64, limit int) ([]storage.Checkpoint, error) {
	var checkpoints []storage.Checkpoint
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListCheckpoints(ctx, pgdb.ListCheckpointsParams{After: seq, MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		checkpoints = make([]storage.Checkpoint, len(rows))
		for i, r := range rows {
			checkpoints[i] = checkpointFrom(r)
		}
		return nil
	})
	return checkpoints, err
}

// LastCheckpoint implements storage.Audit.
func (s *Store) LastCheckpoint(ctx context.Context) (storage.Checkpoint, error) {
	var last storage.Checkpoint
	err := s.retryLost(ctx, func() error {
		row, err := s.queries.LastCheckpoint(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			last = storage.Checkpoint{}
			return nil
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		last = checkpointFrom(row)
		return nil
	})
	return last, err
}

func checkpointFrom(r pgdb.AuditCheckpoint) storage.Checkpoint {
	return storage.Checkpoint{Seq: r.Seq, Hash: r.Hash, Time: timeFrom(r.TimeMs), KeyID: r.KeyID, Signature: r.Signature}
}

func entryFrom(r *pgdb.AuditEntry) storage.AuditEntry {
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
