package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/rowfile"
)

// ImportFormat is the form of a file, see package rowfile.
type ImportFormat = rowfile.Format

// The formats.
const (
	CSV       = rowfile.CSV
	JSONLines = rowfile.JSONLines
)

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
	MaxErrors    int                  // how many errors the report lists; 0 means 100, below 0 none
	Progress     func(ImportProgress) // called after each batch, from one goroutine; may be nil
	// Changing is told which stored cards a batch changes, before it is stored (not in a
	// dry run), from one goroutine; an error of it stops the import before the batch. A
	// card that somebody else changes at the same moment is told of again. May be nil.
	Changing func(context.Context, []ChangedCard) error
	// ChangingCustomers is Changing of an import of customers.
	ChangingCustomers func(context.Context, []ChangedCustomer) error

	// Scratch is the folder of scratch files; "" is that of the system (TMPDIR). They have no
	// names, hold nothing that is not in the database in clear too, and take some 32 bytes a
	// row, and 110 of cards in a file that is read twice.
	Scratch string
	// File is which file it is, so that the import can go on where it was broken off; zero
	// for what can be read once.
	File ImportFile
}

// ImportFile is a file that can be read again.
type ImportFile struct {
	SHA256 string                        // of the file, in hex; "" for what can be read once
	Open   func() (io.ReadCloser, error) // opens it again, from the beginning
	// Changed reports whether somebody has written to the file since SHA256 was read. It is
	// asked again and again, and its answer costs next to nothing; nil if nobody can tell.
	Changed func() (bool, error)
	// Who runs the import, for operators: "os:ada on host-1, process 4711". Nobody may start
	// the same one until HolderGone says of these words that there is no such process, or
	// it was not heard of for two minutes.
	Who        string
	HolderGone func(who string) bool // may be nil
	// FromStart begins again, also where an import of the file was broken off.
	FromStart bool
	// Resuming is told that an import goes on, before it does; may be nil.
	Resuming func(ImportResumed)
}

// ImportResumed is where an import goes on that was broken off.
type ImportResumed struct {
	Rows int64     // done before, good and bad; they are in the report
	At   time.Time // when it was last heard of
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

// MarshalText implements encoding.TextMarshaler: both with a space between.
func (c StatusChange) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%s %s", c.From, c.To), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *StatusChange) UnmarshalText(text []byte) error {
	from, to, ok := bytes.Cut(text, []byte(" "))
	if !ok {
		return errors.New("no change of a status")
	}
	c.From, c.To = walletport.CardStatus(from), walletport.CardStatus(to)
	return nil
}

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
// behind and is listed. It takes any number of rows, holds a few thousand in memory, and
// seals on all processors. A card that is stored already with the same content is left alone,
// so that an import can be repeated: what the report counts is durable.
//
// How far it has come is durable with the rows. When o.File is said and the same file is
// imported in the same way within a day of an import that was broken off, it goes on behind the
// last row that was stored, and its report counts those before too. Such a file is read
// twice: before the first row is stored, what cards are found by (see storage.CardFinds)
// is sorted and stored. If what is read is not what o.File says, it ends with import_file_changed,
// and no other import goes on from there.
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
// import_header and import_refused, CodeConflict with import_conflict, import_running (another
// process imports the file), import_taken (another one has taken it over), import_file_changed,
// import_values_left (see storage.CardFinds; all rows are done then) and
// keystore_foreign (the key that would seal opens none of the stored
// cards that name it), CodeUnavailable with key_unavailable (nobody has a key, or
// one that sealed rows was destroyed before they were stored) and store_unavailable, and
// those of r, ctx, Changing and scratch files. The last batches may be missing
// then; with AllOrNothing all are.
func (v *Vault) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportReport, error) {
	in := &cardIntake{vault: v, options: o}
	defer in.close()
	return runIntake(ctx, v, r, in.rules(), in)
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
