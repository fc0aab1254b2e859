package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// loaded writes a configuration and loads it.
func loaded(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte("keys: {key_file: keystore.key}\n"+text), 0o600))
	return Load(path)
}

// The ids of the three device wallets stand in the public documentation of several
// processors and in EMV data of transactions.
func TestWellKnownTokenRequestors(t *testing.T) {
	config, err := loaded(t, "")
	must(t, err)
	for _, c := range []struct{ wallet, visa, mastercard string }{
		{"applepay", "40010030273", "50110030273"},
		{"googlepay", "40010075001", "50120834693"},
		{"samsungpay", "40010043095", "50139059239"},
		{"garmin", "40010069887", ""},
		{"fitbit", "40010077056", ""},
		{"fidesmo", "40010080419", ""},
		{"swatch", "40010081763", ""},
	} {
		got := config.TokenRequestors[c.wallet]
		if got.ID(walletport.Visa) != c.visa || got.ID(walletport.Mastercard) != c.mastercard || got.DisplayName == "" || got.Confidence == "" {
			t.Errorf("%s: %+v", c.wallet, got)
		}
	}
}

func TestTokenRequestorsCanBeChangedAndAdded(t *testing.T) {
	config, err := loaded(t, `
token_requestors:
  googlepay: {visa: "40010099999"}
  garmin: {mastercard: "50183038325"}
  acme: {display_name: Acme, mastercard: "50199900009"}
wallet_providers:
  - {id: acme, scheme: MASTERCARD}
  - {id: garmin, scheme: MASTERCARD, token_requestor_id: "50148149593"}
wallets:
  googlepay: {visa: {enabled: true}}
`)
	must(t, err)
	google := config.TokenRequestors["googlepay"]
	if google.Visa != "40010099999" || google.Mastercard != "50120834693" {
		t.Errorf("Google Pay: %+v", google)
	}
	names := config.RequestorNames()
	for id, want := range map[string]string{
		"40010099999": "Google Pay", "50120834693": "Google Pay", "40010075001": "", "50183038325": "Garmin Pay", "50199900009": "Acme",
	} {
		if names[id] != want {
			t.Errorf("the requestor %s is named %q, want %q", id, names[id], want)
		}
	}
	for i, want := range []string{"50199900009", "50148149593"} {
		if got := config.TokenRequestorOf(config.WalletProviders[i]); got != want {
			t.Errorf("wallet provider %s: %s, want %s", config.WalletProviders[i].ID, got, want)
		}
	}
}

func TestWalletsThatCannotBeOffered(t *testing.T) {
	for _, c := range []struct{ name, text, problem string }{
		{"a wallet without an id", "token_requestors: {googlepay: {visa: ''}}\nwallets: {googlepay: {visa: {enabled: true}}}", "token_requestors.googlepay.visa: is missing"},
		{"an id that is none", "token_requestors: {applepay: {visa: '4001'}}", "token_requestors.applepay.visa: a token requestor id has 11 digits"},
		{"a provider that nobody knows", "wallet_providers: [{id: nobody, scheme: MASTERCARD}]", "token_requestors has none"},
		{"a disputed id", "wallet_providers: [{id: fitbit, scheme: MASTERCARD}]", "token_requestors has none"},
		{"an unknown profile", "wallets: {applepay: {visa: {profile: odd}}}", `wallets.applepay.visa.profile: there is none named "odd"`},
		{"a Mastercard profile for Visa cards", "profiles: {odd: {}}\nwallets: {samsungpay: {visa: {profile: odd}}}", `wallets.samsungpay.visa.profile: there is none named "odd"`},
		{"a shape that Samsung does not read", "profiles: {f: {shape: fundingAccountInfo}}\nwallets: {samsungpay: {mastercard: {enabled: true, profile: f}}}", "the shape must be cardInfo: Samsung Pay reads no other"},
		{"a broken Visa profile", "visa_profiles: {odd: {year_digits: 3}}", "visa_profiles.odd.year_digits: 2 or 4"},
		{"a format that Apple has not", "wallets: {applepay: {format: {mastercard: {encoding: octal}}}}", "wallets.applepay.format.mastercard.encoding: hex or base64"},
		{"a provider that is called as a device wallet", "wallet_providers: [{id: applepay, scheme: MASTERCARD}]", "wallet_providers[0].id: applepay is the name of something else"},
		{"a provider that is called as the calls of activation", "wallet_providers: [{id: activation, scheme: MASTERCARD, token_requestor_id: '50199900001'}]", "wallet_providers[0].id: activation is the name of something else"},
		{"a provider that is called as none of the wallets", "wallet_providers: [{id: none, scheme: MASTERCARD, token_requestor_id: '50199900001'}]", "wallet_providers[0].id: none is the name of something else"},
		{"a provider that is called as a scheme of a wallet", "wallet_providers: [{id: googlepay.visa, scheme: MASTERCARD, token_requestor_id: '50199900001'}]", "wallet_providers[0].id: googlepay.visa is the name of something else"},
		{"a nonce forgotten while it is good", "wallets: {nonce_retention: 1ns}", "wallets.nonce_retention: 1h to 720h"},
		{"a nonce kept for years", "wallets: {nonce_retention: 9000h}", "wallets.nonce_retention"},
		{"an issuer with a space", "wallets: {googlepay: {visa: {issuers: ['a b']}}}", "wallets.googlepay.visa.issuers[0]:"},
		{"an activation profile that is not there", "activation: {visa: {profile: odd}}", "activation.visa.profile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loaded(t, c.text)
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %q in it", err, c.problem)
			}
		})
	}
}
