package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/walletport/walletport/server"
)

type configCheckCommand struct{ location }

func (configCheckCommand) Help() string {
	return `Tries everything that serve would need, except that it connects to nothing but the database: files, secrets, keys,
certificates, addresses, and how issuers are spelled. What could not be checked is said. Every problem is named at once;
exit status 1 if there is one.

Examples:
  walletport config check --config walletport.yaml`
}

func (c configCheckCommand) Run(ctx context.Context, con console) error {
	settings, err := c.load()
	if err != nil {
		return err
	}
	found := server.Check(ctx, settings, now, c.Dir == "")
	for _, text := range found.Warnings {
		fmt.Fprintln(con.Err, "walletport: warning:", text)
	}
	for _, text := range found.Notes {
		fmt.Fprintln(con.Out, "note:", text)
	}
	for _, text := range found.Unchecked {
		fmt.Fprintln(con.Out, "not checked:", text)
	}
	if err := errors.Join(found.Problems...); err != nil {
		return fmt.Errorf("serve would not start, or could not work:\n%w", err)
	}
	_, err = fmt.Fprintln(con.Out, "the configuration is good")
	return err
}
