package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// mostShownOpen bounds the open requests of one customer that are looked through.
const mostShownOpen = 100

type clickToPayOptOutCommand struct {
	Issuer        string `required:"" help:"The customer's issuer." placeholder:"ISSUER"`
	Customer      string `required:"" help:"The customer, by the issuer's number." placeholder:"NUMBER"`
	Withdraw      bool   `help:"Withdraw the opt-out. Nobody is enrolled by it." xor:"how"`
	KeepEnrolment bool   `help:"Leave what is enrolled as it is." xor:"how"`
	clickToPayLocation
}

func (clickToPayOptOutCommand) Help() string {
	return `No portfolio enrols the customer until the opt-out is withdrawn, also if nothing of them is stored yet. What is enrolled is
deleted, by a request behind those that are open; clicktopay status says when that is done. --withdraw does not end such a request.
Calls of the API for this one customer are done all the same.

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
			return withdrawOptOut(ctx, o, con, flow, asked)
		}
		noted, err := flow.OptOut(ctx, asked)
		for _, request := range noted.Requests {
			fmt.Fprintf(con.Out, "the enrolment with %s will be deleted by request %s (clicktopay status %s)\n", request.BID, request.ID, request.ID)
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

func withdrawOptOut(ctx context.Context, o *operator, con console, flow *clicktopay.Flow, asked clicktopay.OptOutRequest) error {
	found, err := flow.WithdrawOptOut(ctx, asked)
	if err != nil {
		return err
	}
	was := "customer %s of %s is no longer opted out\n"
	if !found {
		was = "customer %s of %s was not opted out\n"
	}
	fmt.Fprintf(con.Out, was, asked.Customer.Number, asked.Customer.Issuer)
	deletions, err := o.openDeletions(ctx, asked.Customer)
	for i := range deletions {
		fmt.Fprintf(con.Out, "request %s goes on: it deletes the enrolment with %s\n", deletions[i].ID, deletions[i].BID)
	}
	return err
}

// openDeletions returns the requests that delete a customer and are not completed.
func (o *operator) openDeletions(ctx context.Context, key walletport.CustomerKey) ([]storage.EnrolmentRequest, error) {
	customer, err := o.db.Customer(ctx, key)
	if walletport.CodeOf(err) == walletport.CodeNotFound { // nothing was ever asked for
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	open, err := o.db.EnrolmentRequestsBefore(ctx, storage.RequestFilter{Issuer: key.Issuer, Customer: customer.ID, IsOpen: true}, 0, mostShownOpen)
	return slices.DeleteFunc(open, func(r storage.EnrolmentRequest) bool { return r.Action != walletport.DeleteCustomer }), err
}
