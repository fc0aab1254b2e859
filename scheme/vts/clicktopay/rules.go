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
	"emails": {max: 254, form: emailRule},
	// VICA: digits with the country's code and without "+"; MQ: 1 to 16. At least 5, and no leading zero, is
	// inferred: no number with its country's code is shorter, and no such code begins with one.
	"phones": {max: 16, form: phoneRule, isNumber: true},
	// MQ: 2 to 5. The form is inferred of its sample, "en_US".
	"locale": {max: 5, form: localeRule},
	// VICA: alpha-3. That it is there is inferred (VICA's sample has it).
	"countryCode": {max: 3, required: true, form: countryRule},
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
	"billingAddress.country":      {max: 3, required: true, form: countryRule},
}

// What is counted. All but those of ids are inferred: Visa has a fault for arrays that are
// too long (VIDC-1003), and no source says from where on.
const (
	maxEmails     = 10
	maxPhones     = 10
	maxCards      = 10
	minPhone      = 5
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

// phoneRule refuses a card number of 16 digits too: no telephone number has more than 15
// (ITU-T E.164), but shorter ones look like each other.
func phoneRule(_ Profile, text []byte) string {
	if !walletport.IsDigits(text) || text[0] == '0' || len(text) < minPhone {
		return "is 5 to 16 digits, the country's code first, without + and leading zeros"
	}
	if len(text) == 16 && walletport.IsPAN(string(text)) {
		return "must not be a card number"
	}
	return ""
}

func localeRule(_ Profile, text []byte) string {
	isLanguage := len(text) >= 2 && isIn(text[:2], 'a', 'z')
	if !isLanguage || len(text) != 2 && (len(text) != len("en_US") || text[2] != '_' || !isIn(text[3:], 'A', 'Z')) {
		return "is a language, or a language and a country, as en or en_US"
	}
	return ""
}

func isIn(text []byte, first, last byte) bool {
	return !bytes.ContainsFunc(text, func(r rune) bool { return r < rune(first) || r > rune(last) })
}

func countryRule(_ Profile, text []byte) string {
	if !walletport.IsCountry(string(text)) {
		return "is a country of ISO 3166-1 alpha-3, as USA"
	}
	return ""
}

// addressRule tells which characters are forbidden, not which are there.
func addressRule(p Profile, text []byte) string {
	if bytes.ContainsAny(text, p.AddressForbids) {
		return "must not contain any of " + p.AddressForbids
	}
	return ""
}

// Lengths of an address of RFC 5321 section 4.5.3.1 and of a label of RFC 1035 section 2.3.4.
const (
	maxLocalPart = 64
	maxLabel     = 63
)

// emailRule takes the dot-atom form of RFC 5321 section 4.1.2 in ASCII, with a domain of at
// least two labels. Quoted local parts, addresses in brackets and those of RFC 6531 are
// refused (inferred: a shop's form would not take them either).
func emailRule(_ Profile, text []byte) string {
	const broken = "is an e-mail address, as ada@example.com"
	local, domain, found := bytes.Cut(text, []byte("@"))
	labels := bytes.Split(domain, []byte("."))
	if !found || len(local) > maxLocalPart || len(labels) < 2 {
		return broken
	}
	for _, atom := range bytes.Split(local, []byte(".")) {
		if len(atom) == 0 || !walletport.IsAlnum(atom, "!#$%&'*+-/=?^_`{|}~") {
			return broken
		}
	}
	for _, label := range labels {
		if len(label) == 0 || len(label) > maxLabel || !walletport.IsAlnum(label, "-") || label[0] == '-' || label[len(label)-1] == '-' {
			return broken
		}
	}
	if walletport.IsDigits(labels[len(labels)-1]) {
		return broken
	}
	return ""
}
