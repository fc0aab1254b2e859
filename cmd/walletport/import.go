package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/vault"
)

// importFlags are those of every import.
type importFlags struct {
	Format           string `help:"csv or jsonl; without it, by the file's name." enum:",csv,jsonl" default:""`
	DryRun           bool   `help:"Say what the import would do, and store nothing."`
	AllOrNothing     bool   `help:"Store all rows in one transaction, and nothing if one row is bad."`
	ReplaceForgotten bool   `help:"Store anew whose ids or numbers were forgotten."`
	FromStart        bool   `help:"Begin at the first row, also where an import of this file was broken off."`
	Errors           int    `help:"How many row errors are listed; 0 lists none, and counts them." default:"100"`
	JSON             bool   `help:"Print the report as JSON."`
	location
}

// importing is an import that a command was called for.
type importing struct {
	action walletport.Action
	of     string // what the rows are of, as a bar calls it
	issuer string // that was said
	file   string
	// run is the vault's, with what it wants to tell of changes.
	run func(context.Context, *operator, io.Reader, vault.ImportOptions) (vault.ImportReport, error)
}

// importRows imports a file and prints what came of it.
func (c importFlags) importRows(ctx context.Context, con console, im importing) error {
	if c.Errors < 0 {
		return usagef("--errors is 0 or more")
	}
	options := vault.ImportOptions{
		Issuer: walletport.IssuerID(im.issuer), MaxErrors: maxErrors(c.Errors), DryRun: c.DryRun, AllOrNothing: c.AllOrNothing,
		ReplaceForgotten: c.ReplaceForgotten,
		File: vault.ImportFile{
			Who: importHolder(), HolderGone: holderGone, FromStart: c.FromStart,
			Resuming: func(r vault.ImportResumed) {
				fmt.Fprintf(con.Err, "goes on behind row %d: an import of this file was broken off at %s (--from-start begins at the first row)\n",
					r.Rows, r.At.UTC().Format(time.RFC3339))
			},
		},
	}
	var err error
	if options.Format, err = importFormat(c.Format, im.file); err != nil {
		return err
	}
	in, err := openImport(con.In, im.file)
	if err != nil {
		return err
	}
	defer in.Close()
	if options.File.Open = in.again; in.file != nil {
		options.File.Changed = in.changed
	}
	if c.Dir != "" && im.issuer == "" {
		options.Issuer, options.MixedIssuers = sandboxIssuer, true
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		report, importErr := o.importRows(ctx, con, in, options, im)
		if err := c.print(con, report, importErr); err != nil {
			return err
		}
		if importErr == nil && report.ErrorCount > 0 {
			return errFault
		}
		if c.goesOn(in, report, importErr) {
			fmt.Fprintln(con.Err, "what is counted is stored: the same command goes on from there, within a day")
		}
		return importErr
	})
}

// goesOn reports whether an import that ended with an error has come so far that the same command
// does not begin at the first row.
func (c importFlags) goesOn(in *importFile, report vault.ImportReport, importErr error) bool {
	switch walletport.ReasonOf(importErr) {
	case "import_taken", "import_file_changed": // another process goes on already, or nobody does
		return false
	}
	return importErr != nil &&
		in.file != nil && report.Rows > 0 && !c.DryRun && !c.AllOrNothing
}

// maxErrors is a number of errors to be listed as the vault takes it.
func maxErrors(count int) int {
	if count == 0 {
		return -1
	}
	return count
}

// importRows imports and records it: before the effect with the file's digest, which
// a pipe has only when it was read, and afterwards with what was read and done. A dry
// run changes nothing, and has one record.
func (o *operator) importRows(ctx context.Context, con console, in *importFile, options vault.ImportOptions, im importing) (report vault.ImportReport, err error) {
	if err := o.warnOfIssuers(ctx, con.Err, options.Issuer); err != nil {
		return report, err
	}
	intended := act.Request{Action: im.action, Facts: act.Facts{Issuer: options.Issuer}}
	intended.SetDetail(walletport.DetailFormat, string(options.Format))
	intended.SetDetail(walletport.DetailMode, importMode(options))
	digest, err := in.digestAhead()
	if err != nil {
		return report, err
	}
	intended.SetDetail(walletport.DetailSHA256, digest)
	options.File.SHA256 = digest
	if in.size >= 0 {
		intended.SetDetail(walletport.DetailBytes, strconv.FormatInt(in.size, 10))
	}
	run := func(record *act.Record) error {
		finish := showProgress(con.Err, in.size, im.of, &options)
		defer finish()
		var err error
		report, err = im.run(ctx, o, in, options)
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

// declareChanges records what an import is about to change, one by one. The records share
// their commits.
func (o *operator) declareChanges(ctx context.Context, records []walletport.AuditRecord) error {
	faults := make([]error, len(records))
	var group sync.WaitGroup
	for i := range records {
		group.Go(func() { faults[i] = o.log.Record(ctx, records[i]) })
	}
	group.Wait()
	return errors.Join(faults...)
}

// startedRecord is that of a change that an import is about to make.
func startedRecord(ctx context.Context, action walletport.Action, issuer walletport.IssuerID) walletport.AuditRecord {
	request := walletport.RequestFrom(ctx)
	return walletport.AuditRecord{
		RequestID: request.ID, ClientID: walletport.ActorFrom(ctx).ClientID, AuditUser: osUser(),
		Action: action, Issuer: issuer, Outcome: walletport.OutcomeStarted,
	}
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

// showProgress draws a bar where somebody watches, and nothing into a pipe.
func showProgress(w io.Writer, size int64, of string, options *vault.ImportOptions) (finish func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	return drawProgress(w, size, of, options)
}

// drawProgress has the import draw a bar on w as it goes.
func drawProgress(w io.Writer, size int64, of string, options *vault.ImportOptions) (finish func()) {
	bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(of),
		progressbar.OptionShowBytes(true), progressbar.OptionFullWidth())
	options.Progress = func(p vault.ImportProgress) {
		bar.Describe(fmt.Sprintf("%d %s", p.Rows, of))
		_ = bar.Set64(p.Bytes) // a bar that cannot be drawn stops nothing
	}
	return func() {
		_ = bar.Finish()
		fmt.Fprintln(w)
	}
}

func (c importFlags) print(con console, r vault.ImportReport, importErr error) error {
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
