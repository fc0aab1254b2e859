package postgres

import (
	"context"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// CardsByCustomer implements storage.CardSearch.
func (s *Store) CardsByCustomer(ctx context.Context, customerID string, p storage.CardPage) ([]storage.Card, error) {
	return s.cards(ctx, func() ([]pgdb.Card, error) {
		return s.queries.ListCardsOfCustomer(ctx, pgdb.ListCardsOfCustomerParams{
			CustomerID: customerID, Issuer: string(p.Issuer), After: int64(p.After), MaxRows: rowLimit(p.Limit),
		})
	})
}

// CardsByLastFour implements storage.CardSearch.
func (s *Store) CardsByLastFour(ctx context.Context, lastFour string, p storage.CardPage) ([]storage.Card, error) {
	return s.cards(ctx, func() ([]pgdb.Card, error) {
		return s.queries.ListCardsOfLastFour(ctx, pgdb.ListCardsOfLastFourParams{
			LastFour: lastFour, Issuer: string(p.Issuer), After: int64(p.After), MaxRows: rowLimit(p.Limit),
		})
	})
}

// Erase implements storage.Eraser. It does nothing: old rows go with VACUUM, which is the
// table owner's to run and takes what no transaction sees any more, and a server's role
// is not the owner.
func (s *Store) Erase(context.Context) error { return nil }
