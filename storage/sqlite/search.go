package sqlite

import (
	"context"
	"errors"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// CardsByCustomer implements storage.CardSearch.
func (s *Store) CardsByCustomer(ctx context.Context, customerID string, p storage.CardPage) ([]storage.Card, error) {
	return s.cards(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Card, error) {
		return q.ListCardsOfCustomer(ctx, sqlitedb.ListCardsOfCustomerParams{
			CustomerID: customerID, Issuer: string(p.Issuer), After: int64(p.After), MaxRows: rowLimit(p.Limit),
		})
	})
}

// CardsByLastFour implements storage.CardSearch.
func (s *Store) CardsByLastFour(ctx context.Context, lastFour string, p storage.CardPage) ([]storage.Card, error) {
	return s.cards(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Card, error) {
		return q.ListCardsOfLastFour(ctx, sqlitedb.ListCardsOfLastFourParams{
			LastFour: lastFour, Issuer: string(p.Issuer), After: int64(p.After), MaxRows: rowLimit(p.Limit),
		})
	})
}

// Erase implements storage.Eraser. What is deleted in the tables is overwritten with zeros
// (secure_delete), but the log holds pages as they were written before, until a checkpoint
// has brought it to the database file and cut it off.
func (s *Store) Erase(ctx context.Context) error {
	if err := s.confirm(ctx); err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	var busy, logged, done int64
	err := s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &done)
	if err == nil && busy != 0 {
		err = errors.New("the log cannot be emptied while another process reads it")
	}
	if err == nil {
		err = s.confirm(ctx)
	}
	if err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	return nil
}
