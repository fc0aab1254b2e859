package clicktopay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

// The further subjects of newBadDesk.
const (
	mastercard  walletport.CardID = 5001
	closedCard  walletport.CardID = 5002
	expiredCard walletport.CardID = 5003
	strayCard   walletport.CardID = 5004 // without a customer number
	anothersOwn walletport.CardID = 5005 // of customer 5002
	globexCard  walletport.CardID = 5006 // of globex, and of its customer 5001
	orphanCard  walletport.CardID = 5007 // of a customer who is not stored
	muteCard    walletport.CardID = 5008 // of a customer without e-mail and telephone number
	poorCard    walletport.CardID = 5009 // of a customer whose data Visa does not take
	// Closed ones of others, which must not be told from none either.
	anothersClosed walletport.CardID = 5010
	globexClosed   walletport.CardID = 5011
	// With more than one fault.
	deadCard    walletport.CardID = 5012 // closed and expired
	deadMaster  walletport.CardID = 5013 // the same, and of Mastercard
	poorAndDead walletport.CardID = 5014 // the same, and of a customer whose data Visa does not take
)

// newBadDesk has what no request may be about.
func newBadDesk(t testing.TB) *desk {
	t.Helper()
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	d.putCustomer(t, newCustomer("5002"), newCustomer("5001", func(c *walletport.Customer) { c.Issuer = "globex" }),
		newCustomer("5003", func(c *walletport.Customer) { c.Emails, c.Phones = nil, nil }),
		newCustomer("5004", func(c *walletport.Customer) {
			c.LastName, c.Address.City, c.Address.Country = walletport.Private{}, private("Lyon #1"), walletport.Private{}
			c.Consent.Presenter = walletport.Private{}
		}),
		newCustomer("5009"))
	of := func(number string) func(*walletport.Card) {
		return func(c *walletport.Card) { c.CustomerID = number }
	}
	d.putCard(t, mastercard, "5555555555554444")
	d.putCard(t, closedCard, "4000056655665556", func(c *walletport.Card) { c.Status = walletport.CardClosed })
	d.putCard(t, expiredCard, "4242424242424242", func(c *walletport.Card) {
		c.Expiry = walletport.Expiry{Year: time.Now().Year() - 1, Month: time.May}
	})
	dead := func(c *walletport.Card) {
		c.Status, c.Expiry = walletport.CardClosed, walletport.Expiry{Year: time.Now().Year() - 1, Month: time.May}
	}
	d.putCard(t, deadCard, "4000056655665556", dead)
	d.putCard(t, deadMaster, "5555555555554444", dead)
	d.putCard(t, poorAndDead, "4242424242424242", dead, of("5004"))
	d.putCard(t, strayCard, "4111111111111111", of(""))
	d.putCard(t, anothersOwn, "4111111111111111", of("5002"))
	d.putCard(t, globexCard, "4111111111111111", func(c *walletport.Card) { c.Issuer = "globex" })
	d.putCard(t, anothersClosed, "4111111111111111", func(c *walletport.Card) { c.CustomerID, c.Status = "5002", walletport.CardClosed })
	d.putCard(t, globexClosed, "4111111111111111", func(c *walletport.Card) { c.Issuer, c.Status = "globex", walletport.CardClosed })
	d.putCard(t, orphanCard, "4111111111111111", of("5999"))
	d.putCard(t, muteCard, "4111111111111111", of("5003"))
	d.putCard(t, poorCard, "4111111111111111", func(c *walletport.Card) { c.CustomerID, c.CardholderName = "5004", walletport.Private{} })
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		_, err := d.vault.ForgetCustomer(tx, walletport.CustomerKey{Issuer: "acme", Number: "5009"}, nil)
		return err
	}))
	return d
}

