package clicktopay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

var november = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func debitCard(change ...func(*walletport.CardSummary)) walletport.CardSummary {
	card := walletport.CardSummary{
		ID: 7, Issuer: "acme", CustomerID: "5001", Scheme: walletport.Visa, Product: "debit", Status: walletport.CardOK,
		Expiry: walletport.Expiry{Year: 2026, Month: time.December}, BIN: "41111111", LastFour: "1111",
	}
	for _, c := range change {
		c(&card)
	}
	return card
}

func ofProduct(name string) func(*walletport.CardSummary) {
	return func(c *walletport.CardSummary) { c.Product = name }
}

// TestEligibilityOfACard: the rules of visa-additions.md, C1a, one by one.
func TestEligibilityOfACard(t *testing.T) {
	good := Product{Segment: "consumer", Ecommerce: true}
	with := func(change func(*Product)) Product {
		p := good
		change(&p)
		return p
	}
	table := map[string]Product{
		"debit": good, "unsaid": {}, "virtual": with(func(p *Product) { p.Form = "virtual" }), "plastic": with(func(p *Product) { p.Form = "physical" }),
		"once": with(func(p *Product) { p.Form = "single_use" }), "corporate": with(func(p *Product) { p.Segment = "commercial" }),
		"offline": with(func(p *Product) { p.Ecommerce = false }), "gift": with(func(p *Product) { p.Prepaid = "not_reloadable" }),
		"travel": with(func(p *Product) { p.Prepaid = "reloadable" }), "credit": with(func(p *Product) { p.Prepaid = "no" }),
	}
	status := func(s walletport.CardStatus) func(*walletport.CardSummary) {
		return func(c *walletport.CardSummary) { c.Status = s }
	}
	for _, c := range []struct {
		name string
		card walletport.CardSummary
		days int
		want LeftOut
	}{
		{"a debit card", debitCard(), 0, LeftOut{}},
		{"a reusable virtual card", debitCard(ofProduct("virtual")), 0, LeftOut{}},
		{"a physical card", debitCard(ofProduct("plastic")), 0, LeftOut{}},
		{"a prepaid card that can be reloaded", debitCard(ofProduct("travel")), 0, LeftOut{}},
		{"a card that is said not to be prepaid", debitCard(ofProduct("credit")), 0, LeftOut{}},
		{"a card that will not be renewed", debitCard(status(walletport.CardNoRenewal)), 0, LeftOut{}},
		{"a Mastercard card", debitCard(func(c *walletport.CardSummary) { c.Scheme = walletport.Mastercard }), 0, LeftOut{Reason: "not_visa"}},
		{"a forgotten card", debitCard(status(walletport.CardForgotten)), 0, LeftOut{Reason: "card_forgotten"}},
		{"a blocked card", debitCard(status(walletport.CardBlocked)), 0, LeftOut{Reason: "card_not_active", Detail: "CARD_BLOCKED"}},
		{"a suspected card", debitCard(status(walletport.CardSuspectedFraud)), 0, LeftOut{Reason: "card_not_active", Detail: "SUSPECTED_FRAUD"}},
		{"a lost card", debitCard(status(walletport.CardLost)), 0, LeftOut{Reason: "card_not_active", Detail: "CARD_LOST"}},
		{"a stolen card", debitCard(status(walletport.CardStolen)), 0, LeftOut{Reason: "card_not_active", Detail: "CARD_STOLEN"}},
		{"a closed card", debitCard(status(walletport.CardClosed)), 0, LeftOut{Reason: "card_not_active", Detail: "CARD_CLOSED"}},
		{"a card closed after fraud", debitCard(status(walletport.CardClosedDueToFraud)), 0, LeftOut{Reason: "card_not_active", Detail: "CARD_CLOSED_DUE_TO_FRAUD"}},
		{"a card of last month", debitCard(func(c *walletport.CardSummary) { c.Expiry.Month = time.October }), 0, LeftOut{Reason: "card_expired"}},
		{"a card in its last month", debitCard(func(c *walletport.CardSummary) { c.Expiry.Month = time.November }), 0, LeftOut{}},
		{"a card with 33 days left of 34", debitCard(), 34, LeftOut{Reason: "card_expires_soon"}},
		{"a card with 33 days left of 32", debitCard(), 32, LeftOut{}},
		{"a product without a row", debitCard(ofProduct("gold")), 0, LeftOut{Reason: "product_not_listed"}},
		{"a card without a product", debitCard(ofProduct("")), 0, LeftOut{Reason: "product_not_listed"}},
		{"a commercial card", debitCard(ofProduct("corporate")), 0, LeftOut{Reason: "product_commercial"}},
		{"a row without a segment", debitCard(ofProduct("unsaid")), 0, LeftOut{Reason: "product_commercial"}},
		{"a card without e-commerce", debitCard(ofProduct("offline")), 0, LeftOut{Reason: "product_no_ecommerce"}},
		{"a virtual card for one payment", debitCard(ofProduct("once")), 0, LeftOut{Reason: "product_single_use"}},
		{"a gift card", debitCard(ofProduct("gift")), 0, LeftOut{Reason: "product_not_reloadable"}},
		{"a card of nobody", debitCard(func(c *walletport.CardSummary) { c.CustomerID = "" }), 0, LeftOut{Reason: "customer_missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := eligibility{products: table, daysBeforeExpiry: c.days, bid: "123456"}
			if diff := cmp.Diff(c.want, e.ofCard(c.card, november)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// kindOf is what a scheme says of the codes here.
func kindOf(code string) scheme.FaultKind {
	return map[string]scheme.FaultKind{"VIDC-2000": scheme.FaultConsumerEnrolled, "VIDC-2001": scheme.FaultConsumerNotEnrolled}[code]
}

func consumerAt(bid string, change ...func(*storage.Consumer)) storage.Consumer {
	c := storage.Consumer{ConsumerKey: storage.ConsumerKey{Customer: 1, BID: bid}, Issuer: "acme", Number: "5001"}
	for _, f := range change {
		f(&c)
	}
	return c
}

func enrolledConsumer(c *storage.Consumer) { c.IsEnrolled = true }
func inactiveConsumer(c *storage.Consumer) { c.IsInactive = true }
func openConsumer(c *storage.Consumer)     { c.Open = 1 }

func having(id walletport.CardID, state storage.ConsumerCardState, reason string) func(*storage.Consumer) {
	return func(c *storage.Consumer) {
		c.Cards = append(c.Cards, storage.ConsumerCard{ID: id, State: state, Reason: reason})
	}
}

// TestEligibilityByWhatWasAskedBefore is about card 7 and BID 123456.
func TestEligibilityByWhatWasAskedBefore(t *testing.T) {
	const ours, other = "123456", "654321"
	for _, c := range []struct {
		name   string
		all    []storage.Consumer
		retry  bool // what was refused
		action walletport.ClickToPayAction
		want   LeftOut
	}{
		{"nothing was", nil, false, walletport.EnrolCustomer, LeftOut{}},
		{"a customer who is no longer enrolled", []storage.Consumer{consumerAt(ours)}, false, walletport.EnrolCustomer, LeftOut{}},
		{"a customer with another card", []storage.Consumer{consumerAt(ours, enrolledConsumer, having(8, storage.CardEnrolled, ""))}, false, walletport.EnrolCard, LeftOut{}},
		{"the card is enrolled", []storage.Consumer{consumerAt(ours, enrolledConsumer, having(7, storage.CardEnrolled, ""))}, true, "", LeftOut{Reason: "already_enrolled"}},
		{"the card is asked for", []storage.Consumer{consumerAt(ours, openConsumer, having(7, storage.CardAsked, ""))}, true, "", LeftOut{Reason: "already_asked"}},
		{"the card was refused", []storage.Consumer{consumerAt(ours, having(7, storage.CardRefused, "VIDC-7000"))}, false, "", LeftOut{Reason: "refused_before", Detail: "VIDC-7000"}},
		{"the card was refused, and may be tried again", []storage.Consumer{consumerAt(ours, having(7, storage.CardRefused, "VIDC-7000"))}, true, walletport.EnrolCustomer, LeftOut{}},
		{"the customer was opted out before anything was sent, and is no longer", []storage.Consumer{consumerAt(ours, having(7, storage.CardRefused, "customer_opted_out"))}, false, walletport.EnrolCustomer, LeftOut{}},
		{"others had enrolled the customer", []storage.Consumer{consumerAt(ours, enrolledConsumer, having(7, storage.CardRefused, "VIDC-2000"))}, false, walletport.EnrolCard, LeftOut{}},
		{"others had deleted the customer", []storage.Consumer{consumerAt(ours, having(7, storage.CardRefused, "VIDC-2001"))}, false, walletport.EnrolCustomer, LeftOut{}},
		{"the other card was refused", []storage.Consumer{consumerAt(ours, having(8, storage.CardRefused, "VIDC-7000"))}, false, walletport.EnrolCustomer, LeftOut{}},
		{"the other card is asked for", []storage.Consumer{consumerAt(ours, openConsumer, having(8, storage.CardAsked, ""))}, false, "", LeftOut{Reason: "customer_busy"}},
		{"an enrolled customer changes something", []storage.Consumer{consumerAt(ours, enrolledConsumer, openConsumer)}, false, "", LeftOut{Reason: "customer_busy"}},
		{"the customer is switched off", []storage.Consumer{consumerAt(ours, enrolledConsumer, inactiveConsumer)}, false, "", LeftOut{Reason: "customer_inactive"}},
		{"the customer was switched off and is gone", []storage.Consumer{consumerAt(ours, inactiveConsumer)}, false, walletport.EnrolCustomer, LeftOut{}},
		{"enrolled with the other BID", []storage.Consumer{consumerAt(other, enrolledConsumer)}, false, "", LeftOut{Reason: "other_bid"}},
		{"asked for with the other BID", []storage.Consumer{consumerAt(other, openConsumer)}, false, "", LeftOut{Reason: "other_bid"}},
		{"gone from the other BID", []storage.Consumer{consumerAt(other)}, false, walletport.EnrolCustomer, LeftOut{}},
		{"enrolled with both", []storage.Consumer{consumerAt(ours, enrolledConsumer), consumerAt(other, enrolledConsumer)}, false, walletport.EnrolCard, LeftOut{}},
		{"the card is enrolled with the other BID", []storage.Consumer{consumerAt(ours, enrolledConsumer), consumerAt(other, enrolledConsumer, having(7, storage.CardEnrolled, ""))}, false, "", LeftOut{Reason: "already_enrolled"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := eligibility{bid: ours, retryRefused: c.retry, kindOf: kindOf}
			action, out := e.ofConsumers(7, c.all)
			if diff := cmp.Diff(c.want, out); diff != "" || action != c.action {
				t.Errorf("action %q, want %q (-want +got):\n%s", action, c.action, diff)
			}
		})
	}
}

// TestEligibilityOfWhoWasRemoved is about card 7 and BID 123456.
func TestEligibilityOfWhoWasRemoved(t *testing.T) {
	const ours, other = "123456", "654321"
	out := LeftOut{Reason: "removed_before"}
	for _, c := range []struct {
		name    string
		all     []storage.Consumer
		want    LeftOut
		retried LeftOut                     // with what was refused tried again
		action  walletport.ClickToPayAction // with what was removed tried again; "" if it is left out then
	}{
		{"the card", []storage.Consumer{consumerAt(ours, enrolledConsumer, having(7, storage.CardRemoved, ""))}, out, out, walletport.EnrolCard},
		{"the customer with the card", []storage.Consumer{consumerAt(ours, having(7, storage.CardRemoved, ""))}, out, out, walletport.EnrolCustomer},
		{"the customer, who has a new card", []storage.Consumer{consumerAt(ours, having(6, storage.CardRefused, "VIDC-7000"), having(8, storage.CardRemoved, ""))}, out, out, walletport.EnrolCustomer},
		{"another card of who stayed", []storage.Consumer{consumerAt(ours, enrolledConsumer, having(8, storage.CardRemoved, ""))}, LeftOut{}, LeftOut{}, walletport.EnrolCard},
		{"the customer, of whom the card was refused", []storage.Consumer{consumerAt(ours, having(7, storage.CardRefused, "VIDC-7000"), having(8, storage.CardRemoved, ""))},
			LeftOut{Reason: "refused_before", Detail: "VIDC-7000"}, out, ""},
		{"the customer, of whom others are the reason of the refusal", []storage.Consumer{consumerAt(ours, having(7, storage.CardRefused, "VIDC-2001"), having(8, storage.CardRemoved, ""))}, out, out, walletport.EnrolCustomer},
		{"the card of who changes something", []storage.Consumer{consumerAt(ours, openConsumer, having(7, storage.CardRemoved, ""))}, LeftOut{Reason: "customer_busy"}, LeftOut{Reason: "customer_busy"}, ""},
		{"the customer with the other BID", []storage.Consumer{consumerAt(other, having(8, storage.CardRemoved, ""))}, LeftOut{}, LeftOut{}, walletport.EnrolCustomer},
	} {
		t.Run(c.name, func(t *testing.T) {
			for retries, want := range map[bool]LeftOut{false: c.want, true: c.retried} {
				e := eligibility{bid: ours, retryRefused: retries, kindOf: kindOf}
				if _, got := e.ofConsumers(7, c.all); !cmp.Equal(want, got) {
					t.Errorf("retries of what was refused %v: %+v, want %+v", retries, got, want)
				}
			}
			again := eligibility{bid: ours, retryRemoved: true, kindOf: kindOf}
			if action, got := again.ofConsumers(7, c.all); action != c.action || (got.Reason == "") != (c.action != "") {
				t.Errorf("told to: action %q, %+v, want %q", action, got, c.action)
			}
		})
	}
}
