package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

type tokensOpenCommand struct {
	Limit int  `default:"100" help:"How many at most."`
	JSON  bool `help:"Print JSON, one change a line."`
	location
}

func (tokensOpenCommand) Help() string {
	return `Changes that are under way (asked), and those that the scheme did not answer (unknown), which a server finds out about. The
scheme is not asked, and nothing of a cardholder is shown: tokens show has the rest.

Examples:
  walletport tokens open --config walletport.yaml
  walletport tokens open --json --config walletport.yaml`
}

// openJSON is an open change as scripts read it.
type openJSON struct {
	Token    walletport.TokenID     `json:"tokenId"`
	Scheme   walletport.SchemeID    `json:"scheme"`
	Issuer   walletport.IssuerID    `json:"issuer"`
	Action   walletport.TokenAction `json:"action"`
	ChangeID string                 `json:"changeId"`
	Since    *time.Time             `json:"since"`
	State    storage.ChangeState    `json:"state"`
}

func (c tokensOpenCommand) Run(ctx context.Context, con console) error {
	if c.Limit < 1 {
		return usagef("--limit: at least 1")
	}
	settings, err := c.load()
	if err != nil {
		return err
	}
	db, err := server.OpenDatabase(ctx, settings.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.TokensInChange(ctx, 0, c.Limit)
	if err != nil {
		return err
	}
	if len(rows) == c.Limit {
		fmt.Fprintln(con.Err, "walletport: warning: there may be more: --limit")
	}
	if c.JSON {
		return printOpenJSON(con, rows)
	}
	at, err := db.Now(ctx)
	if err != nil {
		return err
	}
	return printOpen(con, rows, at)
}

func printOpenJSON(con console, rows []storage.Token) error {
	lines := json.NewEncoder(con.Out)
	for _, row := range rows {
		ch := row.Change
		if err := lines.Encode(openJSON{row.ID, row.Ref.Scheme, row.Issuer, ch.Action, ch.ID, momentJSON(ch.Since), ch.State}); err != nil {
			return err
		}
	}
	return nil
}

func printOpen(con console, rows []storage.Token, at time.Time) error {
	fmt.Fprintln(con.Out, counted(len(rows), "open change"))
	if len(rows) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "TOKEN\tSCHEME\tISSUER\tACTION\tSINCE\tSTATE")
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", row.ID, schemeName(row.Ref.Scheme), row.Issuer, row.Change.Action,
			ageText(row.Change.Since, at), row.Change.State)
	}
	return table.Flush()
}
