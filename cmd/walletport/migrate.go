package main

import (
	"context"
	"fmt"
)

type migrateCommand struct{ location }

func (migrateCommand) Help() string {
	return `Every command that opens the database does the same; this one does nothing else.

Examples:
  walletport migrate --config walletport.yaml`
}

func (c migrateCommand) Run(ctx context.Context, con console) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, config.Database)
	if err != nil {
		return err
	}
	fmt.Fprintln(con.Out, "the database is up to date")
	return db.Close()
}
