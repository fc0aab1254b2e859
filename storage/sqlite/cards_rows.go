package sqlite

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// cardColumns are the columns of a card, the id first, for statements that are not generated.
var cardColumns = []string{
	"id", "issuer", "customer_id", "scheme", "product", "status", "expiry_year", "expiry_month",
	"bin", "last_four", "pan_index", "sealed", "wrapped_key", "kek", "content_mac", "updated_ms",
}

// cardValues are the values of cardColumns.
func cardValues(c *storage.Card) []any {
	p := insertParams(c)
	return []any{
		p.ID, p.Issuer, p.CustomerID, p.Scheme, p.Product, p.Status, p.ExpiryYear, p.ExpiryMonth,
		p.Bin, p.LastFour, p.PanIndex, p.Sealed, p.WrappedKey, p.Kek, p.ContentMac, p.UpdatedMs,
	}
}

func insertParams(c *storage.Card) sqlitedb.InsertCardParams {
	return sqlitedb.InsertCardParams{
		ID:          int64(c.ID),
		Issuer:      string(c.Issuer),
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
	}
}

func updateParams(c *storage.Card) sqlitedb.UpdateCardParams {
	return sqlitedb.UpdateCardParams{
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
		ID:          int64(c.ID),
	}
}

// notNull makes an empty blob of nil, which the driver would bind as NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func cardFrom(r *sqlitedb.Card) storage.Card {
	return storage.Card{
		CardSummary: walletport.CardSummary{
			ID:         walletport.CardID(r.ID),
			Issuer:     walletport.IssuerID(r.Issuer),
			CustomerID: r.CustomerID,
			Scheme:     walletport.SchemeID(r.Scheme),
			Product:    r.Product,
			Status:     walletport.CardStatus(r.Status),
			Expiry:     walletport.Expiry{Year: int(r.ExpiryYear), Month: time.Month(r.ExpiryMonth)},
			BIN:        r.Bin,
			LastFour:   r.LastFour,
		},
		PANIndex:   r.PanIndex,
		Sealed:     r.Sealed,
		WrappedKey: r.WrappedKey,
		KEK:        r.Kek,
		ContentMAC: r.ContentMac,
		UpdatedAt:  timeFrom(r.UpdatedMs),
	}
}

func timeFrom(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
