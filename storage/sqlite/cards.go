package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// PutCards implements storage.Cards.
func (s *Store) PutCards(ctx context.Context, cards []storage.Card) (storage.PutResult, error) {
	if err := storage.CheckCards(cards); err != nil {
		return storage.PutResult{}, err
	}
	if len(cards) == 0 {
		return storage.PutResult{}, nil
	}
	var result storage.PutResult
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		result = storage.PutResult{}
		for i := range cards {
			if ctx.Err() != nil {
				return storage.ErrUnavailable(ctx, ctx.Err())
			}
			if err := putCard(uncancelled(ctx), q, &cards[i], &result); err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
		}
		return nil
	})
	if err != nil {
		return storage.PutResult{}, err
	}
	return result, nil
}

// putCard looks before it writes, for an upsert does not tell an insert from an
// update. The transaction holds the write lock, so nothing changes in between.
func putCard(ctx context.Context, q *sqlitedb.Queries, c *storage.Card, result *storage.PutResult) error {
	state, err := q.CardState(ctx, int64(c.ID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		result.Inserted++
		return q.InsertCard(ctx, insertParams(c))
	case err != nil:
		return err
	case state.Issuer != string(c.Issuer):
		result.OtherIssuer = append(result.OtherIssuer, c.ID)
		return nil
	case len(c.ContentMAC) > 0 && bytes.Equal(state.ContentMac, c.ContentMAC):
		result.Unchanged++
		return nil
	}
	result.Updated++
	return q.UpdateCard(ctx, updateParams(c))
}

// Card implements storage.Cards.
func (s *Store) Card(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Card{}, err
	}
	if ctx.Err() != nil {
		return storage.Card{}, storage.ErrUnavailable(ctx, ctx.Err())
	}
	row, err := q.GetCard(uncancelled(ctx), int64(id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return storage.Card{}, walletport.ErrCardNotFound()
	case err != nil:
		return storage.Card{}, storage.ErrUnavailable(ctx, err)
	}
	return cardFrom(&row), nil
}

// CardsByID implements storage.Cards.
func (s *Store) CardsByID(ctx context.Context, ids []walletport.CardID) ([]storage.Card, error) {
	if ctx.Err() != nil {
		return nil, storage.ErrUnavailable(ctx, ctx.Err())
	}
	wanted, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("card ids: %w", err)
	}
	return s.cards(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Card, error) {
		return q.GetCards(uncancelled(ctx), string(wanted))
	})
}

// CardsAfter implements storage.Cards.
func (s *Store) CardsAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CardID, limit int) ([]storage.Card, error) {
	return s.cards(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Card, error) {
		if issuer == "" {
			return q.ListCards(ctx, sqlitedb.ListCardsParams{After: int64(after), MaxRows: rowLimit(limit)})
		}
		return q.ListCardsOfIssuer(ctx, sqlitedb.ListCardsOfIssuerParams{Issuer: string(issuer), After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// CardsByPANIndex implements storage.Cards.
func (s *Store) CardsByPANIndex(ctx context.Context, index []byte) ([]storage.Card, error) {
	return s.cards(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Card, error) {
		return q.ListCardsOfPAN(ctx, index)
	})
}

// CardsWrappedBy implements storage.Cards.
func (s *Store) CardsWrappedBy(ctx context.Context, kek string, after walletport.CardID, limit int) ([]storage.Card, error) {
	return s.cards(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Card, error) {
		return q.ListCardsOfKEK(ctx, sqlitedb.ListCardsOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

func (s *Store) cards(ctx context.Context, list func(*sqlitedb.Queries) ([]sqlitedb.Card, error)) ([]storage.Card, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := list(q)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	cards := make([]storage.Card, len(rows))
	for i := range rows {
		cards[i] = cardFrom(&rows[i])
	}
	return cards, nil
}

// CardIssuers implements storage.Cards.
func (s *Store) CardIssuers(ctx context.Context) ([]walletport.IssuerID, error) {
	return distinct[walletport.IssuerID](ctx, s, (*sqlitedb.Queries).NextCardIssuer)
}

// CardKEKs implements storage.Cards.
func (s *Store) CardKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, (*sqlitedb.Queries).NextCardKEK)
}

// distinct lists the values of a column, each of which next finds behind the one before.
func distinct[T ~string](ctx context.Context, s *Store, next func(*sqlitedb.Queries, context.Context, string) (string, error)) ([]T, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	var found []T
	for value := ""; ; {
		value, err = next(q, ctx, value)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return found, nil
		case err != nil:
			return nil, storage.ErrUnavailable(ctx, err)
		}
		found = append(found, T(value))
	}
}

// Rewrap implements storage.Cards.
func (s *Store) Rewrap(ctx context.Context, changes []storage.CardRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *sqlitedb.Queries, c storage.CardRewrapping) (int64, error) {
		return q.RewrapCard(ctx, sqlitedb.RewrapCardParams{NewKey: c.New, Kek: c.KEK, ID: int64(c.ID), OldKey: c.Old})
	})
}

// rowLimit turns a limit that asks for nothing into 0, for to SQLite a negative
// one means no limit.
func rowLimit(limit int) int64 { return int64(max(limit, 0)) }
