package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// TestARequestIsAcceptedWithRecordAndJob: of each action.
func TestARequestIsAcceptedWithRecordAndJob(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		for _, action := range walletport.ClickToPayActions() {
			d := newDesk(t, database, visaOf(newRulebook(t), nil))
			before, begun := len(d.records(t)), time.Now()
			accepted := d.mustAccept(t, asked(action))
			row := d.request(t, accepted.ID)
			if len(accepted.ID) != 36 || accepted.IsJoined || row.Action != action || row.State != storage.RequestAccepted || row.Number != deskNumber ||
				row.BID != ownBID || row.Issuer != "acme" || (row.CardID == deskCard) != action.IsOfCard() || row.By != deskUser || row.Client != "bank-app" ||
				row.Channel != clicktopay.ChannelAPI || len(row.Print) != 32 || len(row.Overrides.Sealed) != 0 || row.Sends != 0 {
				t.Errorf("%s: the row is %+v", action, row)
			}
			if age := row.AcceptAt.Sub(begun); age < -time.Minute || age > time.Minute {
				t.Errorf("%s: accepted at %v", action, row.AcceptAt)
			}
			records := d.records(t)[before:]
			if len(records) != 1 || records[0].Action != walletport.ActionClickToPay(action) || records[0].Outcome != walletport.OutcomeOK ||
				records[0].Details.Get(walletport.DetailRequest) != accepted.ID || records[0].Details.Get(walletport.DetailCustomer) != deskNumber ||
				records[0].Details.Get(walletport.DetailBID) != ownBID || records[0].Details.Get(walletport.DetailChannel) != "api" ||
				records[0].Issuer != "acme" || records[0].CardID != row.CardID || records[0].Scheme != walletport.Visa {
				t.Errorf("%s: the records are %+v", action, records)
			}
			job := d.job(t)
			if job.Kind != clicktopay.RequestKind || job.Key != (jobs.Key{Of: "customer", ID: int64(row.Customer)}) || job.Arg != int64(row.No) {
				t.Errorf("%s: the job is %+v", action, job)
			}
			must(t, d.store.SettleJob(t.Context(), job, jobs.Settlement{Outcome: jobs.Done}))
			if !slices.Equal(d.seen.accepted, []string{string(action) + " api"}) {
				t.Errorf("told of %q", d.seen.accepted)
			}
		}
		d := newDesk(t, database, nil)
		if c := d.consumer(t, ownBID); c.Open != len(walletport.ClickToPayActions()) || !c.Last.IsOpen || c.Number != deskNumber || c.Issuer != "acme" || c.IsEnrolled {
			t.Errorf("the consumer is %+v", c)
		}
	})
}

// job claims the first job.
func (d *desk) job(t testing.TB) jobs.Job {
	t.Helper()
	claimed, err := d.store.ClaimJobs(t.Context(), []jobs.Want{{Kind: clicktopay.RequestKind, Limit: 1}, {Kind: clicktopay.PortfolioKind, Limit: 1}}, time.Minute)
	must(t, err)
	if len(claimed) != 1 {
		t.Fatalf("%d jobs can be claimed", len(claimed))
	}
	return claimed[0]
}

// TestTheSameRequestJoinsTheOneThatIsOpen, but only the last one: what was asked for between
// would be undone.
func TestTheSameRequestJoinsTheOneThatIsOpen(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	to := func(address string) clicktopay.Asked {
		return asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.Overrides.Emails = privates(address) })
	}
	first := d.mustAccept(t, to("a@example.com"))
	kept := d.kept(t)
	again := d.mustAccept(t, to("a@example.com"))
	if again.ID != first.ID || !again.IsJoined || d.kept(t) != kept {
		t.Errorf("the second is %+v after %+v", again, first)
	}
	records := d.records(t)
	if r := records[len(records)-1]; r.Outcome != walletport.OutcomeOK || r.Details.Get(walletport.DetailRequest) != first.ID {
		t.Errorf("the record of the one that joined is %+v", r)
	}
	others := []clicktopay.Asked{
		to("b@example.com"), to("a@example.com"),
		asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.Overrides.Phones = privates("491765551241") }),
		asked(walletport.UpdateCustomer),
		asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.BID = secondBID }),
		asked(walletport.DeactivateCustomer), asked(walletport.ActivateCustomer),
		asked(walletport.EnrolCard), asked(walletport.UpdateCard),
		asked(walletport.UpdateCard, func(a *clicktopay.Asked) { a.CardID = deskSecondCard }),
		asked(walletport.UpdateCard, func(a *clicktopay.Asked) { a.CardID, a.CardOverrides.City = deskSecondCard, at("Lyon") }),
		asked(walletport.UpdateCard, func(a *clicktopay.Asked) { a.CardID, a.CardOverrides.Line2 = deskSecondCard, at("Lyon") }),
	}
	ids := map[string]bool{first.ID: true}
	for i, a := range others {
		accepted := d.mustAccept(t, a)
		if ids[accepted.ID] || accepted.IsJoined {
			t.Errorf("request %d joined another one", i)
		}
		ids[accepted.ID] = true
	}
}

