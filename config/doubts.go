package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/walletport/walletport"
)

// findDoubts returns the Doubts. It is asked of a file as it was written: perIssuer makes the lists of wallets
// those that are in force.
func (c Config) findDoubts() []string {
	found := c.doubtWallets("issuer_defaults", "", c.IssuerDefaults.Wallets)
	found = append(found, doubtProducts("issuer_defaults", c.IssuerDefaults.Products)...)
	for _, name := range slices.Sorted(maps.Keys(c.Issuers)) {
		section, own := "issuers."+name, c.Issuers[name]
		// What a section has from issuer_defaults is told of there.
		if !slices.Equal(own.Wallets, c.IssuerDefaults.Wallets) {
			found = append(found, c.doubtWallets(section, name, own.Wallets)...)
		}
		if !slices.Equal(own.Products, c.IssuerDefaults.Products) {
			found = append(found, doubtProducts(section, own.Products)...)
		}
	}
	for _, o := range c.places() {
		for i, id := range o.issuers {
			if o.enabled && !c.ForIssuer(walletport.IssuerID(id)).Takes(o.wallet, o.scheme) {
				found = append(found, fmt.Sprintf("%s.issuers[%d]: the wallets of the issuer %s have no %s, and both must take the card", o.setting, i, id, o.wallet))
			}
		}
		found = append(found, doubtProducts(o.setting, o.products)...)
	}
	return found
}

// place is where cards may be put: what an offer of a device wallet and a wallet provider
// have in common.
type place struct {
	setting, wallet   string
	names             []string // in lists of wallets
	scheme            walletport.SchemeID
	enabled           bool
	issuers, products []string
}

func (c Config) places() []place {
	var all []place
	for _, o := range c.Wallets.Offers() {
		all = append(all, place{o.Setting(), string(o.Wallet), []string{string(o.Wallet), o.name()}, o.Scheme, o.Enabled, o.Issuers, o.Products})
	}
	for i, p := range c.WalletProviders {
		all = append(all, place{fmt.Sprintf("wallet_providers[%d]", i), p.ID, []string{p.ID}, walletport.SchemeID(p.Scheme), true, p.Issuers, p.Products})
	}
	return all
}

// doubtWallets tells which wallets of a section's list take no card of the issuer; "" is
// any issuer.
func (c Config) doubtWallets(section, issuer string, wallets []string) (found []string) {
	for i, name := range wallets {
		var disabled, enabled []string
		for _, p := range c.places() {
			switch {
			case !slices.Contains(p.names, name):
			case !p.enabled:
				disabled = append(disabled, p.setting)
			default:
				enabled = append(enabled, p.setting)
				if issuer != "" && len(p.issuers) > 0 && !slices.Contains(p.issuers, issuer) {
					found = append(found, fmt.Sprintf("%s.wallets[%d]: %s.issuers does not have %s, and both must take the card", section, i, p.setting, issuer))
				}
			}
		}
		if len(enabled) == 0 && len(disabled) > 0 {
			found = append(found, fmt.Sprintf("%s.wallets[%d]: %s is not offered: enable %s", section, i, name, strings.Join(disabled, " or ")))
		}
	}
	return found
}

// doubtProducts does not repeat what may be a card number.
func doubtProducts(section string, products []string) (found []string) {
	for i, product := range products {
		rule := walletport.ProductRule(product)
		switch {
		case rule != "":
			found = append(found, fmt.Sprintf("%s.products[%d]: no card has this product: it %s", section, i, rule))
		case strings.TrimSpace(product) != product:
			found = append(found, fmt.Sprintf("%s.products[%d]: %q is compared as it stands, with its blanks", section, i, product))
		}
	}
	return found
}
