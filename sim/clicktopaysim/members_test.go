package clicktopaysim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// in changes an enrolment: the member of that name of the consumer, of the card or of its
// address; nil takes it out.
func in(where, name string, value any) func(members) {
	return func(b members) {
		into := b
		switch where {
		case "consumer":
			into = b["consumerInformation"].(members)
		case "card":
			into = b["paymentInstruments"].([]any)[0].(members)
		case "address":
			into = b["paymentInstruments"].([]any)[0].(members)["billingAddress"].(members)
		}
		if into[name] = value; value == nil {
			delete(into, name)
		}
	}
}

func many(n int, of string) (all []any) {
	for i := range n {
		all = append(all, fmt.Sprintf(of, i))
	}
	return all
}

// memberCases are enrolments that break a rule of form.
var memberCases = []struct {
	name, want, fault string
	change            func(members)
}{
	{"no product", "VIDC-1000 products", "product_missing", in("", "products", nil)},
	{"products as texts", "VIDC-1001 products[0]", "product_text", in("", "products", []any{"CLICK_TO_PAY"})},
	{"a product twice", "VIDC-1001 products[1]", "product_twice", in("", "products", slices.Concat(product(), product()))},
	{"a product that is none", "VIDC-1001 products[0].productCode", "product_unknown", in("", "products", []any{members{"productCode": "OTHER"}})},
	{"a product under another name", "VIDC-1000 products[0].productCode", "member_missing", in("", "products", []any{members{"code": "CLICK_TO_PAY"}})},
	{"no products in the list", "VIDC-1003 products", "array_length", in("", "products", []any{})},
	{"five products", "VIDC-1003 products", "array_length", in("", "products", many(5, "%d"))},
	{"products as an object", "VIDC-1001 products", "member_not_array", in("", "products", members{})},
	{"no consumer", "VIDC-1000 consumerInformation", "member_missing", in("", "consumerInformation", nil)},
	{"a consumer that is text", "VIDC-1001 consumerInformation", "member_not_object", in("", "consumerInformation", "c-1")},
	{"no id", "VIDC-1000 consumerInformation.externalConsumerID", "member_missing", in("consumer", "externalConsumerID", nil)},
	{"an empty id", "VIDC-1000 consumerInformation.externalConsumerID", "member_missing", in("consumer", "externalConsumerID", "")},
	{"an id that is a number", "VIDC-1001 consumerInformation.externalConsumerID", "member_not_text", in("consumer", "externalConsumerID", 7)},
	{"an id of 101 characters", "VIDC-1002 consumerInformation.externalConsumerID", "member_length", in("consumer", "externalConsumerID", strings.Repeat("1", 101))},
	{"no BID", "VIDC-1000 consumerInformation.externalConsumerIDOwnerBID", "member_missing", in("consumer", "externalConsumerIDOwnerBID", nil)},
	{"a BID of 9 characters", "VIDC-1002 consumerInformation.externalConsumerIDOwnerBID", "member_length", in("consumer", "externalConsumerIDOwnerBID", "123456789")},
	{"another issuer's BID", "VIDC-2002 consumerInformation.externalConsumerIDOwnerBID", "bid_of_another_issuer", in("consumer", "externalConsumerIDOwnerBID", "111")},
	{"no first name", "VIDC-1000 consumerInformation.firstName", "member_missing", in("consumer", "firstName", nil)},
	{"a last name of 36 characters", "VIDC-1002 consumerInformation.lastName", "member_length", in("consumer", "lastName", strings.Repeat("ä", 36))},
	{"a phone with +", "VIDC-1001 consumerInformation.phones[0]", "phone_plus", in("consumer", "phones", []any{"+16504005555"})},
	{"a phone of 17 digits", "VIDC-1002 consumerInformation.phones[0]", "member_length", in("consumer", "phones", []any{strings.Repeat("1", 17)})},
	{"a phone with spaces", "VIDC-1001 consumerInformation.phones[1]", "member_not_digits", in("consumer", "phones", []any{"1", "1 650"})},
	{"a phone that is a number", "VIDC-1001 consumerInformation.phones[0]", "member_not_text", in("consumer", "phones", []any{1650})},
	{"a phone that is nothing", "VIDC-1001 consumerInformation.phones[0]", "member_not_text", in("consumer", "phones", []any{nil})},
	{"an empty phone", "VIDC-1000 consumerInformation.phones[0]", "member_missing", in("consumer", "phones", []any{""})},
	{"a malformed address", "VIDC-1001 consumerInformation.emails[0]", "email_malformed", in("consumer", "emails", []any{"canary.example.com"})},
	{"20 addresses", "VIDC-1003 consumerInformation.emails", "array_length", in("consumer", "emails", many(20, "c%d@example.com"))},
	{"neither phone nor address", "VIDC-1000 consumerInformation.emails", "contact_missing", func(b members) {
		in("consumer", "emails", nil)(b)
		in("consumer", "phones", nil)(b)
	}},
	{"two empty lists", "VIDC-1000 consumerInformation.emails", "contact_missing", func(b members) {
		in("consumer", "emails", []any{})(b)
		in("consumer", "phones", []any{})(b)
	}},
	{"a locale with a hyphen", "VIDC-1001 consumerInformation.locale", "locale_malformed", in("consumer", "locale", "en-US")},
	{"a country of two letters", "VIDC-1001 consumerInformation.countryCode", "country_alpha_2", in("consumer", "countryCode", "US")},
	{"a country in small letters", "VIDC-1001 consumerInformation.countryCode", "country_malformed", in("consumer", "countryCode", "usa")},
	{"a status that is none", "VIDC-1001 consumerInformation.status", "status_unknown", in("consumer", "status", "DELETED")},
	{"a consent without a time", "VIDC-1000 consumerInformation.consent.timeOfConsent", "member_missing", in("consumer", "consent", members{"version": "1", "presenter": "a"})},
	{"an identifier without a value", "VIDC-1000 consumerInformation.nationalIdentifiers[0].value", "member_missing", in("consumer", "nationalIdentifiers", []any{members{"type": "a"}})},
	{"no cards", "VIDC-1000 paymentInstruments", "member_missing", in("", "paymentInstruments", nil)},
	{"an empty list of cards", "VIDC-1003 paymentInstruments", "array_length", in("", "paymentInstruments", []any{})},
	{"a card that is text", "VIDC-1001 paymentInstruments[0]", "member_not_object", in("", "paymentInstruments", []any{testPAN})},
	{"no type", "VIDC-1000 paymentInstruments[0].type", "member_missing", in("card", "type", nil)},
	{"a type that is none", "VIDC-1001 paymentInstruments[0].type", "type_unknown", in("card", "type", "card")},
	{"no number", "VIDC-1000 paymentInstruments[0].accountNumber", "member_missing", in("card", "accountNumber", nil)},
	{"a masked number", "VIDC-1001 paymentInstruments[0].accountNumber", "number_masked", in("card", "accountNumber", "411111******1142")},
	{"a wrong check digit", "VIDC-1001 paymentInstruments[0].accountNumber", "number_check_digit", in("card", "accountNumber", "4111111145551140")},
	{"a number with spaces", "VIDC-1001 paymentInstruments[0].accountNumber", "member_not_digits", in("card", "accountNumber", "4111 1111 4555 1142")},
	{"a number of 20 digits", "VIDC-1002 paymentInstruments[0].accountNumber", "member_length", in("card", "accountNumber", strings.Repeat("0", 20))},
	{"no name on the card", "VIDC-1000 paymentInstruments[0].nameOnCard", "member_missing", in("card", "nameOnCard", nil)},
	{"a name of 121 characters", "VIDC-1002 paymentInstruments[0].nameOnCard", "member_length", in("card", "nameOnCard", strings.Repeat("n", 121))},
	{"an expiry as on the card", "VIDC-1001 paymentInstruments[0].expirationDate", "expiry_malformed", in("card", "expirationDate", "01/30")},
	{"a thirteenth month", "VIDC-1001 paymentInstruments[0].expirationDate", "expiry_malformed", in("card", "expirationDate", "2030-13")},
	{"a currency of two letters", "VIDC-1001 paymentInstruments[0].currencyCode", "currency_malformed", in("card", "currencyCode", "US")},
	{"a card's status that is none", "VIDC-1001 paymentInstruments[0].status", "status_unknown", in("card", "status", "GONE")},
	{"no billing address", "VIDC-1000 paymentInstruments[0].billingAddress", "member_missing", in("card", "billingAddress", nil)},
	{"no first line", "VIDC-1000 paymentInstruments[0].billingAddress.addressLine1", "member_missing", in("address", "addressLine1", nil)},
	{"65 characters of two bytes", "VIDC-1002 paymentInstruments[0].billingAddress.addressLine2", "member_length", in("address", "addressLine2", strings.Repeat("ä", 65))},
	{"a city of 33 characters", "VIDC-1002 paymentInstruments[0].billingAddress.city", "member_length", in("address", "city", strings.Repeat("c", 33))},
	{"a state of 4 characters", "VIDC-1002 paymentInstruments[0].billingAddress.state", "member_length", in("address", "state", "Ohio")},
	{"a postal code of 10 characters", "VIDC-1002 paymentInstruments[0].billingAddress.postalCode", "member_length", in("address", "postalCode", "1234567890")},
	{"an address's country of two letters", "VIDC-1001 paymentInstruments[0].billingAddress.country", "country_alpha_2", in("address", "country", "US")},
	{"a card number in an address", "VIDC-1001 paymentInstruments[0].billingAddress.addressLine3", "address_card_number", in("address", "addressLine3", testPAN)},
	{"expired", "VIDC-2003 paymentInstruments[0].expirationDate", "card_expired", in("card", "expirationDate", "2026-10")},
	{"a Mastercard", "VIDC-2006 paymentInstruments[0].accountNumber", "card_not_visa", in("card", "accountNumber", "5555555555554444")},
	{"a bank account", "VIDC-2007 paymentInstruments[0].type", "card_unsupported", in("card", "type", "BANK_ACCOUNT")},
	{"what Visa assigns", "VIDC-2008 paymentInstruments[0].panReferenceID", "member_fixed", in("card", "panReferenceID", "V-1")},
	{"a card twice", "VIDC-2004 paymentInstruments[1].accountNumber", "card_enrolled", in("", "paymentInstruments", []any{card(testPAN), card(testPAN)})},
}

func TestEnrolmentsThatAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range memberCases {
		b := enrolment("c-1")
		c.change(b)
		a := w.ask(t, w.question(http.MethodPost, "enrollData", b))
		reason, _, _ := strings.Cut(c.want, " ")
		if _, fault := w.firstFault(t); a.status != http.StatusBadRequest || a.reason() != reason || !slices.Equal(a.locations(), []string{c.want}) || fault != c.fault {
			t.Errorf("%s: %d %v, fault %s", c.name, a.status, a.plain, fault)
		}
	}
	if status, text := w.send(t, http.MethodGet, "/c2p/consumers", ""); status != 200 || string(text) != `{"consumers":[]}` {
		t.Errorf("%d %s", status, text)
	}
}

func TestEveryFaultOfAFormIsNamedAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	b := enrolment("c-1")
	for _, change := range []func(members){in("consumer", "phones", []any{"+1"}), in("consumer", "lastName", nil), in("address", "city", "a:b"), in("card", "expirationDate", "2020-01")} {
		change(b)
	}
	a := w.ask(t, w.question(http.MethodPost, "enrollData", b))
	// The business rule waits until the form is right.
	want := []string{"VIDC-1000 consumerInformation.lastName", "VIDC-1001 consumerInformation.phones[0]", "VIDC-1001 paymentInstruments[0].billingAddress.city"}
	if got := a.locations(); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("%v", got)
	}
}

