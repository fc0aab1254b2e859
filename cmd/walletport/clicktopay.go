package main

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/server"
)

type clickToPayCommand struct {
	Status    clickToPayStatusCommand    `cmd:"" help:"Show all that is known of one request."`
	List      clickToPayListCommand      `cmd:"" help:"List requests, the newest first."`
	Enrol     clickToPayEnrolCommand     `cmd:"" help:"Enrol all eligible cards of an issuer that are not enrolled yet."`
	OptOut    clickToPayOptOutCommand    `cmd:"" help:"Note that a customer wants no Click to Pay, and end their enrolment."`
	Reconcile clickToPayReconcileCommand `cmd:"" help:"Compare what Visa has with what is stored."`
}

func (clickToPayCommand) Help() string {
	return `What these commands ask for is done by servers, in the order in which it was asked for. With --dir, enrol, opt-out and reconcile
need the sandbox to run. docs/click-to-pay.md says what the words mean.

Examples:
  walletport clicktopay enrol --issuer acme --product debit --dry-run --config walletport.yaml
  walletport clicktopay opt-out --issuer acme --customer 5001 --config walletport.yaml
  walletport clicktopay list --issuer acme --failed --config walletport.yaml
  walletport clicktopay status 3f0c1f2a-6b0e-4f6f-9a55-0d6f3f6b8f10 --config walletport.yaml
  walletport clicktopay reconcile --issuer acme --config walletport.yaml`
}

// clickToPayLocation is a location whose Visa is asked.
type clickToPayLocation struct{ schemesLocation }

// ask is operate with the flow of Click to Pay over the location.
func (l clickToPayLocation) ask(ctx context.Context, do func(context.Context, *operator, *clicktopay.Flow) error) error {
	return l.operate(ctx, func(ctx context.Context, o *operator) error {
		flow, err := o.clickToPay()
		if err != nil {
			return err
		}
		return do(ctx, o, flow)
	})
}

// clickToPay returns the flow over an opened location.
func (o *operator) clickToPay() (*clicktopay.Flow, error) {
	cards, err := o.vault()
	if err != nil {
		return nil, err
	}
	return server.OpenClickToPay(server.ClickToPayRooms{
		Settings: o.settings, Database: o.db, Keys: o.keys, Vault: cards, Audit: o.log, Clock: now,
	})
}

// customerOf checks what names a customer on the command line. A card number there would stand
// in the shell's history already, and is not repeated.
func customerOf(issuer, number string) (walletport.CustomerKey, error) {
	id, err := issuerOf(issuer)
	if err != nil {
		return walletport.CustomerKey{}, err
	}
	if rule := walletport.CustomerNumberRule(number); rule != "" {
		return walletport.CustomerKey{}, usagef("--customer: the customer's number %s", rule)
	}
	return walletport.CustomerKey{Issuer: id, Number: number}, nil
}

func issuerOf(name string) (walletport.IssuerID, error) {
	id, err := walletport.ParseIssuerID(name)
	if err != nil {
		return "", usagef("--issuer: an issuer is named by letters, digits, '.', '_' and '-', 1 to 64 of them")
	}
	return id, nil
}
