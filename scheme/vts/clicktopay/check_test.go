package clicktopay_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts/clicktopay"
)

// checkNoCanary looks for personal data and card numbers in an error and its causes.
func checkNoCanary(t testing.TB, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		text := fmt.Sprintf("%v %+v %#v %s", err, err, err, walletport.ReasonOf(err))
		if e, ok := errors.AsType[*walletport.Error](err); ok {
			text += fmt.Sprintf("%+v", e.Fields)
		}
		for _, canary := range canaries {
			if strings.Contains(text, canary) {
				t.Errorf("an error shows %s: %s", canary, text)
			}
		}
	}
}

// fieldsOf checks an enrolment and returns the names of its faulty fields.
func fieldsOf(t *testing.T, m *clicktopay.Messages, e scheme.Enrolment) string {
	t.Helper()
	err := m.CheckEnrolment(e, testNow)
	if err == nil {
		return ""
	}
	checkNoCanary(t, err)
	found, ok := errors.AsType[*walletport.Error](err)
	if !ok || found.Code != walletport.CodeInvalid || found.Reason != "enrolment_data_invalid" {
		t.Fatalf("error %v", err)
	}
	var names []string
	for _, f := range found.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

func TestGoodEnrolmentsPass(t *testing.T) {
	for _, action := range scheme.EnrolmentActions() {
		if fields := fieldsOf(t, newMessages(t, nil), enrolment(action)); fields != "" {
			t.Errorf("%s: %s", action, fields)
		}
	}
}

func TestBadFieldsAreNamed(t *testing.T) {
	const of, card = "consumerInformation.", "paymentInstruments[0]."
	long := func(char string, n int) walletport.Private { return private(strings.Repeat(char, n)) }
	for _, c := range []struct {
		name string
		edit func(*scheme.Enrolment)
		want string
	}{
		{"no external id", func(e *scheme.Enrolment) { e.ID.External = "" }, of + "externalConsumerID"},
		{"101 characters of it", func(e *scheme.Enrolment) { e.ID.External = strings.Repeat("x", 101) }, of + "externalConsumerID"},
		{"a card number for it", func(e *scheme.Enrolment) { e.ID.External = otherPAN }, of + "externalConsumerID"},
		{"no BID", func(e *scheme.Enrolment) { e.ID.OwnerBID = "" }, of + "externalConsumerIDOwnerBID"},
		{"a BID of 9 characters", func(e *scheme.Enrolment) { e.ID.OwnerBID = "123456789" }, of + "externalConsumerIDOwnerBID"},
		{"a BID of marks", func(e *scheme.Enrolment) { e.ID.OwnerBID = `1"2` }, of + "externalConsumerIDOwnerBID"},

		{"no first name", func(e *scheme.Enrolment) { e.Consumer.FirstName = private("") }, of + "firstName"},
		{"no middle name", func(e *scheme.Enrolment) { e.Consumer.MiddleName = private("") }, ""},
		{"no last name", func(e *scheme.Enrolment) { e.Consumer.LastName = private("") }, of + "lastName"},
		{"35 characters of two bytes", func(e *scheme.Enrolment) { e.Consumer.LastName = long("ö", 35) }, ""},
		{"36 characters", func(e *scheme.Enrolment) { e.Consumer.LastName = long("ö", 36) }, of + "lastName"},
		{"a control character", func(e *scheme.Enrolment) { e.Consumer.FirstName = private("Alexandria\x00") }, of + "firstName"},
		{"an invisible character", func(e *scheme.Enrolment) { e.Consumer.FirstName = private("Alex\u200bandria") }, of + "firstName"},
		{"no UTF-8", func(e *scheme.Enrolment) { e.Consumer.FirstName = private("Alexandria\xff") }, of + "firstName"},
		{"a space behind", func(e *scheme.Enrolment) { e.Consumer.FirstName = private("Alexandria ") }, of + "firstName"},
		{"a card number as name", func(e *scheme.Enrolment) { e.Consumer.FirstName = private("of 4111 1111 1111 1111") }, of + "firstName"},

		{"neither e-mail nor phone", func(e *scheme.Enrolment) { e.Consumer.Emails, e.Consumer.Phones = nil, nil }, of + "emails"},
		{"e-mail alone", func(e *scheme.Enrolment) { e.Consumer.Phones = nil }, ""},
		{"phone alone", func(e *scheme.Enrolment) { e.Consumer.Emails = nil }, ""},
		{"20 e-mails", func(e *scheme.Enrolment) { e.Consumer.Emails = make([]walletport.Private, 20) }, of + "emails"},
		{"11 phones", func(e *scheme.Enrolment) { e.Consumer.Phones = make([]walletport.Private, 11) }, of + "phones"},
		{"an empty one among them", func(e *scheme.Enrolment) { e.Consumer.Emails = privates("canary@example.com", "") }, of + "emails[1]"},
		{"the second and the fourth", func(e *scheme.Enrolment) {
			e.Consumer.Phones = privates("358405550199", "+358405550199", "16504005555", "12345678901234567")
		}, of + "phones[1] " + of + "phones[3]"},
		{"a phone of 4 digits", func(e *scheme.Enrolment) { e.Consumer.Phones = privates("1234") }, of + "phones[0]"},
		{"a phone with a leading zero", func(e *scheme.Enrolment) { e.Consumer.Phones = privates("0405550199") }, of + "phones[0]"},
		{"a phone with spaces", func(e *scheme.Enrolment) { e.Consumer.Phones = privates("358 40 5550199") }, of + "phones[0]"},
		{"a phone that reads like a card", func(e *scheme.Enrolment) { e.Consumer.Phones = privates("4222222222222") }, ""},
		{"a card for a phone", func(e *scheme.Enrolment) { e.Consumer.Phones = privates(otherPAN) }, of + "phones[0]"},

		{"a locale of letters", func(e *scheme.Enrolment) { e.Consumer.Locale = "english" }, of + "locale"},
		{"a locale with a hyphen", func(e *scheme.Enrolment) { e.Consumer.Locale = "en-US" }, of + "locale"},
		{"a language alone", func(e *scheme.Enrolment) { e.Consumer.Locale = "fi" }, ""},
		{"no locale", func(e *scheme.Enrolment) { e.Consumer.Locale = "" }, ""},
		{"a locale of one letter", func(e *scheme.Enrolment) { e.Consumer.Locale = "e" }, of + "locale"},
		{"alpha-2", func(e *scheme.Enrolment) { e.Consumer.Country = "FI" }, of + "countryCode"},
		{"no country", func(e *scheme.Enrolment) { e.Consumer.Country = "" }, of + "countryCode"},
		{"a country that is none", func(e *scheme.Enrolment) { e.Consumer.Country = "FIX" }, of + "countryCode"},
		{"consent without a version", func(e *scheme.Enrolment) { e.Consumer.Consent = &scheme.Consent{Presenter: "Acme", At: testNow} }, of + "consent.version"},
		{"consent without a time", func(e *scheme.Enrolment) { e.Consumer.Consent = &scheme.Consent{Version: "1", Presenter: "Acme"} }, of + "consent.timeOfConsent"},

		{"no card", func(e *scheme.Enrolment) { e.Cards = nil }, "paymentInstruments"},
		{"11 cards", func(e *scheme.Enrolment) { e.Cards = make([]scheme.ConsumerCard, 11) }, "paymentInstruments"},
		{"a Mastercard card", func(e *scheme.Enrolment) { e.Cards[0].PAN = mustPAN("5555555555554444") }, card + "accountNumber"},
		{"no number", func(e *scheme.Enrolment) { e.Cards[0].PAN = walletport.PAN{} }, card + "accountNumber"},
		{"a card twice", func(e *scheme.Enrolment) { e.Cards = append(e.Cards, testCard(testPAN)) }, "paymentInstruments[1].accountNumber"},
		{"expired", func(e *scheme.Enrolment) { e.Cards[0].Expiry = walletport.Expiry{Year: 2023, Month: time.October} }, card + "expirationDate"},
		{"expires this month", func(e *scheme.Enrolment) { e.Cards[0].Expiry = walletport.Expiry{Year: 2023, Month: time.November} }, ""},
		{"no expiry", func(e *scheme.Enrolment) { e.Cards[0].Expiry = walletport.Expiry{} }, card + "expirationDate"},
		{"no name on it", func(e *scheme.Enrolment) { e.Cards[0].Name = private("") }, card + "nameOnCard"},
		{"121 characters on it", func(e *scheme.Enrolment) { e.Cards[0].Name = long("x", 121) }, card + "nameOnCard"},

		{"64 characters of two bytes", func(e *scheme.Enrolment) { e.Cards[0].Address.Line1 = long("ö", 64) }, ""},
		{"65 characters of two bytes", func(e *scheme.Enrolment) { e.Cards[0].Address.Line1 = long("ö", 65) }, card + "billingAddress.addressLine1"},
		{"no line 1", func(e *scheme.Enrolment) { e.Cards[0].Address.Line1 = private("") }, card + "billingAddress.addressLine1"},
		{"a city of 33", func(e *scheme.Enrolment) { e.Cards[0].Address.City = long("x", 33) }, card + "billingAddress.city"},
		{"a state of 4", func(e *scheme.Enrolment) { e.Cards[0].Address.State = long("x", 4) }, card + "billingAddress.state"},
		{"a postal code of 10", func(e *scheme.Enrolment) { e.Cards[0].Address.PostalCode = long("1", 10) }, card + "billingAddress.postalCode"},
		{"line 1 alone", func(e *scheme.Enrolment) {
			e.Cards[0].Address = scheme.Address{Line1: private("Marketsquare"), City: private("Villagetown"), Country: "FIN"}
		}, ""},
		{"an address in alpha-2", func(e *scheme.Enrolment) { e.Cards[0].Address.Country = "FI" }, card + "billingAddress.country"},
		{"all at once", func(e *scheme.Enrolment) {
			*e = scheme.Enrolment{Action: scheme.EnrolConsumer, Cards: []scheme.ConsumerCard{{}}}
		}, of + "externalConsumerID " + of + "externalConsumerIDOwnerBID " + of + "firstName " + of + "lastName " + of + "emails " + of + "countryCode " + card + "accountNumber " + card + "nameOnCard " +
			card + "expirationDate " + card + "billingAddress.addressLine1 " + card + "billingAddress.city " + card + "billingAddress.country"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := enrolment(scheme.EnrolConsumer)
			c.edit(&e)
			if fields := fieldsOf(t, newMessages(t, nil), e); fields != c.want {
				t.Errorf("faulty: %s, want %s", fields, c.want)
			}
		})
	}
}

