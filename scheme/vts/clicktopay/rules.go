package clicktopay

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

// rule is what a member must be, so that Visa takes it.
type rule struct {
	max      int  // length, in the unit of the profile
	required bool // where its record is sent
	// form returns what else is wrong; nil takes every text without control characters.
	form func(p Profile, text []byte) string
	// isNumber: a text that reads like a card number may well be none.
	isNumber bool
}

// rules are those of the members that are texts. Where the sources name no rule it is ours
// (inferred): it refuses what could only fail later, when nobody waits for the answer.
var rules = map[string]rule{
	// Lengths: VICA and MQ agree. That both names are there is inferred (VICA's sample has them; PSP asks
	// for a name); that middleName is as long as the others is inferred.
	"firstName":  {max: 35, required: true},
	"middleName": {max: 35},
	"lastName":   {max: 35, required: true},
	// No source says more than "e-mail". Length: RFC 5321 section 4.5.3.1; form: inferred.
	"emails": {max: 254, form: ofAll(emailRule)},
	// VICA: digits with the country's code and without "+"; MQ: 1 to 16. At least 5, and no leading zero, is
	// inferred: no number with its country's code is shorter, and no such code begins with one.
	"phones": {max: 16, form: ofAll(walletport.PhoneRule), isNumber: true},
	// MQ: 2 to 5. The form is inferred of its sample, "en_US".
	"locale": {max: 5, form: ofAll(walletport.LocaleRule)},
	// VICA: alpha-3. That it is there is inferred (VICA's sample has it).
	"countryCode": {max: 3, required: true, form: ofAll(walletport.CountryRule)},
	// Both inferred: no source has more of them than their names.
	"consent.version":   {max: 100, required: true},
	"consent.presenter": {max: 100, required: true},
	// MQ, VICA: 1 to 120.
	"nameOnCard": {max: 120, required: true},
	// MQ, ENF, VICA: at most 64, 32, 3 and 9. ENF: what an address does not have. Required are those that MQ has
	// with at least one character and that every country's addresses have (inferred).
	"billingAddress.addressLine1": {max: 64, required: true, form: addressRule},
	"billingAddress.addressLine2": {max: 64, form: addressRule},
	"billingAddress.addressLine3": {max: 64, form: addressRule},
	"billingAddress.city":         {max: 32, required: true, form: addressRule},
	"billingAddress.state":        {max: 3, form: addressRule},
	"billingAddress.postalCode":   {max: 9, form: addressRule},
	"billingAddress.country":      {max: 3, required: true, form: ofAll(walletport.CountryRule)},
}

// What is counted. All but those of ids are inferred: Visa has a fault for arrays that are
// too long (VIDC-1003), and no source says from where on.
const (
	maxEmails     = 10
	maxPhones     = 10
	maxCards      = 10
	maxExternalID = 100 // VICA; 36 in MQ
	maxBID        = 8   // VICA
	minNumber     = 13  // digits of a card number; Visa's have 13 to 19
)

// fault returns which part of the rule a text breaks; "" for none. It never repeats the
// text.
func (r rule) fault(p Profile, text []byte) string {
	length := len(text)
	if p.Lengths == Characters {
		length = utf8.RuneCount(text)
	}
	switch {
	case len(text) == 0 && r.required:
		return "is needed"
	case len(text) == 0:
		return ""
	case !utf8.Valid(text):
		return "must be UTF-8"
	case length > r.max:
		return fmt.Sprintf("has at most %d %s", r.max, p.Lengths)
	case bytes.ContainsFunc(text, walletport.IsInvisible):
		return "must not contain control or invisible characters"
	case len(bytes.TrimSpace(text)) < len(text):
		return "must not begin or end with a space"
	}
	if r.form != nil {
		if broken := r.form(p, text); broken != "" {
			return broken
		}
	}
	if !r.isNumber && walletport.ContainsPAN(string(text)) {
		return "must not contain a card number"
	}
	return ""
}

// ofAll is a rule that is the same by every profile.
func ofAll(rule func([]byte) string) func(Profile, []byte) string {
	return func(_ Profile, text []byte) string { return rule(text) }
}

// addressRule tells which characters are forbidden, not which are there.
func addressRule(p Profile, text []byte) string {
	if bytes.ContainsAny(text, p.AddressForbids) {
		return "must not contain any of " + p.AddressForbids
	}
	return ""
}

// emailRule refuses what ends in digits too, which is no name of a host (RFC 1123 section
// 2.1; inferred: a shop's form would not take it either).
func emailRule(text []byte) string {
	if broken := walletport.EmailRule(text); broken != "" {
		return broken
	}
	if walletport.IsDigits(text[bytes.LastIndexByte(text, '.')+1:]) {
		return "must be an e-mail address whose domain does not end in a number"
	}
	return ""
}
