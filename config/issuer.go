package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/door"
)

// Issuer is what one card issuer, or every one, says about its own cards. It comes on top
// of what an offer says itself: both must take the card.
type Issuer struct {
	Wallets          []string          `setting:"wallets"`            // which wallets its cards may be put into: applepay, googlepay, samsungpay, one scheme of them (googlepay.visa), and ids of wallet_providers; none, alone, is none of them. Empty is every wallet that is offered. It does not concern activation
	NoActivation     bool              `setting:"no_activation"`      // refuse calls that activate a card which was typed into a wallet
	Products         []string          `setting:"products"`           // card products that tokens are made of; empty is every one
	DaysBeforeExpiry int               `setting:"days_before_expiry"` // no token is made of a card that expires within so many days, counted to the end (UTC) of the last day of its month; 0 takes a card to that day, at most 365
	Limits           door.IssuerRate   `setting:"limits"`             // of the calls on its cards
	StepUp           auth.StepUpDemand `setting:"step_up"`            // proof of strong cardholder authentication that it asks for
}

const (
	noWallet            = "none"
	maxDaysBeforeExpiry = 365
)

// Takes reports whether the issuer's cards of a scheme may be put into a wallet: a device
// wallet, or the id of an issuer wallet.
func (i Issuer) Takes(wallet string, scheme walletport.SchemeID) bool {
	return len(i.Wallets) == 0 || slices.Contains(i.Wallets, wallet) || slices.Contains(i.Wallets, wallet+"."+schemeName(scheme))
}

// ForIssuer returns what is in force for the cards of an issuer.
func (c Config) ForIssuer(id walletport.IssuerID) Issuer {
	if own, ok := c.Issuers[string(id)]; ok {
		return own
	}
	return c.IssuerDefaults
}

// AuthInForce is who may call, with the step-up rules of each issuer's section beside those
// of auth.step_up.
func (c Config) AuthInForce() auth.Config {
	in := c.Auth
	in.StepUp = slices.Clone(c.Auth.StepUp)
	for i := range in.StepUp {
		in.StepUp[i].Setting = fmt.Sprintf("auth.step_up[%d]", i)
	}
	in.StepUpOfOthers = c.IssuerDefaults.StepUp
	for _, name := range slices.Sorted(maps.Keys(c.Issuers)) {
		id := walletport.IssuerID(name)
		if !slices.ContainsFunc(c.Auth.StepUp, func(r auth.StepUpRule) bool { return slices.Contains(r.Issuers, id) }) {
			demand := c.Issuers[name].StepUp
			if !demand.Asks() {
				demand.Rule = "none"
			}
			in.StepUp = append(in.StepUp, auth.StepUpRule{Issuers: []walletport.IssuerID{id}, StepUpDemand: demand, Setting: "issuers." + name + ".step_up"})
		}
	}
	return in
}

func (c Config) validateIssuers() error {
	problems := []error{at("issuer_defaults", c.validateIssuer(c.IssuerDefaults))}
	for _, name := range slices.Sorted(maps.Keys(c.Issuers)) {
		section := "issuers." + name
		problems = append(problems, issuerNameFault(section, name), at(section, c.validateOwn(c.Issuers[name])))
	}
	for i, rule := range c.Auth.StepUp {
		for _, id := range rule.Issuers {
			own, ok := c.Issuers[string(id)]
			if ok && !reflect.DeepEqual(own.StepUp, c.IssuerDefaults.StepUp) {
				problems = append(problems, fmt.Errorf("auth.step_up[%d]: the card issuer %s has its own issuers.%s.step_up: say it in one place", i, id, id))
			}
		}
	}
	return errors.Join(problems...)
}

// issuerNameFault is what is wrong with the name of a card issuer that a section has; nil is
// nothing.
func issuerNameFault(section, name string) error {
	if _, err := walletport.ParseIssuerID(name); err != nil {
		return errors.New(section + ": the name of a card issuer has letters, digits, '.', '_', '-', at most 64")
	}
	return nil
}

// validateOwn reports what is wrong with an issuer's section, but for what it has from
// issuer_defaults, where it is reported.
func (c Config) validateOwn(i Issuer) error {
	if slices.Equal(i.Wallets, c.IssuerDefaults.Wallets) {
		i.Wallets = nil
	}
	if slices.Equal(i.Products, c.IssuerDefaults.Products) {
		i.Products = nil
	}
	if i.DaysBeforeExpiry == c.IssuerDefaults.DaysBeforeExpiry {
		i.DaysBeforeExpiry = 0
	}
	problems := []error{c.validateTerms(i)}
	inherited := listed(c.IssuerDefaults.StepUp.Validate())
	for _, fault := range listed(i.StepUp.Validate()) {
		isSame := func(other error) bool { return other.Error() == fault.Error() }
		if !slices.ContainsFunc(inherited, isSame) || !sameSettings(fault.Error(), i.StepUp, c.IssuerDefaults.StepUp) {
			problems = append(problems, at("step_up", fault))
		}
	}
	return errors.Join(problems...)
}