// TestRefusedRequestsChangeNothing: each has its reason and fields, and leaves one record.
func TestRefusedRequestsChangeNothing(t *testing.T) {
	d := newBadDesk(t)
	d.mustAccept(t, asked(walletport.ActivateCustomer)) // so that something could be changed
	type edit = func(*clicktopay.Asked)
	cardOf := func(id walletport.CardID) edit { return func(a *clicktopay.Asked) { a.CardID = id } }
	of := func(customer string) edit { return func(a *clicktopay.Asked) { a.Customer = customer } }
	with := func(bid string) edit { return func(a *clicktopay.Asked) { a.BID = bid } }
	emails := func(texts ...string) edit {
		return func(a *clicktopay.Asked) { a.Overrides.Emails = privates(texts...) }
	}
	phones := func(texts ...string) edit {
		return func(a *clicktopay.Asked) { a.Overrides.Phones = privates(texts...) }
	}
	const enrol, add, update, updateCard = walletport.EnrolCustomer, walletport.EnrolCard, walletport.UpdateCustomer, walletport.UpdateCard
	for _, c := range []struct {
		name   string
		action walletport.ClickToPayAction
		edit   edit
		reason string
		fields string
	}{
		{"Mastercard card", enrol, cardOf(mastercard), "scheme_mismatch", "card.pan"},
		{"Mastercard card, added", add, cardOf(mastercard), "scheme_mismatch", "card.pan"},
		{"Mastercard card, deleted", walletport.DeleteCard, cardOf(mastercard), "scheme_mismatch", "card.pan"},
		{"closed card", enrol, cardOf(closedCard), "card_not_eligible", "card.status"},
		{"closed card, updated", updateCard, cardOf(closedCard), "card_not_eligible", "card.status"},
		{"expired card", enrol, cardOf(expiredCard), "card_not_eligible", "card.expiry"},
		{"expired card, added", add, cardOf(expiredCard), "card_not_eligible", "card.expiry"},
		{"card of another customer", enrol, cardOf(anothersOwn), "card_not_found", "cardId"},
		{"closed card of another customer", enrol, cardOf(anothersClosed), "card_not_found", "cardId"},
		{"card of another issuer", enrol, cardOf(globexCard), "card_not_found", "cardId"},
		{"card of another issuer, added", add, cardOf(globexCard), "card_not_found", "cardId"},
		{"card of nobody", add, cardOf(strayCard), "card_not_found", "cardId"},
		{"no card", add, cardOf(9), "card_not_found", "cardId"},
		{"a card number for a card", add, cardOf(4111111111111111), "card_id_contains_pan", "cardId"},
		{"unknown customer", enrol, of("5999"), "customer_not_found", "customerId cardId"},
		{"unknown customer, updated", update, of("5999"), "customer_not_found", "customerId"},
		{"unknown customer, deleted", walletport.DeleteCustomer, of("5999"), "customer_not_found", "customerId"},
		{"card of an unknown customer", add, cardOf(orphanCard), "customer_not_found", "card.customerId"},
		{"forgotten customer", update, of("5009"), "customer_not_found", "customerId"},
		{"a number that no database keeps", update, of("5001\x00"), "customer_not_found", "customerId"},

		{"no BID", enrol, with(""), "customer_bid_missing", "customerBID"},
		{"a BID of 9 characters", enrol, with("123456789"), "customer_bid_malformed", "customerBID"},
		{"a BID of marks", enrol, with("12-456"), "customer_bid_malformed", "customerBID"},
		{"unknown BID", enrol, with("777777"), "customer_bid_unknown", "customerBID"},
		{"BID of another issuer", enrol, with(otherBID), "customer_bid_unknown", "customerBID"},
		{"no BID, and never enrolled", walletport.DeactivateCustomer, func(a *clicktopay.Asked) { a.BID, a.Customer = "", "5002" }, "customer_bid_missing", "customerBID"},
		{"no BID, and no customer", walletport.DeactivateCustomer, func(a *clicktopay.Asked) { a.BID, a.Customer = "", "5999" }, "customer_not_found", "customerId"},

		{"customer without e-mail and telephone number", enrol, func(a *clicktopay.Asked) { a.Customer, a.CardID = "5003", muteCard }, "enrolment_data_invalid", "customer.emails"},
		{"all faults of a stored customer and card", enrol, func(a *clicktopay.Asked) { a.Customer, a.CardID = "5004", poorCard }, "enrolment_data_invalid",
			"customer.lastName customer.consentPresenter customer.address.city customer.address.country"},
		{"malformed e-mail", enrol, emails("ada@example.com", "ada@example"), "enrolment_data_invalid", "overrides.emails[1]"},
		{"20 e-mails", update, emails(slices.Repeat([]string{"ada@example.com"}, 20)...), "enrolment_data_invalid", "overrides.emails"},
		{"300 e-mails", update, emails(slices.Repeat([]string{"ada@example.com"}, 300)...), "enrolment_data_invalid", "overrides.emails"},
		{"an e-mail of 100,000 letters", update, emails(strings.Repeat("a", 100_000) + "@example.com"), "enrolment_data_invalid", "overrides.emails[0]"},
		{"an empty e-mail", update, emails(""), "enrolment_data_invalid", "overrides.emails[0]"},
		{"the card's number in an e-mail", update, emails("4111111111111111@example.com"), "enrolment_data_invalid", "overrides.emails[0]"},
		{"telephone number with +", update, phones("+491765551240"), "enrolment_data_invalid", "overrides.phones[0]"},
		{"telephone number of 17 digits", update, phones("491765551240", "49176555124012345"), "enrolment_data_invalid", "overrides.phones[1]"},
		{"nothing left to reach the customer by", update, func(a *clicktopay.Asked) {
			a.Overrides.Emails, a.Overrides.Phones = []walletport.Private{}, []walletport.Private{}
		}, "enrolment_data_invalid", "overrides.emails"},
		{"65 characters of two bytes", add, func(a *clicktopay.Asked) { a.CardOverrides.Line1 = at(strings.Repeat("ö", 65)) }, "enrolment_data_invalid", "cardOverrides.addressLine1"},
		{"a city of 33", add, func(a *clicktopay.Asked) { a.CardOverrides.City = at(strings.Repeat("ö", 33)) }, "enrolment_data_invalid", "cardOverrides.city"},
		{"a postal code of 10", updateCard, func(a *clicktopay.Asked) { a.CardOverrides.PostalCode = at("1234567890") }, "enrolment_data_invalid", "cardOverrides.postalCode"},
		{"a state of 4", updateCard, func(a *clicktopay.Asked) { a.CardOverrides.State = at("CALI") }, "enrolment_data_invalid", "cardOverrides.state"},
		{"alpha-2", updateCard, func(a *clicktopay.Asked) { a.CardOverrides.Country = at("US") }, "enrolment_data_invalid", "cardOverrides.country"},
		{"line 1 emptied", updateCard, func(a *clicktopay.Asked) { a.CardOverrides.Line1 = &walletport.Private{} }, "enrolment_data_invalid", "cardOverrides.addressLine1"},
		{"faults of the call and of what is stored", enrol, func(a *clicktopay.Asked) {
			a.Customer, a.CardID, a.CardOverrides.Country, a.Overrides.Phones = "5004", poorCard, at("FR"), privates("12")
		}, "enrolment_data_invalid", "customer.lastName overrides.phones[0] customer.consentPresenter customer.address.city cardOverrides.country"},

		{"overrides of a call that takes none", walletport.DeactivateCustomer, emails("ada@example.com"), "internal", ""},
		{"an address for a customer", update, func(a *clicktopay.Asked) { a.CardOverrides.City = at("Lyon") }, "internal", ""},
		{"no such action", "enrol_all", nil, "internal", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, before := d.kept(t), len(d.records(t))
			a := asked(c.action)
			if c.edit != nil {
				c.edit(&a)
			}
			_, err := d.accept(t, a)
			mustReason(t, err, c.reason)
			var fields []string
			if e, ok := errors.AsType[*walletport.Error](err); ok {
				for _, f := range e.Fields {
					fields = append(fields, f.Name)
				}
			}
			if got := strings.Join(fields, " "); got != c.fields {
				t.Errorf("the fields are %q, want %q", got, c.fields)
			}
			if strings.Contains(strings.ToLower(err.Error()), deskCanary) || strings.Contains(err.Error(), "ö") {
				t.Errorf("the error repeats data: %v", err)
			}
			if d.kept(t) != kept {
				t.Errorf("something was kept: %s", d.kept(t))
			}
			records := d.records(t)[before:]
			if len(records) != 1 || records[0].Outcome != c.reason || records[0].Details.Get(walletport.DetailRequest) != "" {
				t.Errorf("the records are %+v", records)
			}
		})
	}
	if len(d.seen.accepted) != 1 {
		t.Errorf("told of %q", d.seen.accepted)
	}
}