// TestEachForbiddenCharacterInEachMember of an address.
func TestEachForbiddenCharacterInEachMember(t *testing.T) {
	members := map[string]func(*scheme.Address) *walletport.Private{
		"addressLine1": func(a *scheme.Address) *walletport.Private { return &a.Line1 },
		"addressLine2": func(a *scheme.Address) *walletport.Private { return &a.Line2 },
		"addressLine3": func(a *scheme.Address) *walletport.Private { return &a.Line3 },
		"city":         func(a *scheme.Address) *walletport.Private { return &a.City },
		"state":        func(a *scheme.Address) *walletport.Private { return &a.State },
		"postalCode":   func(a *scheme.Address) *walletport.Private { return &a.PostalCode },
	}
	m := newMessages(t, nil)
	for name, member := range members {
		for _, char := range "[]{}:&$^!=;*#`<>\"”@" {
			e := enrolment(scheme.EnrolCards)
			*member(&e.Cards[0].Address) = private("a" + string(char))
			if fields := fieldsOf(t, m, e); fields != "paymentInstruments[0].billingAddress."+name {
				t.Errorf("%q in %s: faulty: %s", char, name, fields)
			}
		}
		for _, char := range "ö'.,-/()+°“‘’" { // of the curly quotation marks Visa's list has the closing double one alone
			e := enrolment(scheme.EnrolCards)
			*member(&e.Cards[0].Address) = private("a" + string(char))
			if fields := fieldsOf(t, m, e); fields != "" {
				t.Errorf("%q in %s is refused: %s", char, name, fields)
			}
		}
	}
}