func at(text string) *walletport.Private {
	p := private(text)
	return &p
}

// TestWhatWasChangedSinceIsAnotherRequest: what is under way may have been sent before the
// customer was imported anew.
func TestWhatWasChangedSinceIsAnotherRequest(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	first := d.mustAccept(t, asked(walletport.UpdateCard))
	d.putCustomer(t, newCustomer(deskNumber))
	if again := d.mustAccept(t, asked(walletport.UpdateCard)); !again.IsJoined || again.ID != first.ID {
		t.Errorf("an import that changed nothing makes it another request")
	}
	d.putCustomer(t, newCustomer(deskNumber, func(c *walletport.Customer) { c.Address.City = private("Lyon") }))
	second := d.mustAccept(t, asked(walletport.UpdateCard))
	d.putCard(t, deskCard, deskPAN, func(c *walletport.Card) { c.Expiry.Year++ })
	third := d.mustAccept(t, asked(walletport.UpdateCard))
	if second.IsJoined || third.IsJoined || second.ID == third.ID {
		t.Errorf("%+v, %+v after %+v", second, third, first)
	}
}

// TestACompletedRequestIsNotJoined: A, B, A is legal, and so is A again.
func TestACompletedRequestIsNotJoined(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	first := d.mustAccept(t, asked(walletport.DeactivateCustomer))
	d.complete(t, first.ID)
	second := d.mustAccept(t, asked(walletport.DeactivateCustomer))
	if second.IsJoined || second.ID == first.ID {
		t.Errorf("%+v joined %+v", second, first)
	}
}

// complete ends a request as the work of this room does.
func (d *desk) complete(t testing.TB, id string) {
	t.Helper()
	row := d.request(t, id)
	now, err := d.clock.Now(t.Context())
	must(t, err)
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		err := tx.UpdateConsumer(row.ConsumerKey, walletport.CustomerKey{Issuer: row.Issuer, Number: row.Number}, func(c storage.Consumer) (storage.Consumer, error) {
			c.Open--
			if c.Last.ID == id {
				c.Last.IsOpen, c.Last.Print = false, nil
			}
			return c, nil
		})
		return errors.Join(err, tx.UpdateEnrolmentRequest(row.No, func(r storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
			r.State, r.Result, r.EndedAt, r.UpdatedAt = storage.RequestCompleted, storage.RequestSucceeded, now, now
			r.Print, r.Overrides = nil, storage.SealedOverrides{}
			return r, nil
		}))
	}))
}

// TestTwoReplicasAcceptAtOnce: the same request is one, others are all.
func TestTwoReplicasAcceptAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		desks := []*desk{newDesk(t, database, visaOf(newRulebook(t), nil)), newDesk(t, database, visaOf(newRulebook(t), nil))}
		const each = 12
		accepted := make([]clicktopay.Accepted, each)
		errs := make([]error, each)
		var group sync.WaitGroup
		for i := range each {
			group.Go(func() {
				a := asked(walletport.DeactivateCustomer)
				if i%3 == 0 {
					a = asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.Overrides.Emails = privates(fmt.Sprintf("no%d@example.com", i)) })
				}
				accepted[i], errs[i] = desks[i%2].Accept(acttest.AsBank(t.Context()), a)
			})
		}
		group.Wait()
		must(t, errors.Join(errs...))
		distinct, joined := map[string]bool{}, 0
		for _, a := range accepted {
			distinct[a.ID] = true
			if a.IsJoined {
				joined++
			}
		}
		rows := desks[0].requests(t)
		if len(rows) != len(distinct) || len(rows) != each-joined || desks[0].consumer(t, ownBID).Open != len(rows) {
			t.Errorf("%d rows of %d answers, %d joined, %d open", len(rows), len(distinct), joined, desks[0].consumer(t, ownBID).Open)
		}
		for i := 1; i < len(rows); i++ {
			if string(rows[i].Print) == string(rows[i-1].Print) {
				t.Errorf("requests %d and %d are the same, one behind the other", rows[i-1].No, rows[i].No)
			}
		}
		if last := rows[len(rows)-1]; desks[0].consumer(t, ownBID).Last.ID != last.ID {
			t.Errorf("the last request is not the one with the highest number")
		}
		depth, err := desks[0].store.JobDepth(t.Context(), clicktopay.RequestKind)
		must(t, err)
		if depth.Waiting != len(rows) {
			t.Errorf("%d jobs for %d requests", depth.Waiting, len(rows))
		}
	})
}

