package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/vault"
)

type vaultCommand struct {
	Verify vaultVerifyCommand `cmd:"" help:"Open every stored card and token number and name those that are not as they were stored."`
}

func (vaultCommand) Help() string {
	return `Examples:
  walletport vault verify --config walletport.yaml`
}

type vaultVerifyCommand struct {
	Issuer string `help:"Rows of this issuer only."`
	JSON   bool   `help:"Print JSON Lines: one for each finding, then the counts."`
	location
}

func (vaultVerifyCommand) Help() string {
	return `Reads all cards, tokens, customers and requests of Click to Pay beside running servers, page by page. Ends with 1 when one
was altered in the database, when what is sealed of it does not open, or has a key that is not in the key store. A row that was put back whole as it once was agrees with itself: the
audit trail tells of that.

Examples:
  walletport vault verify --config walletport.yaml
  walletport vault verify --issuer acme --json --config walletport.yaml`
}

func (c vaultVerifyCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		v, err := o.vault()
		if err != nil {
			return err
		}
		var report vault.VerifyReport
		asked := act.Request{Action: walletport.ActionVaultVerify, Facts: act.Facts{Issuer: walletport.IssuerID(c.Issuer)}}
		// Findings are shown as they come, so what is read is in the trail before.
		err = o.declare(ctx, asked, func(record *act.Record) error {
			options := vault.VerifyOptions{Issuer: walletport.IssuerID(c.Issuer), Found: func(f vault.Finding) error { return c.printFinding(con, f) }}
			finish := showCount(con.Err, &options)
			defer finish()
			var err error
			report, err = v.Verify(ctx, options)
			noteVerify(record, report)
			return err
		})
		if err != nil {
			return err
		}
		if err := c.print(con, report); err != nil {
			return err
		}
		if allOf(report).Good < allOf(report).Rows() {
			return errFault
		}
		return nil
	})
}

func noteVerify(record *act.Record, r vault.VerifyReport) {
	all := allOf(r)
	record.SetDetail(walletport.DetailRead, strconv.FormatInt(all.Rows(), 10))
	record.SetDetail(walletport.DetailAltered, strconv.FormatInt(all.Altered, 10))
	record.SetDetail(walletport.DetailNoKey, strconv.FormatInt(all.WithoutKey, 10))
	for kind, of := range r.Of {
		if of.Altered > 0 {
			record.Outcome = vault.Kind(kind).Reason()
			return
		}
	}
	if all.WithoutKey > 0 {
		record.Outcome = keyUnavailable
	}
}

// allOf sums up all kinds of rows.
func allOf(r vault.VerifyReport) (sum vault.VerifyCounts) {
	for _, of := range r.Of {
		sum.Good += of.Good
		sum.Altered += of.Altered
		sum.WithoutKey += of.WithoutKey
	}
	return sum
}

// showCount counts on a terminal; how many rows there are is not known before.
func showCount(w io.Writer, options *vault.VerifyOptions) (finish func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("rows verified"),
		progressbar.OptionShowCount())
	options.Progress = func(rows int64) { _ = bar.Set64(rows) } // a bar that cannot be drawn stops nothing
	return func() {
		_ = bar.Finish()
		fmt.Fprintln(w)
	}
}

// keyUnavailable is the reason of rows whose key is not in the key store.
const keyUnavailable = "key_unavailable"

func findingWord(f vault.Finding) string {
	if f.Reason == keyUnavailable {
		return checkNoKey
	}
	return checkAltered
}

func (c vaultVerifyCommand) printFinding(con console, f vault.Finding) error {
	member, name, id := "cardId", "card", any(int64(f.ID))
	switch {
	case f.Token != 0:
		member, name, id = "tokenId", "the number of token", int64(f.Token)
	case f.Customer != "":
		member, name, id = "customerId", "customer", f.Customer
	case f.Request != "":
		member, name, id = "requestId", "request", f.Request
	}
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(map[string]any{
			member: id, "issuer": f.Issuer, "check": findingWord(f), "detail": f.Detail,
		})
	}
	_, err := fmt.Fprintf(con.Out, "%s: %s %v of %s: %s\n", findingWord(f), name, id, f.Issuer, f.Detail)
	return err
}

// verifyMembers are where the counts of kinds other than cards stand in JSON.
var verifyMembers = map[vault.Kind]string{vault.TokenNumbers: "tokenNumbers", vault.Customers: "customers", vault.Requests: "requests"}

func (c vaultVerifyCommand) print(con console, r vault.VerifyReport) error {
	if c.JSON {
		type counts struct {
			Issuer     walletport.IssuerID `json:"issuer"`
			Good       int64               `json:"good"`
			Altered    int64               `json:"altered"`
			WithoutKey int64               `json:"withoutKey"`
		}
		issuers := []counts{}
		for _, issuer := range slices.Sorted(maps.Keys(r.Issuers)) {
			of := r.Issuers[issuer]
			issuers = append(issuers, counts{issuer, of.Good, of.Altered, of.WithoutKey})
		}
		cards := r.Of[vault.Cards]
		line := map[string]any{"cards": cards.Rows(), "good": cards.Good, "altered": cards.Altered, "withoutKey": cards.WithoutKey, "issuers": issuers}
		for kind, member := range verifyMembers {
			of := r.Of[kind]
			line[member] = map[string]int64{"good": of.Good, "altered": of.Altered, "withoutKey": of.WithoutKey}
		}
		return json.NewEncoder(con.Out).Encode(line)
	}
	for _, issuer := range slices.Sorted(maps.Keys(r.Issuers)) {
		of := r.Issuers[issuer]
		fmt.Fprintf(con.Out, "issuer %s: %d good, %d altered, %d without a key\n", issuer, of.Good, of.Altered, of.WithoutKey)
	}
	for kind, of := range r.Of {
		if _, err := fmt.Fprintf(con.Out, "%d %s: %d good, %d altered, %d without a key\n", of.Rows(), vault.Kind(kind), of.Good, of.Altered, of.WithoutKey); err != nil {
			return err
		}
	}
	return nil
}

// vault opens the vault of the location.
func (o *operator) vault() (*vault.Vault, error) { return server.OpenVault(o.db, o.keys, now) }
