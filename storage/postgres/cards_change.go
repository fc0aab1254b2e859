package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// ChangeCards implements storage.Cards.
func (s *Store) ChangeCards(ctx context.Context, changes []storage.CardChange, mark *storage.ImportMark) ([]walletport.CardID, error) {
	if err := storage.CheckChanges(changes); err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return nil, nil
	}
	var missed []walletport.CardID
	err := s.retryLost(ctx, func() error {
		return s.transact(ctx, func(q *pgdb.Queries) (err error) {
			if missed, err = changeCards(ctx, q, changes); err != nil {
				return err
			}
			return endBatch(ctx, q, mark, len(missed))
		})
	})
	if err != nil && !errors.Is(err, errMissed) {
		return nil, err
	}
	return missed, nil
}

// changeCards makes the changes that can be made and returns the ids of the others.
// Rows come in id order, so that two imports that run at once lock them in the same order.
func changeCards(ctx context.Context, q *pgdb.Queries, changes []storage.CardChange) ([]walletport.CardID, error) {
	var added, replaced []*storage.Card
	var replaces [][]byte
	made := make(map[walletport.CardID]struct{}, len(changes))
	for _, c := range inIDOrder(changes) {
		if len(c.Replaces) == 0 {
			added = append(added, &c.Card)
			continue
		}
		replaced = append(replaced, &c.Card)
		replaces = append(replaces, c.Replaces)
	}
	if err := replaceCards(ctx, q, replaced, replaces, made); err != nil {
		return nil, err
	}
	if len(added) > 0 {
		ids, err := q.AddCards(ctx, pgdb.AddCardsParams(upsertParams(added)))
		if err != nil {
			return nil, err
		}
		note(made, ids)
	}
	if len(made) == len(changes) {
		return nil, nil
	}
	return missedChanges(ctx, q, changes, made)
}

func inIDOrder(changes []storage.CardChange) []*storage.CardChange {
	ordered := make([]*storage.CardChange, len(changes))
	for i := range changes {
		ordered[i] = &changes[i]
	}
	slices.SortFunc(ordered, func(a, b *storage.CardChange) int { return cmp.Compare(a.ID, b.ID) })
	return ordered
}

func note(made map[walletport.CardID]struct{}, ids []int64) {
	for _, id := range ids {
		made[walletport.CardID(id)] = struct{}{}
	}
}

// replaceCards locks first: an update alone takes its rows in any order.
func replaceCards(ctx context.Context, q *pgdb.Queries, cards []*storage.Card, replaces [][]byte, made map[walletport.CardID]struct{}) error {
	if len(cards) == 0 {
		return nil
	}
	p := upsertParams(cards)
	if _, err := q.LockCards(ctx, p.Ids); err != nil {
		return err
	}
	ids, err := q.ReplaceCards(ctx, replaceParams(&p, replaces))
	note(made, ids)
	return err
}

// missedChanges tells, of the changes that were not made, those that stand already
// from those whose row is another one.
func missedChanges(ctx context.Context, q *pgdb.Queries, changes []storage.CardChange, made map[walletport.CardID]struct{}) ([]walletport.CardID, error) {
	var ids []int64
	for i := range changes {
		if _, ok := made[changes[i].ID]; !ok {
			ids = append(ids, int64(changes[i].ID))
		}
	}
	rows, err := q.LockCards(ctx, ids)
	if err != nil {
		return nil, err
	}
	stands := make(map[walletport.CardID][]byte, len(rows))
	for _, row := range rows {
		stands[walletport.CardID(row.ID)] = row.ContentMac
	}
	var missed []walletport.CardID
	for i := range changes {
		c := &changes[i]
		_, ok := made[c.ID]
		if !ok && (len(c.ContentMAC) == 0 || !bytes.Equal(stands[c.ID], c.ContentMAC)) {
			missed = append(missed, c.ID)
		}
	}
	return missed, nil
}

// together are changes in one open transaction. It locks nothing but the rows that
// it changes: others read and the audit trail goes on.
type together struct {
	tx     pgx.Tx
	q      *pgdb.Queries
	missed []walletport.CardID
}

// togetherIdle is how long such a transaction may wait for more changes, as when they
// come through a pipe. See sessionSettings: a replica that vanished must not keep its
// locks for hours.
const togetherIdle = "10min"

// BeginCardChanges implements storage.Cards.
func (s *Store) BeginCardChanges(ctx context.Context) (storage.CardChanges, error) {
	var tx pgx.Tx
	err := s.retryLost(ctx, func() (err error) {
		if tx, err = s.begin(ctx); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t := &together{tx: tx, q: s.queries.WithTx(tx)}
	if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = '"+togetherIdle+"'"); err != nil {
		return nil, unavailable(ctx, errors.Join(err, t.End()))
	}
	return t, nil
}

// Add implements storage.CardChanges. After a miss nothing will be committed, and so
// nothing more is written.
func (t *together) Add(ctx context.Context, changes []storage.CardChange) error {
	if err := storage.CheckChanges(changes); err != nil {
		return err
	}
	if len(t.missed) >= storage.MaxListedMisses || len(changes) == 0 {
		return nil
	}
	missed, err := changeCards(ctx, t.q, changes)
	if err != nil {
		return unavailable(ctx, err)
	}
	t.missed = append(t.missed, missed...)
	return nil
}

// Commit implements storage.CardChanges.
func (t *together) Commit(ctx context.Context) ([]walletport.CardID, error) {
	if len(t.missed) > 0 {
		return t.missed[:min(len(t.missed), storage.MaxListedMisses)], t.End()
	}
	if err := t.tx.Commit(ctx); err != nil {
		return nil, unavailable(ctx, err)
	}
	return nil, nil
}

// End implements storage.CardChanges.
func (t *together) End() error {
	if err := t.tx.Rollback(context.Background()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return unavailable(context.Background(), err)
	}
	return nil
}
