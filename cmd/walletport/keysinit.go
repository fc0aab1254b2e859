package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys/file"
)

type keysInitCommand struct{ location }

func (c keysInitCommand) Run(ctx context.Context, con console) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, config.Database)
	switch walletport.ReasonOf(err) {
	case "":
	case "database_absent", "schema_missing": // the first command of a new installation
		if err := makeKeyStore(config.Keys, con); err != nil {
			return err
		}
		fmt.Fprintln(con.Err, "the audit trail does not name this, for there is no database yet")
		return nil
	default:
		return err
	}
	defer db.Close()
	o := &operator{config: config, db: db} // the store that is to sign checkpoints is not made yet
	return o.recording(ctx, func(ctx context.Context, o *operator) error {
		return o.declare(ctx, keyChange("init"), func(*walletport.Auditing) error { return makeKeyStore(config.Keys, con) })
	})
}

// makeKeyStore makes an empty key store, and its key file if there is none.
func makeKeyStore(c keysConfig, con console) error {
	if c.KeyFile != "" {
		if _, err := os.Stat(c.KeyFile); errors.Is(err, os.ErrNotExist) {
			if err := file.CreateKeyFile(c.KeyFile); err != nil {
				return err
			}
			fmt.Fprintln(con.Err, "key file made:", c.KeyFile, "(keep a copy apart from the key store)")
		}
	}
	fileConfig, err := c.open()
	if err != nil {
		return err
	}
	if _, err := file.Create(fileConfig); err != nil {
		return err
	}
	fmt.Fprintln(con.Err, "key store made:", c.File)
	return nil
}