// TestEachForbiddenCharacterInEachMember of an overridden address, the closing curly quotation mark among them.
func TestEachForbiddenCharacterInEachMember(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	for name, member := range map[string]func(*clicktopay.CardOverrides) **walletport.Private{
		"addressLine1": func(c *clicktopay.CardOverrides) **walletport.Private { return &c.Line1 },
		"addressLine2": func(c *clicktopay.CardOverrides) **walletport.Private { return &c.Line2 },
		"addressLine3": func(c *clicktopay.CardOverrides) **walletport.Private { return &c.Line3 },
		"city":         func(c *clicktopay.CardOverrides) **walletport.Private { return &c.City },
		"state":        func(c *clicktopay.CardOverrides) **walletport.Private { return &c.State },
		"postalCode":   func(c *clicktopay.CardOverrides) **walletport.Private { return &c.PostalCode },
	} {
		for _, char := range "[]{}:&$^!=;*#`<>\"”@" {
			a := asked(walletport.EnrolCard)
			*member(&a.CardOverrides) = at("a" + string(char))
			_, err := d.accept(t, a)
			e, ok := errors.AsType[*walletport.Error](err)
			if !ok || len(e.Fields) != 1 || e.Fields[0].Name != "cardOverrides."+name {
				t.Errorf("%q in %s: %v", char, name, err)
			}
		}
	}
	if rows := d.requests(t); len(rows) != 0 {
		t.Errorf("%d requests were accepted", len(rows))
	}
}

