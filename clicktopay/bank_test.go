package clicktopay_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// bank is a desk at which many cards are enrolled, at a Visa that is played.
type bank struct {
	*desk
	visa *played
}

// goldTable is the table of products of a bank's issuer.
func goldTable(s *clicktopay.Settings) {
	s.Portfolio = clicktopay.PortfolioSettings{Rate: 200, Issuers: map[string]clicktopay.IssuerPortfolio{
		"acme": {BID: ownBID, Products: map[string]clicktopay.Product{
			"gold": {Segment: "consumer", Ecommerce: true}, "business": {Segment: "commercial", Ecommerce: true},
		}},
	}}
}

func newBank(t testing.TB, database string, visa *played, change ...func(*clicktopay.Parts)) *bank {
	t.Helper()
	b := &bank{visa: visa}
	b.desk = newDesk(t, database, nil, func(p *clicktopay.Parts) {
		p.Store = &siteStore{Store: p.Store.(*deskClock).Store, ahead: &visa.ahead}
		p.Keys = keystest.NewSource(siteRing(t))
		p.Visa = &clicktopay.Scheme{Enroller: visa, Line: visa, Keys: access.Keys{Secret: keys.ClickToPayAPI}}
		goldTable(&p.Settings)
		for _, c := range change {
			c(p)
		}
	})
	return b
}

// numberOf returns a number of a Visa card, whose check digit is right.
func numberOf(n int) string {
	digits := fmt.Sprintf("40000%010d", 1_000_000+n)
	sum := 0
	for i, c := range []byte(digits) {
		d := int(c - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

// goldCard stores a card of the portfolio, of a customer that may be there.
func (b *bank) goldCard(t testing.TB, id walletport.CardID, customer string, change ...func(*walletport.Card)) {
	t.Helper()
	b.putCard(t, id, numberOf(int(id)), append([]func(*walletport.Card){func(c *walletport.Card) {
		c.CustomerID, c.Product = customer, "gold"
		c.CardholderName = private(deskCanary)
	}}, change...)...)
}

// fill stores customers with a gold card each: customer 9001 has card 9001.
func (b *bank) fill(t testing.TB, n int) {
	t.Helper()
	for i := 1; i <= n; i++ {
		number := 9000 + i
		b.putCustomer(t, newCustomer(strconv.Itoa(number)))
		b.goldCard(t, walletport.CardID(number), strconv.Itoa(number))
	}
}

// enrol fills the bank, and has everybody in it enrolled by a run. Its worker goes on.
func (b *bank) enrol(t testing.TB, n int) {
	t.Helper()
	b.fill(t, n)
	b.work(t)
	_, _, err := b.run(t.Context())
	must(t, err)
	b.settle(t)
}

// asOperator is an operator's context, whose records are those of one act.
func asOperator(ctx context.Context) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: "operator"})
	return walletport.WithRequest(ctx, walletport.Request{ID: "op-1"})
}

// run is a run over the gold cards, and all lines that it told.
func (b *bank) run(ctx context.Context, change ...func(*clicktopay.PortfolioRequest)) (clicktopay.PortfolioReport, []string, error) {
	var lock sync.Mutex
	var told []string
	asked := clicktopay.PortfolioRequest{Issuer: "acme", Product: "gold", AuditUser: "os:ada"}
	for _, c := range change {
		c(&asked)
	}
	tell := asked.Tell
	asked.Tell = func(c clicktopay.PortfolioCard) error {
		lock.Lock()
		defer lock.Unlock()
		told = append(told, lineOf(c))
		if tell != nil {
			return tell(c)
		}
		return nil
	}
	report, err := b.EnrolPortfolio(asOperator(ctx), asked)
	return report, told, err
}

func lineOf(c clicktopay.PortfolioCard) string {
	line := fmt.Sprintf("%s of %s: %s", c.CardID, c.Customer, c.Action)
	if c.Out.Reason != "" {
		line += strings.TrimSpace(string(c.Out.Reason) + " " + c.Out.Detail)
	}
	for _, f := range c.Out.Fields {
		line += " " + f.Name
	}
	return line
}

// work does the bank's jobs until the test ends.
func (b *bank) work(t testing.TB) {
	t.Helper()
	worker, err := jobs.NewWorker(jobs.Config{Queue: b.store, Works: b.Works(), Clock: time.Now})
	must(t, err)
	runUntilEnd(t, worker.Run)
}

// settle waits until nothing is open.
func (b *bank) settle(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		open, err := b.store.OpenEnrolmentRequests(t.Context())
		must(t, err)
		count := 0
		for _, of := range open {
			count += of.Count
		}
		if count == 0 {
			return
		}
	}
	t.Fatal("the requests do not end")
}

// enrolments counts the requests by card, those that deletes are not.
func (b *bank) enrolments(t testing.TB) map[walletport.CardID]int {
	t.Helper()
	counts := map[walletport.CardID]int{}
	for _, r := range b.requests(t) {
		if r.Action == walletport.EnrolCustomer || r.Action == walletport.EnrolCard {
			counts[r.CardID]++
		}
	}
	return counts
}

// actions lists the requests of a customer, the oldest first, with how each ended.
func (b *bank) actions(t testing.TB, number string) (all []string) {
	t.Helper()
	for _, r := range b.requests(t) {
		if r.Number != number {
			continue
		}
		line := string(r.Action) + " " + string(r.Result)
		for _, f := range r.Faults {
			line += " " + f.Reason
		}
		all = append(all, line)
	}
	return all
}

func (b *bank) consumerOf(t testing.TB, number string) storage.Consumer {
	t.Helper()
	customer, err := b.store.Customer(t.Context(), walletport.CustomerKey{Issuer: "acme", Number: number})
	must(t, err)
	c, err := b.store.Consumer(t.Context(), storage.ConsumerKey{Customer: customer.ID, BID: ownBID})
	must(t, err)
	return c
}

// sqliteDatabase is the database of a story that is the same with every engine.
func sqliteDatabase(t testing.TB) string { return acttest.Database(t) }
