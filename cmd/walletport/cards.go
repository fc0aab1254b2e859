package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

type cardsCommand struct {
	Import cardsImportCommand `cmd:"" help:"Store the cards of a CSV or JSON Lines file."`
	List   cardsListCommand   `cmd:"" help:"List cards, masked."`
	Show   cardsShowCommand   `cmd:"" help:"Show one card, masked."`
	Rewrap cardsRewrapCommand `cmd:"" help:"Move every card's data key to the newest vault-kek, while servers run."`
}

func (cardsCommand) Help() string {
	return `Examples:
  walletport cards import cards.csv --issuer acme --config walletport.yaml
  walletport cards show 1001 --config walletport.yaml
CSV has a header, JSON Lines an object a line: cardId, pan, expiryMonth (MM), expiryYear (YYYY), and if wanted
issuer, customerId, cardholderName, product, status.`
}

type cardsImportCommand struct {
	File   string `arg:"" help:"File of cards; - reads standard input."`
	Format string `help:"csv or jsonl; without it, by the file's name." enum:",csv,jsonl" default:""`
	Issuer string `help:"Issuer of all rows; without it, each row names its own (in a sandbox: rows that name none are the first issuer's)."`
	Errors int    `help:"How many row errors are listed." default:"100"`
	JSON   bool   `help:"Print the report as JSON."`
	location
}

func (c cardsImportCommand) Run(ctx context.Context, con console) error {
	options := vault.ImportOptions{Issuer: walletport.IssuerID(c.Issuer), AllowSandboxCards: c.Dir != "", MaxErrors: c.Errors}
	if c.Dir != "" && c.Issuer == "" {
		options.Issuer, options.MixedIssuers = sandboxIssuer, true
	}
	var err error
	if options.Format, err = importFormat(c.Format, c.File); err != nil {
		return err
	}
	in, size, err := openImport(con.In, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		cards, err := vault.New(vault.Vault{Cards: o.db, Keys: o.keys, Clock: now})
		if err != nil {
			return err
		}
		var report vault.ImportReport
		intended := walletport.AuditRecord{Action: walletport.ActionCardsImport, Issuer: options.Issuer}
		importErr := o.declare(ctx, intended, func(record *walletport.Auditing) error {
			finish := showProgress(con.Err, size, &options)
			defer finish()
			var err error
			report, err = cards.Import(ctx, in, options)
			noteImport(record, report)
			return err
		})
		if err := c.print(con, report); err != nil {
			return err
		}
		if importErr == nil && report.ErrorCount > 0 {
			return errFault
		}
		return importErr
	})
}

// noteImport tells the audit record what became of the rows. Rows that were left out
// are not ok.
func noteImport(record *walletport.Auditing, r vault.ImportReport) {
	for name, count := range map[walletport.DetailName]int64{
		walletport.DetailRows: r.Rows, walletport.DetailInserted: r.Inserted, walletport.DetailUpdated: r.Updated,
		walletport.DetailUnchanged: r.Unchanged, walletport.DetailRejected: r.Rejected,
	} {
		record.SetDetail(name, strconv.FormatInt(count, 10))
	}
	switch {
	case r.Rejected == 0:
	case r.Rejected == r.Rows:
		record.Outcome = walletport.OutcomeAllRefused
	default:
		record.Outcome = walletport.OutcomeSomeRefused
	}
}

func importFormat(name, path string) (vault.ImportFormat, error) {
	if name == "" {
		name = strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	}
	switch name {
	case "csv":
		return vault.CSV, nil
	case "jsonl", "ndjson":
		return vault.JSONLines, nil
	}
	return "", usagef("say --format csv or --format jsonl: the file's name does not tell")
}

