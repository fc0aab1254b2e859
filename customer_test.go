package walletport_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
)

func privates(texts ...string) []walletport.Private {
	var values []walletport.Private
	for _, text := range texts {
		values = append(values, walletport.NewPrivate(text))
	}
	return values
}

// ada is a customer with every field.
func ada(t testing.TB) walletport.Customer {
	t.Helper()
	c := walletport.Customer{CustomerSummary: walletport.CustomerSummary{CustomerKey: walletport.CustomerKey{Issuer: "acme", Number: "5001"}}}
	for f, values := range map[walletport.CustomerField][]string{
		walletport.CustomerFirstName: {"Åsa"}, walletport.CustomerMiddleName: {"King"}, walletport.CustomerLastName: {"Lovelace"},
		walletport.CustomerEmails: {"asa.king@lovelace.example", "a@b.example"}, walletport.CustomerPhones: {"16504005555", "4670123456789"},
		walletport.CustomerLocale: {"sv_SE"}, walletport.CustomerCountry: {"SWE"},
		walletport.CustomerLine1: {"12 Analytical Street"}, walletport.CustomerLine2: {"Engine House"}, walletport.CustomerLine3: {"Floor 3"},
		walletport.CustomerCity: {"Malmö"}, walletport.CustomerState: {"M"}, walletport.CustomerPostalCode: {"211 20"}, walletport.CustomerAddressCountry: {"SWE"},
		walletport.CustomerConsentVersion: {"2026-01"}, walletport.CustomerConsentPresenter: {"acme app"}, walletport.CustomerConsentTime: {"1780000000123"},
		walletport.CustomerAppIDs: {"APP-1", "APP-22"},
	} {
		if !c.SetValues(f, privates(values...)) {
			t.Fatalf("%s was not taken", f)
		}
	}
	return c
}

func TestEveryFieldOfACustomerIsGivenAndTakenAway(t *testing.T) {
	c := ada(t)
	if faults := c.Faults(); len(faults) > 0 {
		t.Fatalf("faults %v", faults)
	}
	for f := range walletport.CustomerFieldCount {
		if named, ok := walletport.CustomerFieldOf(f.String()); !ok || named != f {
			t.Errorf("%s is the name of another field", f)
		}
		values := c.Values(f)
		if len(values) == 0 || f.IsList() != (len(values) == 2) {
			t.Errorf("%s has %d values", f, len(values))
		}
		if ok := c.SetValues(f, privates("1", "2")); ok != f.IsList() {
			t.Errorf("%s took two values: %t", f, ok)
		}
		if !c.SetValues(f, nil) || len(c.Values(f)) > 0 {
			t.Errorf("%s was not emptied", f)
		}
	}
	if c.SetValues(walletport.CustomerConsentTime, privates("yesterday")) {
		t.Error("a time was taken that is none")
	}
	if _, ok := walletport.CustomerFieldOf("shoeSize"); ok {
		t.Error("there is a field shoeSize")
	}
	if at := ada(t).Consent.At; !at.Equal(time.UnixMilli(1780000000123)) || at.Location() != time.UTC {
		t.Errorf("the consent is of %s", at)
	}
}

func TestAWipedCustomerKeepsTheSummaryAlone(t *testing.T) {
	c := ada(t)
	texts := [][]byte{c.FirstName.Reveal(), c.Emails[1].Reveal(), c.Address.City.Reveal(), c.AppIDs[0].Reveal()}
	c.Wipe()
	for _, text := range texts {
		if strings.Trim(string(text), "\x00") != "" {
			t.Errorf("%q was not overwritten", text)
		}
	}
	for f := range walletport.CustomerFieldCount {
		if len(c.Values(f)) > 0 {
			t.Errorf("%s is left", f)
		}
	}
	if c.Number != "5001" {
		t.Error("the number went too")
	}
}

