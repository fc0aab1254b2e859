package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/vault"
)

type cardsImportCommand struct {
	File             string `arg:"" help:"File of cards; - reads standard input."`
	Format           string `help:"csv or jsonl; without it, by the file's name." enum:",csv,jsonl" default:""`
	Issuer           string `help:"Issuer of all rows; without it, each row of a new card names its own (in a sandbox: rows that name none are the first issuer's)."`
	DryRun           bool   `help:"Say what the import would do, and store nothing."`
	AllOrNothing     bool   `help:"Store all rows in one transaction, and nothing if one row is bad."`
	ReplaceForgotten bool   `help:"Store cards anew whose ids were forgotten."`
	Errors           int    `help:"How many row errors are listed." default:"100"`
	JSON             bool   `help:"Print the report as JSON."`
	location
}

func (c cardsImportCommand) Run(ctx context.Context, con console) error {
	options := vault.ImportOptions{
		Issuer: walletport.IssuerID(c.Issuer), MaxErrors: c.Errors, DryRun: c.DryRun, AllOrNothing: c.AllOrNothing,
		ReplaceForgotten: c.ReplaceForgotten,
	}
	var err error
	if options.Format, err = importFormat(c.Format, c.File); err != nil {
		return err
	}
	in, err := openImport(con.In, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if options.AllowSandboxCards = c.Dir != "" || server.IsSandbox(o.keys.Current()); c.Dir != "" && c.Issuer == "" {
			options.Issuer, options.MixedIssuers = sandboxIssuer, true
		}
		report, importErr := o.importCards(ctx, con, in, options)
		if err := c.print(con, report, importErr); err != nil {
			return err
		}
		if importErr == nil && report.ErrorCount > 0 {
			return errFault
		}
		return importErr
	})
}

// importCards imports and records it: before the effect with the file's digest, which
// a pipe has only when it was read, and afterwards with what was read and done. A dry
// run changes nothing, and has one record.
func (o *operator) importCards(ctx context.Context, con console, in *importFile, options vault.ImportOptions) (report vault.ImportReport, err error) {
	cards, err := o.vault()
	if err != nil {
		return report, err
	}
	if err := o.warnOfIssuers(ctx, con.Err, options.Issuer); err != nil {
		return report, err
	}
	intended := act.Request{Action: walletport.ActionCardsImport, Facts: act.Facts{Issuer: options.Issuer}}
	intended.SetDetail(walletport.DetailFormat, string(options.Format))
	intended.SetDetail(walletport.DetailMode, importMode(options))
	digest, err := in.digestAhead()
	if err != nil {
		return report, err
	}
	intended.SetDetail(walletport.DetailSHA256, digest)
	if in.size >= 0 {
		intended.SetDetail(walletport.DetailBytes, strconv.FormatInt(in.size, 10))
	}
	options.Changing = func(ctx context.Context, changed []vault.ChangedCard) error { return o.declareChanges(ctx, changed) }
	run := func(record *act.Record) error {
		finish := showProgress(con.Err, in.size, &options)
		defer finish()
		var err error
		report, err = cards.Import(ctx, in, options)
		record.SetDetail(walletport.DetailSHA256, hex.EncodeToString(in.digest.Sum(nil)))
		record.SetDetail(walletport.DetailBytes, strconv.FormatInt(in.read, 10))
		noteImport(record, report)
		return err
	}
	if options.DryRun {
		err = o.reading(ctx, intended, run)
	} else {
		err = o.declare(ctx, intended, run)
	}
	return report, err
}

func importMode(o vault.ImportOptions) string {
	switch {
	case o.DryRun:
		return "dry_run"
	case o.AllOrNothing:
		return "all_or_nothing"
	}
	return "row_by_row"
}

// declareChanges records what the import is about to change, card by card. The records
// share their commits.
func (o *operator) declareChanges(ctx context.Context, changed []vault.ChangedCard) error {
	faults := make([]error, len(changed))
	var group sync.WaitGroup
	for i, card := range changed {
		group.Go(func() { faults[i] = o.log.Record(ctx, changeRecord(ctx, card)) })
	}
	group.Wait()
	return errors.Join(faults...)
}

// changeRecord says which fields change and, of the status alone, from what to what.
func changeRecord(ctx context.Context, card vault.ChangedCard) walletport.AuditRecord {
	request := walletport.RequestFrom(ctx)
	record := walletport.AuditRecord{
		RequestID: request.ID, ClientID: walletport.ActorFrom(ctx).ClientID, AuditUser: osUser(),
		Action: walletport.ActionCardsChange, Issuer: card.Issuer, CardID: card.ID, Outcome: walletport.OutcomeStarted,
	}
	vault.NoteChange(record.SetDetail, card)
	return record
}

// noteImport tells the audit record what became of the rows. Rows that were left out
// are not ok.
func noteImport(record *act.Record, r vault.ImportReport) {
	for name, count := range map[walletport.DetailName]int64{
		walletport.DetailRows: r.Rows, walletport.DetailInserted: r.Inserted, walletport.DetailUpdated: r.Updated,
		walletport.DetailUnchanged: r.Unchanged, walletport.DetailRejected: r.Rejected,
	} {
		record.SetDetail(name, strconv.FormatInt(count, 10))
	}
	noteRefused(record, r.Rows-r.Rejected, r.Rejected)
}

// otherFiles are names of files that are no cards yet. The import says what they are.
var otherFiles = []string{"gz", "zip", "bz2", "xz", "zst", "7z", "xlsx", "xls", "xlsm", "ods", "pgp", "gpg", "asc", "age"}

