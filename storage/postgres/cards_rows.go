package postgres

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

func cardFrom(r *pgdb.Card) storage.Card {
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

// upsertParams turns cards into one array for each column.
func upsertParams(cards []*storage.Card) pgdb.UpsertCardsParams {
	return pgdb.UpsertCardsParams{
		Ids:          column(cards, func(c *storage.Card) int64 { return int64(c.ID) }),
		Issuers:      column(cards, func(c *storage.Card) string { return string(c.Issuer) }),
		CustomerIds:  column(cards, func(c *storage.Card) string { return c.CustomerID }),
		Schemes:      column(cards, func(c *storage.Card) string { return string(c.Scheme) }),
		Products:     column(cards, func(c *storage.Card) string { return c.Product }),
		Statuses:     column(cards, func(c *storage.Card) string { return string(c.Status) }),
		ExpiryYears:  column(cards, func(c *storage.Card) int64 { return int64(c.Expiry.Year) }),
		ExpiryMonths: column(cards, func(c *storage.Card) int64 { return int64(c.Expiry.Month) }),
		Bins:         column(cards, func(c *storage.Card) string { return c.BIN }),
		LastFours:    column(cards, func(c *storage.Card) string { return c.LastFour }),
		PanIndexes:   column(cards, func(c *storage.Card) []byte { return notNull(c.PANIndex) }),
		Sealed:       column(cards, func(c *storage.Card) []byte { return notNull(c.Sealed) }),
		WrappedKeys:  column(cards, func(c *storage.Card) []byte { return notNull(c.WrappedKey) }),
		Keks:         column(cards, func(c *storage.Card) string { return c.KEK }),
		ContentMacs:  column(cards, func(c *storage.Card) []byte { return notNull(c.ContentMAC) }),
		UpdatedMs:    column(cards, func(c *storage.Card) int64 { return c.UpdatedAt.UnixMilli() }),
	}
}

// replaceParams are those of cards and of the content MACs that they take the place of.
func replaceParams(p *pgdb.UpsertCardsParams, replaces [][]byte) pgdb.ReplaceCardsParams {
	return pgdb.ReplaceCardsParams{
		Ids: p.Ids, CustomerIds: p.CustomerIds, Schemes: p.Schemes, Products: p.Products, Statuses: p.Statuses,
		ExpiryYears: p.ExpiryYears, ExpiryMonths: p.ExpiryMonths, Bins: p.Bins, LastFours: p.LastFours,
		PanIndexes: p.PanIndexes, Sealed: p.Sealed, WrappedKeys: p.WrappedKeys, Keks: p.Keks,
		ContentMacs: p.ContentMacs, UpdatedMs: p.UpdatedMs, Replaces: replaces,
	}
}

func updateParams(c *storage.Card) pgdb.UpdateCardParams {
	return pgdb.UpdateCardParams{
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
	}
}

// column reads one value of each row.
func column[R, V any](rows []R, value func(R) V) []V {
	values := make([]V, len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return values
}

// notNull makes an empty blob of nil, which the driver would send as NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func timeFrom(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
