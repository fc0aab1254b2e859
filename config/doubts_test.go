package config

import (
	"slices"
	"strings"
	"testing"
)

func TestTermsWithoutEffect(t *testing.T) {
	const google = "wallets: {googlepay: {mastercard: {enabled: true, issuers: [beta]}, visa: {enabled: true}}}\n"
	for _, c := range []struct {
		name, text string
		want       []string // how each doubt begins
	}{
		{"a wallet that is not enabled", "issuers: {acme: {wallets: [samsungpay]}}",
			[]string{"issuers.acme.wallets[0]: samsungpay is not offered: enable wallets.samsungpay.mastercard or wallets.samsungpay.visa"}},
		{"a scheme of it", google + "issuers: {acme: {wallets: [googlepay.visa, samsungpay.visa]}}", []string{"issuers.acme.wallets[1]: samsungpay.visa is not offered: enable wallets.samsungpay.visa"}},
		{"a wallet of other issuers", google + "issuers: {acme: {wallets: [googlepay]}}",
			[]string{"issuers.acme.wallets[0]: wallets.googlepay.mastercard.issuers does not have acme"}},
		{"an issuer of an offer that does not want it", google + "issuers: {beta: {wallets: [googlepay.visa]}}",
			[]string{"wallets.googlepay.mastercard.issuers[0]: the wallets of the issuer beta have no googlepay"}},
		{"the defaults, and a section that has them from there", "issuer_defaults: {wallets: [samsungpay]}\nissuers: {acme: {products: [gold]}}",
			[]string{"issuer_defaults.wallets[0]: samsungpay is not offered"}},
		{"a provider of other issuers", "wallet_providers: [{id: acme-wallet, token_requestor_id: '50199900001', scheme: MASTERCARD, issuers: [beta]}]\nissuers: {acme: {wallets: [acme-wallet]}, beta: {wallets: [none]}}",
			[]string{"issuers.acme.wallets[0]: wallet_providers[0].issuers does not have acme", "wallet_providers[0].issuers[0]: the wallets of the issuer beta have no acme-wallet"}},
		{"blanks around a product", "issuers: {acme: {products: [gold, 'mc-gold ']}}", []string{`issuers.acme.products[1]: "mc-gold " is compared as it stands`}},
		{"a product that none is", "issuers: {acme: {products: ['mc/gold']}}", []string{"issuers.acme.products[0]: no card has this product: it must have letters"}},
		{"a card number in an offer", "wallets: {googlepay: {visa: {products: ['4111111111111111']}}}", []string{"wallets.googlepay.visa.products[0]: no card has this product: it must not contain a card number"}},
		{"what has its effect", google + "issuers: {acme: {wallets: [googlepay.visa], products: [gold, 'mc debit']}, beta: {wallets: [googlepay]}, other: {wallets: [none]}}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings, err := loaded(t, c.text)
			must(t, err)
			if !slices.EqualFunc(settings.Doubts, c.want, strings.HasPrefix) {
				t.Errorf("doubts %q, want %q", settings.Doubts, c.want)
			}
		})
	}
	settings, err := Load("testdata/walletport.yaml")
	must(t, err)
	if len(settings.Doubts) > 0 {
		t.Errorf("the example has doubts: %q", settings.Doubts)
	}
	for _, section := range []string{"issuer_defaults", "issuers.acme"} {
		start, end := "issuers: {acme: ", "}"
		if section == "issuer_defaults" {
			start, end = "issuer_defaults: ", ""
		}
		_, err = loaded(t, start+"{products: [gold, '4111 1111 1111 1111']}"+end)
		if err == nil || !strings.Contains(err.Error(), section+".products[1]: must not contain a card number") || strings.Contains(err.Error(), "1111") {
			t.Errorf("a card number as a product: %v", err)
		}
	}
}
