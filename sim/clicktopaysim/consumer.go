package clicktopaysim

import (
	"fmt"
	"strings"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

const (
	memberConsumer = "consumerInformation"
	memberCards    = "paymentInstruments"
	productName    = "CLICK_TO_PAY"
	// maxListed bounds phones, e-mail addresses, identifiers and cards; nothing is published
	// but that there is a bound.
	maxListed   = 10
	maxProducts = 4
)

// otherProducts are those that Click to Pay's calls are not for.
var otherProducts = map[string]bool{"ALIAS_DIRECTORY": true}

var (
	nameRule  = rule{max: 35}
	phoneRule = rule{isRequired: true, min: 1, max: 16, form: phoneForm}
	emailRule = rule{isRequired: true, min: 3, max: 254, form: emailForm}
)

func (k rule) of(name string, isRequired bool) rule {
	k.name, k.isRequired = name, isRequired
	return k
}

// product reads which product a request is for, in either form. ok is false where it is
// another one.
func (s *Service) product(t texts) (ok bool) {
	name, _ := t.object.First("products", "intent")
	isIntent := name == "intent"
	switch {
	case name == "" && s.c.WantsIntent:
		t.fault("intent", reasonMissing, productMissing)
		return true
	case name == "":
		t.fault("products", reasonMissing, productMissing)
		return true
	case isIntent:
		ok = t.intent()
	default:
		ok = t.products(s.c.ProductMember)
	}
	if isIntent != s.c.WantsIntent {
		kind := productWantsProducts
		if s.c.WantsIntent {
			kind = productWantsIntent
		}
		t.in.Fail(checkForm, kind, "the product is named by %s", name)
	}
	t.in.Pass(checkForm, "the product is named by %s", name)
	return ok
}

func (t texts) intent() bool {
	intent, ok := t.within("intent", true)
	if !ok {
		return true
	}
	kind := func(text string) sim.Kind {
		if text != "PRODUCT_CODE" {
			return productUnknown
		}
		return sim.Kind{}
	}
	intent.text(rule{name: "type", isRequired: true, max: 35, form: kind})
	return intent.productCode("value")
}

func (t texts) products(member string) bool {
	isOurs, seen := true, map[string]bool{}
	for i, raw := range t.list("products", true, maxProducts) {
		field := fmt.Sprintf("products[%d]", i)
		if raw[0] == '"' {
			t.fault(field, reasonValue, productText)
			continue
		}
		product, ok := t.readObject(field, raw)
		if !ok {
			continue
		}
		code, _ := product.object.Text(member)
		if seen[code] {
			t.fault(field, reasonValue, productTwice)
		}
		seen[code] = true
		isOurs = product.productCode(member) && isOurs
	}
	return isOurs
}

func (t texts) productCode(member string) bool {
	code := t.text(rule{name: member, isRequired: true, max: 35, form: func(text string) sim.Kind {
		if text != productName && !otherProducts[text] {
			return productUnknown
		}
		return sim.Kind{}
	}})
	return !otherProducts[code]
}

// name reads whom a request is about.
func (t texts) name() register.Name {
	return register.Name{
		ExternalConsumerID: t.text(rule{name: "externalConsumerID", isRequired: true, min: 1, max: 100}),
		OwnerBID:           t.text(rule{name: "externalConsumerIDOwnerBID", isRequired: true, min: 1, max: 8}),
	}
}

// person reads all that an enrolment or a replacement says of a consumer. Which members are
// required is inferred.
func (s *Service) person(t texts) *register.Person {
	p := &register.Person{
		FirstName:   t.text(nameRule.of("firstName", true)),
		MiddleName:  t.text(nameRule.of("middleName", false)),
		LastName:    t.text(nameRule.of("lastName", true)),
		Phones:      t.listed("phones", maxListed, phoneRule),
		Emails:      t.listed("emails", maxListed, emailRule),
		Locale:      t.text(rule{name: "locale", min: 2, max: 5, form: localeForm}),
		CountryCode: t.text(rule{name: "countryCode", isRequired: true, min: 3, max: 3, form: countryForm}),
		Status:      s.consumerStatus(t.text(rule{name: "status", max: 40, form: s.consumerStatusForm})),
	}
	if !t.object.Has("phones") && !t.object.Has("emails") || len(p.Phones)+len(p.Emails) == 0 && !t.in.Failed(checkMembers) {
		t.fault(t.at+"emails", reasonMissing, contactMissing)
	}
	if consent, ok := t.within("consent", s.c.WantsConsent); ok {
		for _, name := range []string{"version", "presenter", "timeOfConsent"} {
			consent.text(rule{name: name, isRequired: true, min: 1, max: 100})
		}
		p.Consent = t.object["consent"]
	}
	for i, raw := range t.list("nationalIdentifiers", false, maxListed) {
		if identifier, ok := t.readObject(fmt.Sprintf("%snationalIdentifiers[%d]", t.at, i), raw); ok {
			identifier.text(rule{name: "type", isRequired: true, min: 1, max: 35})
			identifier.text(rule{name: "value", isRequired: true, min: 1, max: 100})
		}
		p.NationalIdentifiers = append(p.NationalIdentifiers, raw)
	}
	return p
}

// phoneForm takes digits, the country code first.
func phoneForm(text string) sim.Kind {
	switch {
	case strings.HasPrefix(text, "+"):
		return phonePlus
	case !sim.IsDigits(text):
		return memberDigits
	}
	return sim.Kind{}
}

// emailForm takes what has a name, one @ and a domain with a dot.
func emailForm(text string) sim.Kind {
	name, domain, _ := strings.Cut(text, "@")
	labels := strings.Split(domain, ".")
	isBad := name == "" || len(labels) < 2 || strings.ContainsAny(domain, "@_") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
	for _, label := range labels {
		isBad = isBad || label == ""
	}
	if isBad {
		return emailMalformed
	}
	return sim.Kind{}
}

// localeForm takes en and en_US.
func localeForm(text string) sim.Kind {
	language, country, hasCountry := strings.Cut(text, "_")
	if !isLetters(language, 2, 'a') || hasCountry && !isLetters(country, 2, 'A') {
		return localeMalformed
	}
	return sim.Kind{}
}

// countryForm takes three capital letters; that it is a country is not looked at.
func countryForm(text string) sim.Kind {
	switch {
	case isLetters(text, 2, 'A'):
		return countryAlpha2
	case !isLetters(text, 3, 'A'):
		return countryMalformed
	}
	return sim.Kind{}
}

// isLetters reports whether a text is so many letters of ASCII from first on.
func isLetters(text string, n int, first rune) bool {
	return len(text) == n && !strings.ContainsFunc(text, func(r rune) bool { return r < first || r > first+25 })
}

func (s *Service) consumerStatusForm(text string) sim.Kind {
	if text == s.c.ActiveStatus || text == s.c.InactiveStatus {
		return sim.Kind{}
	}
	return statusUnknown
}

// consumerStatus is what a word says of a consumer, who is active without one.
func (s *Service) consumerStatus(word string) register.Status {
	if word == s.c.InactiveStatus {
		return register.StatusInactive
	}
	return register.StatusActive
}

// statusWord is the word for how a consumer is.
func (s *Service) statusWord(status register.Status) register.Status {
	if status == register.StatusInactive {
		return register.Status(s.c.InactiveStatus)
	}
	return register.Status(s.c.ActiveStatus)
}
