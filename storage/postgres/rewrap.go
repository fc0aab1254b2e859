package postgres

import (
	"context"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// rewrappedKeys are the parameters of each query that replaces wrapped keys, one column each.
type rewrappedKeys struct {
	Ids     []int64
	OldKeys [][]byte
	NewKeys [][]byte
	Keks    []string
}

// rewrapAll replaces wrapped keys by rewrap, in one transaction, and returns how many rows
// it replaced: those whose stored key was still the old one.
func rewrapAll[ID ~int64](ctx context.Context, s *Store, changes []storage.Rewrapping[ID], rewrap func(*pgdb.Queries, rewrappedKeys) (int64, error)) (int, error) {
	var replaced int64
	err := s.retryUndone(ctx, func() error {
		replaced = 0
		return s.transact(ctx, func(q *pgdb.Queries) error {
			for _, run := range splitAtRepeats(changes, func(c *storage.Rewrapping[ID]) ID { return c.ID }) {
				n, err := rewrap(q, rewrappedKeysOf(run))
				if err != nil {
					return err
				}
				replaced += n
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	return int(replaced), nil
}

func rewrappedKeysOf[ID ~int64](changes []storage.Rewrapping[ID]) rewrappedKeys {
	var k rewrappedKeys
	for _, c := range changes {
		k.Ids = append(k.Ids, int64(c.ID))
		k.OldKeys = append(k.OldKeys, notNull(c.Old))
		k.NewKeys = append(k.NewKeys, notNull(c.New))
		k.Keks = append(k.Keks, c.KEK)
	}
	return k
}
