package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
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
	err = t.q.UpdateCard(t.ctx, pgdb.UpdateCardParams{
		ID:          int64(c.ID),
		CustomerID:  c.CustomerID,
		Scheme:      string(c.Scheme),
		Product:     c.Product,
		Status:      string(c.Status),
		ExpiryYear:  int64(c.Expiry.Year),
		ExpiryMonth: int64(c.Expiry.Month),
		Bin:         c.BIN,
		LastFour:    c.LastFour,
		PanIndex:    notNull(c.PANIndex),
		Sealed:      notNull(c.Sealed),
		WrappedKey:  notNull(c.WrappedKey),
		Kek:         c.KEK,
		ContentMac:  notNull(c.ContentMAC),
		UpdatedMs:   c.UpdatedAt.UnixMilli(),
	})
	if err != nil {
		return t.failed(err)
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
	return nil
}
