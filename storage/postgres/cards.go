package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Card implements storage.Cards.
func (s *Store) Card(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	var card storage.Card
	err := s.retryLost(ctx, func() error {
		row, err := s.queries.GetCard(ctx, int64(id))
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return walletport.ErrCardNotFound()
		case err != nil:
			return unavailable(ctx, err)
		}
		card = cardFrom(&row)
		return nil
	})
	return card, err
}

// CardsByID implements storage.Cards.
func (s *Store) CardsByID(ctx context.Context, ids []walletport.CardID) ([]storage.Card, error) {
	return s.cards(ctx, func() ([]pgdb.Card, error) {
		return s.queries.GetCards(ctx, column(ids, func(id walletport.CardID) int64 { return int64(id) }))
	})
}

// CardsAfter implements storage.Cards.
func (s *Store) CardsAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CardID, limit int) ([]storage.Card, error) {
	return s.cards(ctx, func() ([]pgdb.Card, error) {
		if issuer == "" {
			return s.queries.ListCards(ctx, pgdb.ListCardsParams{After: int64(after), MaxRows: rowLimit(limit)})
		}
		return s.queries.ListCardsOfIssuer(ctx, pgdb.ListCardsOfIssuerParams{Issuer: string(issuer), After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// CardsByPANIndex implements storage.Cards.
func (s *Store) CardsByPANIndex(ctx context.Context, index []byte) ([]storage.Card, error) {
	return s.cards(ctx, func() ([]pgdb.Card, error) {
		return s.queries.ListCardsOfPAN(ctx, notNull(index))
	})
}

// CardsWrappedBy implements storage.Cards.
func (s *Store) CardsWrappedBy(ctx context.Context, kek string, after walletport.CardID, limit int) ([]storage.Card, error) {
	return s.cards(ctx, func() ([]pgdb.Card, error) {
		return s.queries.ListCardsOfKEK(ctx, pgdb.ListCardsOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// CardIssuers implements storage.Cards.
func (s *Store) CardIssuers(ctx context.Context) ([]walletport.IssuerID, error) {
	return distinct[walletport.IssuerID](ctx, s, s.queries.NextCardIssuer)
}

// CardKEKs implements storage.Cards.
func (s *Store) CardKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, s.queries.NextCardKEK)
}

// distinct lists the values of a column, each of which next finds behind the one before.
func distinct[T ~string](ctx context.Context, s *Store, next func(context.Context, string) (string, error)) ([]T, error) {
	var found []T
	for value := ""; ; {
		err := s.retryLost(ctx, func() error {
			following, err := next(ctx, value)
			switch {
			case err == nil:
				value = following
			case !errors.Is(err, pgx.ErrNoRows):
				return unavailable(ctx, err)
			}
			return err
		})
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return found, nil
		case err != nil:
			return nil, err
		}
		found = append(found, T(value))
	}
}

func (s *Store) cards(ctx context.Context, list func() ([]pgdb.Card, error)) ([]storage.Card, error) {
	var cards []storage.Card
	err := s.retryLost(ctx, func() error {
		rows, err := list()
		if err != nil {
			return unavailable(ctx, err)
		}
		cards = make([]storage.Card, len(rows))
		for i := range rows {
			cards[i] = cardFrom(&rows[i])
		}
		return nil
	})
	return cards, err
}

// rowLimit turns a limit that asks for nothing into 0; the server refuses a
// negative one.
func rowLimit(limit int) int64 { return int64(max(limit, 0)) }
