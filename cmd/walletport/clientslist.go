package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

type clientsListCommand struct {
	JSON bool `help:"Print JSON."`
	location
}

func (c clientsListCommand) Run(ctx context.Context, con console) error {
	all, err := c.readClients(ctx, func(db server.Database) ([]storage.Client, error) { return db.Clients(ctx) })
	if err != nil {
		return err
	}
	if c.JSON {
		rows := make([]clientJSON, 0, len(all))
		for i := range all {
			rows = append(rows, newClientJSON(&all[i]))
		}
		return json.NewEncoder(con.Out).Encode(rows)
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tISSUERS\tSCOPES\tCREATED\tLAST USE\tENDS\tSTATE")
	for i := range all {
		c := &all[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Name, joinWords(c.Issuers), joinWords(c.Scopes),
			timeText(c.CreatedAt, "-"), timeText(c.LastUsedAt, "never"), timeText(c.ExpiresAt, "never"), clientState(c, now()))
	}
	return table.Flush()
}

type clientsShowCommand struct {
	ID   string `arg:"" help:"Client id."`
	JSON bool   `help:"Print JSON."`
	location
}

func (c clientsShowCommand) Run(ctx context.Context, con console) error {
	found, err := c.readClients(ctx, func(db server.Database) ([]storage.Client, error) {
		client, err := db.Client(ctx, c.ID)
		return []storage.Client{client}, err
	})
	if err != nil {
		return err
	}
	client := &found[0]
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(newClientJSON(client))
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", client.ID}, {"name", client.Name}, {"state", clientState(client, now())},
		{"issuers", joinWords(client.Issuers)}, {"scopes", joinWords(client.Scopes)},
		{"certificate", cmp.Or(client.CertificateSHA256, "any, or none")},
		{"created", timeText(client.CreatedAt, "-")}, {"last use", timeText(client.LastUsedAt, "never")}, {"ends", timeText(client.ExpiresAt, "never")},
		{"secret before", previousText(client, now())},
	} {
		fmt.Fprintf(table, "%s\t%s\n", line[0], line[1])
	}
	return table.Flush()
}

// printClient says what a client is after a change; what says what became of it.
func (o *operator) printClient(ctx context.Context, con console, asJSON bool, id, what string) error {
	client, err := o.db.Client(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(con.Out).Encode(newClientJSON(&client))
	}
	_, err = fmt.Fprintf(con.Out, "client %s %s\n", id, what)
	return err
}

// readClients reads from a database that must be there.
func (l location) readClients(ctx context.Context, read func(server.Database) ([]storage.Client, error)) ([]storage.Client, error) {
	settings, err := l.load()
	if err != nil {
		return nil, err
	}
	db, err := server.OpenDatabase(ctx, settings.Database)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return read(db)
}

func clientState(c *storage.Client, now time.Time) string {
	switch {
	case !c.RevokedAt.IsZero():
		return "revoked " + timeText(c.RevokedAt, "")
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
		return "ended " + timeText(c.ExpiresAt, "")
	case now.Before(c.PreviousUntil):
		return "active, two secrets until " + timeText(c.PreviousUntil, "")
	}
	return "active"
}

func previousText(c *storage.Client, now time.Time) string {
	if now.Before(c.PreviousUntil) {
		return "works until " + timeText(c.PreviousUntil, "")
	}
	return "does not work"
}

// timeText spells a time, and the zero time as none.
func timeText(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format(time.RFC3339)
}

func joinWords[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ",")
}

// clientJSON is a client as scripts read it.
type clientJSON struct {
	ID            string                `json:"id"`
	Name          string                `json:"name"`
	Issuers       []walletport.IssuerID `json:"issuers"`
	Scopes        []walletport.Scope    `json:"scopes"`
	Certificate   string                `json:"certificateSha256,omitempty"`
	Created       time.Time             `json:"createdAt"`
	LastUsed      time.Time             `json:"lastUsedAt,omitzero"`    // to the minute; absent was never used
	Expires       time.Time             `json:"expiresAt,omitzero"`     // absent never ends
	PreviousUntil time.Time             `json:"previousUntil,omitzero"` // until when the secret before works, or worked
	Revoked       time.Time             `json:"revokedAt,omitzero"`
	State         string                `json:"state"` // active, ended or revoked
}

func newClientJSON(c *storage.Client) clientJSON {
	state, _, _ := strings.Cut(strings.ReplaceAll(clientState(c, now()), ",", " "), " ")
	return clientJSON{
		ID: c.ID, Name: c.Name, Issuers: c.Issuers, Scopes: c.Scopes, Certificate: c.CertificateSHA256, Created: c.CreatedAt,
		LastUsed: c.LastUsedAt, Expires: c.ExpiresAt, PreviousUntil: c.PreviousUntil, Revoked: c.RevokedAt, State: state,
	}
}
