package clicktopay_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// TestMessagesAreWhole: stored data with what the call overrides, never half, and of what is
// deleted no more than its name.
func TestMessagesAreWhole(t *testing.T) {
	rules := newRulebook(t)
	d := newDesk(t, acttest.Database(t), visaOf(rules, nil))
	d.putCustomer(t, newCustomer("5002", func(c *walletport.Customer) {
		c.MiddleName, c.Phones, c.Locale, c.Consent = private("Ida"), nil, walletport.Private{}, walletport.Consent{}
		c.Address.Line2 = private("stairs B")
	}))
	const unnamed walletport.CardID = 4720
	d.putCard(t, unnamed, deskPAN, func(c *walletport.Card) { c.CustomerID, c.CardholderName = "5002", walletport.Private{} })
	const (
		person   = "Zyxkanari,zyxkanari-son|zyxkanari@example.com|491765551239|en_US|USA"
		consent  = "2 by the zyxkanari at 1790000000000"
		cardText = "4111111111111111|zyxkanari ZYXKANARI|12/2031|1 zyxkanari street,zyxkanari,CA,90210|USA"
	)
	for _, c := range []struct {
		name   string
		action walletport.ClickToPayAction
		edit   func(*clicktopay.Asked)
		want   string
	}{
		{"as stored", walletport.EnrolCustomer, nil, "enrol_consumer|5001/123456|" + person + "||" + consent + "|" + cardText},
		{"contacts and city overridden", walletport.EnrolCustomer, func(a *clicktopay.Asked) {
			a.Overrides.Emails, a.Overrides.Phones, a.CardOverrides.City = privates("b@example.com", "c@example.com"), privates("33123456789"), at("Lyon")
		}, "enrol_consumer|5001/123456|Zyxkanari,zyxkanari-son|b@example.com,c@example.com|33123456789|en_US|USA||" + consent +
			"|4111111111111111|zyxkanari ZYXKANARI|12/2031|1 zyxkanari street,Lyon,CA,90210|USA"},
		{"telephone numbers overridden by none", walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.Overrides.Phones = []walletport.Private{} },
			"replace_consumer|5001/123456|Zyxkanari,zyxkanari-son|zyxkanari@example.com||en_US|USA||" + consent},
		{"a card, by another BID", walletport.EnrolCard, func(a *clicktopay.Asked) { a.BID = secondBID }, "enrol_cards|5001/10098765|||||||" + cardText},
		{"the whole address overridden", walletport.UpdateCard, func(a *clicktopay.Asked) {
			a.CardOverrides = clicktopay.CardOverrides{Line1: at("l1"), Line2: at("l2"), Line3: at("l3"), City: at("c"), State: at("s"), PostalCode: at("p"), Country: at("FIN")}
		}, "replace_cards|5001/123456|||||||4111111111111111|zyxkanari ZYXKANARI|12/2031|l1,l2,l3,c,s,p|FIN"},
		{"a member of the address overridden by nothing", walletport.UpdateCard, func(a *clicktopay.Asked) { a.CardID, a.CardOverrides.Line2 = unnamed, &walletport.Private{} },
			"replace_cards|5002/123456|||||||4111111111111111|Zyxkanari zyxkanari-son|12/2031|1 zyxkanari street,zyxkanari,CA,90210|USA"},
		{"a customer with a middle name and without consent, with a card without a name", walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.Customer, a.CardID = "5002", unnamed },
			"enrol_consumer|5002/123456|Zyxkanari,Ida,zyxkanari-son|zyxkanari@example.com|||USA||4111111111111111|Zyxkanari zyxkanari-son|12/2031|1 zyxkanari street,stairs B,zyxkanari,CA,90210|USA"},
		{"switched off", walletport.DeactivateCustomer, nil, "replace_consumer|5001/123456|" + person + "|inactive|" + consent},
		{"switched on", walletport.ActivateCustomer, nil, "replace_consumer|5001/123456|" + person + "||" + consent},
		{"a card deleted", walletport.DeleteCard, nil, "delete_cards|5001/123456|||||||4111111111111111"},
		{"a customer deleted", walletport.DeleteCustomer, nil, "delete_consumer|5001/123456"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := asked(c.action)
			if c.edit != nil {
				c.edit(&a)
			}
			d.mustAccept(t, a)
			if got := rules.last(); got != c.want {
				t.Errorf("%s\n%s", got, c.want)
			}
		})
	}
}

// TestAnUpdateLeavesWhetherTheCustomerIsActive: a record without it would switch on whom
// somebody switched off.
func TestAnUpdateLeavesWhetherTheCustomerIsActive(t *testing.T) {
	rules := newRulebook(t)
	d := newDesk(t, acttest.Database(t), visaOf(rules, nil))
	d.mustAccept(t, asked(walletport.UpdateCustomer))
	isActive := rules.last()
	row := d.consumer(t, ownBID)
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateConsumer(row.ConsumerKey, walletport.CustomerKey{Issuer: "acme", Number: deskNumber}, func(c storage.Consumer) (storage.Consumer, error) {
			c.IsEnrolled, c.IsInactive = true, true
			return c, nil
		})
	}))
	for action, isInactive := range map[walletport.ClickToPayAction]bool{
		walletport.UpdateCustomer: true, walletport.ActivateCustomer: false, walletport.DeactivateCustomer: true,
	} {
		d.mustAccept(t, asked(action))
		if got := rules.last(); (got != isActive) != isInactive {
			t.Errorf("%s: %s", action, got)
		}
	}
}

// TestWhoWasForgottenCanBeDeleted, with their cards, and nothing else.
func TestWhoWasForgottenCanBeDeleted(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		_, err := d.vault.ForgetCustomer(tx, walletport.CustomerKey{Issuer: "acme", Number: deskNumber}, nil)
		return err
	}))
	for _, action := range walletport.ClickToPayActions() {
		_, err := d.accept(t, asked(action))
		if action == walletport.DeleteCard || action == walletport.DeleteCustomer {
			must(t, err)
			continue
		}
		mustReason(t, err, "customer_not_found")
	}
}

// TestAClosedOrExpiredCardCanBeDeleted: it is not asked how it is.
func TestAClosedOrExpiredCardCanBeDeleted(t *testing.T) {
	d := newBadDesk(t)
	for _, id := range []walletport.CardID{closedCard, expiredCard} {
		d.mustAccept(t, asked(walletport.DeleteCard, func(a *clicktopay.Asked) { a.CardID = id }))
	}
}
