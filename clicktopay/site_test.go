package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// The cards of a site's customer.
const (
	firstNumber  = deskPAN
	secondNumber = deskSecondPAN
	// siteCanary is personal text that requests have beyond what is stored.
	siteCanary = deskCanary + "-of-call@example.com"
	patience   = 3 * settled // for what never comes; what got lost ends sooner
)

// site is a desk at which requests are done: with a customer of its own, and a Visa that is
// played.
type site struct {
	*desk
	db            *siteStore
	last          *siteTrail
	visa          *played
	ring          *keystest.Source
	customer      string
	first, second walletport.CardID
}

// point is told where a replica is: right before a commit, after it, or at a call of Visa.
type point func(where string)

// siteStore is a database whose clock a test sets ahead, and which a test may be told of, and
// break.
type siteStore struct {
	storage.Store
	ahead *atomic.Int64
	at    point
	fails func() error
}

func (s *siteStore) Now(ctx context.Context) (time.Time, error) {
	now, err := s.Store.Now(ctx)
	return now.Add(time.Duration(s.ahead.Load())), err
}

func (s *siteStore) Update(ctx context.Context, change func(storage.Tx) error) error {
	if s.fails != nil {
		if err := s.fails(); err != nil {
			return err
		}
	}
	if s.at != nil {
		s.at("before a commit")
		defer s.at("after a commit")
	}
	return s.Store.Update(ctx, change)
}

// siteTrail is the trail, with the same.
type siteTrail struct {
	*audit.Log
	at    point
	fails func() error
}

func (s *siteTrail) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	if s.fails != nil {
		if err := s.fails(); err != nil {
			return err
		}
	}
	if s.at != nil {
		s.at("before the last commit")
		defer s.at("after the last commit")
	}
	return s.Log.RecordChange(ctx, change)
}

// siteCustomers counts the customers of all sites: those of one database are not mixed up.
var siteCustomers atomic.Int64

// newSite opens a replica on a database, with a customer who has two cards.
func newSite(t testing.TB, database string, visa *played) *site {
	t.Helper()
	n := siteCustomers.Add(1)
	s := newReplica(t, database, visa, strconv.FormatInt(6000+n, 10), walletport.CardID(100*n))
	s.stock(t)
	return s
}

// stock stores the customer with the two cards.
func (s *site) stock(t testing.TB) {
	t.Helper()
	s.putCustomer(t, newCustomer(s.customer))
	of := func(c *walletport.Card) { c.CustomerID, c.Product = s.customer, "visa-debit" }
	s.putCard(t, s.first, firstNumber, of)
	s.putCard(t, s.second, secondNumber, of)
}

// another opens a second replica of the same site.
func (s *site) another(t testing.TB, database string) *site {
	t.Helper()
	return newReplica(t, database, s.visa, s.customer, s.first)
}

func newReplica(t testing.TB, database string, visa *played, customer string, card walletport.CardID) *site {
	t.Helper()
	s := &site{visa: visa, ring: keystest.NewSource(siteRing(t)), customer: customer, first: card, second: card + 1}
	s.desk = newDesk(t, database, nil, func(p *clicktopay.Parts) {
		s.db = &siteStore{Store: p.Store.(*deskClock).Store, ahead: &visa.ahead}
		s.last = &siteTrail{Log: p.Audit.(*stoppableTrail).Log}
		p.Store, p.Audit, p.Keys = s.db, s.last, s.ring
		p.Visa = &clicktopay.Scheme{Enroller: visa, Line: visa, Keys: access.Keys{Secret: keys.ClickToPayAPI}}
	})
	return s
}

// siteRing is made once: its key is the same for all replicas.
var siteRing = func() func(testing.TB) *keys.Ring {
	var once sync.Once
	var ring *keys.Ring
	return func(t testing.TB) *keys.Ring {
		once.Do(func() { ring = keystest.Ring(t, keys.Meta{Purpose: keys.ClickToPayAPI}) })
		return ring
	}
}()

// id names the site's customer at Visa.
func (s *site) id() string { return s.customer + "/" + ownBID }

// wish is a request that somebody makes of the site's customer.
func (s *site) wish(action walletport.ClickToPayAction, card walletport.CardID) clicktopay.Asked {
	return asked(action, func(a *clicktopay.Asked) {
		if action.IsOfCard() {
			a.CardID = card
		}
		if a.Customer != "" {
			a.Customer = s.customer
		}
	})
}

