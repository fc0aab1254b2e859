package main

import (
	"context"
	"fmt"
)

type migrateCommand struct{ location }

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