// sameSettings reports whether two demands agree in the settings that a fault names.
func sameSettings(fault string, a, b auth.StepUpDemand) bool {
	for _, field := range settingFields(reflect.TypeFor[auth.StepUpDemand]()) {
		named := slices.Contains(strings.FieldsFunc(fault, func(r rune) bool { return r == ' ' || r == ':' }), settingName(field))
		if named && !reflect.DeepEqual(reflect.ValueOf(a).FieldByIndex(field.Index).Interface(), reflect.ValueOf(b).FieldByIndex(field.Index).Interface()) {
			return false
		}
	}
	return true
}

func (c Config) validateIssuer(i Issuer) error {
	return errors.Join(c.validateTerms(i), at("step_up", i.StepUp.Validate()))
}

// validateTerms reports what is wrong with all of a section but its step-up.
func (c Config) validateTerms(i Issuer) error {
	var problems []error
	known := c.walletNames()
	for n, name := range i.Wallets {
		switch {
		case name == noWallet && len(i.Wallets) == 1:
		case name == noWallet:
			problems = append(problems, fmt.Errorf("wallets[%d]: none stands alone", n))
		case !slices.Contains(known, name):
			problems = append(problems, fmt.Errorf("wallets[%d]: there is no wallet %q%s", n, name, DidYouMean(name, known)))
		}
	}
	for n, product := range i.Products {
		if walletport.SuspectsPAN(product) {
			problems = append(problems, fmt.Errorf("products[%d]: must not contain a card number", n))
		}
	}
	if i.DaysBeforeExpiry < 0 || i.DaysBeforeExpiry > maxDaysBeforeExpiry {
		problems = append(problems, fmt.Errorf("days_before_expiry: 0 to %d", maxDaysBeforeExpiry))
	}
	return errors.Join(problems...)
}

// walletNames lists how an issuer's section can name a wallet.
func (c Config) walletNames() []string {
	var names []string
	for _, w := range walletport.Wallets() {
		names = append(names, string(w))
	}
	for _, o := range c.Wallets.Offers() {
		names = append(names, o.name())
	}
	for _, p := range c.WalletProviders {
		names = append(names, p.ID)
	}
	return names
}

// name is how an issuer's section names the offer.
func (o WalletOffer) name() string { return strings.TrimPrefix(o.Setting(), "wallets.") }

// perIssuer returns c with a section for each issuer that is named anywhere, which says
// what is in force for it: also what an older form says of it in the sections of offers and
// of auth.step_up.
func (c Config) perIssuer() Config {
	sections := map[string]Issuer{}
	maps.Copy(sections, c.Issuers)
	for _, named := range c.NamedIssuers() {
		if !named.NotOfCards {
			sections[string(named.ID)] = c.ForIssuer(named.ID)
		}
	}
	for i := range c.Auth.StepUp {
		for _, id := range c.Auth.StepUp[i].Issuers {
			section := sections[string(id)]
			section.StepUp = c.Auth.StepUp[i].StepUpDemand
			sections[string(id)] = section
		}
	}
	for name, section := range sections {
		section.Wallets = c.walletsFor(walletport.IssuerID(name), section)
		section.StepUp = section.StepUp.WithDefaults()
		sections[name] = section
	}
	c.IssuerDefaults.Wallets = c.walletsFor("", c.IssuerDefaults)
	c.IssuerDefaults.StepUp = c.IssuerDefaults.StepUp.WithDefaults()
	c.Issuers = sections
	return c
}

// walletsFor lists the offers that take the cards of an issuer; "" is one that no offer
// names.
func (c Config) walletsFor(id walletport.IssuerID, section Issuer) []string {
	open := func(issuers []string) bool { return len(issuers) == 0 || slices.Contains(issuers, string(id)) }
	var names []string
	for _, o := range c.Wallets.Offers() {
		if o.Enabled && open(o.Issuers) && section.Takes(string(o.Wallet), o.Scheme) {
			names = append(names, o.name())
		}
	}
	for _, p := range c.WalletProviders {
		if open(p.Issuers) && section.Takes(p.ID, walletport.SchemeID(p.Scheme)) {
			names = append(names, p.ID)
		}
	}
	if len(names) == 0 {
		return []string{noWallet}
	}
	return names
}