// wished is a request of an action that changes something after prepare.
func (s *site) wished(action walletport.ClickToPayAction) clicktopay.Asked {
	a := s.wish(action, s.second)
	switch action { //nolint:exhaustive // the others say nothing of their own
	case walletport.EnrolCustomer:
		a.CardID = s.first
	case walletport.UpdateCustomer:
		a.Overrides.Emails = privates(siteCanary)
	case walletport.UpdateCard:
		city := private("Elsewhere " + deskCanary)
		a.CardOverrides.City = &city
	}
	return a
}

// asks has a request accepted, and returns its id.
func (s *site) asks(t testing.TB, a clicktopay.Asked) string {
	t.Helper()
	return s.mustAccept(t, a).ID
}

// row is the consumer's.
func (s *site) row(t testing.TB) storage.Consumer {
	t.Helper()
	customer, err := s.store.Customer(t.Context(), walletport.CustomerKey{Issuer: "acme", Number: s.customer})
	must(t, err)
	c, err := s.store.Consumer(t.Context(), storage.ConsumerKey{Customer: customer.ID, BID: ownBID})
	must(t, err)
	return c
}

// cardState is how a card of the consumer stands; "" is not at all.
func (s *site) cardState(t testing.TB, id walletport.CardID) storage.ConsumerCardState {
	t.Helper()
	for _, c := range s.row(t).Cards {
		if c.ID == id {
			return c.State
		}
	}
	return ""
}

// ours is what the consumer's row says, in the form of played.truth.
func (s *site) ours(t testing.TB) string {
	t.Helper()
	c := s.row(t)
	if !c.IsEnrolled {
		return "none"
	}
	state := "active"
	if c.IsInactive {
		state = "inactive"
	}
	for _, card := range c.Cards {
		if card.State == storage.CardEnrolled {
			state += " " + map[walletport.CardID]string{s.first: firstNumber, s.second: secondNumber}[card.ID][12:]
		}
	}
	return state
}

// killed is what a process is killed with at a point of a test.
type killed struct{}

// attempt claims the first job and does one attempt at it. It returns what the handler said;
// of a process that was killed, errKilled, and then the job is still of the claim.
func (s *site) attempt(t testing.TB) (err error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	works := s.Works()
	var wants []jobs.Want
	for _, w := range works {
		wants = append(wants, jobs.Want{Kind: w.Kind, Limit: 1})
	}
	claimed, err := s.store.ClaimJobs(ctx, wants, time.Minute)
	must(t, err)
	if len(claimed) == 0 {
		return errNoJob
	}
	return s.attemptAt(t, claimed[0])
}

var (
	errNoJob  = errors.New("there is no job")
	errKilled = errors.New("the process was killed")
)

func (s *site) attemptAt(t testing.TB, job jobs.Job) (err error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	defer func() {
		switch p := recover().(type) {
		case nil:
		case killed:
			// Its lease runs out some seconds later, and somebody else has the job.
			if err := s.store.SettleJob(ctx, job, jobs.Settlement{Outcome: jobs.Again, Reason: "killed"}); !errors.Is(err, jobs.ErrLost) { // as it is of a job that is done
				must(t, err)
			}
			err = errKilled
		default:
			panic(p)
		}
	}()
	err = s.Works()[0].Handler.Handle(ctx, job)
	settlement := jobs.Settlement{Outcome: jobs.Done}
	if err != nil {
		settlement = jobs.Settlement{Outcome: jobs.Again, Reason: walletport.ReasonOf(err)}
	}
	must(t, s.store.SettleJob(ctx, job, settlement))
	return err
}

// drive does attempts until no job is left, with the database's clock going on by step after
// each that did not end one.
func (s *site) drive(t testing.TB, step time.Duration) (attempts int) {
	t.Helper()
	for attempts = 0; attempts < 2000; attempts++ {
		switch err := s.attempt(t); {
		case errors.Is(err, errNoJob):
			return attempts
		case err != nil:
			s.visa.ahead.Add(int64(step))
		}
	}
	t.Fatal("the requests do not end")
	return attempts
}

