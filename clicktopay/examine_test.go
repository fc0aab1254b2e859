package clicktopay_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// fieldNames are the fields of a refusal, in their order.
func fieldNames(err error) string {
	var names []string
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		for _, f := range e.Fields {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, " ")
}

// badData has two faults of what the call overrides.
func badData(a *clicktopay.Asked) {
	a.Overrides.Phones, a.CardOverrides.City = privates("+491765551240"), at("Lyon #1")
}

// TestFaultsOfEveryKindAreToldAtOnce: of customer, card, stored data and overrides. The reason is
// that of the first kind.
func TestFaultsOfEveryKindAreToldAtOnce(t *testing.T) {
	d := newBadDesk(t)
	enrolment := func(card walletport.CardID, change ...func(*clicktopay.Asked)) clicktopay.Asked {
		return asked(walletport.EnrolCustomer, append([]func(*clicktopay.Asked){func(a *clicktopay.Asked) { a.CardID = card }}, change...)...)
	}
	of := func(customer string) func(*clicktopay.Asked) {
		return func(a *clicktopay.Asked) { a.Customer = customer }
	}
	with := func(bid string) func(*clicktopay.Asked) { return func(a *clicktopay.Asked) { a.BID = bid } }
	badCity := func(a *clicktopay.Asked) { a.CardOverrides.City = at("Lyon #1") }
	const data = "overrides.phones[0] cardOverrides.city"
	const poor = "customer.lastName customer.consentPresenter customer.address.city customer.address.country"
	for _, c := range []struct {
		name   string
		asked  clicktopay.Asked
		reason string
		fields string
	}{
		{"a closed card and bad data", enrolment(closedCard, badData), "card_not_eligible", "card.status " + data},
		{"an expired card and bad data", enrolment(expiredCard, badData), "card_not_eligible", "card.expiry " + data},
		{"a card that is closed and has expired", enrolment(deadCard), "card_not_eligible", "card.status card.expiry"},
		{"the same, and of Mastercard", enrolment(deadMaster, badData), "scheme_mismatch", "card.pan card.status card.expiry " + data},
		{"the same, added", asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = deadMaster; badCity(a) }), "scheme_mismatch", "card.pan card.status card.expiry cardOverrides.city"},
		{"a Mastercard card and bad data", enrolment(mastercard, badData), "scheme_mismatch", "card.pan " + data},
		{"a card that is dead, and its customer's data too", enrolment(poorAndDead, of("5004")), "card_not_eligible", "card.status card.expiry " + poor},
		{"a card of another customer, and bad data", enrolment(anothersOwn, badData), "card_not_found", "cardId " + data},
		{"no card, and stored data that are bad", enrolment(9, of("5004")), "card_not_found", "cardId " + poor},
		{"no customer, no card, and bad data", enrolment(9, of("5999"), badData), "customer_not_found", "customerId cardId " + data},
		{"no customer, a card of that number, and bad data", enrolment(orphanCard, of("5999"), badData), "customer_not_found", "customerId " + data},
		{"a card of a customer who is not stored, and bad data", asked(walletport.UpdateCard, func(a *clicktopay.Asked) { a.CardID = orphanCard; badCity(a) }), "customer_not_found", "card.customerId cardOverrides.city"},
		{"a BID of another issuer, a closed card, and bad data", enrolment(closedCard, with(otherBID), badData), "customer_bid_unknown", "customerBID " + data},
		{"a BID of 9 characters, and bad data", enrolment(deskCard, with("123456789"), badData), "customer_bid_malformed", "customerBID " + data},
		{"no BID, and bad data", enrolment(deskCard, with(""), badData), "customer_bid_missing", "customerBID " + data},
		{"no customer: whether a telephone number is stored, nobody knows", asked(walletport.UpdateCustomer, of("5999"), func(a *clicktopay.Asked) {
			a.Overrides.Emails = []walletport.Private{}
		}), "customer_not_found", "customerId"},
		{"no customer, and nothing to reach them by", asked(walletport.UpdateCustomer, of("5999"), func(a *clicktopay.Asked) {
			a.Overrides.Emails, a.Overrides.Phones = []walletport.Private{}, []walletport.Private{}
		}), "customer_not_found", "customerId overrides.emails"},
		{"a dead Mastercard card, deleted", asked(walletport.DeleteCard, func(a *clicktopay.Asked) { a.CardID = deadMaster }), "scheme_mismatch", "card.pan"},
		{"a dead Visa card of a customer whose data are bad, updated", asked(walletport.UpdateCard, func(a *clicktopay.Asked) { a.CardID = poorAndDead }), "card_not_eligible",
			"card.status card.expiry customer.address.city customer.address.country"},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, before := d.kept(t), len(d.records(t))
			_, err := d.accept(t, c.asked)
			mustReason(t, err, c.reason)
			if got := fieldNames(err); got != c.fields {
				t.Errorf("the fields are %q, want %q", got, c.fields)
			}
			if strings.Contains(strings.ToLower(err.Error()), deskCanary) {
				t.Errorf("the error repeats data: %v", err)
			}
			if d.kept(t) != kept {
				t.Errorf("something was kept: %s", d.kept(t))
			}
			if records := d.records(t)[before:]; len(records) != 1 || records[0].Outcome != c.reason {
				t.Errorf("the records are %+v", records)
			}
		})
	}
}

