package main

import (
	"context"
	"fmt"
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
	config, err := c.load()
	if err != nil {
		return err
	}
	schema, err := createDatabase(ctx, config.Database)
	switch {
	case err != nil:
		return err
	case schema.Found == schema.Wanted:
		_, err = fmt.Fprintf(con.Out, "the database is up to date (schema version %d)\n", schema.Wanted)
	case schema.Found == 0:
		_, err = fmt.Fprintf(con.Out, "the database is made (schema version %d): %s\n", schema.Wanted, redactURL(config.Database.URL))
	default:
		_, err = fmt.Fprintf(con.Out, "the database is migrated (schema version %d, was %d)\n", schema.Wanted, schema.Found)
	}
	return err
}
