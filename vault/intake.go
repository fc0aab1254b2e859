package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault/rowfile"
)

// intake is one running import, of cards or of customers: a reader cuts the file into
// chunks, workers parse and seal them, and the caller's goroutine stores them in the order
// of the file. K names what a row is about, and C is what is stored of it.
type intake[K comparable, C any] struct {
	vault     *Vault
	rules     intakeRules
	kind      intakeKind[K, C]
	source    *digested
	file      *rowfile.File // once it was begun
	digestKey []byte
	free      chan *chunk[K, C]
	chunks    []*chunk[K, C] // all that there are, to be wiped in the end
	ledger    ledger[K, C]
	begun     bool                // changes that are made together
	rings     map[*keys.Ring]bool // by whose keys their rows are sealed
	claim     claim               // of a file that can be read again
	refused   refusals[K]
}

// intakeRules are the options of an import, and what follows from its kind.
type intakeRules struct {
	ImportOptions

	schema  *rowfile.Schema
	maxRows int    // 0 is any number
	of      string // "cards"
}

// intakeKind is what an import does with cards in another way than with customers.
type intakeKind[K comparable, C any] interface {
	// newClerk returns who makes rows, sealed by the keys of ring.
	newClerk(ring *keys.Ring) clerk[K, C]
	// begin begins changes that are made together or not at all; end lets go of what was not
	// committed.
	begin(ctx context.Context) error
	end() error
	// ahead stores what can be stored of a file before its rows are, of the lines behind
	// after. It calls beat again and again, so that the import counts as alive.
	ahead(ctx context.Context, after int64, beat func(context.Context) error) error
	// tidy takes away what ahead has stored of refused rows. It calls beat as ahead does.
	tidy(ctx context.Context, refused refusals[K], beat func(context.Context) error) error
	// seenKey names what a row is about.
	seenKey(key K) seenKey
	// announce tells who wants to know of the changes that are about to be stored.
	announce(ctx context.Context, rows []row[K, C]) error
	// store stores changes, if the database still has of each what the clerk read, with mark,
	// unless that is nil. Otherwise it stores nothing and returns the keys of the others. After
	// begin it adds the changes to those of commit.
	store(ctx context.Context, rows []row[K, C], mark *storage.ImportMark) (missed []K, err error)
	// commit stores what was begun. If it returns keys, nothing is stored.
	commit(ctx context.Context) (missed []K, err error)
	// fault returns the fault of a row whose key breaks a rule, under the name of the key's field.
	fault(rule string) []walletport.Field
	// errConflict is CodeConflict, reason import_conflict: commit stored nothing, and first is
	// one of the keys that it returned.
	errConflict(first K) error
	// count adds a changed row to what the report has of this kind alone.
	count(r *row[K, C], report *ImportReport)
}

// clerk makes rows of records. It is for one goroutine, and wiped after use.
type clerk[K comparable, C any] interface {
	// keyOf returns what a record is about, as far as that can be told.
	keyOf(rec *rowfile.Record) (K, bool)
	// isSound reports whether a record breaks no rule by itself, whatever is stored.
	isSound(rec *rowfile.Record) bool
	// lookUp reads what is stored of these.
	lookUp(ctx context.Context, about []K) error
	// make makes the row of a record, or says what is wrong with it. An error is a fault of
	// ours, which ends the import.
	make(rec *rowfile.Record) (row[K, C], []walletport.Field, error)
	wipe()
}

const defaultMaxErrors = 100

// keptErrors are as many as an import keeps, however few are listed: it knows by them which rows
// were refused when it goes on.
const keptErrors = 100

// runIntake imports a file.
func runIntake[K comparable, C any](ctx context.Context, v *Vault, r io.Reader, rules intakeRules, kind intakeKind[K, C]) (ImportReport, error) {
	in, err := newIntake(v, r, rules, kind)
	if err != nil {
		return ImportReport{}, err
	}
	defer in.wipe()
	if err := in.begin(ctx); err != nil {
		return ImportReport{}, err
	}
	err = in.unmark(ctx, in.store(ctx))
	if in.begun {
		err = errors.Join(err, in.kind.end())
	}
	report := &in.ledger.report
	if rules.AllOrNothing && (err != nil || report.Rejected > 0) {
		report.withhold()
	}
	report.Errors = report.Errors[:min(len(report.Errors), in.rules.MaxErrors)]
	return *report, err
}

// store does all that an import does behind its beginning.
func (in *intake[K, C]) store(ctx context.Context) error {
	if in.claim.isHeld() {
		if err := in.kind.ahead(ctx, in.aheadFrom(), in.beat); err != nil {
			return err
		}
	}
	if err := in.run(ctx, in.process, in.storeChunk); err != nil {
		return err
	}
	if err := in.checkRead(); err != nil {
		return err
	}
	if err := in.finish(ctx); err != nil {
		return err
	}
	if !in.claim.isHeld() {
		return nil
	}
	if err := in.kind.tidy(ctx, in.refused, in.beat); err != nil {
		return err
	}
	return in.endClaim(ctx)
}

