package clicktopay_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
)

func TestPortfolioSettings(t *testing.T) {
	table := func(p clicktopay.Product) clicktopay.PortfolioSettings {
		return clicktopay.PortfolioSettings{Issuers: map[string]clicktopay.IssuerPortfolio{"acme": {Products: map[string]clicktopay.Product{"debit": p}}}}
	}
	named := func(name string) clicktopay.PortfolioSettings {
		return clicktopay.PortfolioSettings{Issuers: map[string]clicktopay.IssuerPortfolio{"acme": {Products: map[string]clicktopay.Product{name: {Segment: "consumer"}}}}}
	}
	for _, c := range []struct {
		name string
		is   clicktopay.PortfolioSettings
		want string // how the error begins; "" is none
	}{
		{"nothing", clicktopay.PortfolioSettings{}, ""},
		{"a whole row", table(clicktopay.Product{Segment: "consumer", Ecommerce: true, Form: "virtual", Prepaid: "reloadable"}), ""},
		{"the most", clicktopay.PortfolioSettings{Rate: 200, MaxOpen: 10_000, DaysBeforeExpiry: 365, Every: time.Minute}, ""},
		{"a rate below zero", clicktopay.PortfolioSettings{Rate: -1}, "rate:"},
		{"a rate that is no number", clicktopay.PortfolioSettings{Rate: math.NaN()}, "rate:"},
		{"too fast", clicktopay.PortfolioSettings{Rate: 200.5}, "rate:"},
		{"too many open", clicktopay.PortfolioSettings{MaxOpen: 10_001}, "max_open:"},
		{"days below zero", clicktopay.PortfolioSettings{DaysBeforeExpiry: -1}, "days_before_expiry:"},
		{"once a year", clicktopay.PortfolioSettings{Every: 8760 * time.Hour}, "every:"},
		{"all the time", clicktopay.PortfolioSettings{Every: time.Second}, "every:"},
		{"a BID of nine", clicktopay.PortfolioSettings{Issuers: map[string]clicktopay.IssuerPortfolio{"acme": {BID: "123456789"}}}, "issuers.acme.bid:"},
		{"no segment", table(clicktopay.Product{Ecommerce: true}), "issuers.acme.products.debit.segment:"},
		{"a form that is none", table(clicktopay.Product{Segment: "consumer", Form: "wooden"}), "issuers.acme.products.debit.form:"},
		{"a word for prepaid that is none", table(clicktopay.Product{Segment: "consumer", Prepaid: "yes"}), "issuers.acme.products.debit.prepaid:"},
		{"a product without a name", named(""), "issuers.acme.products:"},
		{"a product named by a card number", named("4111111111111111"), "issuers.acme.products:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := ""
			if err := c.is.Validate(); err != nil {
				text = err.Error()
			}
			if (text == "") != (c.want == "") || !strings.HasPrefix(text, c.want) {
				t.Errorf("%q, want %q", text, c.want)
			}
			if strings.Contains(text, "4111111111111111") {
				t.Error("the error repeats a card number")
			}
		})
	}
}

func TestPortfolioSettingsNeedTheIssuersOwnBID(t *testing.T) {
	bids := map[walletport.IssuerID][]string{"acme": {"A1"}, "globex": {"G1", "G2"}}
	for _, c := range []struct {
		name, issuer string
		is           clicktopay.IssuerPortfolio
		want         string
	}{
		{"the only one", "acme", clicktopay.IssuerPortfolio{Auto: true}, ""},
		{"one of two", "globex", clicktopay.IssuerPortfolio{Auto: true, BID: "G2"}, ""},
		{"either, by hand", "globex", clicktopay.IssuerPortfolio{}, ""},
		{"either, by itself", "globex", clicktopay.IssuerPortfolio{Auto: true}, "issuers.globex.bid:"},
		{"another issuer's", "acme", clicktopay.IssuerPortfolio{BID: "G1"}, "issuers.acme.bid:"},
		{"none", "initech", clicktopay.IssuerPortfolio{}, "issuers.initech:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := clicktopay.PortfolioSettings{Issuers: map[string]clicktopay.IssuerPortfolio{c.issuer: c.is}}
			text := ""
			if err := s.CheckBIDs(bids); err != nil {
				text = err.Error()
			}
			if (text == "") != (c.want == "") || !strings.HasPrefix(text, c.want) {
				t.Errorf("%q, want %q", text, c.want)
			}
		})
	}
}
