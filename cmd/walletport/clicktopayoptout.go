package main

import (
	"context"
	"fmt"

	"github.com/walletport/walletport/clicktopay"
)

type clickToPayOptOutCommand struct {
	Issuer        string `required:"" help:"The customer's issuer." placeholder:"ISSUER"`
	Customer      string `required:"" help:"The customer, by the issuer's number." placeholder:"NUMBER"`
	Withdraw      bool   `help:"Withdraw the opt-out. Nobody is enrolled by it." xor:"how"`
	KeepEnrolment bool   `help:"Leave what is enrolled as it is." xor:"how"`
	clickToPayLocation
}

func (clickToPayOptOutCommand) Help() string {
	return `No portfolio enrols the customer until the opt-out is withdrawn, also if nothing of them is stored yet. What is enrolled is
deleted, by a request behind those that are open. Calls of the API for this one customer are done all the same.

Examples:
  walletport clicktopay opt-out --issuer acme --customer 5001 --config walletport.yaml
  walletport clicktopay opt-out --issuer acme --customer 5001 --withdraw --config walletport.yaml`
}

func (c clickToPayOptOutCommand) Run(ctx context.Context, con console) error {
	customer, err := customerOf(c.Issuer, c.Customer)
	if err != nil {
		return err
	}
	asked := clicktopay.OptOutRequest{Customer: customer, KeepsEnrolment: c.KeepEnrolment, AuditUser: osUser(), Channel: clicktopay.ChannelCommand}
	return c.ask(ctx, func(ctx context.Context, o *operator, flow *clicktopay.Flow) error {
		if err := o.warnOfIssuers(ctx, con.Err, customer.Issuer); err != nil {
			return err
		}
		if c.Withdraw {
			return withdrawOptOut(ctx, con, flow, asked)
		}
		noted, err := flow.OptOut(ctx, asked)
		for _, request := range noted.Requests {
			fmt.Fprintf(con.Out, "the enrolment with %s is deleted by request %s\n", request.BID, request.ID)
		}
		if err != nil {
			return err
		}
		was := "customer %s of %s is opted out\n"
		if !noted.IsNew {
			was = "customer %s of %s was opted out before\n"
		}
		fmt.Fprintf(con.Out, was, customer.Number, customer.Issuer)
		return nil
	})
}

func withdrawOptOut(ctx context.Context, con console, flow *clicktopay.Flow, asked clicktopay.OptOutRequest) error {
	found, err := flow.WithdrawOptOut(ctx, asked)
	if err != nil {
		return err
	}
	was := "customer %s of %s is no longer opted out\n"
	if !found {
		was = "customer %s of %s was not opted out\n"
	}
	fmt.Fprintf(con.Out, was, asked.Customer.Number, asked.Customer.Issuer)
	return nil
}
