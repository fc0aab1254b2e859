package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

type clickToPayReconcileCommand struct {
	Issuer string  `required:"" help:"Whose customers." placeholder:"ISSUER"`
	Repair string  `enum:"report,take,give" default:"report" help:"What to do about differences: report, take Visa's word, or give Visa what is stored, by requests."`
	Rate   float64 `default:"5" help:"Customers a second, at most 200." placeholder:"N"`
	After  string  `help:"Go on behind this customer, as an earlier run printed it." placeholder:"PLACE"`
	JSON   bool    `help:"Print JSON, one customer a line, and at the end the sums."`
	clickToPayLocation
}

func (clickToPayReconcileCommand) Help() string {
	return `Visa is asked for each customer who was ever asked for here. Customers with open requests are left out. Data of customers and cards
is the issuer's: take leaves it, give sends it. Exit status 0: all agree, or will; 1: differences are left, somebody was not compared,
or it could not go on. Each five seconds standard error has the place: a run that ended early is gone on with by --after the last one.

Examples:
  walletport clicktopay reconcile --issuer acme --config walletport.yaml
  walletport clicktopay reconcile --issuer acme --repair take --rate 20 --config walletport.yaml
  walletport clicktopay reconcile --issuer acme --after 4711:123456 --config walletport.yaml`
}

func (c clickToPayReconcileCommand) Run(ctx context.Context, con console) error {
	issuer, err := issuerOf(c.Issuer)
	if err != nil {
		return err
	}
	after, err := parsePlace(c.After)
	if err != nil {
		return err
	}
	return c.ask(ctx, func(ctx context.Context, o *operator, flow *clicktopay.Flow) error {
		if err := o.warnOfIssuers(ctx, con.Err, issuer); err != nil {
			return err
		}
		printed := newReconcilePrinter(con, now)
		if c.JSON {
			printed.lines = json.NewEncoder(con.Out)
		}
		report, err := flow.Reconcile(ctx, clicktopay.ReconcileRequest{
			Issuer: issuer, Repair: clicktopay.Repair(c.Repair), Rate: c.Rate, After: after, AuditUser: osUser(), Tell: printed.consumer,
		})
		if err != nil && report.Compared+report.NotCompared == 0 {
			return err
		}
		if printErr := printed.sums(report); err == nil {
			err = printErr
		}
		if err != nil {
			fmt.Fprintf(con.Err, "walletport: go on with --after %s\n", placeText(report.Last))
			return err
		}
		if report.Drifts > report.Repaired || report.NotCompared > 0 { // nobody knows whether those agree
			return errFault
		}
		return nil
	})
}

// placeText and parsePlace spell where a run is.
func placeText(key storage.ConsumerKey) string { return key.Customer.String() + ":" + key.BID }

func parsePlace(text string) (key storage.ConsumerKey, err error) {
	if text == "" {
		return key, nil
	}
	number, bid, found := strings.Cut(text, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || id < 0 || bid != "" && walletport.BIDRule(bid) != "" {
		return key, usagef("--after: what an earlier run printed, such as 4711:123456")
	}
	return storage.ConsumerKey{Customer: walletport.CustomerID(id), BID: bid}, nil
}

// placeEvery is how often a run says where it is. Who goes on behind the last place compares
// again whom it came to since, which does no harm.
const placeEvery = 5 * time.Second

// reconcilePrinter prints what a comparison finds, and where it is.
type reconcilePrinter struct {
	con    console
	lines  *json.Encoder // nil prints text
	clock  func() time.Time
	toldAt time.Time // when the place was told last; at first, when the run began
	seen   int       // customers
}

func newReconcilePrinter(con console, clock func() time.Time) reconcilePrinter {
	return reconcilePrinter{con: con, clock: clock, toldAt: clock()}
}

// reconciledJSON is a consumer that is not the same on both sides, as scripts read it.
type reconciledJSON struct {
	Customer string      `json:"customerId"`
	BID      string      `json:"customerBID"`
	Result   string      `json:"result"`
	Reason   string      `json:"reason"`
	Drifts   []driftJSON `json:"drifts"`
	Requests []string    `json:"requestIds"`
}

type driftJSON struct {
	Kind     string   `json:"kind"`
	CardID   *int64   `json:"cardId"` // null where it is about none that is known here
	LastFour string   `json:"lastFour"`
	Status   string   `json:"status"` // Visa's word
	Fields   []string `json:"fields"`
}

// consumer prints one, and the place behind them: not before, so that nothing is lost between.
func (p *reconcilePrinter) consumer(r clicktopay.Reconciled) error {
	if err := p.found(r); err != nil {
		return err
	}
	p.seen++
	if at := p.clock(); at.Sub(p.toldAt) >= placeEvery {
		p.toldAt = at
		fmt.Fprintf(p.con.Err, "walletport: %s looked at; to go on from here: --after %s\n", counted(p.seen, "customer"), placeText(r.ConsumerKey))
	}
	return nil
}

// found prints a consumer, unless all agrees.
func (p *reconcilePrinter) found(r clicktopay.Reconciled) error {
	if r.Result == clicktopay.ReconciledSame {
		return nil
	}
	if p.lines == nil {
		_, err := fmt.Fprintln(p.con.Out, reconciledText(r))
		return err
	}
	line := reconciledJSON{r.Number, r.BID, string(r.Result), r.Reason, []driftJSON{}, orEmpty(r.Requests)}
	for _, d := range r.Drifts {
		line.Drifts = append(line.Drifts, driftJSON{string(d.Kind), cardJSON(d.CardID), d.LastFour, d.Status, orEmpty(d.Fields)})
	}
	return p.lines.Encode(line)
}

func reconciledText(r clicktopay.Reconciled) string {
	var what []string
	for _, d := range r.Drifts {
		what = append(what, driftText(d))
	}
	text := fmt.Sprintf("customer %s with %s: %s", r.Number, r.BID, r.Result)
	if len(what) > 0 {
		text += ": " + strings.Join(what, ", ")
	}
	if r.Reason != "" {
		text += " (" + plain(r.Reason) + ")"
	}
	if len(r.Requests) > 0 {
		text += "; " + strings.Join(r.Requests, ", ")
	}
	return text
}

func driftText(d clicktopay.Drift) string {
	text := string(d.Kind)
	if d.CardID != 0 {
		text += " " + d.CardID.String()
	}
	if d.LastFour != "" {
		text += " ..." + d.LastFour
	}
	if d.Status != "" {
		text += " " + plain(d.Status)
	}
	if len(d.Fields) > 0 {
		text += " " + strings.Join(d.Fields, " ")
	}
	return text
}

func (p *reconcilePrinter) sums(r clicktopay.ReconcileReport) error {
	if p.lines != nil {
		return p.lines.Encode(struct {
			Compared    int    `json:"compared"`
			Drifts      int    `json:"drifts"`
			Repaired    int    `json:"repaired"`
			NotCompared int    `json:"notCompared"`
			Last        string `json:"last"`
		}{r.Compared, r.Drifts, r.Repaired, r.NotCompared, placeText(r.Last)})
	}
	_, err := fmt.Fprintf(p.con.Out, "%s compared: %d differ, %d of them repaired; %d not compared\n",
		counted(r.Compared, "customer"), r.Drifts, r.Repaired, r.NotCompared)
	return err
}
