package walletport

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"
)

// customerRule is what a value of a field must be. Lengths are in characters; what a
// scheme takes may be less, and is its room's to check.
type customerRule struct {
	max   int // characters of a value
	count int // values, of a list
	// form returns what else is wrong with a value; nil takes every text.
	form func(text []byte) string
	// isNumber: its digits may look like a card number without being one.
	isNumber bool
}

// customerRules are those of the texts. A name is as long as a cardholder's. Lengths of
// addresses, and the form of telephone numbers and locales, are those that Visa's
// Click to Pay has.
var customerRules = [CustomerFieldCount]customerRule{
	CustomerFirstName:        {max: 64},
	CustomerMiddleName:       {max: 64},
	CustomerLastName:         {max: 64},
	CustomerEmails:           {max: 254, count: 10, form: EmailRule},
	CustomerPhones:           {max: maxPhoneDigits, count: 10, form: PhoneRule, isNumber: true},
	CustomerLocale:           {max: 5, form: LocaleRule},
	CustomerCountry:          {max: 3, form: CountryRule},
	CustomerLine1:            {max: 64},
	CustomerLine2:            {max: 64},
	CustomerLine3:            {max: 64},
	CustomerCity:             {max: 32},
	CustomerState:            {max: 3},
	CustomerPostalCode:       {max: 9},
	CustomerAddressCountry:   {max: 3, form: CountryRule},
	CustomerConsentVersion:   {max: 100},
	CustomerConsentPresenter: {max: 100},
	CustomerAppIDs:           {max: 36, count: 10, form: appIDRule},
}

// maxCustomerNumberBytes bounds a customer number.
const maxCustomerNumberBytes = 64

// CustomerNumberRule returns the rule that a customer number breaks, for a message; "" for
// none. A card may have an empty one, a customer has not.
func CustomerNumberRule(number string) string {
	switch {
	case number == "":
		return "is missing"
	case len(number) > maxCustomerNumberBytes:
		return "must be at most 64 bytes long"
	case !IsAlnum(number, "._-"):
		return "must have letters, digits, '.', '_' and '-' only"
	case IsPAN(number):
		return "must not be a card number"
	}
	return ""
}

// CustomerValueRule returns the rule that one value of a field breaks, for a message that
// never repeats the value; "" for none, and for an empty one.
func CustomerValueRule(f CustomerField, value Private) string {
	if f == CustomerConsentTime {
		return consentTimeRule(value)
	}
	text, rule := value.Reveal(), customerRules[f]
	switch {
	case len(text) == 0:
		return ""
	case !utf8.Valid(text):
		return "must be UTF-8"
	case utf8.RuneCount(text) > rule.max:
		return fmt.Sprintf("must be at most %d characters long", rule.max)
	case bytes.ContainsFunc(text, IsInvisible):
		return "must not contain control or invisible characters"
	case len(bytes.TrimSpace(text)) < len(text):
		return "must not begin or end with a space"
	}
	if rule.form != nil {
		if broken := rule.form(text); broken != "" {
			return broken
		}
	}
	if !rule.isNumber && ContainsPAN(viewed(text)) {
		return "must not contain a card number"
	}
	return ""
}

// Faults returns every rule that a customer breaks, by the names of fields: "emails[1]" is
// the second e-mail address. The texts of the rules never hold a value.
func (c *Customer) Faults() []Field {
	var faults []Field
	fault := func(name, rule string) {
		if rule != "" {
			faults = append(faults, Field{Name: name, Reason: rule})
		}
	}
	fault("customerId", CustomerNumberRule(c.Number))
	if _, err := ParseIssuerID(string(c.Issuer)); err != nil {
		fault("issuer", "must be 1 to 64 letters, digits, '.', '_' and '-', and no card number")
	}
	for f := range CustomerFieldCount {
		values := c.Values(f)
		if limit := customerRules[f].count; f.IsList() && len(values) > limit {
			fault(f.String(), fmt.Sprintf("must be at most %d", limit))
			continue
		}
		for i, value := range values {
			rule, name := CustomerValueRule(f, value), f.String()
			if f.IsList() {
				name = fmt.Sprintf("%s[%d]", f, i)
				if value.IsZero() {
					rule = "is empty"
				}
			}
			fault(name, rule)
		}
	}
	fault(CustomerConsentTime.String(), c.Consent.rule())
	return faults
}

// rule: a consent is one whole.
func (c Consent) rule() string {
	if c.Version.IsZero() == c.At.IsZero() && (c.Presenter.IsZero() || !c.At.IsZero()) {
		return ""
	}
	return "comes with consentVersion, and consentPresenter with both"
}

// consentTimeRule takes times that every database keeps and people write with four digits
// of a year.
func consentTimeRule(value Private) string {
	if value.IsZero() {
		return ""
	}
	var c Customer
	if !c.SetValues(CustomerConsentTime, []Private{value}) || c.Consent.At.Year() < 2000 || c.Consent.At.Year() > 2099 {
		return "must be a time from 2000 to 2099"
	}
	return ""
}

func appIDRule(text []byte) string {
	if !IsAlnum(text, "._-") {
		return "must have letters, digits, '.', '_' and '-' only"
	}
	return ""
}

// ConsentTime returns t as a value of CustomerConsentTime.
func ConsentTime(t time.Time) Private {
	c := Customer{Consent: Consent{At: t}}
	values := c.Values(CustomerConsentTime)
	if len(values) == 0 {
		return Private{}
	}
	return values[0]
}
