package clicktopay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// PortfolioSettings say which cards are enrolled by the thousand, and how fast. A zero is
// the default that its comment names.
type PortfolioSettings struct {
	Rate             float64                    `setting:"rate"`               // requests a second that a run accepts, each server and command counting for itself; 0 is 20, at most 200
	MaxOpen          int                        `setting:"max_open"`           // a run waits while so many requests of portfolios are not completed; 0 is 1000, at most 10000
	DaysBeforeExpiry int                        `setting:"days_before_expiry"` // a card that expires within so many days is left out; 0 takes a card to the last day of its month, at most 365
	Every            time.Duration              `setting:"every"`              // how often a server looks for new cards of issuers with auto; 0 is 1h, 1m to 168h
	Issuers          map[string]IssuerPortfolio `setting:"issuers"`            // a section for each card issuer that enrols portfolios, by its name
}

// IssuerPortfolio says which cards of an issuer are enrolled by the thousand.
type IssuerPortfolio struct {
	Auto     bool               `setting:"auto"`     // true has servers enrol new eligible cards by themselves; false leaves that to the command
	BID      string             `setting:"bid"`      // the BID that the issuer's portfolio is enrolled with; empty is the issuer's only one
	Products map[string]Product `setting:"products"` // a row for each card product, by the issuer's name for it; cards of a product without a row are left out
}

// Product says what the cards of a product are. Which of it matters is what a processor of
// Visa's publishes for its clients (PSP): consumer cards with e-commerce on, physical or
// reusable virtual ones, prepaid ones if they can be reloaded.
type Product struct {
	Segment   string `setting:"segment"`   // consumer or commercial; commercial cards are left out
	Ecommerce bool   `setting:"ecommerce"` // true if the cards may pay on the internet; false leaves them out
	Form      string `setting:"form"`      // physical, virtual or single_use; cards for single use are left out. Empty is physical
	Prepaid   string `setting:"prepaid"`   // no, reloadable or not_reloadable; prepaid cards that cannot be reloaded are left out. Empty is no
}

// The words of a Product.
const (
	segmentConsumer   = "consumer"
	segmentCommercial = "commercial"

	formPhysical  = "physical"
	formVirtual   = "virtual"
	formSingleUse = "single_use"

	prepaidNo            = "no"
	prepaidReloadable    = "reloadable"
	prepaidNotReloadable = "not_reloadable"
)

const (
	defaultPortfolioRate = 20
	maxPortfolioRate     = 200
	defaultMaxOpen       = 1000
	maxMaxOpen           = 10_000 // jobs are not counted further
	maxDaysBeforeExpiry  = 365
	defaultEvery         = time.Hour
	minEvery             = time.Minute
	maxEvery             = 7 * 24 * time.Hour
)

// WithDefaults returns s with what is in force for fields that are zero.
func (s PortfolioSettings) WithDefaults() PortfolioSettings {
	if s.Rate == 0 {
		s.Rate = defaultPortfolioRate
	}
	if s.MaxOpen == 0 {
		s.MaxOpen = defaultMaxOpen
	}
	if s.Every == 0 {
		s.Every = defaultEvery
	}
	return s
}

// Validate reports everything that is wrong with s.
func (s PortfolioSettings) Validate() error { return errors.Join(s.problems()...) }

func (s PortfolioSettings) problems() []error {
	problems := []error{
		unless(isPortfolioRate(s.Rate), "rate: above 0, at most 200"),
		unless(s.MaxOpen >= 0 && s.MaxOpen <= maxMaxOpen, "max_open: 1 to 10000"),
		unless(s.DaysBeforeExpiry >= 0 && s.DaysBeforeExpiry <= maxDaysBeforeExpiry, "days_before_expiry: 0 to 365"),
		unless(s.Every == 0 || s.Every >= minEvery && s.Every <= maxEvery, "every: 1m to 168h"),
	}
	for _, name := range slices.Sorted(maps.Keys(s.Issuers)) {
		problems = append(problems, s.Issuers[name].problems("issuers."+name)...)
	}
	return slices.DeleteFunc(problems, func(problem error) bool { return problem == nil })
}

// isPortfolioRate takes 0 for the default; what is no number is none.
func isPortfolioRate(rate float64) bool { return rate >= 0 && rate <= maxPortfolioRate }

func unless(ok bool, problem string) error {
	if ok {
		return nil
	}
	return errors.New(problem)
}

func (p IssuerPortfolio) problems(section string) (problems []error) {
	if rule := walletport.BIDRule(p.BID); p.BID != "" && rule != "" {
		problems = append(problems, fmt.Errorf("%s.bid: %s", section, rule))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Products)) {
		row := section + ".products." + name
		if rule := walletport.ProductRule(name); rule != "" || name == "" {
			problems = append(problems, fmt.Errorf("%s.products: the name of a product has 1 to 64 letters, digits, '.', '_', '-' and spaces, and no card number", section))
			continue
		}
		for _, field := range []struct {
			setting, value string
			words          []string
		}{
			{"segment", p.Products[name].Segment, []string{segmentConsumer, segmentCommercial}},
			{"form", p.Products[name].Form, []string{"", formPhysical, formVirtual, formSingleUse}},
			{"prepaid", p.Products[name].Prepaid, []string{"", prepaidNo, prepaidReloadable, prepaidNotReloadable}},
		} {
			if !slices.Contains(field.words, field.value) {
				problems = append(problems, fmt.Errorf("%s.%s: one of %q", row, field.setting, slices.DeleteFunc(field.words, isEmpty)))
			}
		}
	}
	return problems
}

// CheckBIDs reports portfolios that nobody can tell the BID of, or that have one of somebody
// else's.
func (s PortfolioSettings) CheckBIDs(bids map[walletport.IssuerID][]string) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(s.Issuers)) {
		own, bid := bids[walletport.IssuerID(name)], s.Issuers[name].BID
		switch {
		case len(own) == 0:
			problems = append(problems, fmt.Errorf("issuers.%s: the issuer has no id to enrol its customers with", name))
		case bid != "" && !slices.Contains(own, bid):
			problems = append(problems, fmt.Errorf("issuers.%s.bid: is none of the issuer's", name))
		case bid == "" && s.Issuers[name].Auto && len(own) != 1:
			problems = append(problems, fmt.Errorf("issuers.%s.bid: auto needs one, for the issuer has %d", name, len(own)))
		}
	}
	return errors.Join(problems...)
}

func isEmpty(text string) bool { return text == "" }
