package main

import (
	"context"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
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
		if _, err := server.CreateKeys(settings.Keys, con.Err); err != nil {
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
		return o.declare(ctx, keyChange("init"), func(*act.Record) error {
			_, err := server.CreateKeys(settings.Keys, con.Err)
			return err
		})
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
