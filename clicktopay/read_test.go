package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// newReader opens a desk whose Visa answers what is enrolled, the nth time that it is asked.
func newReader(t testing.TB, wait time.Duration, enrolled func(nth int) (scheme.Enrolled, error), change ...func(*clicktopay.Parts)) (*desk, *rulebook) {
	t.Helper()
	rules := newRulebook(t)
	rules.enrolled = enrolled
	change = append(change, func(p *clicktopay.Parts) { p.Settings.ReadWait = wait })
	return newDesk(t, acttest.Database(t), visaOf(rules, rules), change...), rules
}

func (d *desk) read(ctx context.Context, bid string) (*clicktopay.Profile, error) {
	return d.Read(ctx, clicktopay.ReadRequest{Customer: deskNumber, BID: bid, AuditUser: deskUser, Channel: clicktopay.ChannelAPI})
}

// theirs is what Visa has of the desk's customer, with these cards.
func theirs(cards ...scheme.EnrolledCard) scheme.Enrolled {
	return scheme.Enrolled{
		IsEnrolled: true, Status: "ACTIVE", Cards: cards,
		Consumer: scheme.Consumer{
			FirstName: private("Zyxkanari"), MiddleName: private("M"), LastName: private("L"), Emails: privates(deskCanary + "@example.com"),
			Phones: privates(deskPhone), Locale: "en_US", Country: "USA",
		},
	}
}

func enrolledCard(first, last string, change ...func(*scheme.EnrolledCard)) scheme.EnrolledCard {
	c := scheme.EnrolledCard{
		FirstDigits: first, LastFour: last, Name: private("Z K"), Status: "ACTIVE", Expiry: walletport.Expiry{Year: 2031, Month: time.December},
		Address: scheme.Address{Line1: private("l1"), Line2: private("l2"), Line3: private("l3"), City: private("c"), State: private("s"), PostalCode: private("p"), Country: "USA"},
		Token:   walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010075001", Reference: "DNITHE4158"},
	}
	for _, ch := range change {
		ch(&c)
	}
	return c
}

// TestRead: all that Visa has, with our ids of the cards, and the record says who read it.
func TestRead(t *testing.T) {
	d, rules := newReader(t, time.Second, func(int) (scheme.Enrolled, error) {
		return theirs(enrolledCard("41111111", "1111"), enrolledCard("401288", "1881"), enrolledCard("", "1881"), enrolledCard("41111111", "9999")), nil
	})
	d.mustAccept(t, asked(walletport.EnrolCustomer))
	id := d.mustAccept(t, asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = deskSecondCard })).ID
	for _, row := range d.requests(t) {
		d.complete(t, row.ID)
	}
	profile, err := d.read(acttest.AsBank(t.Context()), ownBID)
	must(t, err)
	c := profile.Consumer
	if got := joined(c.FirstName, c.MiddleName, c.LastName) + "|" + joined(c.Emails...) + "|" + joined(c.Phones...) + "|" + c.Locale + "|" + c.Country + "|" + c.Status; got !=
		"Zyxkanari,M,L|zyxkanari@example.com|491765551239|en_US|USA|ACTIVE" {
		t.Errorf("the customer is %s", got)
	}
	var cards []string
	for _, card := range profile.Cards {
		a := card.Address
		cards = append(cards, fmt.Sprintf("%d %s %s %s %s", card.CardID, card.Status, card.Token.Reference, joined(card.Name), joined(a.Line1, a.Line2, a.Line3, a.City, a.State, a.PostalCode, a.Country)))
	}
	const rest = " ACTIVE DNITHE4158 Z K l1,l2,l3,c,s,p,USA"
	if got, want := strings.Join(cards, "\n"), "4711"+rest+"\n4712"+rest+"\n4712"+rest+"\n0"+rest; got != want {
		t.Errorf("the cards are\n%s\nwant\n%s", got, want)
	}
	if len(rules.asked) != 1 || rules.asked[0] != "5001/123456" {
		t.Errorf("asked for %q", rules.asked)
	}
	records := d.records(t)
	r := records[len(records)-1]
	if r.Action != walletport.ActionClickToPayRead || r.Outcome != walletport.OutcomeOK || r.AuditUser != deskUser || r.Issuer != "acme" ||
		r.Details.Get(walletport.DetailCustomer) != deskNumber || r.Details.Get(walletport.DetailBID) != ownBID || len(r.Details.Get(walletport.DetailRequest)) != 36 ||
		r.Details.Get(walletport.DetailRequest) == id {
		t.Errorf("the record is %+v", r)
	}
	if strings.Contains(strings.ToLower(fmt.Sprintf("%+v", records)), deskCanary) {
		t.Error("the trail has personal data")
	}
	profile.Wipe()
	if !profile.Consumer.FirstName.IsZero() || !profile.Cards[0].Address.Country.IsZero() {
		t.Error("something outlives Wipe")
	}
}

