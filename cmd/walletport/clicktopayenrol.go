package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
)

type clickToPayEnrolCommand struct {
	Issuer       string        `required:"" help:"Whose cards." placeholder:"ISSUER"`
	Product      string        `help:"Those of one product; without it, of every product in the issuer's table." placeholder:"PRODUCT"`
	BID          string        `name:"bid" help:"The issuer's id at Visa to enrol with; without it, that of the settings, or the issuer's only one." placeholder:"BID"`
	Rate         float64       `help:"Requests a second; without it, clicktopay.portfolio.rate." placeholder:"N"`
	DryRun       bool          `help:"Say what would be done, and change nothing."`
	RetryRefused bool          `help:"Also ask for cards whose enrolment was refused before."`
	RetryRemoved bool          `help:"Also ask for cards that were removed, and for customers who were deleted."`
	Patience     time.Duration `default:"30s" help:"How long to wait at the end for customers with several cards, which are enrolled one after the other; it begins anew with each that is done."`
	JSON         bool          `help:"Print JSON, one card a line, and at the end the sums."`
	clickToPayLocation
}

func (clickToPayEnrolCommand) Help() string {
	return `Which cards are eligible is said in clicktopay.portfolio.issuers.ISSUER.products. Each is a request of its own, which servers do;
clicktopay list has what becomes of them. Cards that are left out are listed with the reason. A run that was stopped is gone on with
by running it again: no card gets a second request. While clicktopay.portfolio.max_open requests are open the run waits.

Examples:
  walletport clicktopay enrol --issuer acme --product debit --dry-run --config walletport.yaml
  walletport clicktopay enrol --issuer acme --product debit --rate 50 --json --config walletport.yaml
  walletport clicktopay enrol --issuer acme --retry-refused --config walletport.yaml`
}

func (c clickToPayEnrolCommand) Run(ctx context.Context, con console) error {
	issuer, err := issuerOf(c.Issuer)
	if err != nil {
		return err
	}
	if rule := walletport.ProductRule(c.Product); rule != "" {
		return usagef("--product: %s", rule)
	}
	if c.Rate < 0 || c.Patience < 0 {
		return usagef("--rate and --patience are not below 0")
	}
	return c.ask(ctx, func(ctx context.Context, _ *operator, flow *clicktopay.Flow) error {
		printed := enrolPrinter{con: con, isTrial: c.DryRun}
		if c.JSON {
			printed.lines = json.NewEncoder(con.Out)
		}
		report, err := flow.EnrolPortfolio(ctx, clicktopay.PortfolioRequest{
			Issuer: issuer, Product: c.Product, BID: c.BID, Rate: c.Rate, IsTrial: c.DryRun,
			RetriesRefused: c.RetryRefused, RetriesRemoved: c.RetryRemoved, Patience: c.Patience,
			AuditUser: osUser(), Tell: printed.card, Held: printed.held,
		})
		if report.LeftOut == nil { // it did not begin
			return err
		}
		if printErr := printed.sums(report); err == nil {
			err = printErr
		}
		return err
	})
}

// enrolPrinter prints what becomes of a portfolio.
type enrolPrinter struct {
	con     console
	lines   *json.Encoder // nil prints text
	isTrial bool
	heldAt  time.Time // when it was said last that the run waits
}

// portfolioCardJSON is a card of a portfolio as scripts read it.
type portfolioCardJSON struct {
	CardID   int64            `json:"cardId"`
	Customer string           `json:"customerId"`
	Action   string           `json:"action"`    // enrol_customer or enrol_card; "" of a card that is left out
	Request  string           `json:"requestId"` // "" of a dry run, and of a card that is left out
	Reason   string           `json:"leftOut"`   // why; "" if it is not
	Detail   string           `json:"detail"`
	Fields   []fieldFaultJSON `json:"fields"`
}

type fieldFaultJSON struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

func (p *enrolPrinter) card(c clicktopay.PortfolioCard) error {
	if p.lines == nil {
		_, err := fmt.Fprintln(p.con.Out, p.cardText(c))
		return err
	}
	line := portfolioCardJSON{int64(c.CardID), c.Customer, string(c.Action), c.Request, string(c.Out.Reason), c.Out.Detail, []fieldFaultJSON{}}
	for _, f := range c.Out.Fields {
		line.Fields = append(line.Fields, fieldFaultJSON{f.Name, f.Reason})
	}
	return p.lines.Encode(line)
}

func (p *enrolPrinter) cardText(c clicktopay.PortfolioCard) string {
	switch {
	case c.Action != "" && p.isTrial:
		return fmt.Sprintf("card %s: %s, customer %s", c.CardID, c.Action, c.Customer)
	case c.Action != "":
		return fmt.Sprintf("card %s: %s, customer %s, request %s", c.CardID, c.Action, c.Customer, c.Request)
	}
	text := fmt.Sprintf("card %s: left out, %s", c.CardID, c.Out.Reason)
	if c.Out.Detail != "" {
		text += " " + plain(c.Out.Detail)
	}
	var fields []string
	for _, f := range c.Out.Fields {
		fields = append(fields, f.Name+": "+f.Reason)
	}
	if len(fields) > 0 {
		text += ": " + strings.Join(fields, "; ")
	}
	return text
}

// sayHeldEvery is how often it is said that a run waits: one that asks for more than servers can
// do waits behind every card.
const sayHeldEvery = time.Minute

// held tells that the run waits.
func (p *enrolPrinter) held(open int) {
	if now().Sub(p.heldAt) < sayHeldEvery {
		return
	}
	p.heldAt = now()
	fmt.Fprintf(p.con.Err, "%s open, so this waits until servers have done some\n", counted(open, "request"))
}

func (p *enrolPrinter) sums(r clicktopay.PortfolioReport) error {
	left := 0
	for _, n := range r.LeftOut {
		left += n
	}
	if p.lines != nil {
		return p.lines.Encode(struct {
			Cards    int                              `json:"cards"`
			Accepted int                              `json:"accepted"`
			Left     int                              `json:"leftOut"`
			Reasons  map[clicktopay.LeftOutReason]int `json:"reasons"`
			IsTrial  bool                             `json:"isDryRun"`
		}{r.Cards, r.Accepted, left, r.LeftOut, p.isTrial})
	}
	what := "requests accepted"
	if p.isTrial {
		what = "would be asked for"
	}
	fmt.Fprintf(p.con.Out, "%s looked at: %d %s, %d left out\n", counted(r.Cards, "card"), r.Accepted, what, left)
	for _, reason := range slices.Sorted(maps.Keys(r.LeftOut)) {
		fmt.Fprintf(p.con.Out, "  %-24s%d\n", reason, r.LeftOut[reason])
	}
	return nil
}