// TestFaultsOfStoredDataSayWhatToDo: where the call may override them, that too. A portfolio
// and a command override nothing.
func TestFaultsOfStoredDataSayWhatToDo(t *testing.T) {
	d := newBadDesk(t)
	of := func(channel storage.RequestChannel) func(*clicktopay.Asked) {
		return func(a *clicktopay.Asked) { a.CardID, a.Channel = poorCard, channel }
	}
	for _, c := range []struct {
		asked clicktopay.Asked
		says  []string
	}{
		{asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.Customer, a.CardID = "5003", muteCard }),
			[]string{"customer.emails must have an address, unless there is a telephone number: import the customer anew, or send overrides.emails"}},
		{asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) {
			a.CardID, a.Customer = muteCard, "5003"
			a.Overrides = clicktopay.Overrides{Emails: []walletport.Private{}, Phones: []walletport.Private{}}
		}), []string{"overrides.emails must have an address, unless there is a telephone number\n"}},
		{asked(walletport.DeactivateCustomer, func(a *clicktopay.Asked) { a.Customer = "5003" }),
			[]string{"customer.emails must have an address, unless there is a telephone number: import the customer anew"}},
		{asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = poorCard }),
			[]string{"must not contain any of", ": import the customer anew, or send cardOverrides.city", "is needed: import the customer anew, or send cardOverrides.country"}},
		{asked(walletport.EnrolCard, of(clicktopay.ChannelPortfolio)), []string{"is needed: import the customer anew\n"}},
		{asked(walletport.EnrolCard, of(clicktopay.ChannelCommand)), []string{"is needed: import the customer anew\n"}},
	} {
		_, err := d.accept(t, c.asked)
		e, ok := errors.AsType[*walletport.Error](err)
		if !ok {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, f := range e.Fields {
			all.WriteString(f.Name + " " + f.Reason + "\n") // as it is read
		}
		if isAPI := c.asked.Channel == clicktopay.ChannelAPI; !isAPI && strings.Contains(all.String(), "or send") {
			t.Errorf("%s of a %s: %q", c.asked.Action, c.asked.Channel, all.String())
		}
		for _, text := range c.says {
			if !strings.Contains(all.String(), text) {
				t.Errorf("%s: %q does not say %q", c.asked.Action, all.String(), text)
			}
		}
		if want := e.Fields[0].Name + " " + e.Fields[0].Reason; e.Message != want {
			t.Errorf("the message is %q, want %q", e.Message, want)
		}
	}
}

// TestAnotherIssuersLookLikeNone: customer, card and BID.
func TestAnotherIssuersLookLikeNone(t *testing.T) {
	d := newBadDesk(t)
	ask := func(a clicktopay.Asked) string {
		_, err := d.accept(t, a)
		return err.Error()
	}
	for name, pair := range map[string][2]string{
		"BID":      {ask(asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.BID = otherBID })), ask(asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.BID = "7" }))},
		"card":     {ask(asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = globexCard })), ask(asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = 9 }))},
		"own card": {ask(asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.CardID = anothersOwn })), ask(asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.CardID = 9 }))},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q and %q", name, pair[0], pair[1])
		}
	}
	_, err := d.Accept(acttest.AsClientOf(t.Context(), "acme", "globex"), asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.CardID = globexClosed }))
	mustReason(t, err, "card_not_found") // the BID is of one of the client's issuers, the card of the other
	accepted, err := d.Accept(acttest.AsClientOf(t.Context(), "globex"), asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.BID, a.CardID = otherBID, globexCard }))
	must(t, err)
	if row := d.request(t, accepted.ID); row.Issuer != "globex" || row.Customer == d.customer(t, "acme").ID {
		t.Errorf("the row is %+v", row)
	}
}

