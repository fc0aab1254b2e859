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

// TokensOfCard implements storage.Tokens. The moment is read first: tokens that are put
// meanwhile are in the list, and it does not call them newer than they are.
func (s *Store) TokensOfCard(ctx context.Context, card walletport.CardID) (storage.TokenList, error) {
	if card == 0 { // of the tokens that lost their card
		return storage.TokenList{}, nil
	}
	var asOf int64
	err := s.retryLost(ctx, func() (err error) {
		asOf, err = s.queries.GetTokenList(ctx, int64(card))
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return storage.TokenList{}, err
	}
	tokens, err := s.tokens(ctx, func() ([]pgdb.Token, error) { return s.queries.ListTokensOfCard(ctx, int64(card)) })
	if err != nil {
		return storage.TokenList{}, err
	}
	return storage.TokenList{Tokens: tokens, AsOf: storage.TokenTimeFrom(asOf)}, nil
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
	var replaced int64
	err := s.retryUndone(ctx, func() error {
		replaced = 0
		return s.transact(ctx, func(q *pgdb.Queries) error {
			for _, run := range splitAtRepeats(changes, func(c *storage.TokenRewrapping) walletport.TokenID { return c.ID }) {
				n, err := q.RewrapTokens(ctx, rewrapTokenParams(run))
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
