package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// PutCards implements storage.Cards. When the answer to a commit is lost and the
// call repeated, cards that it inserted count as unchanged.
func (s *Store) PutCards(ctx context.Context, cards []storage.Card) (storage.PutResult, error) {
	if err := storage.CheckCards(cards); err != nil {
		return storage.PutResult{}, err
	}
	if len(cards) == 0 {
		return storage.PutResult{}, nil
	}
	var result storage.PutResult
	err := s.retryLost(ctx, func() error {
		result = storage.PutResult{}
		return s.transact(ctx, func(q *pgdb.Queries) error {
			for _, run := range splitAtRepeats(cards, func(c *storage.Card) walletport.CardID { return c.ID }) {
				if err := putRun(ctx, q, run, &result); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return storage.PutResult{}, err
	}
	return result, nil
}

// Rewrap implements storage.Cards.
func (s *Store) Rewrap(ctx context.Context, changes []storage.CardRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *pgdb.Queries, keys rewrappedKeys) (int64, error) {
		return q.RewrapCards(ctx, pgdb.RewrapCardsParams(keys))
	})
}

// transact runs act in a transaction and commits when act returns nil. What the driver said is
// CodeUnavailable; an error of ours is passed on as it is.
func (s *Store) transact(ctx context.Context, act func(*pgdb.Queries) error) error {
	places, err := s.attempts.enter(ctx)
	if err != nil {
		return unavailable(ctx, err)
	}
	defer places.leaveConnection()
	defer places.leaveStatements()
	tx, err := s.begin(ctx)
	if err != nil {
		return unavailable(ctx, err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing
	if err := act(s.queries.WithTx(tx)); err != nil {
		if own, ok := errors.AsType[*walletport.Error](err); ok {
			return own
		}
		return unavailable(ctx, err)
	}
	places.leaveStatements()
	if err := tx.Commit(ctx); err != nil {
		return unavailable(ctx, unanswered{err})
	}
	return nil
}

// begin begins a transaction as beginSQL does.
func (s *Store) begin(ctx context.Context) (pgx.Tx, error) {
	return s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
}

// splitAtRepeats cuts list so that no part has an id twice, for one statement
// cannot change a row twice.
func splitAtRepeats[T any, ID comparable](list []T, id func(*T) ID) [][]T {
	var parts [][]T
	seen := make(map[ID]struct{}, len(list))
	start := 0
	for i := range list {
		key := id(&list[i])
		if _, repeated := seen[key]; repeated {
			parts = append(parts, list[start:i])
			start = i
			clear(seen)
		}
		seen[key] = struct{}{}
	}
	if start < len(list) {
		parts = append(parts, list[start:])
	}
	return parts
}

// putRun writes cards with distinct ids and adds to result. Rows come in id order,
// so that two imports that run at once lock them in the same order.
func putRun(ctx context.Context, q *pgdb.Queries, run []storage.Card, result *storage.PutResult) error {
	ordered := make([]*storage.Card, len(run))
	for i := range run {
		ordered[i] = &run[i]
	}
	slices.SortFunc(ordered, func(a, b *storage.Card) int { return cmp.Compare(a.ID, b.ID) })
	written, err := q.UpsertCards(ctx, upsertParams(ordered))
	if err != nil {
		return err
	}
	done := make(map[walletport.CardID]struct{}, len(written))
	for _, row := range written {
		done[walletport.CardID(row.ID)] = struct{}{}
		if row.Inserted {
			result.Inserted++
		} else {
			result.Updated++
		}
	}
	if len(done) == len(run) {
		return nil
	}
	return explainRest(ctx, q, run, done, result)
}

// explainRest tells, of the cards that were not written, the unchanged ones from
// those that stand under another issuer. The upsert has locked their rows.
func explainRest(ctx context.Context, q *pgdb.Queries, run []storage.Card, done map[walletport.CardID]struct{}, result *storage.PutResult) error {
	var rest []*storage.Card
	var ids []int64
	for i := range run {
		if _, ok := done[run[i].ID]; !ok {
			rest = append(rest, &run[i])
			ids = append(ids, int64(run[i].ID))
		}
	}
	rows, err := q.IssuersOfCards(ctx, ids)
	if err != nil {
		return err
	}
	issuers := make(map[walletport.CardID]walletport.IssuerID, len(rows))
	for _, row := range rows {
		issuers[walletport.CardID(row.ID)] = walletport.IssuerID(row.Issuer)
	}
	for _, c := range rest {
		if issuers[c.ID] == c.Issuer {
			result.Unchanged++
		} else {
			result.OtherIssuer = append(result.OtherIssuer, c.ID)
		}
	}
	return nil
}