func (d *desk) customer(t testing.TB, issuer walletport.IssuerID) storage.Customer {
	t.Helper()
	row, err := d.store.Customer(t.Context(), walletport.CustomerKey{Issuer: issuer, Number: deskNumber})
	must(t, err)
	return row
}

// TestTheBIDThatIsLeftOut is the one that the customer is enrolled with, if there is one alone.
func TestTheBIDThatIsLeftOut(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	without := asked(walletport.DeactivateCustomer, func(a *clicktopay.Asked) { a.BID = "" })
	d.complete(t, d.mustAccept(t, asked(walletport.DeleteCustomer)).ID) // with the first one the customer is not enrolled
	d.mustAccept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.BID = secondBID }))
	if row := d.request(t, d.mustAccept(t, without).ID); row.BID != secondBID {
		t.Errorf("the BID is %q", row.BID)
	}
	d.mustAccept(t, asked(walletport.EnrolCustomer))
	_, err := d.accept(t, without)
	mustReason(t, err, "customer_bid_missing")
}

// TestCardNumbersInTextsOfTheCaller are in no row and no record.
func TestCardNumbersInTextsOfTheCaller(t *testing.T) {
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil))
	for _, hidden := range acttest.HiddenNumbers(deskPAN) {
		_, err := d.accept(t, asked(walletport.EnrolCard, func(a *clicktopay.Asked) { a.AuditUser = walletport.AuditUser(hidden) }))
		mustReason(t, err, "audit_user_contains_pan")
	}
	for _, by := range []walletport.AuditUser{"user" + deskPAN, "user 4111 1111 1111 1111"} {
		row := d.request(t, d.mustAccept(t, asked(walletport.DeactivateCustomer, func(a *clicktopay.Asked) { a.AuditUser = by })).ID)
		if row.By != walletport.RedactedNumber {
			t.Errorf("the row has %q", row.By)
		}
		d.complete(t, row.ID)
	}
	_, err := d.accept(t, asked(walletport.UpdateCustomer, func(a *clicktopay.Asked) { a.Customer = deskPAN }))
	mustReason(t, err, "customer_not_found")
	for _, r := range d.records(t) {
		if strings.Contains(string(r.AuditUser)+r.Details.Get(walletport.DetailCustomer), deskPAN[:8]) {
			t.Errorf("the record is %+v", r)
		}
	}
}

// TestAnIssuersLimit refuses before anything is looked up.
func TestAnIssuersLimit(t *testing.T) {
	over := walletport.Errorf(walletport.CodeRateLimited, "issuer_rate_limited", "too many")
	var counted []walletport.IssuerID
	d := newDesk(t, acttest.Database(t), visaOf(newRulebook(t), nil), func(p *clicktopay.Parts) {
		p.Limit = func(issuer walletport.IssuerID) error { counted = append(counted, issuer); return over }
	})
	_, err := d.accept(t, asked(walletport.EnrolCustomer))
	mustReason(t, err, "issuer_rate_limited")
	_, err = d.accept(t, asked(walletport.EnrolCustomer, func(a *clicktopay.Asked) { a.BID = otherBID }))
	mustReason(t, err, "customer_bid_unknown")
	if !slices.Equal(counted, []walletport.IssuerID{"acme"}) {
		t.Errorf("counted %q", counted)
	}
}

// TestWithoutVisa: nothing is accepted or read, and the status of what was is still told.
func TestWithoutVisa(t *testing.T) {
	database := acttest.Database(t)
	id := newDesk(t, database, visaOf(newRulebook(t), nil)).mustAccept(t, asked(walletport.EnrolCustomer)).ID
	d := newDesk(t, database, nil)
	_, err := d.accept(t, asked(walletport.EnrolCustomer))
	mustReason(t, err, "scheme_not_configured")
	_, err = d.Read(acttest.AsBank(t.Context()), clicktopay.ReadRequest{Customer: deskNumber, BID: ownBID, AuditUser: deskUser, Channel: clicktopay.ChannelAPI})
	mustReason(t, err, "scheme_not_configured")
	if d.Rehearse([]walletport.IssuerID{"acme"}) != nil {
		t.Error("something was rehearsed")
	}
	status, err := d.status(acttest.AsBank(t.Context()), id)
	must(t, err)
	if status.Request.State != storage.RequestAccepted {
		t.Errorf("the status is %+v", status)
	}
}

func (d *desk) status(ctx context.Context, id string) (clicktopay.Status, error) {
	return d.Status(ctx, clicktopay.StatusRequest{ID: id, AuditUser: deskUser, Channel: clicktopay.ChannelAPI})
}