// TestTheDatabaseIsLostAtTheCommit: before it nothing is promised and nothing is there. After
// it the answer is lost, and who asks again joins what is there.
func TestTheDatabaseIsLostAtTheCommit(t *testing.T) {
	gone := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the database is gone")
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	d.mustAccept(t, asked(walletport.ActivateCustomer))
	kept := d.kept(t)
	d.trail.before = func(int) error { return gone }
	_, err := d.accept(t, asked(walletport.DeactivateCustomer))
	mustReason(t, err, "audit_unavailable")
	if d.kept(t) != kept {
		t.Errorf("something was kept: %s", d.kept(t))
	}
	records := d.records(t)
	if last := records[len(records)-1]; last.Outcome != "audit_unavailable" || last.Details.Get(walletport.DetailRequest) != "" {
		t.Errorf("the record of what was not accepted is %+v", last)
	}
	d.trail.before, d.trail.after = nil, func(int) error { return gone }
	_, err = d.accept(t, asked(walletport.DeactivateCustomer))
	mustReason(t, err, "audit_unavailable")
	d.trail.after = nil
	again := d.mustAccept(t, asked(walletport.DeactivateCustomer))
	if !again.IsJoined || len(d.requests(t)) != 2 {
		t.Errorf("%+v, and %d requests", again, len(d.requests(t)))
	}
}

// TestAnAnswerToACommitThatWasLostDoesNotAcceptTwice: the transaction is begun again, and
// finds its own request.
func TestAnAnswerToACommitThatWasLostDoesNotAcceptTwice(t *testing.T) {
	var d *desk
	twice := func(p *clicktopay.Parts) { p.Audit = repeating{p.Audit.(*stoppableTrail)} }
	d = newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil), twice)
	before := len(d.records(t))
	accepted := d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) {
		a.Admit = func(c storage.Consumer) error { // which its own request is no reason against
			if c.Open > 0 {
				return errors.New("the consumer has an open request")
			}
			return nil
		}
	}))
	if accepted.IsJoined || len(d.requests(t)) != 1 || d.consumer(t, ownBID).Open != 1 || len(d.records(t)) != before+1 {
		t.Errorf("%+v, %d requests, %d records", accepted, len(d.requests(t)), len(d.records(t))-before)
	}
}

// repeating is a trail that makes each change twice.
type repeating struct{ *stoppableTrail }

func (r repeating) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	if err := r.stoppableTrail.RecordChange(ctx, change); err != nil {
		return err
	}
	return r.stoppableTrail.RecordChange(ctx, change)
}

