package vtssim

import (
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport/sim"
)

// Limits of the optional members, in characters.
const (
	maxNameChars  = 256
	maxLineChars  = 140
	maxCityChars  = 100
	maxStateChars = 3
	minPostChars  = 3
	maxPostChars  = 16
)

// readFields checks the optional members beside the address.
func (r *reading) readFields(plain sim.Object) {
	for _, name := range []string{"name", "cvv2", "passcode", "returnURIType", "returnURI", "issuerTraceID"} {
		if _, ok := plain.Text(name); plain.Has(name) && !ok {
			r.Fail(checkFields, fieldType, "%s is not a JSON string", name)
		}
	}
	name, _ := plain.Text("name")
	if n := utf8.RuneCountInString(name); n > maxNameChars {
		r.Fail(checkFields, fieldLength, "name has %d characters", n)
	}
	r.facts.HasName = name != ""
	if cvv, ok := plain.Text("cvv2"); ok && (!sim.IsDigits(cvv) || len(cvv) < 3 || len(cvv) > 4) {
		r.Fail(checkFields, fieldCVV, "cvv2 is not 3 or 4 digits")
	}
	r.Pass(checkFields, "optional members are within their limits")
}

// readAddress checks the billing address, which is optional outside of the US, the
// UK and Canada.
func (r *reading) readAddress(plain sim.Object) {
	if !plain.Has("billingAddress") {
		r.Pass(checkAddress, "absent")
		return
	}
	address, f := sim.ReadObject(plain["billingAddress"])
	if f != nil {
		r.Fail(checkAddress, addressType, "billingAddress is not a JSON object")
		return
	}
	r.facts.HasBillingAddress = true
	for _, name := range []string{"line1", "city", "postalCode", "country"} {
		if text, ok := address.Text(name); !ok || text == "" {
			r.Fail(checkAddress, addressMissing, "billingAddress.%s is missing, empty or not a JSON string", name)
			return
		}
	}
	for _, name := range []string{"line1", "line2", "line3", "line4", "line5"} {
		r.readLine(address, name)
	}
	r.readLength(address, "city", 1, maxCityChars)
	r.readLength(address, "state", 0, maxStateChars)
	r.readLength(address, "postalCode", minPostChars, maxPostChars)
	r.readCountry(address)
	r.Pass(checkAddress, "line1, city, postalCode and country are there")
}

func (r *reading) readLine(address sim.Object, name string) {
	r.readLength(address, name, 0, maxLineChars)
	text, _ := address.Text(name)
	for _, c := range text {
		if !isLineChar(c) {
			r.Fail(checkAddress, addressChars, "billingAddress.%s has a character that a line may not have", name)
			return
		}
	}
}

// isLineChar accepts letters of ASCII only: whether VTS takes others is not
// published.
func isLineChar(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.ContainsRune(" .,'-_#:/", c)
}

func (r *reading) readLength(address sim.Object, name string, least, most int) {
	if !address.Has(name) {
		return
	}
	text, ok := address.Text(name)
	if !ok {
		r.Fail(checkAddress, fieldType, "billingAddress.%s is not a JSON string", name)
		return
	}
	if n := utf8.RuneCountInString(text); n < least || n > most {
		r.Fail(checkAddress, addressLength, "billingAddress.%s has %d characters", name, n)
	}
}

func (r *reading) readCountry(address sim.Object) {
	text, _ := address.Text("country")
	switch {
	case isCapitals(text) && len(text) == 3:
		r.Fail(checkAddress, countryAlpha3, "billingAddress.country has three letters")
	case !isCapitals(text) || len(text) != 2:
		r.Fail(checkAddress, countryForm, "billingAddress.country is not two capital letters")
	}
}

func isCapitals(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