// mustEnd fails unless the request is completed as want says, "SUCCESS" or "FAILED" with the
// reasons, and nothing is left of it that is personal or to be done.
func (s *site) mustEnd(t testing.TB, id, want string) {
	t.Helper()
	r := s.request(t, id)
	got := string(r.Result)
	for _, f := range r.Faults {
		got += " " + strings.TrimSpace(f.Reason+" "+f.Field)
		if f.Message == "" {
			t.Errorf("the fault %s has no message", f.Reason)
		}
	}
	if got != want {
		t.Errorf("the request is %s and ended with %q, want %q", r.State, got, want)
	}
	if r.State != storage.RequestCompleted || r.EndedAt.IsZero() || len(r.Print)+len(r.Overrides.Sealed)+len(r.Overrides.WrappedKey)+len(r.Overrides.KEK) > 0 {
		t.Errorf("the row is %+v", r)
	}
	if text := fmt.Sprintf("%+v %+v %+v", r, s.row(t), s.lastRecord(t)); strings.Contains(strings.ToLower(text), deskCanary) {
		t.Errorf("the rows have personal data: %s", text)
	}
	last := s.lastRecord(t)
	if r.Faults == nil && last.Outcome != walletport.OutcomeOK || r.Faults != nil && last.Outcome != r.Faults[0].Reason {
		t.Errorf("the last record is %+v", last)
	}
}

// mustAgree fails unless the consumer's row says what Visa has, and nothing is open.
func (s *site) mustAgree(t testing.TB) {
	t.Helper()
	if ours, theirs := s.ours(t), s.visa.truth(s.id()); ours != theirs {
		t.Errorf("our row says %q, Visa has %q", ours, theirs)
	}
	c := s.row(t)
	if c.Open != 0 || c.Last.IsOpen || len(c.Last.Print) > 0 {
		t.Errorf("the consumer has open requests: %+v", c)
	}
	for _, kind := range []jobs.Kind{clicktopay.RequestKind, clicktopay.PortfolioKind} {
		depth, err := s.store.JobDepth(t.Context(), kind)
		must(t, err)
		if depth.Waiting+depth.Parked != 0 {
			t.Errorf("jobs are left: %+v", depth)
		}
	}
}

// lastRecord is the one of the last commit.
func (s *site) lastRecord(t testing.TB) walletport.AuditRecord {
	t.Helper()
	head, err := s.store.AuditHead(t.Context())
	must(t, err)
	entries, err := s.store.AuditAfter(t.Context(), head.Seq-1, 1)
	must(t, err)
	return entries[0].Record
}

// prepare enrols the customer with the first card at Visa and here, as far as an action needs it.
func (s *site) prepare(t testing.TB, action walletport.ClickToPayAction) {
	t.Helper()
	if action == walletport.EnrolCustomer {
		return
	}
	s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
	if action == walletport.UpdateCard || action == walletport.DeleteCard {
		s.asks(t, s.wish(walletport.EnrolCard, s.second))
	}
	if action == walletport.ActivateCustomer {
		s.asks(t, s.wish(walletport.DeactivateCustomer, 0))
	}
	s.drive(t, time.Second)
	if got := s.ours(t); got == "none" || got != s.visa.truth(s.id()) {
		t.Fatalf("before it there is %q here, and %q at Visa", got, s.visa.truth(s.id()))
	}
	s.visa.forget()
}

// What may be with stored data between a request and its turn.

func (s *site) deleteCard(t *testing.T) {
	t.Helper()
	must(t, s.store.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(s.first) }))
}

func (s *site) blockCard(t *testing.T) {
	t.Helper()
	s.putCard(t, s.first, firstNumber, func(c *walletport.Card) { c.CustomerID, c.Status = s.customer, walletport.CardBlocked })
}

func (s *site) forgetCustomer(t *testing.T) {
	t.Helper()
	must(t, s.store.Update(t.Context(), func(tx storage.Tx) error {
		_, err := s.vault.ForgetCustomer(tx, walletport.CustomerKey{Issuer: "acme", Number: s.customer}, nil)
		return err
	}))
}

// giveBIDToAnother changes the settings.
func (s *site) giveBIDToAnother() {
	s.BIDs = map[walletport.IssuerID][]string{"acme": {secondBID}, "globex": {otherBID, ownBID}}
}

// moveAway stores an address that Visa takes from nobody.
func (s *site) moveAway(t *testing.T) {
	t.Helper()
	s.putCustomer(t, newCustomer(s.customer, func(c *walletport.Customer) { c.Address.City = private("Turku; Åbo") }))
}
