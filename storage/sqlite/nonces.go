package sqlite

import (
	"context"
	"time"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// UseNonce implements storage.Nonces. The write lock, which the transaction holds
// from its start, makes one act of looking and writing.
func (s *Store) UseNonce(ctx context.Context, use storage.NonceUse, since time.Time) error {
	if err := storage.CheckNonceUse(use, since); err != nil {
		return err
	}
	return s.transact(ctx, func(q *sqlitedb.Queries) error {
		written, err := writeNonce(uncancelled(ctx), q, use, since)
		switch {
		case err != nil:
			return storage.ErrUnavailable(ctx, err)
		case written == 0:
			return storage.ErrNonceReused()
		}
		return nil
	})
}

// writeNonce returns 1 when use is new, or replaced an old one, else 0.
func writeNonce(ctx context.Context, q *sqlitedb.Queries, use storage.NonceUse, since time.Time) (int64, error) {
	inserted, err := q.InsertNonce(ctx, sqlitedb.InsertNonceParams{
		Issuer: string(use.Issuer),
		Wallet: string(use.Wallet),
		Digest: use.Digest,
		UsedMs: use.At.UnixMilli(),
	})
	if err != nil || inserted > 0 {
		return inserted, err
	}
	return q.RenewNonce(ctx, sqlitedb.RenewNonceParams{
		UsedMs:  use.At.UnixMilli(),
		Issuer:  string(use.Issuer),
		Wallet:  string(use.Wallet),
		Digest:  use.Digest,
		SinceMs: since.UnixMilli(),
	})
}

// ForgetNonces implements storage.Nonces.
func (s *Store) ForgetNonces(ctx context.Context, before time.Time, limit int) (int, error) {
	var forgotten int64
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		var err error
		forgotten, err = q.ForgetNonces(ctx, sqlitedb.ForgetNoncesParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(forgotten), nil
}