// TestAnothersCardWithBadDataLooksLikeNone: whatever else is wrong, nobody learns that another
// issuer, or another customer, has a card of that id, and how that card is.
func TestAnothersCardWithBadDataLooksLikeNone(t *testing.T) {
	d := newBadDesk(t)
	for _, action := range []walletport.ClickToPayAction{walletport.EnrolCustomer, walletport.EnrolCard} {
		ask := func(id walletport.CardID) string {
			_, err := d.accept(t, asked(action, func(a *clicktopay.Asked) {
				a.CardID, a.CardOverrides.City = id, at("Lyon #1")
			}))
			e, ok := errors.AsType[*walletport.Error](err)
			if !ok {
				t.Fatal(err)
			}
			return fmt.Sprintf("%s %s %+v", e.Code, e.Error(), e.Fields)
		}
		none := ask(9)
		if !strings.Contains(none, "card_not_found") || !strings.Contains(none, "cardOverrides.city") {
			t.Errorf("of no card: %s", none)
		}
		others := []walletport.CardID{globexCard, globexClosed}
		if action == walletport.EnrolCustomer { // whose customer is named
			others = append(others, anothersOwn, anothersClosed)
		}
		for _, id := range others {
			if got := ask(id); got != none {
				t.Errorf("%s of card %s: %s, of none: %s", action, id, got, none)
			}
		}
	}
}

// TestARefusalNeedsNoKey: what is wrong with a card is told also where its data cannot be opened.
func TestARefusalNeedsNoKey(t *testing.T) {
	d := newBadDesk(t)
	d.vaultKeys.Replace(keys.NewRing(nil))
	_, err := d.accept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.CardID = closedCard; badData(a) }))
	mustReason(t, err, "card_not_eligible")
	if got := fieldNames(err); got != "card.status" {
		t.Errorf("the fields are %q", got)
	}
	_, err = d.accept(t, asked(walletport.EnrolCustomer, badData))
	mustReason(t, err, "key_unavailable")
}

// timeless is a database that does not say what time it is.
type timeless struct{ clicktopay.Store }

func (timeless) Now(ctx context.Context) (time.Time, error) {
	return time.Time{}, storage.ErrUnavailable(ctx, errors.New("the database is away"))
}

// TestNoRowIsMadeOfWhatIsRefused: what a row alone needs is asked for after all checks.
func TestNoRowIsMadeOfWhatIsRefused(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil), func(p *clicktopay.Parts) { p.Store = timeless{p.Store} })
	_, err := d.accept(t, asked(walletport.EnrolCustomer, badData))
	mustReason(t, err, "enrolment_data_invalid")
	_, err = d.accept(t, asked(walletport.EnrolCustomer))
	mustReason(t, err, "store_unavailable")
}
