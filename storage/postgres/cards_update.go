package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// UpdateCard implements storage.CardsTx.
func (t *transaction) UpdateCard(id walletport.CardID, change func(storage.Card) (storage.Card, error)) error {
	row, err := t.q.GetCardForUpdate(t.ctx, int64(id))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return walletport.ErrCardNotFound()
	case err != nil:
		return t.failed(err)
	}
	c, err := storage.ChangeCard(cardFrom(&row), change)
	if err != nil {
		return err
	}
	if err := t.q.UpdateCard(t.ctx, updateParams(&c)); err != nil {
		return t.failed(err)
	}
	if c.Status == walletport.CardForgotten {
		return t.detachTokens(id)
	}
	return nil
}

// DeleteCard implements storage.CardsTx.
func (t *transaction) DeleteCard(id walletport.CardID) error {
	deleted, err := t.q.DeleteCard(t.ctx, int64(id))
	switch {
	case err != nil:
		return t.failed(err)
	case deleted == 0:
		return walletport.ErrCardNotFound()
	}
	return t.detachTokens(id)
}