func TestEmailAddresses(t *testing.T) {
	m := newMessages(t, nil)
	for text, isGood := range map[string]bool{
		"ada@example.com": true, "ada.lovelace+c2p@mail.example.co.uk": true, "o'neil@example.com": true, "a@b.co": true, "x@xn--bcher-kva.example": true,
		"ada": false, "ada@": false, "@example.com": false, "ada@example": false, "ada@@example.com": false, "a@b@example.com": false, ".ada@example.com": false,
		"ada.@example.com": false, "a..b@example.com": false, "ada@-example.com": false, "ada@example-.com": false, "ada@.com": false, "ada@example.com.": false,
		"ada lovelace@example.com": false, `"ada"@example.com`: false, "ada@[127.0.0.1]": false, "ada@127.0.0.1": false, "ädä@example.com": false, "ada@exämple.com": false,
		strings.Repeat("a", 64) + "@example.com": true, strings.Repeat("a", 65) + "@example.com": false,
		"a@" + strings.Repeat("b", 63) + ".com": true, "a@" + strings.Repeat("b", 64) + ".com": false,
		"a@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "example": true, "a@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "example-long": false,
		"4111111111111111@example.com": false,
	} {
		e := enrolment(scheme.ReplaceConsumer)
		e.Consumer.Emails = privates(text)
		if fields := fieldsOf(t, m, e); (fields == "") != isGood {
			t.Errorf("%s: faulty: %q", text, fields)
		}
	}
}

