package postgres

import (
	"context"
	"time"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// UseNonce implements storage.Nonces. A replica that comes second waits for the row
// of the first, and then sees that it is not old.
func (s *Store) UseNonce(ctx context.Context, use storage.NonceUse, since time.Time) error {
	if err := storage.CheckNonceUse(use, since); err != nil {
		return err
	}
	params := pgdb.UseNonceParams{
		Issuer:  string(use.Issuer),
		Wallet:  string(use.Wallet),
		Digest:  use.Digest,
		UsedMs:  use.At.UnixMilli(),
		SinceMs: since.UnixMilli(),
	}
	// Not repeated when the answer was lost: it would find its own row, and call
	// it reused.
	return s.retryUndone(ctx, func() error {
		written, err := s.queries.UseNonce(ctx, params)
		switch {
		case err != nil:
			return storage.ErrUnavailable(ctx, err)
		case written == 0:
			return storage.ErrNonceReused()
		}
		return nil
	})
}

// ForgetNonces implements storage.Nonces. When the answer to a deletion is lost and
// the call repeated, its nonces are not counted.
func (s *Store) ForgetNonces(ctx context.Context, before time.Time, limit int) (int, error) {
	var forgotten int64
	err := s.retryLost(ctx, func() error {
		var err error
		forgotten, err = s.queries.ForgetNonces(ctx, pgdb.ForgetNoncesParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
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