func TestRulesOfCustomers(t *testing.T) {
	fill := strings.Repeat
	for _, c := range []struct {
		field walletport.CustomerField
		good  []string
		bad   map[string]string // what the rule says, by value
	}{
		{walletport.CustomerFirstName, []string{"Zoë", fill("é", 64), "O'Brien-Smith", "李"}, map[string]string{
			fill("é", 65): "64 characters", "a\x00b": "invisible", "a\u200bb": "invisible", "\xff": "UTF-8", " Ada": "space", "5204247750001471": "card number",
		}},
		{walletport.CustomerEmails, []string{"ada@example.com", "a+b_c@x-y.example", "a.b@1.example"}, map[string]string{
			"ada": "e-mail", "@c.example": "e-mail", "ada@host": "e-mail", "a@b@c.example": "e-mail", "a..b@c.example": "e-mail", ".a@c.example": "e-mail",
			"a@-c.example": "e-mail", "a@c-.example": "e-mail", "a@c..example": "e-mail", "ä@c.example": "e-mail", "a b@c.example": "e-mail",
			fill("a", 65) + "@c.example": "e-mail", "a@" + fill("c", 64) + ".example": "e-mail", "a@" + fill("c.", 130) + "example": "254",
			"5204247750001471@c.example": "card number",
		}},
		{walletport.CustomerPhones, []string{"16504005555", "12345", "358401234567890", "1234567890123456"}, map[string]string{
			"+16504005555": "digits", "12345678901234567": "16", "0401234567": "digits", "1234": "digits", "1650-400": "digits", "5204247750001471": "card number", "１２３４５": "digits",
		}},
		{walletport.CustomerLocale, []string{"en", "en_US"}, map[string]string{"EN": "language", "en-US": "language", "en_us": "language", "en_": "language", "eng": "language", "en_USA": "5"}},
		{walletport.CustomerCountry, []string{"USA", "FIN"}, map[string]string{"US": "alpha-3", "usa": "alpha-3", "XKX": "alpha-3", "USAX": "3 characters"}},
		{walletport.CustomerAddressCountry, []string{"USA"}, map[string]string{"US": "alpha-3"}},
		{walletport.CustomerLine1, []string{fill("ä", 64), "c/o #5"}, map[string]string{fill("ä", 65): "64", "a\nb": "invisible", "no 5204 2477 5000 1471": "card number"}},
		{walletport.CustomerLine3, []string{fill("x", 64)}, map[string]string{fill("x", 65): "64"}},
		{walletport.CustomerCity, []string{fill("ö", 32)}, map[string]string{fill("ö", 33): "32"}},
		{walletport.CustomerState, []string{"NSW"}, map[string]string{"Utah": "3"}},
		{walletport.CustomerPostalCode, []string{"94105-123"}, map[string]string{"94105-1234": "9"}},
		{walletport.CustomerConsentVersion, []string{fill("v", 100)}, map[string]string{fill("v", 101): "100"}},
		{walletport.CustomerConsentTime, []string{"1780000000000"}, map[string]string{"1": "2000 to 2099", "soon": "time", "9999999999999": "2000 to 2099"}},
		{walletport.CustomerAppIDs, []string{fill("a", 36)}, map[string]string{fill("a", 37): "36", "a b": "letters"}},
	} {
		t.Run(c.field.String(), func(t *testing.T) {
			for _, text := range append(c.good, "") {
				if rule := walletport.CustomerValueRule(c.field, walletport.NewPrivate(text)); rule != "" {
					t.Errorf("%q: %s", text, rule)
				}
			}
			for text, want := range c.bad {
				rule := walletport.CustomerValueRule(c.field, walletport.NewPrivate(text))
				if !strings.Contains(rule, want) || len(text) > 3 && strings.Contains(rule, text) {
					t.Errorf("%q: %q, want %q", text, rule, want)
				}
			}
		})
	}
}

func TestAllFaultsOfACustomerAreNamedAtOnce(t *testing.T) {
	c := ada(t)
	c.Number, c.Issuer = "5204247750001471", "a b"
	c.Emails = append(c.Emails, walletport.NewPrivate("nobody"), walletport.Private{})
	c.Phones = privates(slices.Repeat([]string{"12345"}, 11)...)
	c.Address.City = walletport.NewPrivate(strings.Repeat("x", 33))
	c.Consent.Version = walletport.Private{}
	var got []string
	for _, f := range c.Faults() {
		got = append(got, f.Name)
	}
	if want := []string{"customerId", "issuer", "emails[2]", "emails[3]", "phones", "city", "consentTime"}; !slices.Equal(got, want) {
		t.Errorf("faults of %v, want %v", got, want)
	}
	for name, want := range map[string]string{"": "missing", strings.Repeat("1", 65): "64", "a/b": "letters", "5001": ""} {
		if rule := walletport.CustomerNumberRule(name); !strings.Contains(rule, want) || want == "" && rule != "" {
			t.Errorf("%q: %q", name, rule)
		}
	}
	none := walletport.Customer{CustomerSummary: walletport.CustomerSummary{CustomerKey: walletport.CustomerKey{Issuer: "acme", Number: "1"}}}
	if faults := none.Faults(); len(faults) > 0 {
		t.Errorf("of a customer of whom nothing is known: %v", faults)
	}
}

// TestA7KeepsCustomerNumbersApartFromCardNumbers holds docs/customers.md to the guard, for every
// beginning and every length of a card number that has room for one digit more in a path.
func TestA7KeepsCustomerNumbersApartFromCardNumbers(t *testing.T) {
	refused := 0
	for prefix := range 10_000 {
		for length := 12; length <= 18; length++ {
			for last := range 10 { // one of them is the check digit
				number := fmt.Sprintf("%04d%0*d", prefix, length-4, last)
				if walletport.CustomerNumberRule(number) != "" {
					refused++
				}
				if number = "7" + number; walletport.CustomerNumberRule(number) != "" || walletport.ContainsPAN("customer "+number) {
					t.Errorf("%s reads like a card number", number)
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no number is refused without a 7")
	}
}

// TestNothingOfACustomerIsPrinted: whatever prints one, and what commands show on purpose.
func TestNothingOfACustomerIsPrinted(t *testing.T) {
	c := ada(t)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("customer", "customer", c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("customer", "customer", c)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(c.Shown())
	if err != nil {
		t.Fatal(err)
	}
	for how, text := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "a pointer": fmt.Sprintf("%+v", &c), "an address": fmt.Sprint(c.Address),
		"slog": log.String(), "JSON": string(asJSON), "shown": string(shown),
	} {
		for _, secret := range []string{"Åsa", "King", "Lovelace", "lovelace", "asa.king", "example", "6504005555", "70123456", "Analytical", "Engine", "Malm", "211 20", "APP-1"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells %q: %s", how, secret, text)
			}
		}
	}
	want := `{"customerId":"5001","issuer":"acme","forgotten":false,"firstName":"Å***","middleName":"K***","lastName":"L***",` +
		`"emails":["a***@l***","***@b***"],"phones":["***55","***89"],"locale":"sv_SE","country":"SWE",` +
		`"address":{"line1":"***","line2":"***","line3":"***","city":"***","state":"***","postalCode":"***","country":"SWE"},` +
		`"consent":{"version":"2026-01","presenter":"acme app","at":"2026-05-28T20:26:40Z"},"appIds":["A***","A***"]}`
	if string(shown) != want {
		t.Errorf("shown\n%s\nwant\n%s", shown, want)
	}
}
