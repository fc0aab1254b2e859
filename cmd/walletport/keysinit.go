package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/server"
)

type keysInitCommand struct{ location }

func (c keysInitCommand) Run(ctx context.Context, con console) error {
	settings, err := c.load()
	if err != nil {
		return err
	}
	db, err := server.OpenDatabase(ctx, settings.Database)
	switch walletport.ReasonOf(err) {
	case "":
	case "database_absent", "schema_missing": // the first command of a new installation
		if err := makeKeyStore(settings.Keys, con); err != nil {
			return err
		}
		fmt.Fprintln(con.Err, "the audit trail does not name this, for there is no database yet")
		return nil
	default:
		return err
	}
	defer db.Close()
	if err := warnOfOldStore(ctx, con, db); err != nil {
		return err
	}
	o := &operator{settings: settings, db: db} // the store that is to sign checkpoints is not made yet
	return o.recording(ctx, func(ctx context.Context, o *operator) error {
		return o.declare(ctx, keyChange("init"), func(*act.Record) error { return makeKeyStore(settings.Keys, con) })
	})
}

// warnOfOldStore warns before a new key store comes to a database that another one has
// sealed cards or signed the trail of.
func warnOfOldStore(ctx context.Context, con console, db server.Database) error {
	sealedBy, err := db.CardKEKs(ctx)
	if err != nil {
		return err
	}
	last, err := db.LastCheckpoint(ctx)
	if err != nil {
		return err
	}
	if len(sealedBy) > 0 || last.Seq > 0 {
		fmt.Fprintln(con.Err, "warning: the database holds cards or an audit trail of another key store, which a new one neither opens nor signs: bring that one back, or name a new database (docs/keys.md, The store is lost)")
	}
	return nil
}

// makeKeyStore makes an empty key store, and its key file if there is none. A new key
// file would not open a key store that is there already, so none is made then.
func makeKeyStore(c config.Keys, con console) error {
	if c.KeyFile != "" {
		_, storeErr := os.Lstat(c.File)
		if _, err := os.Lstat(c.KeyFile); storeErr == nil && errors.Is(err, os.ErrNotExist) {
			return walletport.Errorf(walletport.CodeConflict, "key_file_missing", "the key store is there: bring back its key file; a new one would not open it")
		}
		if _, err := os.Stat(c.KeyFile); errors.Is(err, os.ErrNotExist) {
			if err := file.CreateKeyFile(c.KeyFile); err != nil {
				return err
			}
			fmt.Fprintln(con.Err, "key file made:", c.KeyFile, "(keep a copy apart from the key store)")
		}
	}
	fileConfig, err := server.KeyStoreConfig(c)
	if err != nil {
		return err
	}
	if _, err := file.Create(fileConfig); err != nil {
		return err
	}
	fmt.Fprintln(con.Err, "key store made:", c.File)
	return nil
}
