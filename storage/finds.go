package storage

import (
	"bytes"
	"cmp"
	"context"

	"github.com/walletport/walletport"
)

// CardAttribute is one by whose value cards are found, as the column has it.
type CardAttribute int8

// The attributes.
const (
	ByPANIndex CardAttribute = iota + 1
	ByCustomer
	ByLastFour
)

// CardFind is a value by which a card is found.
type CardFind struct {
	Attribute CardAttribute
	Value     []byte // texts in UTF-8
	ID        walletport.CardID
}

// CompareCardFinds orders values as the database keeps them.
func CompareCardFinds(a, b CardFind) int {
	return cmp.Or(cmp.Compare(a.Attribute, b.Attribute), bytes.Compare(a.Value, b.Value), cmp.Compare(a.ID, b.ID))
}

// CardFinds is for imports of many cards. A card never stands without the values by which it
// is found, for an engine adds them when it stores the card. Each of them has a place of its
// own, so that each card costs as many pages; who adds the values of all cards in their order
// beforehand, by the thousand, has each page written once.
type CardFinds interface {
	// AddCardFinds adds values, in one commit, whether or not their cards are stored:
	// a value without its card finds nothing. What stands already is left alone.
	AddCardFinds(ctx context.Context, finds []CardFind) error
	// DropCardFinds takes away those of the values whose card is not stored, or has
	// another one, in one commit. It holds up nobody but who stores a card with one of them, and
	// those for a second at most. Where others have been storing cards for long it takes nothing
	// away, and the answer is CodeConflict, reason import_values_left.
	DropCardFinds(ctx context.Context, finds []CardFind) error
	// CardFindsOf returns the values that stand for a card, those that it has and those that an
	// import has stored ahead of it, for who takes the latter away by DropCardFinds. Only imports
	// store values ahead: where none is under way or was broken off, it returns nothing, and else
	// it reads the values of all cards.
	CardFindsOf(ctx context.Context, id walletport.CardID) ([]CardFind, error)
}

// ErrFindsLeft returns the answer where values stay for now.
func ErrFindsLeft() *walletport.Error {
	return walletport.Errorf(walletport.CodeConflict, "import_values_left",
		"customer numbers and last four digits that an import stored ahead of its cards are left in the database, for somebody else has been storing cards for long, as --all-or-nothing does: give the same command again when that has ended")
}