// openImport returns the file and its size, -1 when that is unknown.
func openImport(stdin io.Reader, path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(stdin), -1, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
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

func (c cardsImportCommand) print(con console, r vault.ImportReport) error {
	if c.JSON {
		type rowError struct {
			Line  int64  `json:"line"`
			Field string `json:"field"`
			Rule  string `json:"rule"`
		}
		list := make([]rowError, 0, len(r.Errors))
		for _, e := range r.Errors {
			list = append(list, rowError{e.Line, e.Field, e.Rule})
		}
		return json.NewEncoder(con.Out).Encode(map[string]any{
			"rows": r.Rows, "inserted": r.Inserted, "updated": r.Updated, "unchanged": r.Unchanged, "rejected": r.Rejected,
			"errorCount": r.ErrorCount, "errors": list,
		})
	}
	for _, e := range r.Errors {
		fmt.Fprintf(con.Err, "line %d, %s: %s\n", e.Line, e.Field, e.Rule)
	}
	if more := r.ErrorCount - int64(len(r.Errors)); more > 0 {
		fmt.Fprintf(con.Err, "and %d more errors\n", more)
	}
	_, err := fmt.Fprintf(con.Out, "%d rows: %d inserted, %d updated, %d unchanged, %d rejected\n", r.Rows, r.Inserted, r.Updated, r.Unchanged, r.Rejected)
	return err
}

type cardsListCommand struct {
	Issuer string `help:"Of this issuer only."`
	After  int64  `help:"Begin behind this card id." default:"-9223372036854775808"`
	Limit  int    `help:"How many at most." default:"100"`
	JSON   bool   `help:"Print JSON Lines."`
	location
}

func (c cardsListCommand) Run(ctx context.Context, con console) error {
	asked := walletport.AuditRecord{Action: walletport.ActionCardsRead, Issuer: walletport.IssuerID(c.Issuer)}
	return c.readCards(ctx, asked, con, c.JSON, func(db database) ([]storage.Card, error) {
		return db.CardsAfter(ctx, walletport.IssuerID(c.Issuer), walletport.CardID(c.After), c.Limit)
	})
}

type cardsShowCommand struct {
	ID   int64 `arg:"" help:"Card id."`
	JSON bool  `help:"Print JSON."`
	location
}

func (c cardsShowCommand) Run(ctx context.Context, con console) error {
	asked := walletport.AuditRecord{Action: walletport.ActionCardsRead, CardID: walletport.CardID(c.ID)}
	return c.readCards(ctx, asked, con, c.JSON, func(db database) ([]storage.Card, error) {
		card, err := db.Card(ctx, walletport.CardID(c.ID))
		return []storage.Card{card}, err
	})
}

// readCards shows what read finds, once it is in the audit trail that it was read.
func (l location) readCards(ctx context.Context, asked walletport.AuditRecord, con console, asJSON bool, read func(database) ([]storage.Card, error)) error {
	return l.operate(ctx, func(ctx context.Context, o *operator) error {
		var summaries []walletport.CardSummary
		err := o.reading(ctx, asked, func(record *walletport.Auditing) error {
			cards, err := read(o.db)
			if err != nil {
				return err
			}
			for i := range cards {
				summaries = append(summaries, cards[i].CardSummary)
			}
			record.SetDetail(walletport.DetailRead, strconv.Itoa(len(cards)))
			return nil
		})
		if err != nil {
			return err
		}
		return printCards(con, asJSON, summaries)
	})
}

func printCards(con console, asJSON bool, cards []walletport.CardSummary) error {
	if asJSON {
		return printCardsJSON(con, cards)
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tISSUER\tCUSTOMER\tSCHEME\tPAN\tEXPIRY\tPRODUCT\tSTATUS")
	for _, c := range cards {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s/%s\t%s\t%s\n", c.ID, c.Issuer, c.CustomerID, c.Scheme, c.MaskedPAN(),
			c.Expiry.MM(), c.Expiry.YYYY(), c.Product, c.Status)
	}
	return table.Flush()
}

func printCardsJSON(con console, cards []walletport.CardSummary) error {
	type cardJSON struct {
		CardID      int64  `json:"cardId"`
		Issuer      string `json:"issuer"`
		CustomerID  string `json:"customerId"`
		Scheme      string `json:"scheme"`
		MaskedPAN   string `json:"maskedPan"`
		ExpiryMonth string `json:"expiryMonth"`
		ExpiryYear  string `json:"expiryYear"`
		Product     string `json:"product"`
		Status      string `json:"status"`
	}
	encoder := json.NewEncoder(con.Out)
	for _, c := range cards {
		row := cardJSON{int64(c.ID), string(c.Issuer), c.CustomerID, string(c.Scheme), c.MaskedPAN(), c.Expiry.MM(), c.Expiry.YYYY(), c.Product, string(c.Status)}
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

type cardsRewrapCommand struct{ location }

func (c cardsRewrapCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		cards, err := vault.New(vault.Vault{Cards: o.db, Keys: o.keys, Clock: now})
		if err != nil {
			return err
		}
		var report vault.RewrapReport
		intended := walletport.AuditRecord{Action: walletport.ActionCardsRewrap}
		rewrapErr := o.declare(ctx, intended, func(record *walletport.Auditing) error {
			var err error
			report, err = cards.Rewrap(ctx, nil)
			noteRewrap(record, report)
			return err
		})
		for _, id := range report.Failures {
			fmt.Fprintf(con.Err, "card %s does not unwrap\n", id)
		}
		fmt.Fprintf(con.Out, "%d data keys moved, %d failed\n", report.Moved, report.Failed)
		return rewrapErr
	})
}

func noteRewrap(record *walletport.Auditing, r vault.RewrapReport) {
	record.SetDetail(walletport.DetailMoved, strconv.FormatInt(r.Moved, 10))
	record.SetDetail(walletport.DetailFailed, strconv.FormatInt(r.Failed, 10))
	switch {
	case r.Failed == 0:
	case r.Moved == 0:
		record.Outcome = walletport.OutcomeAllRefused
	default:
		record.Outcome = walletport.OutcomeSomeRefused
	}
}
