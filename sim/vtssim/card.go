package vtssim

import (
	"encoding/json"
	"strings"

	"github.com/walletport/walletport/sim"
)

// readPlaintext checks the decrypted card data.
func (r *reading) readPlaintext(text []byte) {
	text, mended := sim.MendPlaintext(text)
	if mended != nil {
		r.Fail(checkPlaintext, mended.Kind.Of(layerPlaintext), "%s", mended.Detail)
	}
	plain, f := sim.ReadObject(text)
	if f != nil {
		r.Fail(checkPlaintext, f.Kind.Of(layerPlaintext), "%s", f.Detail)
		return
	}
	plain = r.unnest(plain)
	r.Pass(checkPlaintext, "one JSON object")
	r.readPAN(plain)
	r.readExpiry(plain)
	r.readProvider(plain)
	r.readFields(plain)
	r.readAddress(plain)
}

// panNames are what the PAN is called elsewhere.
var panNames = []string{"primaryAccountNumber", "cardNumber", "pan", "PAN", "accountnumber", "AccountNumber", "number"}

// unnest takes off one member around the card data.
func (r *reading) unnest(plain sim.Object) sim.Object {
	if _, ok := plain.First(append([]string{"accountNumber"}, panNames...)...); ok {
		return plain
	}
	for _, value := range plain {
		inner, f := sim.ReadObject(value)
		if f == nil && inner.Has("accountNumber") {
			r.Fail(checkPlaintext, plaintextWrapped, "the card data stands inside another member")
			return inner
		}
	}
	return plain
}

func (r *reading) readPAN(plain sim.Object) {
	raw, ok := plain["accountNumber"]
	if !ok {
		name, found := plain.First(panNames...)
		if !found {
			r.Fail(checkPAN, panMissing, "there is no accountNumber")
			return
		}
		r.Fail(checkPAN, panMemberName, "the PAN is called %s", name)
		raw = plain[name]
	}
	var text string
	if sim.IsNull(raw) || json.Unmarshal(raw, &text) != nil {
		r.Fail(checkPAN, panNotString, "accountNumber is not a JSON string")
		text = string(raw)
	}
	r.judgePAN(text)
}

// judgePAN takes the text of a PAN.
func (r *reading) judgePAN(text string) {
	plain := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(text)
	switch {
	case plain == "":
		r.Fail(checkPAN, panMissing, "there is no PAN")
		return
	case !sim.IsDigits(plain):
		r.Fail(checkPAN, panNotDigits, "the PAN holds other characters than digits")
		return
	case plain != text:
		r.Fail(checkPAN, panSpaces, "there are spaces or hyphens between the digits")
	}
	if len(plain) < 13 || len(plain) > 19 {
		r.Fail(checkPAN, panLength, "the PAN has %d digits", len(plain))
		return
	}
	r.card.number = sim.NewCardNumber(plain)
	r.facts.PAN = r.card.number.String()
	r.Pass(checkPAN, "%s", r.card.number)
	if !sim.HasLuhnDigit(plain) {
		r.Fail(checkPANLuhn, panLuhn, "the check digit is wrong")
	}
	r.Pass(checkPANLuhn, "the check digit is right")
	if plain[0] != '4' {
		r.Fail(checkPANVisa, panNotVisa, "the PAN does not begin with 4")
	}
	r.Pass(checkPANVisa, "a Visa card")
}

func (r *reading) readExpiry(plain sim.Object) {
	raw, ok := plain["expirationDate"]
	if !ok || sim.IsNull(raw) {
		r.Fail(checkExpiry, expiryMissing, "there is no expirationDate")
		return
	}
	date, f := sim.ReadObject(raw)
	if f != nil {
		r.Fail(checkExpiry, expiryFlat, "expirationDate is not a JSON object")
		return
	}
	month, okMonth := r.expiryPart(date, "month")
	year, okYear := r.expiryPart(date, "year")
	if !okMonth || !okYear {
		r.Fail(checkExpiry, expiryMissing, "expirationDate lacks month or year")
		return
	}
	if len(month) == 4 && sim.IsMonth(year) {
		r.Fail(checkExpiry, expirySwapped, "month has four digits and year could be a month")
		month, year = year, month
	}
	if len(month) == 1 && sim.IsMonth("0"+month) {
		r.Fail(checkExpiry, expiryMonth, "the month has one digit")
		month = "0" + month
	}
	if len(year) == 2 && sim.IsDigits(year) {
		r.Fail(checkExpiry, expiryYear, "the year has two digits")
		year = "20" + year
	}
	r.judgeExpiry(month, year)
}

// expiryPart returns month or year, also if it came as a number.
func (r *reading) expiryPart(date sim.Object, name string) (string, bool) {
	if !date.Has(name) {
		return "", false
	}
	text, ok := date.Text(name)
	if !ok {
		r.Fail(checkExpiry, expiryNotString, "expirationDate.%s is not a JSON string", name)
		text = string(date[name])
	}
	return text, true
}

// judgeExpiry takes a month of two and a year of four digits.
func (r *reading) judgeExpiry(month, year string) {
	if !sim.IsMonth(month) || len(year) != 4 || !sim.IsDigits(year) || year[:2] != "20" {
		r.Fail(checkExpiry, expiryForm, "the month is not 01 to 12, or the year not 2000 to 2099")
		return
	}
	r.card.mmyy = month + year[2:]
	r.facts.Expiry = month + "/" + year
	r.Pass(checkExpiry, "%s/%s", month, year)
	if !r.now.Before(sim.EndOfMonth(month, year[2:])) {
		r.Fail(checkNotExpired, cardExpired, "the card expired at the end of %s/%s", month, year)
	}
	r.Pass(checkNotExpired, "the card is good to the end of %s/%s", month, year)
}