func importFormat(name, path string) (vault.ImportFormat, error) {
	if name == "" {
		name = strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	}
	switch {
	case name == "csv", slices.Contains(otherFiles, name):
		return vault.CSV, nil
	case name == "jsonl", name == "ndjson", name == "json":
		return vault.JSONLines, nil
	}
	return "", usagef("say --format csv or --format jsonl: the file's name does not tell")
}

// importFile is the file as it is read: it keeps count and digest.
type importFile struct {
	io.ReadCloser
	size   int64 // -1 when that is unknown
	seeker io.ReadSeeker
	read   int64
	digest hash.Hash
}

func openImport(stdin io.Reader, path string) (*importFile, error) {
	if path == "-" {
		return &importFile{ReadCloser: io.NopCloser(stdin), size: -1, digest: sha256.New()}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	file := &importFile{ReadCloser: f, size: -1, digest: sha256.New()}
	if info.Mode().IsRegular() {
		file.size, file.seeker = info.Size(), f
	}
	return file, nil
}

// Read implements io.Reader. It keeps nothing of what it reads but the digest's state.
func (f *importFile) Read(to []byte) (int, error) {
	n, err := f.ReadCloser.Read(to)
	f.read += int64(n)
	f.digest.Write(to[:n])
	return n, err
}

// digestAhead reads a file once before it is imported, and returns "" for a pipe.
func (f *importFile) digestAhead() (string, error) {
	if f.seeker == nil {
		return "", nil
	}
	digest, buffer := sha256.New(), make([]byte, 64<<10)
	defer clear(buffer)
	// The file's own WriteTo would copy through a buffer that nobody wipes.
	if _, err := io.CopyBuffer(digest, struct{ io.Reader }{f.seeker}, buffer); err != nil {
		return "", fmt.Errorf("read cards: %w", err)
	}
	if _, err := f.seeker.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read cards: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// showProgress draws a bar where somebody watches, and nothing into a pipe.
func showProgress(w io.Writer, size int64, options *vault.ImportOptions) (finish func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	return drawProgress(w, size, options)
}

// drawProgress has the import draw a bar on w as it goes.
func drawProgress(w io.Writer, size int64, options *vault.ImportOptions) (finish func()) {
	bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("cards"),
		progressbar.OptionShowBytes(true), progressbar.OptionFullWidth())
	options.Progress = func(p vault.ImportProgress) {
		bar.Describe(fmt.Sprintf("%d cards", p.Rows))
		_ = bar.Set64(p.Bytes) // a bar that cannot be drawn stops nothing
	}
	return func() {
		_ = bar.Finish()
		fmt.Fprintln(w)
	}
}

func (c cardsImportCommand) print(con console, r vault.ImportReport, importErr error) error {
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(importReportJSON(r, c.DryRun, !c.DryRun && (importErr == nil || !c.AllOrNothing)))
	}
	for _, e := range r.Errors {
		fmt.Fprintf(con.Err, "line %d, %s: %s\n", e.Line, e.Field, e.Rule)
	}
	if more := r.ErrorCount - int64(len(r.Errors)); more > 0 {
		fmt.Fprintf(con.Err, "and %d more errors\n", more)
	}
	if c.DryRun {
		fmt.Fprintln(con.Out, "a dry run: nothing is stored, an import would make of")
	}
	fmt.Fprintf(con.Out, "%d rows: %d inserted, %d updated, %d unchanged, %d rejected", r.Rows, r.Inserted, r.Updated, r.Unchanged, r.Rejected)
	if r.Withheld > 0 {
		fmt.Fprintf(con.Out, ", %d good but not stored", r.Withheld)
	}
	fmt.Fprintln(con.Out)
	for _, field := range slices.Sorted(maps.Keys(r.Changed)) {
		fmt.Fprintf(con.Out, "changed %s: %d\n", field, r.Changed[field])
	}
	for _, change := range sortedChanges(r.Statuses) {
		fmt.Fprintf(con.Out, "status %s to %s: %d\n", change.From, change.To, r.Statuses[change])
	}
	return nil
}

func sortedChanges(statuses map[vault.StatusChange]int64) []vault.StatusChange {
	return slices.SortedFunc(maps.Keys(statuses), func(a, b vault.StatusChange) int {
		return strings.Compare(string(a.From)+" "+string(a.To), string(b.From)+" "+string(b.To))
	})
}

func importReportJSON(r vault.ImportReport, dryRun, stored bool) map[string]any {
	type rowError struct {
		Line  int64  `json:"line"`
		Field string `json:"field"`
		Rule  string `json:"rule"`
	}
	type statusChange struct {
		From  walletport.CardStatus `json:"from"`
		To    walletport.CardStatus `json:"to"`
		Cards int64                 `json:"cards"`
	}
	faults := make([]rowError, 0, len(r.Errors))
	for _, e := range r.Errors {
		faults = append(faults, rowError{e.Line, e.Field, e.Rule})
	}
	statuses := []statusChange{}
	for _, change := range sortedChanges(r.Statuses) {
		statuses = append(statuses, statusChange{change.From, change.To, r.Statuses[change]})
	}
	changed := map[string]int64{}
	maps.Copy(changed, r.Changed)
	return map[string]any{
		"rows": r.Rows, "inserted": r.Inserted, "updated": r.Updated, "unchanged": r.Unchanged, "rejected": r.Rejected,
		"withheld": r.Withheld, "stored": stored,
		"changed": changed, "statuses": statuses, "dryRun": dryRun, "errorCount": r.ErrorCount, "errors": faults,
	}
}
