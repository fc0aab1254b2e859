package vault

import (
	"context"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/cardfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// ImportFormat is the form of a file, see package rowfile.
type ImportFormat = rowfile.Format

// The formats.
const (
	CSV       = rowfile.CSV
	JSONLines = rowfile.JSONLines
)

// MaxImportRows is how many rows one import takes. The vault remembers the id and line of
// each, some 40 bytes of a card and 100 of a customer, to tell a repeated row from one that
// contradicts.
const MaxImportRows = 5_000_000

// ImportOptions say how to read the file and what to do with it.
type ImportOptions struct {
	Format ImportFormat
	// Issuer of all rows; a row that names another is refused. Empty demands the
	// issuer in every row of a customer or of a new card; a stored card keeps its own.
	Issuer walletport.IssuerID
	// MixedIssuers lets rows name another issuer; Issuer is that of customers and new cards
	// whose row names none.
	MixedIssuers bool
	// ReplaceForgotten stores a card under the id of one that was forgotten, as a row of a
	// new card says it, and a customer in the same way; without it such a row is refused.
	ReplaceForgotten bool
	// AllowSandboxCards lets cards with the ids -1 to -6 in.
	AllowSandboxCards bool
	// DryRun reads, checks and counts everything, and stores nothing.
	DryRun bool
	// AllOrNothing stores all rows in one transaction, and none if one is bad: then the
	// error is CodeInvalid, reason import_refused.
	AllOrNothing bool
	MaxErrors    int                  // how many errors the report lists; 0 means 100
	Progress     func(ImportProgress) // called after each batch, from one goroutine; may be nil
	// Changing is told which stored cards a batch changes, before it is stored (not in a
	// dry run), from one goroutine; an error of it stops the import before the batch. A
	// card that somebody else changes at the same moment is told of again. May be nil.
	Changing func(context.Context, []ChangedCard) error
	// ChangingCustomers is Changing of an import of customers.
	ChangingCustomers func(context.Context, []ChangedCustomer) error
}

// ImportProgress says how far an import is.
type ImportProgress struct {
	Rows  int64 // done, good and bad
	Bytes int64 // of the file
}

// ChangedCard is a stored card that a row of the file changes.
type ChangedCard struct {
	ID       walletport.CardID
	Issuer   walletport.IssuerID
	From, To walletport.CardStatus // equal where the status stays
	// Fields names what changes, as the file spells it; month and year are "expiry", and a
	// card that is forgotten, or comes back, has "all".
	Fields []string
}

// StatusChange is a change from one status to another.
type StatusChange struct{ From, To walletport.CardStatus }

// ImportReport says what an import did, or in a dry run would do: Rows = Inserted +
// Updated + Unchanged + Withheld + Rejected.
type ImportReport struct {
	Rows, Inserted, Updated, Unchanged, Rejected int64

	// Withheld counts the good rows of an import with AllOrNothing that stored nothing:
	// a row is bad, or the import did not come to its end.
	Withheld int64

	Changed  map[string]int64       // of those updated, how many had which field changed
	Statuses map[StatusChange]int64 // of the updated cards, how many went from which status to which

	ErrorCount int64      // all errors; a row may have several
	Errors     []RowError // the first of them, in line order
}

// RowError is one fault of a row. It never holds a value of the file.
type RowError struct {
	Line  int64  // from 1, empty lines and the header counted
	Field string // as the file spells it, or "line"
	Rule  string // the rule that was broken, and what to do
}

// Import reads cards from r and stores the good rows; a bad row leaves nothing
// behind and is listed. It holds a few thousand rows in memory and seals on all
// processors. A card that is stored already with the same content is left alone, so
// that an import can be repeated, or taken up again after an error: what the
// report counts is durable.
//
// What a row does not say stays as it is stored; a new card without a status is
// CardOK. An empty text says nothing. A JSON null empties customerId, cardholderName
// and product, and says nothing elsewhere. A card that somebody else changes at the
// same time is read again, so that no change is lost.
//
// Of two rows with one cardId the first stands; the second is unchanged when it
// says the same, and an error that names both lines when it does not.
//
// Errors of the whole import: CodeInvalid with the reasons import_format,
// import_header, import_too_large and import_refused, CodeConflict with
// import_conflict and keystore_foreign (the key that would seal opens none of the stored
// cards that name it), CodeUnavailable with key_unavailable (nobody has a key, or
// one that sealed rows was destroyed before they were stored) and store_unavailable, and
// those of r, ctx and Changing. The last batches may be missing
// then; with AllOrNothing all are.
func (v *Vault) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportReport, error) {
	return runIntake(ctx, v, r, intakeRules{o, cardfile.Schema, MaxImportRows}, &cardIntake{vault: v, options: o})
}

// issuers reads whose rows are.
func (o *ImportOptions) issuers() issuerReader {
	return issuerReader{issuer: o.Issuer, mixed: o.MixedIssuers}
}

// withhold counts what would have been stored as not stored.
func (r *ImportReport) withhold() {
	r.Withheld += r.Inserted + r.Updated
	r.Inserted, r.Updated, r.Changed, r.Statuses = 0, 0, nil, nil
}