// TestAPortfolio: its requests have workers of their own, who opted out is left alone, and the
// consumer is looked at once more.
func TestAPortfolio(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	of := func(change ...func(*clicktopay.Asked)) clicktopay.Asked {
		return asked(walletport.EnrolCustomer, append(change, func(a *clicktopay.Asked) { a.Channel = clicktopay.ChannelPortfolio })...)
	}
	optOut := func(tx storage.Tx) error {
		_, err := tx.PutOptOut(storage.OptOut{CustomerKey: walletport.CustomerKey{Issuer: "acme", Number: deskNumber}, By: deskUser, At: time.Now()})
		return err
	}
	must(t, d.store.Update(t.Context(), optOut))
	kept := d.kept(t)
	_, err := d.Accept(t.Context(), of())
	if !errors.Is(err, clicktopay.ErrOptedOut) || d.kept(t) != kept {
		t.Errorf("of one who opted out: %v", err)
	}
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.DeleteOptOut(walletport.CustomerKey{Issuer: "acme", Number: deskNumber})
		return err
	}))

	var seen storage.Consumer
	errNotNow := errors.New("not now")
	before := len(d.records(t))
	_, err = d.Accept(t.Context(), of(func(a *clicktopay.Asked) {
		a.Admit = func(c storage.Consumer) error { seen = c; return errNotNow }
	}))
	if !errors.Is(err, errNotNow) || d.kept(t) != kept || len(d.records(t)) != before || seen.Number != deskNumber {
		t.Errorf("of one who is not admitted: %v, %+v, %d records", err, seen, len(d.records(t))-before)
	}

	accepted, err := d.Accept(t.Context(), of(func(a *clicktopay.Asked) { a.Admit = func(storage.Consumer) error { return nil } }))
	must(t, err)
	if job := d.job(t); job.Kind != clicktopay.PortfolioKind {
		t.Errorf("the job is %+v", job)
	}
	if row := d.request(t, accepted.ID); row.Channel != clicktopay.ChannelPortfolio || row.Client != "" {
		t.Errorf("the row is %+v", row)
	}
	if cards := d.consumer(t, ownBID).Cards; len(cards) != 1 || cards[0].ID != deskCard || cards[0].State != storage.CardAsked {
		t.Errorf("the cards are %+v", cards)
	}
}

// TestCardsOfAConsumer: an enrolment that was accepted is known of each card, and one that is
// enrolled stays so until Visa says else.
func TestCardsOfAConsumer(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.CardID = deskSecondCard }))
	d.mustAccept(t, asked(walletport.EnrolCard))
	d.mustAccept(t, asked(walletport.UpdateCard))
	states := func() (all []string) {
		for _, c := range d.consumer(t, ownBID).Cards {
			all = append(all, c.ID.String()+" "+string(c.State)+" "+c.Reason)
		}
		return all
	}
	if got := states(); !slices.Equal(got, []string{"4711 asked ", "4712 asked "}) {
		t.Errorf("the cards are %q", got)
	}
	row := d.consumer(t, ownBID)
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateConsumer(row.ConsumerKey, walletport.CustomerKey{Issuer: "acme", Number: deskNumber}, func(c storage.Consumer) (storage.Consumer, error) {
			c.Cards = slices.Clone(c.Cards)
			c.Cards[0].State, c.Cards[1].State, c.Cards[1].Reason = storage.CardEnrolled, storage.CardRefused, "VIDC-7000"
			return c, nil
		})
	}))
	d.mustAccept(t, asked(walletport.EnrolCard))
	d.mustAccept(t, asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = deskSecondCard }))
	if got := states(); !slices.Equal(got, []string{"4711 enrolled ", "4712 asked "}) {
		t.Errorf("the cards are %q", got)
	}
}

// TestOverridesAreSealedAndWiped: nothing of it stands in rows or records, and the flow wipes what
// it was given.
func TestOverridesAreSealedAndWiped(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	a := asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) {
		a.Overrides.Emails, a.Overrides.Phones = privates(deskCanary+".call@example.com"), privates(deskPhoneOfCall)
		a.CardOverrides.City = at(deskCanary + "ville")
	})
	row := d.request(t, d.mustAccept(t, a).ID)
	if len(row.Overrides.Sealed) == 0 || row.Overrides.KEK == "" {
		t.Fatalf("nothing is sealed: %+v", row)
	}
	if !a.Overrides.Emails[0].IsZero() || !a.Overrides.Phones[0].IsZero() || !a.CardOverrides.City.IsZero() {
		t.Error("the overrides are not wiped")
	}
	plain, err := d.vault.OpenOverrides(row.Issuer, row.ID, row.Overrides)
	must(t, err)
	for _, text := range []string{deskCanary + ".call@example.com", deskPhoneOfCall, deskCanary + "ville"} {
		if !strings.Contains(string(plain), text) {
			t.Errorf("%s is not sealed", text)
		}
	}
	if text := fmt.Sprintf("%s %+v", d.kept(t), d.records(t)); strings.Contains(strings.ToLower(text), deskCanary) || strings.Contains(text, deskPhoneOfCall[:8]) {
		t.Errorf("personal data stand in clear: %s", text)
	}
}
