package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

// clickToPayRow is a load of single calls, each of which enrols another customer, beside
// something else that goes on.
type clickToPayRow struct {
	name, title string
	rate        int // calls a second
	spans       int // how many times callSeconds it is measured for
	beside      beside
}

// beside is what a row's calls are measured beside.
type beside int

const (
	besideNothing beside = iota
	besidePortfolio
	besideWaiting
)

const (
	enrolRate  = 200 // requests a second of the command
	enrolSpans = 3
)

// The last row leaves its requests behind, for which nobody waits.
var clickToPayRows = []clickToPayRow{
	{"clicktopay/accept", "Many", 200, 1, besideNothing},
	{"clicktopay/completed", "Some", 50, 1, besideNothing},
	{"clicktopay/enrol", fmt.Sprintf("Some, beside `enrol` at %d/s", enrolRate), 50, enrolSpans, besidePortfolio},
	{"clicktopay/waiting", fmt.Sprintf("Some, beside %d that wait", waiting), 50, 1, besideWaiting},
}

// calls is how many the row makes.
func (r clickToPayRow) calls(callSeconds int) int { return r.rate * r.spans * callSeconds }

// clickToPayBench measures the same rows on one database after the other.
type clickToPayBench struct {
	plan
	rows     []clickToPayRow
	material material
	program  string
	dir      string
}

// benchClickToPay measures the chosen rows.
func (p plan) benchClickToPay(ctx context.Context, out io.Writer, m material, program, dir string) error {
	rows := pick(clickToPayRows, p.only, func(r clickToPayRow) string { return r.name })
	if len(rows) == 0 {
		return nil
	}
	printClickToPayHead(out)
	b := clickToPayBench{plan: p, rows: rows, material: m, program: program, dir: dir}
	if strings.Contains(p.databases, "sqlite") {
		if err := b.on(ctx, out, "sqlite:walletport.db", "SQLite"); err != nil {
			return err
		}
	}
	if !strings.Contains(p.databases, "postgres") {
		return nil
	}
	postgres, err := storagetest.StartPostgres(ctx, storagetest.PostgresConfig{Durable: true})
	if err != nil {
		return err
	}
	defer postgres.Stop()
	url, err := postgres.CreateDatabase(ctx)
	if err != nil {
		return err
	}
	return b.on(ctx, out, url, "PostgreSQL", "PostgreSQL, two replicas")
}

// clickToPayHouse is an issuer with its Visa and its database, which the rows share.
type clickToPayHouse struct {
	*setup
	store     storage.Store // beside the servers
	visaURL   string
	customers customers
	next      int // the first customer that no single call was for
}

// on measures each row on as many replicas as there are names, one more each time.
func (b clickToPayBench) on(ctx context.Context, out io.Writer, databaseURL string, names ...string) (err error) {
	dir, err := os.MkdirTemp(b.dir, "clicktopay-")
	if err != nil {
		return err
	}
	side, err := newVisaSide(dir + "/visa")
	if err != nil {
		return err
	}
	visa, err := startStandIn("clicktopay", side)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, visa.stop()) }()
	h := &clickToPayHouse{visaURL: visa.url, customers: customersFor(b.callSeconds)}
	h.next = 1 + h.customers.portfolio
	h.setup, err = newSetup(b.program, dir, databaseURL, b.material, cardCounts{visa: h.customers.sum()}, clickToPayText(visa.url))
	if err != nil {
		return err
	}
	if err := h.addClickToPay(side, h.customers.sum()); err != nil {
		return err
	}
	if h.store, err = h.openStore(ctx, databaseURL); err != nil {
		return err
	}
	defer h.store.Close()
	for _, row := range b.rows {
		if row.beside == besideWaiting {
			if err := seedWaiting(ctx, h.store, 1+h.customers.portfolio+h.customers.single, waiting); err != nil {
				return err
			}
		}
		for i, name := range names {
			if err := b.measure(ctx, out, h, row, i+1, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// clickToPayText lets Visa be called without a limit of ours, so that what is measured is
// what the server can do.
func clickToPayText(visaURL string) string {
	return fmt.Sprintf(`clicktopay:
  visa: {url: %q, bids: {%s: [%s]}, caps: {concurrent: -1, per_second: -1}}
  portfolio:
    max_open: 10000
    issuers: {%s: {products: {%s: {segment: consumer, ecommerce: true}}}}
`, visaURL+"/api", benchIssuer, benchBID, benchIssuer, benchProduct)
}

// measure runs the servers for one row, so that what they use is of this row.
func (b clickToPayBench) measure(ctx context.Context, out io.Writer, h *clickToPayHouse, row clickToPayRow, replicas int, database string) (err error) {
	var servers []*running
	defer func() {
		for _, r := range servers {
			err = errors.Join(err, r.stop())
		}
	}()
	for n := range replicas {
		r, err := h.start(ctx, n)
		if err != nil {
			return err
		}
		servers = append(servers, r)
	}
	rates, err := b.measureRow(ctx, h, servers, row)
	if err != nil {
		log, _ := os.ReadFile(h.path(logName(0)))
		return fmt.Errorf("%s on %s: %w; the server said:\n%s", row.name, database, err, log[max(0, len(log)-2000):])
	}
	row.print(out, database, rates)
	return nil
}

// enrolments is the call that enrols a customer with a card, on each replica in turn, of
// customers from the first on.
func (h *clickToPayHouse) enrolments(servers []*running, first int) *target {
	return &target{
		client: servers[0].client, username: h.client.Username, password: h.client.Password, method: http.MethodPost,
		url: func(n int) string {
			return fmt.Sprintf("%s/wallet/v1/click2pay/VISA/enroll/customer/%d?auditUser=bench", servers[n%len(servers)].url, first+n)
		},
		body: func(n int) ([]byte, error) {
			return json.Marshal(map[string]any{"cardId": []int{first + n}, "customerBID": benchBID})
		},
	}
}
