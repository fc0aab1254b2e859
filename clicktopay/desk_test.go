package clicktopay_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// What is on a desk: two issuers with BIDs of their own, and customers of one with Visa cards.
const (
	ownBID    = "123456"   // of acme
	secondBID = "10098765" // of acme, too
	otherBID  = "654321"   // of globex

	deskNumber                          = "5001" // of a customer of acme
	deskCard       walletport.CardID    = 4711
	deskPAN                             = "4111111111111111"
	deskSecondCard walletport.CardID    = 4712
	deskSecondPAN                       = "4012888888881881"
	deskUser       walletport.AuditUser = "ada@bank.example"
	// deskCanary is in all that is personal of a customer, but in telephone numbers.
	deskCanary      = "zyxkanari"
	deskPhone       = "491765551239"
	deskPhoneOfCall = "491765551240" // that an override has
)

// desk is a replica: the flow on a real database with vault and audit trail.
type desk struct {
	*clicktopay.Flow
	store storage.Store
	clock *deskClock
	trail *stoppableTrail
	vault *vault.Vault
	seen  *acceptances
	// vaultKeys are those of the vault alone.
	vaultKeys *keystest.Source
}

// deskClock is a database whose clock a test sets ahead.
type deskClock struct {
	storage.Store
	ahead atomic.Int64
}

func (c *deskClock) Now(ctx context.Context) (time.Time, error) {
	now, err := c.Store.Now(ctx)
	return now.Add(time.Duration(c.ahead.Load())), err
}

// stoppableTrail is the trail, which a test can stop before and after a commit: as when the
// process is killed there, or the database goes away.
type stoppableTrail struct {
	*audit.Log
	lock          sync.Mutex
	before, after func(commit int) error
	commits       int
}

func (s *stoppableTrail) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	s.lock.Lock()
	s.commits++
	n, before, after := s.commits, s.before, s.after
	s.lock.Unlock()
	if before != nil {
		if err := before(n); err != nil {
			return err
		}
	}
	err := s.Log.RecordChange(ctx, change)
	if err == nil && after != nil {
		return after(n)
	}
	return err
}

// acceptances is an Observer that keeps what was accepted and how it ended.
type acceptances struct {
	lock                sync.Mutex
	accepted, completed []string
}

func (a *acceptances) Accepted(action walletport.ClickToPayAction, channel storage.RequestChannel) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.accepted = append(a.accepted, string(action)+" "+string(channel))
}

func (a *acceptances) Completed(action walletport.ClickToPayAction, result string, _ time.Duration) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.completed = append(a.completed, string(action)+" "+result)
}

func (a *acceptances) SweepFailed(error) {}

// visaOf is a scheme that is asked without keys.
func visaOf(enroller scheme.Enroller, line scheme.Line) *clicktopay.Scheme {
	return &clicktopay.Scheme{Enroller: enroller, Line: line, Keys: access.Keys{}}
}

// newDesk opens a replica on a database, with a customer who has two Visa cards. Several
// share it.
func newDesk(t testing.TB, database string, visa *clicktopay.Scheme, change ...func(*clicktopay.Parts)) *desk {
	t.Helper()
	d := &desk{store: openStore(t, database), seen: &acceptances{}}
	d.clock = &deskClock{Store: d.store}
	ring := keystest.NewSource(deskRing(t))
	d.vaultKeys = keystest.NewSource(deskRing(t))
	var err error
	d.vault, err = vault.New(vault.Vault{Cards: d.store, Tokens: d.store, Customers: d.store, Requests: d.store, Imports: d.store, Keys: d.vaultKeys, Clock: time.Now})
	must(t, err)
	if _, err := d.store.Card(t.Context(), deskCard); walletport.CodeOf(err) == walletport.CodeNotFound {
		d.putCustomer(t, newCustomer(deskNumber))
		d.putCard(t, deskCard, deskPAN)
		d.putCard(t, deskSecondCard, deskSecondPAN)
	}
	log, err := audit.New(audit.Config{Store: d.store, Keys: ring, Clock: time.Now})
	must(t, err)
	runUntilEnd(t, log.Run)
	d.trail = &stoppableTrail{Log: log}
	parts := clicktopay.Parts{
		Store: d.clock, Vault: d.vault, Keys: ring, Audit: d.trail, Visa: visa, Observer: d.seen, Rand: rand.Reader, Clock: time.Now,
		BIDs: map[walletport.IssuerID][]string{"acme": {ownBID, secondBID}, "globex": {otherBID}},
	}
	for _, c := range change {
		c(&parts)
	}
	d.Flow, err = clicktopay.New(parts)
	must(t, err)
	return d
}

// deskRing is made once: its keys are the same for all replicas.
var deskRing = func() func(testing.TB) *keys.Ring {
	var once sync.Once
	var ring *keys.Ring
	return func(t testing.TB) *keys.Ring {
		once.Do(func() {
			ring = keystest.Ring(t, keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex}, keys.Meta{Purpose: keys.AuditCheckpoint})
		})
		return ring
	}
}()

