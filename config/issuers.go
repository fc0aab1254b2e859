package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/walletport/walletport"
)

// NamedIssuer is an issuer in the configuration.
type NamedIssuer struct {
	Setting string // where it stands, such as auth.step_up[0].issuers[1]
	ID      walletport.IssuerID

	// NotOfCards is that the setting says who signs or enrols for the issuer, and nothing about
	// its cards.
	NotOfCards bool
	// OnlySection is that the issuer has a section of its own, and stands nowhere else. It
	// may come before the issuer's cards.
	OnlySection bool
	// OwnStepUp is that this section says of the step-up what issuer_defaults does not.
	OwnStepUp bool
}

// NamedIssuers lists every issuer that the configuration names.
func (c Config) NamedIssuers() []NamedIssuer {
	var all []NamedIssuer
	const ofCards, notOfCards = false, true // what a section says of its issuers
	add := func(section string, ids []walletport.IssuerID, notOfCards bool) {
		for i, id := range ids {
			all = append(all, NamedIssuer{Setting: fmt.Sprintf("%s.issuers[%d]", section, i), ID: id, NotOfCards: notOfCards})
		}
	}
	for i, t := range c.Auth.TokenIssuers {
		add(fmt.Sprintf("auth.token_issuers[%d]", i), t.Issuers, notOfCards)
	}
	for i := range c.Auth.StepUp {
		add(fmt.Sprintf("auth.step_up[%d]", i), c.Auth.StepUp[i].Issuers, ofCards)
	}
	for _, o := range c.Wallets.Offers() {
		add(o.Setting(), IssuerIDs(o.Issuers), ofCards)
	}
	for i, p := range c.WalletProviders {
		add(fmt.Sprintf("wallet_providers[%d]", i), IssuerIDs(p.Issuers), ofCards)
	}
	for _, name := range slices.Sorted(maps.Keys(c.ClickToPay.Visa.BIDs)) {
		all = append(all, NamedIssuer{Setting: ClickToPaySetting + ".bids." + name, ID: walletport.IssuerID(name), NotOfCards: true})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Issuers)) {
		id := walletport.IssuerID(name)
		if !slices.ContainsFunc(all, func(n NamedIssuer) bool { return n.ID == id }) {
			own := !reflect.DeepEqual(c.Issuers[name].StepUp, c.IssuerDefaults.StepUp)
			all = append(all, NamedIssuer{Setting: "issuers." + name, ID: id, OnlySection: true, OwnStepUp: own})
		}
	}
	return all
}

// IssuerIDs returns the issuers of a list of names, which Load has checked.
func IssuerIDs(names []string) []walletport.IssuerID {
	var ids []walletport.IssuerID
	for _, name := range names {
		ids = append(ids, walletport.IssuerID(name))
	}
	return ids
}
