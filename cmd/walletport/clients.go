package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/storage"
)

type clientsCommand struct {
	Create clientsCreateCommand `cmd:"" help:"Make an API client; its secret is shown once."`
	List   clientsListCommand   `cmd:"" help:"List API clients."`
	Revoke clientsRevokeCommand `cmd:"" help:"End an API client; servers follow within seconds."`
}

func (clientsCommand) Help() string {
	return `Examples:
  walletport clients create --name "mobile back end" --issuer acme --scope provision --config walletport.yaml
  walletport clients revoke wpc_… --config walletport.yaml`
}

type clientsCreateCommand struct {
	Name        string   `required:"" help:"What people call it."`
	Issuer      []string `required:"" help:"Card issuers it acts for."`
	Scope       []string `required:"" help:"What it may do: provision, activate, tokens:read, tokens:write, clicktopay, cards, audit:read."`
	Certificate string   `help:"Hex SHA-256 of the TLS certificate (DER) that it must present." placeholder:"HEX"`
	JSON        bool     `help:"Print JSON."`
	location
}

func (c clientsCreateCommand) Run(ctx context.Context, con console) error {
	wanted := auth.NewClient{Name: c.Name, CertificateSHA256: c.Certificate}
	for _, i := range c.Issuer {
		wanted.Issuers = append(wanted.Issuers, walletport.IssuerID(i))
	}
	for _, s := range c.Scope {
		scope, err := walletport.ParseScope(s)
		if err != nil {
			return usagef("--scope: %v", err)
		}
		wanted.Scopes = append(wanted.Scopes, scope)
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if err := o.warnOfIssuers(ctx, con.Err, wanted.Issuers...); err != nil {
			return err
		}
		id, secret, err := o.clients().Create(ctx, wanted, osUser())
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(con.Out).Encode(map[string]string{"username": id, "password": secret})
		}
		_, err = fmt.Fprintf(con.Out, "username %s\npassword %s\nThe password is shown this once.\n", id, secret)
		return err
	})
}

func (o *operator) clients() auth.Clients {
	return auth.Clients{Store: o.db, Audit: o.log, Rand: rand.Reader, Clock: time.Now}
}

type clientsListCommand struct {
	JSON bool `help:"Print JSON."`
	location
}

func (c clientsListCommand) Run(ctx context.Context, con console) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, config.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := db.Clients(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printClientsJSON(con, all)
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tISSUERS\tSCOPES\tCREATED\tSTATE")
	for _, client := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", client.ID, client.Name, joinWords(client.Issuers), joinWords(client.Scopes),
			client.CreatedAt.UTC().Format(time.RFC3339), clientState(client))
	}
	return table.Flush()
}

func clientState(c storage.Client) string {
	if c.RevokedAt.IsZero() {
		return "active"
	}
	return "revoked " + c.RevokedAt.UTC().Format(time.RFC3339)
}

func joinWords[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ",")
}

func printClientsJSON(con console, all []storage.Client) error {
	type clientJSON struct {
		ID      string                `json:"id"`
		Name    string                `json:"name"`
		Issuers []walletport.IssuerID `json:"issuers"`
		Scopes  []walletport.Scope    `json:"scopes"`
		Created time.Time             `json:"createdAt"`
		Revoked *time.Time            `json:"revokedAt,omitempty"`
	}
	out := make([]clientJSON, 0, len(all))
	for _, c := range all {
		row := clientJSON{ID: c.ID, Name: c.Name, Issuers: c.Issuers, Scopes: c.Scopes, Created: c.CreatedAt}
		if !c.RevokedAt.IsZero() {
			row.Revoked = &c.RevokedAt
		}
		out = append(out, row)
	}
	return json.NewEncoder(con.Out).Encode(out)
}

type clientsRevokeCommand struct {
	ID string `arg:"" help:"Client id."`
	location
}

func (c clientsRevokeCommand) Run(ctx context.Context) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error { return o.clients().Revoke(ctx, c.ID, osUser()) })
}
