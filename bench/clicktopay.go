package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/walletport/walletport/storage"
)

// clickToPayBench measures the same rows on one database after the other.
type clickToPayBench struct {
	plan
	material material
	program  string
	dir      string
	minutes  *strings.Builder // of long rows, behind the table
}

// benchClickToPay measures the chosen rows.
func (p plan) benchClickToPay(ctx context.Context, out io.Writer, m material, program, dir string) error {
	rows := pick(clickToPayRows(p), p.only, func(r clickToPayRow) string { return r.name })
	rows = slices.DeleteFunc(rows, func(r clickToPayRow) bool { return r.full && !p.full })
	if len(rows) == 0 {
		return nil
	}
	printClickToPayHead(out)
	b := clickToPayBench{plan: p, material: m, program: program, dir: dir, minutes: &strings.Builder{}}
	err := p.onEachDatabase(ctx, func(d database) error { return b.inHouses(ctx, out, rows, d) })
	fmt.Fprint(out, b.minutes)
	return err
}

// inHouses measures the rows that share a database after one another.
func (b clickToPayBench) inHouses(ctx context.Context, out io.Writer, rows []clickToPayRow, d database) error {
	for _, shared := range housesOf(rows) {
		url, err := d.create()
		if err != nil {
			return err
		}
		if err := b.on(ctx, out, shared, url, d.names()...); err != nil {
			return err
		}
	}
	return nil
}

// clickToPayHouse is an issuer with its Visa and its database, which the rows share.
type clickToPayHouse struct {
	*setup
	store     storage.Store // beside the servers
	visaURL   string
	customers customers
	next      int // the first customer that no single call was for
	seeded    int // the first customer of those that are seeded whose request is not yet
}

// on measures each row on as many replicas as there are names, one more each time.
func (b clickToPayBench) on(ctx context.Context, out io.Writer, rows []clickToPayRow, databaseURL string, names ...string) (err error) {
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
	h := &clickToPayHouse{visaURL: visa.url, customers: customersFor(rows, len(names))}
	h.next, h.seeded = 1+h.customers.portfolio, 1+h.customers.portfolio+h.customers.single
	h.setup, err = newSetup(b.program, dir, databaseURL, b.material, cardCounts{visa: h.customers.sum(), single: h.customers.single + h.customers.seeded}, clickToPayText(visa.url))
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
	for _, row := range rows {
		for i, name := range names[:row.measuredOn(len(names))] {
			if row.seedsOn(i) {
				if err := h.seed(ctx, row); err != nil {
					return err
				}
			}
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
func (b clickToPayBench) measure(ctx context.Context, out io.Writer, h *clickToPayHouse, row clickToPayRow, replicas int, database string) error {
	var rates clickToPayRates
	err := h.onServers(ctx, replicas, func(servers []*running) (err error) {
		rates, err = b.measureRow(ctx, h, servers, row)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s on %s: %w", row.name, database, err)
	}
	row.print(out, database, rates)
	printMinutes(b.minutes, row.title, database, rates.minutes)
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
