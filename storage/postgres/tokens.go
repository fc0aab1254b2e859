package postgres

import (
	"context"
	"errors"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// Token implements storage.Tokens.
func (s *Store) Token(ctx context.Context, id walletport.TokenID) (storage.Token, error) {
	return s.token(ctx, func() (pgdb.Token, error) { return s.queries.GetToken(ctx, int64(id)) })
}

// TokenByRef implements storage.Tokens. A reference that no token can have is not looked
// for: the server refuses text that it cannot keep.
func (s *Store) TokenByRef(ctx context.Context, ref walletport.TokenRef) (storage.Token, error) {
	if ref.Rule() != "" {
		return storage.Token{}, walletport.ErrTokenNotFound()
	}
	return s.token(ctx, func() (pgdb.Token, error) { return s.queries.GetTokenByRef(ctx, refParams(ref)) })
}

func (s *Store) token(ctx context.Context, get func() (pgdb.Token, error)) (storage.Token, error) {
	var token storage.Token
	err := s.retryLost(ctx, func() error {
		row, err := get()
		if errors.Is(err, pgx.ErrNoRows) {
			return walletport.ErrTokenNotFound()
		}
		if err == nil {
			token, err = tokenFrom(&row)
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return storage.Token{}, err
	}
	return token, nil
}

// TokensOfCard implements storage.Tokens. Tokens and the moment are of one statement, which
// sees one state of the database. Where the second one finds that a card without tokens has
// got some meanwhile, the answer is as of never.
func (s *Store) TokensOfCard(ctx context.Context, card walletport.CardID) (list storage.TokenList, err error) {
	if card == 0 { // of the tokens that lost their card
		return storage.TokenList{}, nil
	}
	err = s.retryLost(ctx, func() error {
		var err error
		if list, err = s.listOfCard(ctx, int64(card)); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	return list, err
}

func (s *Store) listOfCard(ctx context.Context, card int64) (storage.TokenList, error) {
	rows, err := s.queries.ListTokensOfCard(ctx, card)
	if err != nil {
		return storage.TokenList{}, err
	}
	if len(rows) == 0 {
		asOf, err := s.queries.GetEmptyTokenList(ctx, card)
		if errors.Is(err, pgx.ErrNoRows) {
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
	return s.tokens(ctx, func() ([]pgdb.Token, error) {
		return s.queries.ListTokensInChange(ctx, pgdb.ListTokensInChangeParams{After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// TokensAfter implements storage.TokenNumbers.
func (s *Store) TokensAfter(ctx context.Context, after walletport.TokenID, limit int) ([]storage.Token, error) {
	return s.tokens(ctx, func() ([]pgdb.Token, error) {
		return s.queries.ListTokensAfter(ctx, pgdb.ListTokensAfterParams{After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// TokensWrappedBy implements storage.TokenNumbers.
func (s *Store) TokensWrappedBy(ctx context.Context, kek string, after walletport.TokenID, limit int) ([]storage.Token, error) {
	return s.tokens(ctx, func() ([]pgdb.Token, error) {
		return s.queries.ListTokensOfKEK(ctx, pgdb.ListTokensOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// TokenKEKs implements storage.TokenNumbers.
func (s *Store) TokenKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, s.queries.NextTokenKEK)
}

// RewrapTokens implements storage.TokenNumbers.
func (s *Store) RewrapTokens(ctx context.Context, changes []storage.TokenRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *pgdb.Queries, keys rewrappedKeys) (int64, error) {
		return q.RewrapTokens(ctx, pgdb.RewrapTokensParams(keys))
	})
}

func (s *Store) tokens(ctx context.Context, list func() ([]pgdb.Token, error)) ([]storage.Token, error) {
	var tokens []storage.Token
	err := s.retryLost(ctx, func() error {
		rows, err := list()
		if err != nil {
			return unavailable(ctx, err)
		}
		tokens, err = tokensFrom(rows)
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	return tokens, err
}

func tokensFrom(rows []pgdb.Token) (tokens []storage.Token, err error) {
	tokens = make([]storage.Token, len(rows))
	for i := range rows {
		if tokens[i], err = tokenFrom(&rows[i]); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// TokenHistory implements storage.Tokens.
func (s *Store) TokenHistory(ctx context.Context, id walletport.TokenID, before int64, limit int) ([]storage.TokenHistoryEntry, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	var entries []storage.TokenHistoryEntry
	err := s.retryLost(ctx, func() error {
		rows, err := s.queries.ListTokenHistory(ctx, pgdb.ListTokenHistoryParams{TokenID: int64(id), Before: before, MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		entries = column(rows, func(r pgdb.TokenHistory) storage.TokenHistoryEntry { return historyFrom(&r) })
		return nil
	})
	return entries, err
}