// TestWhichCardIsMeant: two cards that end alike are told apart by their expiry, or not at all.
func TestWhichCardIsMeant(t *testing.T) {
	for _, c := range []struct {
		name  string
		shown scheme.EnrolledCard
		want  walletport.CardID
	}{
		{"the one that expires then", enrolledCard("411111", "1111", func(c *scheme.EnrolledCard) { c.Expiry.Year = 2032 }), 4713},
		{"neither", enrolledCard("411111", "1111", func(c *scheme.EnrolledCard) { c.Expiry.Year = 2033 }), 0},
		{"one of another BIN", enrolledCard("411112", "1111"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := newReader(t, time.Second, func(int) (scheme.Enrolled, error) { return theirs(c.shown), nil })
			d.putCard(t, 4713, deskPAN, func(card *walletport.Card) { card.Expiry.Year = 2032 })
			for _, id := range []walletport.CardID{deskCard, 4713} {
				d.complete(t, d.mustAccept(t, asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = id })).ID)
			}
			mustBe := func(want walletport.CardID) {
				t.Helper()
				profile, err := d.read(acttest.AsBank(t.Context()), ownBID)
				must(t, err)
				if got := profile.Cards[0].CardID; got != want {
					t.Errorf("it is taken for %d, want %d", got, want)
				}
			}
			mustBe(c.want)
			d.putCard(t, 4713, deskPAN, func(card *walletport.Card) { card.Expiry.Year, card.CustomerID = 2032, "5002" }) // it is another's now
			if c.want == 4713 {
				mustBe(deskCard)
			}
		})
	}
}

// TestAReadWaitsForChanges of the same consumer, and for no others.
func TestAReadWaitsForChanges(t *testing.T) {
	d, rules := newReader(t, 10*time.Second, func(int) (scheme.Enrolled, error) { return theirs(), nil })
	d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.BID = secondBID }))
	_, err := d.read(acttest.AsBank(t.Context()), ownBID)
	must(t, err)
	id := d.mustAccept(t, asked(walletport.EnrolCustomer)).ID
	done := make(chan error, 1)
	go func() {
		_, err := d.read(acttest.AsBank(context.WithoutCancel(t.Context())), ownBID)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	d.complete(t, id)
	must(t, <-done)
	if len(rules.asked) != 2 {
		t.Errorf("asked %q", rules.asked)
	}
}

