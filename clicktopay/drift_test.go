package clicktopay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

func shownCard(first, last, status string) scheme.EnrolledCard {
	return scheme.EnrolledCard{FirstDigits: first, LastFour: last, Status: status, Inactive: status != "ACTIVE", Deleted: status == "DELETED", Expiry: walletport.Expiry{Year: 2030, Month: time.May}}
}

func storedCard(id walletport.CardID, bin, last string) storage.Card {
	return storage.Card{CardSummary: walletport.CardSummary{ID: id, BIN: bin, LastFour: last, Expiry: walletport.Expiry{Year: 2030, Month: time.May}}}
}

// TestDriftsOfWhoIsEnrolled is about a customer with cards 7 (411111, 1111) and 8 (401288, 1881).
func TestDriftsOfWhoIsEnrolled(t *testing.T) {
	has := func(inactive bool, cards ...scheme.EnrolledCard) scheme.Enrolled {
		return scheme.Enrolled{IsEnrolled: true, Consumer: scheme.Consumer{Inactive: inactive}, Cards: cards}
	}
	first := shownCard("411111", "1111", "ACTIVE")
	here := consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, ""))
	for _, c := range []struct {
		name  string
		here  storage.Consumer
		there scheme.Enrolled
		want  []Drift
	}{
		{"nobody anywhere", consumerAt("123456"), scheme.Enrolled{}, nil},
		{"the same", here, has(false, first), nil},
		{"the same, and a card that was refused", consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, ""), having(8, storage.CardRefused, "VIDC-7000")), has(false, first), nil},
		{"the same, and a card that was removed", consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, ""), having(8, storage.CardRemoved, "")), has(false, first), nil},
		{"a card that was removed here is there", consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, ""), having(8, storage.CardRemoved, "")),
			has(false, first, shownCard("401288", "1881", "ACTIVE")), []Drift{{Kind: "card_not_here", CardID: 8}}},
		{"gone there", here, scheme.Enrolled{}, []Drift{{Kind: "not_enrolled_there"}}},
		{"there only", consumerAt("123456"), has(false, first), []Drift{{Kind: "not_enrolled_here"}}},
		{"switched off there", here, has(true, first), []Drift{{Kind: "inactive_there"}}},
		{"switched off here", consumerAt("123456", enrolledConsumer, inactiveConsumer, having(7, storage.CardEnrolled, "")), has(false, first), []Drift{{Kind: "active_there"}}},
		{"switched off in both", consumerAt("123456", enrolledConsumer, inactiveConsumer, having(7, storage.CardEnrolled, "")), has(true, first), nil},
		{"without the card", here, has(false), []Drift{{Kind: "card_not_there", CardID: 7}}},
		{"the card is deleted there", here, has(false, shownCard("411111", "1111", "DELETED")), []Drift{{Kind: "card_not_there", CardID: 7}}},
		{"the card is suspended there", here, has(false, shownCard("411111", "1111", "SUSPENDED")), []Drift{{Kind: "card_status", CardID: 7, Status: "SUSPENDED"}}},
		{"another card of the customer's", here, has(false, first, shownCard("401288", "1881", "ACTIVE")), []Drift{{Kind: "card_not_here", CardID: 8}}},
		{"a card that was refused here is there", consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, ""), having(8, storage.CardRefused, "VIDC-7000")),
			has(false, first, shownCard("401288", "1881", "ACTIVE")), []Drift{{Kind: "card_not_here", CardID: 8}}},
		{"a deleted card that is not enrolled here either", here, has(false, first, shownCard("401288", "1881", "DELETED")), nil},
		{"a card of nobody", here, has(false, first, shownCard("400000", "0002", "ACTIVE")), []Drift{{Kind: "card_unknown", LastFour: "0002"}}},
		{"all of it", consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, "")), has(true, shownCard("401288", "1881", "ACTIVE"), shownCard("400000", "0002", "")),
			[]Drift{{Kind: "inactive_there"}, {Kind: "card_not_there", CardID: 7}, {Kind: "card_not_here", CardID: 8}, {Kind: "card_unknown", LastFour: "0002"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			of := comparison{here: c.here, there: c.there, cards: []storage.Card{storedCard(7, "41111111", "1111"), storedCard(8, "40128888", "1881")}}
			if diff := cmp.Diff(c.want, of.ofEnrolment()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFieldsOfAConsumerThatDiffer(t *testing.T) {
	text := func(s string) walletport.Private { return walletport.NewPrivate(s) }
	whole := func(change func(*scheme.Consumer)) scheme.Consumer {
		c := scheme.Consumer{
			FirstName: text("Ada"), MiddleName: text("King"), LastName: text("Lovelace"), Emails: []walletport.Private{text("a@b.example"), text("c@d.example")},
			Phones: []walletport.Private{text("16504005555")}, Locale: "en_US", Country: "USA", Consent: &scheme.Consent{Version: "1"},
		}
		change(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		change func(*scheme.Consumer)
		want   []string
	}{
		{"nothing", func(*scheme.Consumer) {}, nil},
		{"the consent, which an answer need not have", func(c *scheme.Consumer) { c.Consent = nil }, nil},
		{"the order of addresses", func(c *scheme.Consumer) { c.Emails[0], c.Emails[1] = c.Emails[1], c.Emails[0] }, nil},
		{"names", func(c *scheme.Consumer) { c.FirstName, c.MiddleName, c.LastName = text("A"), text(""), text("B") }, []string{"firstName", "middleName", "lastName"}},
		{"an e-mail address less", func(c *scheme.Consumer) { c.Emails = c.Emails[:1] }, []string{"emails"}},
		{"another telephone", func(c *scheme.Consumer) { c.Phones[0] = text("16504005556") }, []string{"phones"}},
		{"locale and country", func(c *scheme.Consumer) { c.Locale, c.Country = "", "CAN" }, []string{"locale", "country"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, consumerFields(whole(func(*scheme.Consumer) {}), whole(c.change))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFieldsOfACardThatDiffer(t *testing.T) {
	text := func(s string) walletport.Private { return walletport.NewPrivate(s) }
	address := scheme.Address{Line1: text("1"), Line2: text("2"), Line3: text("3"), City: text("c"), State: text("CA"), PostalCode: text("p"), Country: "USA"}
	expiry := walletport.Expiry{Year: 2030, Month: time.May}
	sent := scheme.ConsumerCard{Name: text("ADA"), Expiry: expiry, Address: address}
	there := scheme.EnrolledCard{Name: text("ADA"), Expiry: expiry, Address: address}
	if got := cardFields(sent, there); got != nil {
		t.Errorf("the same differs in %q", got)
	}
	other := scheme.EnrolledCard{Name: text("BOB"), Address: scheme.Address{Line1: text("x")}}
	want := []string{"cardholderName", "expiry", "addressLine1", "addressLine2", "addressLine3", "city", "state", "postalCode", "addressCountry"}
	if diff := cmp.Diff(want, cardFields(sent, other)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatARowTakes(t *testing.T) {
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	old := consumerAt("123456", enrolledConsumer, having(6, storage.CardEnrolled, ""), having(7, storage.CardEnrolled, ""), having(8, storage.CardRefused, "VIDC-7000"), having(9, storage.CardRefused, "VIDC-7000"))
	old.Cards[1].Since = at.Add(-time.Hour)
	c := comparison{
		here:  old,
		there: scheme.Enrolled{IsEnrolled: true, Consumer: scheme.Consumer{Inactive: true}, Cards: []scheme.EnrolledCard{shownCard("401288", "1881", "ACTIVE"), shownCard("411111", "1111", "ACTIVE"), shownCard("400000", "0002", "ACTIVE")}},
		cards: []storage.Card{storedCard(7, "41111111", "1111"), storedCard(8, "40128888", "1881")},
	}
	want := consumerAt("123456", enrolledConsumer, inactiveConsumer, having(6, storage.CardRemoved, ""), having(7, storage.CardEnrolled, ""), having(8, storage.CardEnrolled, ""), having(9, storage.CardRefused, "VIDC-7000"))
	want.Cards[0].Since, want.Cards[1].Since, want.Cards[2].Since, want.AsOf = at, at.Add(-time.Hour), at, at
	if diff := cmp.Diff(want, c.taken(old, at)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.there = scheme.Enrolled{}
	gone := consumerAt("123456", having(6, storage.CardRemoved, ""), having(7, storage.CardRemoved, ""), having(8, storage.CardRefused, "VIDC-7000"), having(9, storage.CardRefused, "VIDC-7000"))
	gone.Cards[0].Since, gone.Cards[1].Since, gone.AsOf = at, at, at
	if diff := cmp.Diff(gone, c.taken(old, at)); diff != "" {
		t.Errorf("of one who is gone (-want +got):\n%s", diff)
	}
	c.there = scheme.Enrolled{IsEnrolled: true, Cards: []scheme.EnrolledCard{shownCard("411111", "1111", "ACTIVE")}}
	back := consumerAt("123456", enrolledConsumer, having(6, storage.CardRemoved, ""), having(7, storage.CardEnrolled, ""), having(8, storage.CardRefused, "VIDC-7000"), having(9, storage.CardRefused, "VIDC-7000"))
	back.Cards[0].Since, back.Cards[1].Since, back.AsOf = at, at, at
	if diff := cmp.Diff(back, c.taken(gone, at)); diff != "" {
		t.Errorf("of one who is back (-want +got):\n%s", diff)
	}
}

func TestWhatTheSchemeIsGiven(t *testing.T) {
	here := consumerAt("123456", enrolledConsumer, having(7, storage.CardEnrolled, ""), having(8, storage.CardRefused, "VIDC-7000"), having(9, storage.CardEnrolled, ""), having(10, storage.CardRemoved, ""))
	of := func(action walletport.ClickToPayAction, customer string, card walletport.CardID) Asked {
		return Asked{Action: action, Customer: customer, CardID: card}
	}
	for _, c := range []struct {
		name   string
		drifts []Drift
		want   []Asked
	}{
		{"the customer with all cards", []Drift{{Kind: DriftNotThere}}, []Asked{of(walletport.EnrolCustomer, "5001", 7), of(walletport.EnrolCard, "", 9)}},
		{"the end of an enrolment", []Drift{{Kind: DriftNotHere}}, []Asked{of(walletport.DeleteCustomer, "5001", 0)}},
		{"the end of all that is of one who was forgotten", []Drift{{Kind: DriftInactive}, {Kind: DriftForgotten}}, []Asked{of(walletport.DeleteCustomer, "5001", 0)}},
		{"what differs", []Drift{{Kind: DriftInactive}, {Kind: DriftCardNotThere, CardID: 7}, {Kind: DriftCardNotHere, CardID: 8}, {Kind: DriftCustomerData}, {Kind: DriftCardData, CardID: 9}}, []Asked{
			of(walletport.ActivateCustomer, "5001", 0), of(walletport.EnrolCard, "", 7), of(walletport.DeleteCard, "", 8),
			of(walletport.UpdateCustomer, "5001", 0), of(walletport.UpdateCard, "", 9),
		}},
		{"that the customer is switched off", []Drift{{Kind: DriftActive}}, []Asked{of(walletport.DeactivateCustomer, "5001", 0)}},
		{"nothing about what is not ours", []Drift{{Kind: DriftCardUnknown}, {Kind: DriftCardStatus, CardID: 7}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			of := comparison{here: here}
			if diff := cmp.Diff(c.want, of.given(c.drifts)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
