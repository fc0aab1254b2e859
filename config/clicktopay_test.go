package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	visaclicktopay "github.com/walletport/walletport/scheme/vts/clicktopay"
)

func TestClickToPayIsOffWithoutAURL(t *testing.T) {
	settings, err := loaded(t, "")
	must(t, err)
	if settings.ClickToPay.Visa.Enabled() || len(settings.ClickToPay.Visa.OfIssuers()) != 0 {
		t.Errorf("an empty file switches it on: %+v", settings.ClickToPay.Visa)
	}
	if diff := cmp.Diff((clicktopay.Settings{}).WithDefaults(), settings.ClickToPay.Settings); diff != "" {
		t.Errorf("what is in force by default (-want +got):\n%s", diff)
	}
}

func TestClickToPayIsReadOverItsDefaults(t *testing.T) {
	t.Setenv("WALLETPORT_CLICKTOPAY__VISA__CAPS__PER_SECOND", "40")
	settings, err := loaded(t, `
clicktopay:
  visa:
    url: https://api.visa.example
    profile: {caller_auth: mutual_tls}
    bids: {acme: ["10075431", "B2"], globex: [G1]}
  keep: 48h
  read_wait: 2s
  portfolio:
    rate: 2.5
    issuers:
      acme:
        bid: B2
        products:
          Visa Debit: {segment: consumer, ecommerce: true, form: virtual}
`)
	must(t, err)
	visa, profile := settings.ClickToPay.Visa, visaclicktopay.DefaultProfile()
	profile.CallerAuth = visaclicktopay.ByCertificate
	if !visa.Enabled() || visa.BaseURL != "https://api.visa.example" || visa.Profile != profile || visa.Caps.PerSecond != 40 {
		t.Errorf("%+v", visa)
	}
	bids := map[walletport.IssuerID][]string{"acme": {"10075431", "B2"}, "globex": {"G1"}}
	if diff := cmp.Diff(bids, visa.OfIssuers()); diff != "" {
		t.Errorf("ids by issuer (-want +got):\n%s", diff)
	}
	want := clicktopay.Settings{Keep: 48 * time.Hour, GiveUp: 24 * time.Hour, ReadWait: 2 * time.Second}
	want.Portfolio = clicktopay.PortfolioSettings{Rate: 2.5, MaxOpen: 1000, Every: time.Hour, Issuers: map[string]clicktopay.IssuerPortfolio{
		"acme": {BID: "B2", Products: map[string]clicktopay.Product{"Visa Debit": {Segment: "consumer", Ecommerce: true, Form: "virtual"}}},
	}}
	if diff := cmp.Diff(want, settings.ClickToPay.Settings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOldFilesWithShortCallsNeedNoClickToPay: the wait of a read is nothing to a server that
// reads nothing.
func TestOldFilesWithShortCallsNeedNoClickToPay(t *testing.T) {
	if _, err := loaded(t, "api: {limits: {request_time: 2s}}\nclicktopay: {visa: {bids: {acme: [B1]}}}"); err != nil {
		t.Error(err)
	}
}

func TestWhatClickToPayCannotBe(t *testing.T) {
	const on = "url: 'https://api.visa.example'"
	for _, c := range []struct{ name, yaml, problem string }{
		{"plain HTTP to Visa", "visa: {url: 'http://api.visa.example', bids: {acme: [B1]}}", "clicktopay.visa.url: https, or http on loopback"},
		{"no URL", "visa: {url: api.visa.example, bids: {acme: [B1]}}", "clicktopay.visa.url: not an absolute http or https URL"},
		{"a password in it", "visa: {url: 'https://u:p@api.visa.example', bids: {acme: [B1]}}", "clicktopay.visa.url: has neither query, fragment nor user"},
		{"nobody who enrols", "visa: {" + on + "}", "clicktopay.visa.bids: no issuer has an id"},
		{"an issuer without ids", "visa: {bids: {acme: []}}", "clicktopay.visa.bids.acme: is empty"},
		{"an issuer that is none", "visa: {bids: {'ac me': [B1]}}", "clicktopay.visa.bids.ac me: the name of a card issuer"},
		{"a long id", "visa: {bids: {acme: [B1, '123456789']}}", "clicktopay.visa.bids.acme[1]: must have 1 to 8 letters and digits"},
		{"an id with a dash", "visa: {bids: {acme: [B-1]}}", "clicktopay.visa.bids.acme[0]: must have 1 to 8 letters and digits"},
		{"an empty id", "visa: {bids: {acme: ['']}}", "clicktopay.visa.bids.acme[0]: must have 1 to 8 letters and digits"},
		{"an id that is a number", "visa: {bids: {acme: [123456]}}", "clicktopay.visa.bids.acme[0]: is a number where a text belongs"},
		{"an id twice", "visa: {bids: {acme: [B1, B1]}}", "clicktopay.visa.bids.acme[1]: B1 stands twice"},
		{"an id of two issuers", "visa: {bids: {globex: [B1], acme: [B2, B1]}}", "clicktopay.visa.bids.globex[0]: B1 is an id of acme already"},
		{"a profile of what is off", "visa: {profile: {caller_auth: password}}", "clicktopay.visa.profile.caller_auth: x-pay-token or mutual_tls"},
		{"a breaker of what is off", "visa: {breaker: {pause: 999h}}", "clicktopay.visa.breaker.pause: "},
		{"results for a minute", "keep: 1m", "clicktopay.keep: 1h to 8760h"},
		{"attempts for ever", "give_up: 200h", "clicktopay.give_up: 1m to 168h"},
		{"a wait of a minute", "read_wait: 1m", "clicktopay.read_wait: up to 30s"},
		{"a wait that no call has", "visa: {" + on + ", bids: {acme: [B1]}}}\napi: {limits: {request_time: 5s}",
			"clicktopay.read_wait: 5s, which is not below api.limits.request_time, 5s"},
		{"a portfolio of somebody else's id", "visa: {" + on + ", bids: {acme: [B1], globex: [G1]}}, portfolio: {issuers: {acme: {bid: G1}}}", "clicktopay.portfolio.issuers.acme.bid: is none of the issuer's"},
		{"a product that is neither", "portfolio: {issuers: {acme: {products: {debit: {}}}}}", "clicktopay.portfolio.issuers.acme.products.debit.segment: one of"},
		{"a scheme that has none", "mastercard: {}", "clicktopay.mastercard: there is no such setting"},
		{"a slip", "visa: {bid: {}}", "did you mean bids?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loaded(t, "clicktopay: {"+c.yaml+"}")
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %s", err, c.problem)
			}
		})
	}
}

// TestIssuersOfIdsAreNamed, so that a slip in one is found; and their cards have the terms
// of every issuer's.
func TestIssuersOfIdsAreNamed(t *testing.T) {
	settings, err := loaded(t, "clicktopay: {visa: {bids: {globex: [B2], acme: [B1]}}}")
	must(t, err)
	want := []NamedIssuer{
		{Setting: "clicktopay.visa.bids.acme", ID: "acme", NotOfCards: true},
		{Setting: "clicktopay.visa.bids.globex", ID: "globex", NotOfCards: true},
	}
	if got := settings.NamedIssuers(); !slices.Equal(got, want) {
		t.Errorf("named %+v, want %+v", got, want)
	}
	if len(settings.Issuers) != 0 {
		t.Errorf("an id makes a section of its issuer: %+v", settings.Issuers)
	}
}
