package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// Token implements storage.Tokens.
func (s *Store) Token(ctx context.Context, id walletport.TokenID) (storage.Token, error) {
	return s.token(ctx, func(q *sqlitedb.Queries) (sqlitedb.Token, error) { return q.GetToken(uncancelled(ctx), int64(id)) })
}

// TokenByRef implements storage.Tokens.
func (s *Store) TokenByRef(ctx context.Context, ref walletport.TokenRef) (storage.Token, error) {
	return s.token(ctx, func(q *sqlitedb.Queries) (sqlitedb.Token, error) {
		return q.GetTokenByRef(uncancelled(ctx), refParams(ref))
	})
}

func (s *Store) token(ctx context.Context, get func(*sqlitedb.Queries) (sqlitedb.Token, error)) (storage.Token, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.Token{}, err
	}
	if ctx.Err() != nil {
		return storage.Token{}, storage.ErrUnavailable(ctx, ctx.Err())
	}
	row, err := get(q)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return storage.Token{}, walletport.ErrTokenNotFound()
	case err != nil:
		return storage.Token{}, storage.ErrUnavailable(ctx, err)
	}
	token, err := tokenFrom(&row)
	if err != nil {
		return storage.Token{}, storage.ErrUnavailable(ctx, err)
	}
	return token, nil
}

// TokensOfCard implements storage.Tokens. Tokens and the moment are of one statement, which
// sees one state of the database. Where the second one finds that a card without tokens has
// got some meanwhile, the answer is as of never.
func (s *Store) TokensOfCard(ctx context.Context, card walletport.CardID) (storage.TokenList, error) {
	if card == 0 { // of the tokens that lost their card
		return storage.TokenList{}, nil
	}
	q, err := s.queries(ctx)
	if err != nil {
		return storage.TokenList{}, err
	}
	if ctx.Err() != nil {
		return storage.TokenList{}, storage.ErrUnavailable(ctx, ctx.Err())
	}
	list, err := listOfCard(uncancelled(ctx), q, int64(card))
	if err != nil {
		return storage.TokenList{}, storage.ErrUnavailable(ctx, err)
	}
	return list, nil
}

func listOfCard(ctx context.Context, q *sqlitedb.Queries, card int64) (storage.TokenList, error) {
	rows, err := q.ListTokensOfCard(ctx, card)
	if err != nil {
		return storage.TokenList{}, err
	}
	if len(rows) == 0 {
		asOf, err := q.GetEmptyTokenList(ctx, card)
		if errors.Is(err, sql.ErrNoRows) {
			return storage.TokenList{}, nil
		}
		return storage.TokenList{AsOf: storage.ColumnTimeFrom(asOf)}, err
	}
	list := storage.TokenList{Tokens: make([]storage.Token, len(rows)), AsOf: storage.ColumnTimeFrom(rows[0].ListedMs)}
	for i := range rows {
		if list.Tokens[i], err = tokenFrom(&rows[i].Token); err != nil {
			return storage.TokenList{}, err
		}
	}
	return list, nil
}

// TokensInChange implements storage.Tokens.
func (s *Store) TokensInChange(ctx context.Context, after walletport.TokenID, limit int) ([]storage.Token, error) {
	return s.tokens(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Token, error) {
		return q.ListTokensInChange(ctx, sqlitedb.ListTokensInChangeParams{After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// TokensAfter implements storage.TokenNumbers.
func (s *Store) TokensAfter(ctx context.Context, after walletport.TokenID, limit int) ([]storage.Token, error) {
	return s.tokens(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Token, error) {
		return q.ListTokensAfter(ctx, sqlitedb.ListTokensAfterParams{After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// TokensWrappedBy implements storage.TokenNumbers.
func (s *Store) TokensWrappedBy(ctx context.Context, kek string, after walletport.TokenID, limit int) ([]storage.Token, error) {
	return s.tokens(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.Token, error) {
		return q.ListTokensOfKEK(ctx, sqlitedb.ListTokensOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// TokenKEKs implements storage.TokenNumbers.
func (s *Store) TokenKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, (*sqlitedb.Queries).NextTokenKEK)
}

// RewrapTokens implements storage.TokenNumbers.
func (s *Store) RewrapTokens(ctx context.Context, changes []storage.TokenRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *sqlitedb.Queries, c storage.TokenRewrapping) (int64, error) {
		return q.RewrapToken(ctx, sqlitedb.RewrapTokenParams{NewKey: c.New, Kek: c.KEK, ID: int64(c.ID), OldKey: c.Old})
	})
}

func (s *Store) tokens(ctx context.Context, list func(*sqlitedb.Queries) ([]sqlitedb.Token, error)) ([]storage.Token, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := list(q)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	tokens := make([]storage.Token, len(rows))
	for i := range rows {
		if tokens[i], err = tokenFrom(&rows[i]); err != nil {
			return nil, storage.ErrUnavailable(ctx, err)
		}
	}
	return tokens, nil
}

// TokenHistory implements storage.Tokens.
func (s *Store) TokenHistory(ctx context.Context, id walletport.TokenID, before int64, limit int) ([]storage.TokenHistoryEntry, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	if before <= 0 {
		before = math.MaxInt64
	}
	rows, err := q.ListTokenHistory(ctx, sqlitedb.ListTokenHistoryParams{TokenID: int64(id), Before: before, MaxRows: rowLimit(limit)})
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	entries := make([]storage.TokenHistoryEntry, len(rows))
	for i := range rows {
		entries[i] = historyFrom(&rows[i])
	}
	return entries, nil
}
