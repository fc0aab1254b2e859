package storage

import (
	"context"
	"time"

	"github.com/walletport/walletport"
)

// Import is one of a file that is under way, or was broken off.
type Import struct {
	ID     string // of the file and of what is to be done with it
	Holder string // the process whose it is: random, never given again
	Who    string // who runs it, in words for operators
	Began  time.Time
	Beat   time.Time // when the holder was last heard of
	State  []byte    // how far it came, in the caller's form
}

// ImportMark is how far an import has come. It is durable in the commit of what it speaks of.
type ImportMark struct {
	ID, Holder string
	At         time.Time
	State      []byte
}

// Imports remembers how far imports have come. Each has one holder, and marks of anybody
// else are refused: of two processes that import one file, one stores rows.
type Imports interface {
	// Import returns an import, the zero one if there is none of that id.
	Import(ctx context.Context, id string) (Import, error)
	// ClaimImport stores an import under a new holder: where there is none if before is
	// "", else in the place of the one that has that holder. It reports whether it did.
	ClaimImport(ctx context.Context, im Import, before string) (bool, error)
	// MarkImport stores a mark alone. Marks of an import that has another holder, or is
	// not there, are CodeConflict, reason import_taken.
	MarkImport(ctx context.Context, mark ImportMark) error
	// EndImport takes an import away. One that has another holder, or is not there, is
	// CodeConflict, reason import_taken.
	EndImport(ctx context.Context, id, holder string) error
}

// ErrImportTaken returns the answer for an import that another process has taken over.
func ErrImportTaken() *walletport.Error {
	return walletport.Errorf(walletport.CodeConflict, "import_taken", "another process has taken the import of this file over; this one stores nothing more")
}
