package walletport

import (
	"bytes"
	"strings"
	"unsafe"
)

// Bounds of an e-mail address (RFC 5321 section 4.5.3.1) and of a label of a domain (RFC
// 1035 section 2.3.4).
const (
	maxLocalPartBytes = 64
	maxLabelBytes     = 63
)

// EmailRule returns the rule that an e-mail address breaks, for a message; "" for none. It
// takes the dot-atom form of RFC 5321 section 4.1.2 in ASCII, with a domain of at least two
// labels. Quoted local parts, addresses in brackets and those of RFC 6531 are refused.
func EmailRule(text []byte) string {
	local, domain, found := strings.Cut(viewed(text), "@")
	isGood := found && isDotted(local, maxLocalPartBytes, "!#$%&'*+-/=?^_`{|}~") && isDotted(domain, len(text), "-") && strings.Contains(domain, ".")
	for label := range strings.SplitSeq(domain, ".") {
		isGood = isGood && len(label) <= maxLabelBytes && !strings.HasPrefix(label, "-") && !strings.HasSuffix(label, "-")
	}
	if !isGood {
		return "must be an e-mail address, such as ada@example.com"
	}
	return ""
}

// isDotted reports whether text is atoms with single dots between, up to limit bytes.
func isDotted(text string, limit int, also string) bool {
	if text == "" || len(text) > limit {
		return false
	}
	for atom := range strings.SplitSeq(text, ".") {
		if atom == "" || !IsAlnum(atom, also) {
			return false
		}
	}
	return true
}

// No telephone number with its country's code is shorter than the first, and none longer than
// ITU-T E.164 has them; Visa's Click to Pay takes one digit more.
const (
	minPhoneDigits = 5
	maxE164Digits  = 15
	maxPhoneDigits = 16
)

// PhoneRule returns the rule that a telephone number breaks, for a message; "" for none. A
// card number of 16 digits is none, for no telephone number has as many. Shorter ones look
// like each other.
func PhoneRule(text []byte) string {
	switch {
	case !IsDigits(text) || text[0] == '0' || len(text) < minPhoneDigits || len(text) > maxPhoneDigits:
		return "must be 5 to 16 digits, the country's code first, without + and leading zeros"
	case len(text) > maxE164Digits && IsPAN(viewed(text)):
		return "must not be a card number"
	}
	return ""
}

// LocaleRule returns the rule that a locale breaks, for a message; "" for none.
func LocaleRule(text []byte) string {
	language, country, found := bytes.Cut(text, []byte("_"))
	if len(language) != 2 || !isAll(language, 'a', 'z') || found && (len(country) != 2 || !isAll(country, 'A', 'Z')) {
		return "must be a language, or a language and a country, such as en or en_US"
	}
	return ""
}

func isAll(text []byte, first, last byte) bool {
	for _, c := range text {
		if c < first || c > last {
			return false
		}
	}
	return true
}

// CountryRule returns the rule that a country breaks, for a message; "" for none.
func CountryRule(text []byte) string {
	if !IsCountry(viewed(text)) {
		return "must be a country of ISO 3166-1 alpha-3, such as USA"
	}
	return ""
}

// viewed is text as a string for a check that keeps nothing of it: a copy could not be
// wiped.
func viewed(text []byte) string {
	return unsafe.String(unsafe.SliceData(text), len(text)) //nolint:gosec // G103: nobody writes to text meanwhile
}
