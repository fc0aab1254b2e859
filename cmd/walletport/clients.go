package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

type clientsCommand struct {
	Create clientsCreateCommand `cmd:"" help:"Make an API client; its secret is shown once."`
	List   clientsListCommand   `cmd:"" help:"List API clients."`
	Show   clientsShowCommand   `cmd:"" help:"Show an API client."`
	Change clientsChangeCommand `cmd:"" help:"Change what an API client may do, for whom and how long."`
	Rotate clientsRotateCommand `cmd:"" name:"rotate-secret" help:"Give an API client another secret; the one before works on for a while."`
	Revoke clientsRevokeCommand `cmd:"" help:"End an API client; servers follow within auth.client_cache_ttl, 2s."`
}

func (clientsCommand) Help() string {
	return `Examples:
  walletport clients create --name "mobile back end" --issuer acme --scope provision --config walletport.yaml
  walletport clients change wpc_… --scope provision --scope activate --config walletport.yaml
  walletport clients rotate-secret wpc_… --overlap 24h --config walletport.yaml
  walletport clients revoke wpc_… --config walletport.yaml`
}

type clientsCreateCommand struct {
	Name        string   `required:"" help:"What people call it."`
	Issuer      []string `required:"" help:"Card issuers it acts for."`
	Scope       []string `required:"" help:"What it may do: provision, activate, tokens:read, tokens:write, tokens:number, clicktopay, cards, audit:read."`
	Certificate string   `help:"Hex SHA-256 of the TLS certificate (DER) that it must present." placeholder:"HEX"`
	Expires     string   `help:"When it ends, RFC 3339; without it, never." placeholder:"TIME"`
	JSON        bool     `help:"Print JSON."`
	location
}

func (c clientsCreateCommand) Run(ctx context.Context, con console) error {
	wanted := auth.NewClient{Name: c.Name, CertificateSHA256: c.Certificate, Issuers: issuerIDs(c.Issuer)}
	var err error
	if wanted.Scopes, err = parseScopes(c.Scope); err != nil {
		return err
	}
	if wanted.ExpiresAt, err = parseTime(c.Expires); err != nil {
		return usagef("--expires: %v", err)
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if err := o.warnOfIssuers(ctx, con.Err, wanted.Issuers...); err != nil {
			return err
		}
		id, secret, err := o.clients().Create(ctx, wanted, osUser())
		if err != nil {
			return err
		}
		return printCredentials(con, c.JSON, id, secret, "")
	})
}

// printCredentials shows a secret, this once. remark is a further line for people.
func printCredentials(con console, asJSON bool, id, secret, remark string) error {
	if asJSON {
		return json.NewEncoder(con.Out).Encode(map[string]string{"username": id, "password": secret})
	}
	_, err := fmt.Fprintf(con.Out, "username %s\npassword %s\nThe password is shown this once.\n%s", id, secret, remark)
	return err
}

func issuerIDs(names []string) []walletport.IssuerID {
	var ids []walletport.IssuerID
	for _, name := range names {
		ids = append(ids, walletport.IssuerID(name))
	}
	return ids
}

func parseScopes(names []string) ([]walletport.Scope, error) {
	var scopes []walletport.Scope
	for _, name := range names {
		scope, err := walletport.ParseScope(name)
		if err != nil {
			return nil, usagef("--scope: %v", err)
		}
		scopes = append(scopes, scope)
	}
	return scopes, nil
}

func (o *operator) clients() auth.Clients {
	return auth.Clients{Store: o.db, Audit: o.log, Rand: rand.Reader, Clock: now}
}

type clientsChangeCommand struct {
	ID            string   `arg:"" help:"Client id."`
	Name          *string  `help:"What people call it."`
	Issuer        []string `help:"Card issuers it acts for, in place of those before."`
	Scope         []string `help:"What it may do, in place of that before."`
	Certificate   *string  `help:"Hex SHA-256 of the TLS certificate (DER) that it must present." placeholder:"HEX" xor:"certificate"`
	NoCertificate bool     `help:"It need present none." xor:"certificate"`
	Expires       string   `help:"When it ends, RFC 3339." placeholder:"TIME" xor:"expires"`
	NeverExpires  bool     `help:"It does not end." xor:"expires"`
	JSON          bool     `help:"Print the client as JSON."`
	location
}

func (c clientsChangeCommand) Run(ctx context.Context, con console) error {
	change := auth.ClientChange{Name: c.Name, Issuers: issuerIDs(c.Issuer), CertificateSHA256: c.Certificate}
	var err error
	if change.Scopes, err = parseScopes(c.Scope); err != nil {
		return err
	}
	if c.NoCertificate {
		change.CertificateSHA256 = new(string)
	}
	if c.NeverExpires || c.Expires != "" {
		ends, err := parseTime(c.Expires)
		if err != nil {
			return usagef("--expires: %v", err)
		}
		change.ExpiresAt = &ends
	}
	if change.Name == nil && change.Issuers == nil && change.Scopes == nil && change.CertificateSHA256 == nil && change.ExpiresAt == nil {
		return usagef("%s", "say what changes: --name, --issuer, --scope, --certificate, --no-certificate, --expires or --never-expires")
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if err := o.warnOfIssuers(ctx, con.Err, change.Issuers...); err != nil {
			return err
		}
		if err := o.clients().Change(ctx, c.ID, change, osUser()); err != nil {
			return err
		}
		return o.printClient(ctx, con, c.JSON, c.ID, "is changed")
	})
}

type clientsRotateCommand struct {
	ID      string        `arg:"" help:"Client id."`
	Overlap time.Duration `default:"24h" help:"How long the secret before works on: 0s to 2160h. Of two earlier ones the older ends at once."`
	JSON    bool          `help:"Print JSON."`
	location
}

func (c clientsRotateCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		secret, err := o.clients().RotateSecret(ctx, c.ID, c.Overlap, osUser())
		if err != nil {
			return err
		}
		remark := "The one before works no longer.\n"
		if c.Overlap > 0 {
			remark = "The one before works for " + c.Overlap.String() + ".\n"
		}
		return printCredentials(con, c.JSON, c.ID, secret, remark)
	})
}

type clientsRevokeCommand struct {
	ID   string `arg:"" help:"Client id."`
	JSON bool   `help:"Print the client as JSON."`
	location
}

func (c clientsRevokeCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		already, err := o.clients().Revoke(ctx, c.ID, osUser())
		if err != nil {
			return err
		}
		now := "is revoked"
		if !already.IsZero() {
			now = "was revoked already at " + already.UTC().Format(time.RFC3339)
		}
		return o.printClient(ctx, con, c.JSON, c.ID, now)
	})
}