// TestAReadDoesNotWaitForever: for changes of ours, and for those of others.
func TestAReadDoesNotWaitForever(t *testing.T) {
	busy := func(int) (scheme.Enrolled, error) { return scheme.Enrolled{}, scheme.ErrBusy() }
	for name, prepare := range map[string]func(*desk){
		"a change of ours":   func(d *desk) { d.mustAccept(t, asked(walletport.EnrolCustomer)) },
		"a change of others": func(*desk) {},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := newReader(t, 100*time.Millisecond, busy)
			prepare(d)
			profile, err := d.read(acttest.AsBank(t.Context()), ownBID)
			mustReason(t, err, "clicktopay_busy")
			e, _ := errors.AsType[*walletport.Error](err)
			if profile != nil || e.Code != walletport.CodeConflict || e.RetryAfter <= 0 {
				t.Errorf("%+v, %+v", profile, e)
			}
		})
	}
	t.Run("the caller leaves", func(t *testing.T) {
		d, _ := newReader(t, 30*time.Second, busy)
		d.mustAccept(t, asked(walletport.EnrolCustomer))
		ctx, leave := context.WithCancel(acttest.AsBank(t.Context()))
		time.AfterFunc(50*time.Millisecond, leave)
		if _, err := d.read(ctx, ownBID); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// TestAReadAsksAgainWhileOthersWrite.
func TestAReadAsksAgainWhileOthersWrite(t *testing.T) {
	d, rules := newReader(t, 30*time.Second, func(nth int) (scheme.Enrolled, error) {
		if nth < 3 {
			return scheme.Enrolled{}, scheme.ErrBusy()
		}
		return theirs(), nil
	})
	_, err := d.read(acttest.AsBank(t.Context()), ownBID)
	must(t, err)
	if len(rules.asked) != 3 {
		t.Errorf("asked %d times", len(rules.asked))
	}
}

// TestReadsThatAreRefused are recorded, and show nothing.
func TestReadsThatAreRefused(t *testing.T) {
	lost := scheme.ErrNoAnswer()
	for _, c := range []struct {
		name     string
		enrolled scheme.Enrolled
		err      error
		edit     func(*clicktopay.ReadRequest)
		reason   string
	}{
		{"not enrolled", scheme.Enrolled{}, nil, nil, "customer_not_enrolled"},
		{"no answer", scheme.Enrolled{}, lost, nil, "scheme_no_answer"},
		{"no customer", theirs(), nil, func(r *clicktopay.ReadRequest) { r.Customer = "5999" }, "customer_not_found"},
		{"BID of another issuer", theirs(), nil, func(r *clicktopay.ReadRequest) { r.BID = otherBID }, "customer_bid_unknown"},
		{"malformed BID", theirs(), nil, func(r *clicktopay.ReadRequest) { r.BID = "123456789" }, "customer_bid_malformed"},
		{"no BID of one who was never enrolled", theirs(), nil, func(r *clicktopay.ReadRequest) { r.BID = "" }, "customer_bid_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := newReader(t, time.Second, func(int) (scheme.Enrolled, error) { return c.enrolled, c.err })
			kept := d.kept(t)
			r := clicktopay.ReadRequest{Customer: deskNumber, BID: ownBID, AuditUser: deskUser, Channel: clicktopay.ChannelAPI}
			if c.edit != nil {
				c.edit(&r)
			}
			profile, err := d.Read(acttest.AsBank(t.Context()), r)
			mustReason(t, err, c.reason)
			records := d.records(t)
			if profile != nil || d.kept(t) != kept || len(records) != 1 || records[0].Outcome != c.reason {
				t.Errorf("%+v, records %+v", profile, records)
			}
		})
	}
}

// TestAReadNeedsNoBIDOfOneWhoIsEnrolledOnce.
func TestAReadNeedsNoBIDOfOneWhoIsEnrolledOnce(t *testing.T) {
	d, rules := newReader(t, time.Second, func(int) (scheme.Enrolled, error) { return theirs(), nil })
	d.complete(t, d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.BID = secondBID })).ID)
	row := d.consumer(t, secondBID)
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateConsumer(row.ConsumerKey, walletport.CustomerKey{Issuer: "acme", Number: deskNumber}, func(c storage.Consumer) (storage.Consumer, error) {
			c.IsEnrolled = true
			return c, nil
		})
	}))
	_, err := d.read(acttest.AsBank(t.Context()), "")
	must(t, err)
	if len(rules.asked) != 1 || rules.asked[0] != "5001/"+secondBID {
		t.Errorf("asked for %q", rules.asked)
	}
}

// TestNothingIsReadWithoutARecord: what came is wiped.
func TestNothingIsReadWithoutARecord(t *testing.T) {
	came := theirs(enrolledCard("411111", "1111"))
	d, _ := newReader(t, time.Second, func(int) (scheme.Enrolled, error) { return came, nil }, func(p *clicktopay.Parts) {
		p.Audit = deaf{p.Audit.(*stoppableTrail)}
	})
	profile, err := d.read(acttest.AsBank(t.Context()), ownBID)
	mustReason(t, err, "audit_unavailable")
	if profile != nil || !came.Consumer.FirstName.IsZero() || !came.Cards[0].Name.IsZero() {
		t.Errorf("%+v is handed out, %+v is left", profile, came)
	}
}

// deaf is a trail that takes changes and no other records.
type deaf struct{ *stoppableTrail }

func (deaf) Record(ctx context.Context, r walletport.AuditRecord) error {
	return acttest.BrokenAudit{}.Record(ctx, r)
}

// TestTheKeysOfARead are in its record, and without one nobody is asked.
func TestTheKeysOfARead(t *testing.T) {
	d, rules := newReader(t, time.Second, func(int) (scheme.Enrolled, error) { return theirs(), nil }, func(p *clicktopay.Parts) {
		p.Visa.Keys = access.Keys{Secret: keys.ClickToPayAPI}
	})
	_, err := d.read(acttest.AsBank(t.Context()), ownBID)
	mustReason(t, err, "key_unavailable")
	if len(rules.asked) != 0 {
		t.Error("somebody was asked")
	}
}
