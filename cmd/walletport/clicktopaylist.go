package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

type clickToPayListCommand struct {
	Issuer   string `required:"" help:"Whose requests." placeholder:"ISSUER"`
	Customer string `help:"Those of one customer, by the issuer's number." placeholder:"NUMBER"`
	Open     bool   `help:"Those that are not completed." xor:"state"`
	Failed   bool   `help:"Those that failed." xor:"state"`
	Limit    int    `default:"100" help:"How many at most."`
	JSON     bool   `help:"Print JSON, one request a line."`
	location
}

func (clickToPayListCommand) Help() string {
	return `Visa is not asked. Requests are kept for clicktopay.keep after they were completed.

Examples:
  walletport clicktopay list --issuer acme --open --config walletport.yaml
  walletport clicktopay list --issuer acme --failed --json --config walletport.yaml
  walletport clicktopay list --issuer acme --customer 5001 --config walletport.yaml`
}

func (c clickToPayListCommand) Run(ctx context.Context, con console) error {
	if c.Limit < 1 {
		return usagef("--limit: at least 1")
	}
	issuer, err := issuerOf(c.Issuer)
	if err != nil {
		return err
	}
	customer := walletport.CustomerKey{Issuer: issuer} // all of the issuer's
	if c.Customer != "" {
		if customer, err = customerOf(c.Issuer, c.Customer); err != nil {
			return err
		}
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if err := o.warnOfIssuers(ctx, con.Err, issuer); err != nil {
			return err
		}
		var rows []storage.EnrolmentRequest
		asked := act.Request{Action: walletport.ActionClickToPayList, Facts: act.Facts{Issuer: issuer}}
		asked.SetDetail(walletport.DetailCustomer, c.Customer)
		err := o.reading(ctx, asked, func(record *act.Record) (err error) {
			rows, err = c.find(ctx, o, customer)
			record.SetDetail(walletport.DetailRead, strconv.Itoa(len(rows)))
			return err
		})
		if err != nil {
			return err
		}
		if len(rows) == c.Limit {
			fmt.Fprintln(con.Err, "walletport: warning: there may be more: --limit")
		}
		return c.print(ctx, o, con, rows)
	})
}

func (c clickToPayListCommand) find(ctx context.Context, o *operator, customer walletport.CustomerKey) ([]storage.EnrolmentRequest, error) {
	filter := storage.RequestFilter{Issuer: customer.Issuer, IsOpen: c.Open}
	if c.Failed {
		filter.Result = storage.RequestFailed
	}
	if customer.Number != "" {
		row, err := o.db.Customer(ctx, customer)
		if err != nil {
			return nil, err
		}
		filter.Customer = row.ID
	}
	return o.db.EnrolmentRequestsBefore(ctx, filter, 0, c.Limit)
}

func (c clickToPayListCommand) print(ctx context.Context, o *operator, con console, rows []storage.EnrolmentRequest) error {
	if c.JSON {
		lines := json.NewEncoder(con.Out)
		for _, row := range rows {
			if err := lines.Encode(requestOf(row)); err != nil {
				return err
			}
		}
		return nil
	}
	at, err := o.db.Now(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(con.Out, counted(len(rows), "request"))
	if len(rows) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "REQUEST\tCUSTOMER\tBID\tCARD\tACTION\tACCEPTED\tSTATE")
	for i := range rows {
		r := &rows[i]
		card := "-"
		if r.CardID != 0 {
			card = r.CardID.String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Number, r.BID, card, r.Action, ageText(r.AcceptAt, at), stateWord(r))
	}
	return table.Flush()
}

// stateWord is how far a request has come, and what was wrong first.
func stateWord(r *storage.EnrolmentRequest) string {
	switch {
	case r.State != storage.RequestCompleted:
		return string(r.State)
	case len(r.Faults) > 0:
		return string(r.Result) + " " + plain(r.Faults[0].Reason)
	}
	return string(r.Result)
}