// Each character that no address may have, in each of its members.
func TestCharactersOfAddresses(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"addressLine1", "addressLine2", "addressLine3", "city", "state", "postalCode"} {
		for _, character := range "[]{}:&$^!=;*#`<>\"”@" {
			b := enrolment("c-1")
			in("address", name, string(character))(b)
			a := w.ask(t, w.question(http.MethodPost, "enrollData", b))
			if want := "VIDC-1001 paymentInstruments[0].billingAddress." + name; !slices.Equal(a.locations(), []string{want}) {
				t.Errorf("%s %c: %v", name, character, a.plain)
			}
		}
	}
	if _, fault := w.firstFault(t); fault != "address_character" {
		t.Errorf("fault %s", fault)
	}
	b := enrolment("c-1")
	in("address", "addressLine1", strings.Repeat("ä", 64))(b)
	in("address", "city", "St. John's / Ærø-by (N), 1")(b)
	w.done(t, http.MethodPost, "enrollData", b)
}

// ruleCases are writes to a consumer who has one card, and to one who is not enrolled.
var ruleCases = []struct {
	name, method, call string
	body               members
	want, fault        string
}{
	{"enrolled already", "POST", "enrollData", enrolment("c-1"), "VIDC-2000 consumerInformation.externalConsumerID", "consumer_enrolled"},
	{"a card to nobody", "POST", "enrollPaymentInstruments", body(ids("c-2"), card(testPAN)), "VIDC-2001 consumerInformation.externalConsumerID", "consumer_not_enrolled"},
	{"nobody replaced", "PUT", "manageConsumerInformation", body(person("c-2")), "VIDC-2001 consumerInformation.externalConsumerID", "consumer_not_enrolled"},
	{"nobody's card replaced", "PUT", "managePaymentInstruments", body(ids("c-2"), card(testPAN)), "VIDC-2001 consumerInformation.externalConsumerID", "consumer_not_enrolled"},
	{"nobody deleted", "POST", "deleteConsumerInformation", body(ids("c-2")), "VIDC-2001 consumerInformation.externalConsumerID", "consumer_not_enrolled"},
	{"nobody's card deleted", "POST", "deletePaymentInstruments", body(ids("c-2"), card(testPAN)), "VIDC-2001 consumerInformation.externalConsumerID", "consumer_not_enrolled"},
	{"nobody read", "POST", "getData", body(ids("c-2")), "VIDC-2001 consumerInformation.externalConsumerID", "consumer_not_enrolled"},
	{"a card that is there", "POST", "enrollPaymentInstruments", body(ids("c-1"), card(otherPAN), card(testPAN)), "VIDC-2004 paymentInstruments[1].accountNumber", "card_enrolled"},
	{"a card replaced that is not there", "PUT", "managePaymentInstruments", body(ids("c-1"), card(otherPAN)), "VIDC-2005 paymentInstruments[0].accountNumber", "card_not_enrolled"},
	{"a card deleted that is not there", "POST", "deletePaymentInstruments", body(ids("c-1"), card(otherPAN)), "VIDC-2005 paymentInstruments[0].accountNumber", "card_not_enrolled"},
	{"a card deleted twice", "POST", "deletePaymentInstruments", body(ids("c-1"), card(testPAN), card(testPAN)), "VIDC-2005 paymentInstruments[1].accountNumber", "card_not_enrolled"},
	{"half a record", "PUT", "manageConsumerInformation", body(ids("c-1")), "VIDC-1000 consumerInformation.firstName", "member_missing"},
	{"half a card", "PUT", "managePaymentInstruments", body(ids("c-1"), members{"type": "CARD", "accountNumber": testPAN}), "VIDC-1000 paymentInstruments[0].nameOnCard", "member_missing"},
}

func TestWritesThatAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(t, "c-1")
	for _, c := range ruleCases {
		a := w.ask(t, w.question(c.method, c.call, c.body))
		if _, fault := w.firstFault(t); a.status != http.StatusBadRequest || len(a.locations()) == 0 || a.locations()[0] != c.want || fault != c.fault {
			t.Errorf("%s: %d %v, fault %s", c.name, a.status, a.plain, fault)
		}
	}
	if truth := w.truth(t, "c-1"); len(truth.History) != 1 || truth.Conflicts != 0 {
		t.Errorf("the truth is %+v", truth)
	}
}
