package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

type migrateCommand struct{ location }

func (migrateCommand) Help() string {
	return `Makes the database where there is none. No other command makes or changes tables: serve and the tools refuse a
database that is absent, empty, or of another version, and say so. Make a backup before: a program refuses tables of a
newer version, and nothing takes them back. Servers that run may go on meanwhile.

Examples:
  walletport migrate --config walletport.yaml`
}

func (c migrateCommand) Run(ctx context.Context, con console) error {
	settings, err := c.load()
	if err != nil {
		return err
	}
	schema, err := server.CreateDatabase(ctx, settings.Database)
	if err == nil && schema.Found != schema.Wanted {
		err = recordMigration(ctx, settings, schema)
	}
	switch {
	case err != nil:
		return err
	case schema.Found == schema.Wanted:
		_, err = fmt.Fprintf(con.Out, "the database is up to date (schema version %d)\n", schema.Wanted)
	case schema.Found == 0:
		_, err = fmt.Fprintf(con.Out, "the database is made (schema version %d): %s\n", schema.Wanted, config.RedactURL(settings.Database.URL))
	default:
		_, err = fmt.Fprintf(con.Out, "the database is migrated (schema version %d, was %d)\n", schema.Wanted, schema.Found)
	}
	return err
}

// recordMigration is after the act, for tables of an older version have no room for
// the record. A new trail so begins with the record of who made it. There may be no
// key store yet, and then nobody to sign it.
func recordMigration(ctx context.Context, settings config.Config, schema storage.Schema) error {
	db, err := server.OpenDatabase(ctx, settings.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	o := &operator{settings: settings, db: db}
	if keyStore, err := server.OpenKeys(settings.Keys, slog.New(slog.DiscardHandler)); err == nil {
		o.keys = keyStore
	}
	err = o.recording(ctx, func(ctx context.Context, o *operator) error {
		return o.reading(ctx, act.Request{Action: walletport.ActionMigrate}, func(record *act.Record) error {
			record.SetDetail(walletport.DetailFromVersion, strconv.FormatInt(schema.Found, 10))
			record.SetDetail(walletport.DetailToVersion, strconv.FormatInt(schema.Wanted, 10))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("the tables are of version %d now, but that is not in the audit trail: %w", schema.Wanted, err)
	}
	return nil
}
