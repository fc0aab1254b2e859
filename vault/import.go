package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/walletport/walletport"
)

// ImportFormat is the form of a file of cards.
type ImportFormat string

// The formats. Both have the columns or members cardId, pan, expiryMonth (MM) and
// expiryYear (YYYY), and may have issuer, customerId, cardholderName, product and
// status (CARD_OK when absent), in any order and no others. Text is UTF-8, with or
// without a byte order mark; empty lines are skipped; a line has at most 8 KiB.
const (
	CSV       ImportFormat = "csv"   // RFC 4180 with a header, comma-separated, no line break in a field
	JSONLines ImportFormat = "jsonl" // an object per line; cardId as number or string, the rest as strings
)

// MaxImportRows is how many rows one import takes. The vault remembers the id and
// line of each, some 40 bytes, to tell a repeated row from one that contradicts.
const MaxImportRows = 5_000_000

// ImportOptions say how to read the file.
type ImportOptions struct {
	Format ImportFormat
	// Issuer of all rows; a row that names another is refused. Empty demands the
	// issuer in every row.
	Issuer walletport.IssuerID
	// MixedIssuers lets rows name another issuer; Issuer is that of rows that name none.
	MixedIssuers bool
	// AllowSandboxCards lets the ids -1 to -6 in.
	AllowSandboxCards bool
	MaxErrors         int                  // how many errors the report lists; 0 means 100
	Progress          func(ImportProgress) // called after each stored batch, from one goroutine; may be nil
}

// ImportProgress says how far an import is.
type ImportProgress struct {
	Rows  int64 // done, good and bad
	Bytes int64 // of the file
}

// ImportReport says what an import did: Rows = Inserted + Updated + Unchanged + Rejected.
type ImportReport struct {
	Rows, Inserted, Updated, Unchanged, Rejected int64

	ErrorCount int64      // all errors; a row may have several
	Errors     []RowError // the first of them, in line order
}

// RowError is one fault of a row. It never holds a value of the file.
type RowError struct {
	Line  int64  // from 1, empty lines and the header counted
	Field string // as the file spells it, or "line"
	Rule  string // the rule that was broken
}

// Import reads cards from r and stores the good ones; a bad row leaves nothing
// behind and is listed. It holds a few thousand rows in memory and seals on all
// processors. A card that is stored already with the same content is left alone, so
// that an import can be repeated, or taken up again after an error: what the
// report counts is durable.
//
// Of two rows with one cardId the first stands; the second is unchanged when it
// says the same, and an error that names both lines when it does not.
//
// Errors of the whole import: CodeInvalid with the reasons import_format,
// import_header and import_too_large, CodeUnavailable with key_unavailable and
// store_unavailable, and those of r and ctx. The last batches may be missing then.
func (v *Vault) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportReport, error) {
	im, err := newImporter(v, r, o)
	if err != nil {
		return ImportReport{}, err
	}
	return im.run(ctx)
}

// importer is one running import: a reader cuts the file into chunks, workers parse
// and seal them, and the caller's goroutine stores them in the order of the file.
type importer struct {
	vault   *Vault
	options ImportOptions
	lines   *lineReader
	header  []column // of CSV
	free    chan *chunk
	ledger  ledger
}

const defaultMaxErrors = 100

func newImporter(v *Vault, r io.Reader, o ImportOptions) (*importer, error) {
	if o.MaxErrors <= 0 {
		o.MaxErrors = defaultMaxErrors
	}
	if o.Issuer != "" {
		if _, err := walletport.ParseIssuerID(string(o.Issuer)); err != nil {
			return nil, err
		}
	}
	im := &importer{vault: v, options: o, lines: newLineReader(r), ledger: newLedger(o.MaxErrors)}
	switch o.Format {
	case JSONLines:
		return im, nil
	case CSV:
		return im, im.readHeader()
	}
	return nil, walletport.Errorf(walletport.CodeInvalid, "import_format", "the format is csv or jsonl")
}

func (im *importer) readHeader() error {
	for {
		line, tooLong, err := im.lines.next()
		switch {
		case errors.Is(err, io.EOF), tooLong:
			return walletport.Errorf(walletport.CodeInvalid, "import_header", "the file has no header")
		case err != nil:
			return fmt.Errorf("read cards: %w", err)
		case len(line) == 0:
			continue
		}
		im.header, err = parseHeader(line)
		return err
	}
}

func (im *importer) run(ctx context.Context) (ImportReport, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	toSeal := make(chan *chunk, workers)
	inOrder := make(chan *chunk, 2*workers) // bounds what is in memory
	im.free = make(chan *chunk, 4*workers)

	var group sync.WaitGroup
	var readErr error
	group.Go(func() {
		defer close(inOrder)
		defer close(toSeal)
		readErr = im.readChunks(ctx, toSeal, inOrder)
	})
	for range workers {
		group.Go(func() {
			for c := range toSeal {
				im.process(c)
				close(c.done)
			}
		})
	}
	err := im.storeChunks(ctx, inOrder)
	stop() // the reader gives up, unless it waits for r itself
	group.Wait()
	if err == nil {
		err = readErr
	}
	return im.ledger.report, err
}

// readChunks sends chunks to be sealed, and in the order of the file to be stored.
func (im *importer) readChunks(ctx context.Context, toSeal, inOrder chan<- *chunk) error {
	for rows := 0; ; {
		c := im.newChunk()
		readErr := im.fillChunk(c)
		if rows += len(c.lines); rows > MaxImportRows {
			return walletport.Errorf(walletport.CodeInvalid, "import_too_large", "one import takes %d rows, split the file", MaxImportRows)
		}
		if len(c.lines) > 0 {
			for _, to := range []chan<- *chunk{inOrder, toSeal} {
				select {
				case to <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		switch {
		case errors.Is(readErr, io.EOF):
			return nil
		case readErr != nil:
			return fmt.Errorf("read cards: %w", readErr)
		}
	}
}

func (im *importer) storeChunks(ctx context.Context, inOrder <-chan *chunk) error {
	for c := range inOrder {
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if c.err != nil {
			return c.err
		}
		if err := im.ledger.store(ctx, im.vault.Cards, c); err != nil {
			return err
		}
		if im.options.Progress != nil {
			im.options.Progress(ImportProgress{Rows: im.ledger.report.Rows, Bytes: c.bytes})
		}
		im.recycle(c)
	}
	return nil
}
