package sqlite

import (
	"context"
	"time"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// UseNonces implements storage.Nonces. The write lock, which the transaction holds
// from its start, makes one act of looking and writing.
func (s *Store) UseNonces(ctx context.Context, uses []storage.NonceUse) ([]bool, error) {
	if err := storage.CheckNonceUses(uses); err != nil {
		return nil, err
	}
	if len(uses) == 0 {
		return nil, nil
	}
	var fresh []bool
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		var err error
		if fresh, err = writeNonces(uncancelled(ctx), q, uses); err != nil {
			return storage.ErrUnavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// writeNonces says of each use whether it was written. A nonce's later uses are left
// alone: they could find that the first is old.
func writeNonces(ctx context.Context, q *sqlitedb.Queries, uses []storage.NonceUse) ([]bool, error) {
	fresh := make([]bool, len(uses))
	seen := make(map[storage.Nonce]bool, len(uses))
	for i := range uses {
		if seen[uses[i].Nonce] {
			continue
		}
		seen[uses[i].Nonce] = true
		written, err := writeNonce(ctx, q, &uses[i])
		if err != nil {
			return nil, err
		}
		fresh[i] = written > 0
	}
	return fresh, nil
}

// UseNonce implements storage.NoncesTx.
func (t *transaction) UseNonce(use storage.NonceUse) (bool, error) {
	if err := storage.CheckNonceUse(use); err != nil {
		return false, err
	}
	written, err := writeNonce(uncancelled(t.ctx), t.q, &use)
	if err != nil {
		return false, t.failed(err)
	}
	return written > 0, nil
}

// writeNonce returns 1 when use is new, or replaced an old one, else 0.
func writeNonce(ctx context.Context, q *sqlitedb.Queries, use *storage.NonceUse) (int64, error) {
	inserted, err := q.InsertNonce(ctx, sqlitedb.InsertNonceParams{
		Issuer: string(use.Issuer),
		Wallet: string(use.Wallet),
		Digest: use.Digest[:],
		UsedMs: use.At.UnixMilli(),
	})
	if err != nil || inserted > 0 {
		return inserted, err
	}
	return q.RenewNonce(ctx, sqlitedb.RenewNonceParams{
		UsedMs:  use.At.UnixMilli(),
		Issuer:  string(use.Issuer),
		Wallet:  string(use.Wallet),
		Digest:  use.Digest[:],
		SinceMs: use.Since.UnixMilli(),
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