// putCard stores a Visa card of the customer, but for change.
func (d *desk) putCard(t testing.TB, id walletport.CardID, digits string, change ...func(*walletport.Card)) {
	t.Helper()
	c := acttest.NewCard(t, id, digits, change...)
	if len(change) == 0 {
		c.CardholderName = private(deskCanary + " " + strings.ToUpper(deskCanary))
	}
	_, err := d.vault.Put(t.Context(), c)
	must(t, err)
}

// newCustomer returns a customer of acme whose data are whole.
func newCustomer(of string, change ...func(*walletport.Customer)) walletport.Customer {
	c := walletport.Customer{
		FirstName: private("Zyxkanari"), LastName: private(deskCanary + "-son"), Emails: privates(deskCanary + "@example.com"), Phones: privates(deskPhone),
		Locale: private("en_US"), Country: private("USA"),
		Address: walletport.Address{Line1: private("1 " + deskCanary + " street"), City: private(deskCanary), State: private("CA"), PostalCode: private("90210"), Country: private("USA")},
		Consent: walletport.Consent{Version: private("2"), Presenter: private("the " + deskCanary), At: time.UnixMilli(1_790_000_000_000).UTC()},
	}
	c.CustomerKey = walletport.CustomerKey{Issuer: "acme", Number: of}
	for _, ch := range change {
		ch(&c)
	}
	return c
}

func (d *desk) putCustomer(t testing.TB, customers ...walletport.Customer) {
	t.Helper()
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		_, err := d.vault.PutCustomers(tx, customers...)
		return err
	}))
}

func private(text string) walletport.Private { return walletport.NewPrivate(text) }

func privates(texts ...string) (all []walletport.Private) {
	for _, text := range texts {
		all = append(all, private(text))
	}
	return all
}

// asked is a call of a bank's client, as far as its action needs.
func asked(action walletport.ClickToPayAction, change ...func(*clicktopay.Asked)) clicktopay.Asked {
	a := clicktopay.Asked{Action: action, BID: ownBID, AuditUser: deskUser, Channel: clicktopay.ChannelAPI}
	if action.IsOfCard() {
		a.CardID = deskCard
	}
	if action == walletport.EnrolCustomer || !action.IsOfCard() {
		a.Customer = deskNumber
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

// accept is a call of acme's client.
func (d *desk) accept(t testing.TB, a clicktopay.Asked) (clicktopay.Accepted, error) {
	t.Helper()
	return d.Accept(acttest.AsBank(t.Context()), a)
}

func (d *desk) mustAccept(t testing.TB, a clicktopay.Asked) clicktopay.Accepted {
	t.Helper()
	accepted, err := d.accept(t, a)
	must(t, err)
	return accepted
}

// requests returns all requests, the oldest first.
func (d *desk) requests(t testing.TB) []storage.EnrolmentRequest {
	t.Helper()
	rows, err := d.store.EnrolmentRequestsBefore(t.Context(), storage.RequestFilter{}, 0, 10_000)
	must(t, err)
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows
}

func (d *desk) request(t testing.TB, id string) storage.EnrolmentRequest {
	t.Helper()
	row, err := d.store.EnrolmentRequest(t.Context(), id)
	must(t, err)
	return row
}

// consumer returns the row of the customer with a BID.
func (d *desk) consumer(t testing.TB, bid string) storage.Consumer {
	t.Helper()
	customer, err := d.store.Customer(t.Context(), walletport.CustomerKey{Issuer: "acme", Number: deskNumber})
	must(t, err)
	c, err := d.store.Consumer(t.Context(), storage.ConsumerKey{Customer: customer.ID, BID: bid})
	must(t, err)
	return c
}

// records returns the audit records, the oldest first.
func (d *desk) records(t testing.TB) (all []walletport.AuditRecord) {
	t.Helper()
	entries, err := d.store.AuditAfter(t.Context(), 0, 100_000)
	must(t, err)
	for _, e := range entries {
		all = append(all, e.Record)
	}
	return all
}

// kept is all that a change of Click to Pay leaves behind, but for its record.
func (d *desk) kept(t testing.TB) string {
	t.Helper()
	var text strings.Builder
	for _, issuer := range []walletport.IssuerID{"acme", "globex"} {
		consumers, err := d.store.ConsumersAfter(t.Context(), issuer, storage.ConsumerKey{}, 10_000)
		must(t, err)
		fmt.Fprintf(&text, "%+v\n", consumers)
	}
	fmt.Fprintf(&text, "%+v\n", d.requests(t))
	for _, kind := range []jobs.Kind{clicktopay.RequestKind, clicktopay.PortfolioKind} {
		depth, err := d.store.JobDepth(t.Context(), kind)
		must(t, err)
		fmt.Fprintf(&text, "%s: %d jobs\n", kind, depth.Waiting+depth.Parked)
	}
	return text.String()
}

func mustReason(t testing.TB, err error, reason string) {
	t.Helper()
	if walletport.ReasonOf(err) != reason {
		t.Fatalf("the error is %v, want %q", err, reason)
	}
}
