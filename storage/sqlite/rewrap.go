package sqlite

import (
	"context"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// rewrapAll replaces wrapped keys by rewrap, in one transaction, and returns how many rows
// it replaced: those whose stored key was still the old one.
func rewrapAll[ID ~int64](ctx context.Context, s *Store, changes []storage.Rewrapping[ID], rewrap func(*sqlitedb.Queries, storage.Rewrapping[ID]) (int64, error)) (int, error) {
	var replaced int64
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		replaced = 0
		for _, c := range changes {
			n, err := rewrap(q, c)
			if err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
			replaced += n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(replaced), nil
}
