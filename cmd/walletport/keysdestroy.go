package main

import (
	"context"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

type keysDestroyCommand struct {
	ID   string `arg:"" help:"Key id, as keys list prints it."`
	Yes  bool   `help:"Really destroy it; without this, it is shown only."`
	JSON bool   `help:"Print the key as JSON."`
	location
}

func (keysDestroyCommand) Help() string {
	return `The secret half of the key is taken out of the key store, and nothing brings it back: what only this key opens is
lost, also in backups of the database. The entry and the public half stay. The key must be retired, and no stored card
may need it.

Examples:
  walletport cards rewrap --config walletport.yaml
  walletport keys retire vault-kek-v1 --config walletport.yaml
  walletport keys destroy vault-kek-v1 --yes --config walletport.yaml`
}

func (c keysDestroyCommand) Run(ctx context.Context, con console) error {
	id := keys.ID(c.ID)
	if !c.Yes {
		if err := c.show(con, id); err != nil {
			return err
		}
		return usagef("say --yes to destroy this key for good")
	}
	return c.changeState(ctx, con, c.JSON, stateChange("destroy", c.ID, ""), func(ctx context.Context, o *operator) (keys.Meta, error) {
		if err := o.checkUnused(ctx, id); err != nil {
			return keys.Meta{}, err
		}
		return o.keys.Destroy(ctx, id)
	})
}

// show prints the key, as keys list does.
func (c keysDestroyCommand) show(con console, id keys.ID) error {
	store, err := c.openKeys()
	if err != nil {
		return err
	}
	k, err := store.Current().Find(id)
	if err != nil {
		return err
	}
	return printKeys(con.Out, c.JSON, []*keys.Key{k})
}

// checkUnused refuses to destroy a key that stored cards need, and one that is not retired:
// that somebody retires it the next moment says nothing of its cards.
func (o *operator) checkUnused(ctx context.Context, id keys.ID) error {
	k, err := o.keys.Current().Find(id)
	if err != nil {
		return err
	}
	if err := (keys.Catalogue{k.Meta}).MayDestroy(id); err != nil {
		return err
	}
	cards, err := server.OpenVault(o.db, o.keys, now)
	if err != nil {
		return err
	}
	return cards.CheckUnused(ctx, k)
}