func newIntake[K comparable, C any](v *Vault, r io.Reader, rules intakeRules, kind intakeKind[K, C]) (*intake[K, C], error) {
	switch {
	case rules.MaxErrors == 0:
		rules.MaxErrors = defaultMaxErrors
	case rules.MaxErrors < 0:
		rules.MaxErrors = 0
	}
	if rules.Issuer != "" {
		if _, err := walletport.ParseIssuerID(string(rules.Issuer)); err != nil {
			return nil, err
		}
	}
	if rules.Format != CSV && rules.Format != JSONLines {
		return nil, walletport.Errorf(walletport.CodeInvalid, "import_format", "the format is csv or jsonl")
	}
	in := &intake[K, C]{
		vault: v, rules: rules, kind: kind, source: newDigested(r), digestKey: make([]byte, sha256.Size),
		ledger: newLedger(&rules.ImportOptions, kind), rings: map[*keys.Ring]bool{},
	}
	_, err := io.ReadFull(rand.Reader, in.digestKey)
	return in, err
}

// wipe clears whatever held lines of the file.
func (in *intake[K, C]) wipe() {
	if in.file != nil {
		in.file.Wipe()
	}
	for _, c := range in.chunks {
		c.wipe()
	}
	in.ledger.rows.close()
}

// begin finds out whether the file is what it should be, and whether it could be stored.
func (in *intake[K, C]) begin(ctx context.Context) error {
	var err error
	if in.file, err = rowfile.Open(in.source, in.rules.Format, in.rules.schema); err != nil {
		return err
	}
	if err := in.checkKeys(); err != nil {
		return err
	}
	if err := in.vault.refuseForeign(ctx); err != nil {
		return err
	}
	switch {
	case in.rules.DryRun:
	case in.rules.AllOrNothing:
		err = in.kind.begin(ctx)
		in.begun = err == nil
	case in.rules.File.SHA256 != "":
		err = in.claimFile(ctx)
	}
	return err
}

// checkKeys refuses where no issuer has keys: each row would be refused for it.
func (in *intake[K, C]) checkKeys() error {
	for _, purpose := range []keys.Purpose{keys.VaultKEK, keys.VaultIndex} {
		if !in.vault.Keys.Current().Serves(purpose, in.vault.Clock()) {
			return walletport.Errorf(walletport.CodeUnavailable, reasonNoKey, "no %s key is active", purpose)
		}
	}
	return nil
}

// run reads the file: work fills the rest of a chunk in, in any order, and take has the chunks
// in the order of the file.
func (in *intake[K, C]) run(ctx context.Context, work func(context.Context, *chunk[K, C]) error, take func(context.Context, *chunk[K, C]) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	toSeal := make(chan *chunk[K, C], workers)
	inOrder := make(chan *chunk[K, C], 2*workers) // bounds what is in memory
	in.free = make(chan *chunk[K, C], 4*workers)

	var group sync.WaitGroup
	var readErr error
	group.Go(func() {
		defer close(inOrder)
		defer close(toSeal)
		readErr = in.readChunks(ctx, toSeal, inOrder)
	})
	for range workers {
		group.Go(func() {
			for c := range toSeal {
				c.err = work(ctx, c)
				close(c.done)
			}
		})
	}
	err := in.takeChunks(ctx, inOrder, take)
	stop() // the reader gives up, unless it waits for the source itself
	group.Wait()
	if err == nil {
		err = readErr
	}
	return err
}

// readChunks sends chunks to be sealed, and in the order of the file to be stored.
func (in *intake[K, C]) readChunks(ctx context.Context, toSeal, inOrder chan<- *chunk[K, C]) error {
	for rows := 0; ; {
		c := in.newChunk()
		readErr := in.fillChunk(c)
		if rows += len(c.lines); in.rules.maxRows > 0 && rows > in.rules.maxRows {
			return walletport.Errorf(walletport.CodeInvalid, "import_too_large", "one import like this takes %d rows: split the file", in.rules.maxRows)
		}
		if len(c.lines) > 0 {
			for _, to := range []chan<- *chunk[K, C]{inOrder, toSeal} {
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
			return fmt.Errorf("read the file: %w", readErr)
		}
	}
}

func (in *intake[K, C]) takeChunks(ctx context.Context, inOrder <-chan *chunk[K, C], take func(context.Context, *chunk[K, C]) error) error {
	for c := range inOrder {
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if c.err != nil {
			return c.err
		}
		if err := take(ctx, c); err != nil {
			return err
		}
		in.recycle(c)
	}
	return nil
}
