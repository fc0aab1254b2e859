package main

import "github.com/walletport/walletport/config"

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Try what serve would need and say everything that is wrong."`
	Print configPrintCommand `cmd:"" help:"Print the configuration in force, defaults and environment included."`
}

func (configCommand) Help() string {
	return `Examples:
  walletport config check --config walletport.yaml
  WALLETPORT_HTTP__LISTEN=127.0.0.1:9000 walletport config print --config walletport.yaml`
}

type configPrintCommand struct{ location }

func (c configPrintCommand) Run(con console) error {
	settings, err := c.load()
	if err != nil {
		return err
	}
	config.Print(con.Out, settings)
	return nil
}
