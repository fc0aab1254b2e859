package walletport_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

func TestContactRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		rule   func([]byte) string
		text   string
		broken string // part of the rule; "" is none
	}{
		{"an e-mail address", walletport.EmailRule, "ada.lovelace+c2p@mail.example.co.uk", ""},
		{"no e-mail address", walletport.EmailRule, "", "e-mail"},
		{"an e-mail address without a domain", walletport.EmailRule, "ada@", "e-mail"},
		{"a host's address as a domain", walletport.EmailRule, "ada@127.0.0.1", ""},
		{"a local part of 64 bytes", walletport.EmailRule, strings.Repeat("a", 64) + "@b.example", ""},
		{"a local part of 65 bytes", walletport.EmailRule, strings.Repeat("a", 65) + "@b.example", "e-mail"},
		{"a label of 64 bytes", walletport.EmailRule, "a@" + strings.Repeat("b", 64) + ".example", "e-mail"},
		{"no telephone number", walletport.PhoneRule, "", "digits"},
		{"4 digits", walletport.PhoneRule, "1234", "digits"},
		{"5 digits", walletport.PhoneRule, "12345", ""},
		{"16 digits", walletport.PhoneRule, "1234567890123456", ""},
		{"17 digits", walletport.PhoneRule, "12345678901234567", "digits"},
		{"a plus", walletport.PhoneRule, "+16504005555", "digits"},
		{"a zero before", walletport.PhoneRule, "0405550199", "digits"},
		{"a card number of 16 digits", walletport.PhoneRule, "4111111111111111", "card number"},
		{"15 digits that read like a card", walletport.PhoneRule, "378282246310005", ""},
		{"no locale", walletport.LocaleRule, "", "language"},
		{"a language", walletport.LocaleRule, "en", ""},
		{"a language and a country", walletport.LocaleRule, "en_US", ""},
		{"a hyphen", walletport.LocaleRule, "en-US", "language"},
		{"no country", walletport.CountryRule, "", "alpha-3"},
		{"alpha-2", walletport.CountryRule, "US", "alpha-3"},
		{"alpha-3", walletport.CountryRule, "USA", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := c.rule([]byte(c.text))
			if (broken == "") != (c.broken == "") || !strings.Contains(broken, c.broken) {
				t.Errorf("breaks %q", broken)
			}
		})
	}
}
