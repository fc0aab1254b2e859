package storage

import (
	"context"

	"github.com/walletport/walletport"
)

// CardPage is a part of the cards that a search finds, in id order.
type CardPage struct {
	Issuer walletport.IssuerID // "" for those of all issuers
	After  walletport.CardID   // ids above it
	Limit  int                 // how many at most
}

// CardSearch finds cards by what people know of them. It costs what it finds, whoever
// else's cards there are.
type CardSearch interface {
	// CardsByCustomer returns cards of a customer number, which is an issuer's own.
	CardsByCustomer(ctx context.Context, customerID string, p CardPage) ([]Card, error)
	// CardsByLastFour returns cards by the last four digits of their PANs.
	CardsByLastFour(ctx context.Context, lastFour string, p CardPage) ([]Card, error)
}

// Eraser makes sure of what was deleted.
type Eraser interface {
	// Erase takes what rows had before they were changed or deleted out of what the
	// engine keeps beside its tables, as far as the engine can. SQLite empties its log,
	// where rows stand until then, or returns CodeUnavailable, reason store_unavailable,
	// when another process reads it for too long. PostgreSQL keeps old rows until VACUUM,
	// which is its owner's to run.
	Erase(ctx context.Context) error
}