func TestRulesByProfile(t *testing.T) {
	e := enrolment(scheme.EnrolCards)
	e.Cards[0].Address.Line1 = private(strings.Repeat("ö", 33))
	bytes := newMessages(t, func(p *clicktopay.Profile) { p.Lengths = clicktopay.Bytes })
	if fields := fieldsOf(t, bytes, e); fields != "paymentInstruments[0].billingAddress.addressLine1" {
		t.Errorf("66 bytes: faulty: %q", fields)
	}
	e.Cards[0].Address.Line1 = private(strings.Repeat("ö", 32))
	if fields := fieldsOf(t, bytes, e); fields != "" {
		t.Errorf("64 bytes: faulty: %q", fields)
	}
	e.Cards[0].Address.Line1 = private("c/o #4")
	if fields := fieldsOf(t, newMessages(t, func(p *clicktopay.Profile) { p.AddressForbids = "/" }), e); fields != "paymentInstruments[0].billingAddress.addressLine1" {
		t.Errorf("another list: faulty: %q", fields)
	}
	if fields := fieldsOf(t, newMessages(t, func(p *clicktopay.Profile) { p.AddressForbids = "" }), e); fields != "" {
		t.Errorf("an empty list: faulty: %q", fields)
	}
	gone := enrolment(scheme.DeleteCards)
	gone.Cards = append(gone.Cards, scheme.ConsumerCard{PAN: mustPAN(otherPAN)})
	if fields := fieldsOf(t, newMessages(t, func(p *clicktopay.Profile) { p.DeletedCards = clicktopay.CardsObject }), gone); fields != "paymentInstruments" {
		t.Errorf("two cards in an object: faulty: %q", fields)
	}
}

// TestInputsPrintNothing: whoever prints what is to be sent shows no personal data.
func TestInputsPrintNothing(t *testing.T) {
	in := input(enrolment(scheme.EnrolConsumer))
	text := fmt.Sprintf("%v %+v %#v %v", in.Enrolment, in, in.Enrolment.Consumer, in.Enrolment.Cards)
	for _, canary := range canaries {
		if strings.Contains(text, canary) {
			t.Errorf("%s is shown", canary)
		}
	}
	in.Enrolment.Wipe()
	if c := in.Enrolment.Cards[0]; !in.Enrolment.Consumer.FirstName.IsZero() || !c.PAN.IsZero() || !c.Address.City.IsZero() || !in.Enrolment.Consumer.Emails[0].IsZero() {
		t.Error("something outlives Wipe")
	}
}
