package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
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
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		missed = nil
		for i := range changes {
			if ctx.Err() != nil {
				return storage.ErrUnavailable(ctx, ctx.Err())
			}
			made, err := changeCard(uncancelled(ctx), q, &changes[i])
			if err != nil {
				return storage.ErrUnavailable(ctx, err)
			}
			if !made {
				missed = append(missed, changes[i].ID)
			}
		}
		return endBatch(ctx, q, mark, len(missed))
	})
	if err != nil && !errors.Is(err, errMissed) {
		return nil, err
	}
	return missed, nil
}

// changeCard looks before it writes. The transaction holds the write lock, so
// nothing changes in between.
func changeCard(ctx context.Context, q *sqlitedb.Queries, c *storage.CardChange) (made bool, err error) {
	state, err := q.CardState(ctx, int64(c.ID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if len(c.Replaces) > 0 {
			return false, nil
		}
		return true, q.InsertCard(ctx, insertParams(&c.Card))
	case err != nil:
		return false, err
	case len(c.ContentMAC) > 0 && bytes.Equal(state.ContentMac, c.ContentMAC):
		return true, nil
	case len(c.Replaces) == 0 || !bytes.Equal(state.ContentMac, c.Replaces):
		return false, nil
	}
	return true, q.UpdateCard(ctx, updateParams(&c.Card))
}

// UpdateCard implements storage.CardsTx.
func (t *transaction) UpdateCard(id walletport.CardID, change func(storage.Card) (storage.Card, error)) error {
	row, err := t.q.GetCard(uncancelled(t.ctx), int64(id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return walletport.ErrCardNotFound()
	case err != nil:
		return t.failed(err)
	}
	card, err := storage.ChangeCard(cardFrom(&row), change)
	if err != nil {
		return err
	}
	if err := t.q.UpdateCard(uncancelled(t.ctx), updateParams(&card)); err != nil {
		return t.failed(err)
	}
	if card.Status == walletport.CardForgotten {
		return t.detachTokens(id)
	}
	return nil
}

// DeleteCard implements storage.CardsTx.
func (t *transaction) DeleteCard(id walletport.CardID) error {
	deleted, err := t.q.DeleteCard(uncancelled(t.ctx), int64(id))
	switch {
	case err != nil:
		return t.failed(err)
	case deleted == 0:
		return walletport.ErrCardNotFound()
	}
	return t.detachTokens(id)
}
