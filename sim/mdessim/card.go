package mdessim

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport/sim"
)

// card is what the plaintext says, as far as it could be read.
type card struct {
	number sim.CardNumber
	mmyy   string // "" if the expiry could not be read
	tur    string // tokenUniqueReference, only for a TAV on its own
}

const (
	memberCardAccount = "cardAccountData"
	layerPlaintext    = "plaintext_"
)

// readPlaintext checks the decrypted card data against its shape.
func (r *reading) readPlaintext(text []byte, mode string) {
	text, mended := sim.MendPlaintext(text)
	if mended != nil {
		k := mended.Kind
		if k == sim.PaddedPKCS7 && mode == modeCBC {
			k = sim.PaddedTwice
		}
		r.Fail(checkPlaintext, k.Of(layerPlaintext), "%s", mended.Detail)
	}
	plain, f := sim.ReadObject(text)
	if f != nil {
		r.Fail(checkPlaintext, f.Kind.Of(layerPlaintext), "%s", f.Detail)
		return
	}
	plain = r.unnest(plain)
	account := r.findAccount(plain)
	r.Pass(checkPlaintext, "one JSON object")
	if account != nil {
		r.readPAN(account)
		r.readExpiry(account)
	}
	r.readSource(plain)
	r.readValidUntil(plain)
	r.readFields(plain, maxFieldDepth)
	r.Pass(checkFields, "optional members are within their limits")
}

// unnest takes off one member around the card data.
func (r *reading) unnest(plain sim.Object) sim.Object {
	if len(plain) != 1 {
		return plain
	}
	for name, value := range plain {
		inner, f := sim.ReadObject(value)
		if f != nil || name == memberCardAccount {
			return plain
		}
		if _, ok := inner.First("accountNumber", memberCardAccount); !ok {
			return plain
		}
		r.Fail(checkPlaintext, plaintextNested, "the card data stands inside the member %s", sim.Shown(name))
		return inner
	}
	return plain
}

// findAccount returns the object that holds PAN and expiry.
func (r *reading) findAccount(plain sim.Object) sim.Object {
	nested := plain.Has(memberCardAccount)
	if r.facts.Shape != shapeFundingAccount {
		if !nested {
			return plain
		}
		r.Fail(checkPlaintext, plaintextShape, "cardInfo holds cardAccountData")
	} else if !nested {
		if _, ok := plain["accountNumber"]; ok {
			r.Fail(checkPlaintext, plaintextShape, "fundingAccountInfo holds accountNumber at the top")
			return plain
		}
		r.Fail(checkPAN, panMissing, "there is no cardAccountData")
		return nil
	}
	account, f := sim.ReadObject(plain[memberCardAccount])
	if f != nil {
		r.Fail(checkPlaintext, fieldObjectNeeded, "cardAccountData is no JSON object")
		return nil
	}
	return account
}

func (r *reading) readPAN(account sim.Object) {
	raw, ok := account["accountNumber"]
	if !ok {
		if name, found := account.First("primaryAccountNumber", "cardNumber", "pan", "PAN", "accountnumber", "AccountNumber", "number"); found {
			r.Fail(checkPAN, panMemberName, "the PAN is called %s", name)
			raw = account[name]
		} else {
			r.Fail(checkPAN, panMissing, "there is no accountNumber")
			return
		}
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		r.Fail(checkPAN, panNotString, "accountNumber is not a JSON string")
		text = string(raw)
	}
	plain := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(text)
	switch {
	case text == "":
		r.Fail(checkPAN, panMissing, "accountNumber is null or empty")
		return
	case plain != text && sim.IsDigits(plain):
		r.Fail(checkPAN, panSpaces, "there are spaces or hyphens between the digits")
	case !sim.IsDigits(plain):
		r.Fail(checkPAN, panNotDigits, "accountNumber holds other characters than digits")
		return
	}
	r.judgePAN(plain)
}

// judgePAN takes the digits of a PAN.
func (r *reading) judgePAN(plain string) {
	if len(plain) < 9 || len(plain) > 19 {
		r.Fail(checkPAN, panLength, "accountNumber has %d digits", len(plain))
		return
	}
	r.card.number = sim.NewCardNumber(plain)
	r.facts.PAN = r.card.number.String()
	r.Pass(checkPAN, "%s", r.card.number)
	if !sim.HasLuhnDigit(plain) {
		r.Fail(checkPANLuhn, panLuhn, "the check digit is wrong")
	}
	r.Pass(checkPANLuhn, "the check digit is right")
}

func (r *reading) readExpiry(account sim.Object) {
	month, year, ok := r.expiryMembers(account)
	if !ok {
		return
	}
	if len(year) == 4 && sim.IsDigits(year) && sim.IsMonth(month) {
		r.Fail(checkExpiry, expiryLongYear, "expiryYear has four digits")
		year = year[2:]
	}
	if sim.IsMonth(year) && !sim.IsMonth(month) && len(month) == 2 && sim.IsDigits(month) {
		r.Fail(checkExpiry, expirySwapped, "expiryMonth is no month, expiryYear could be one")
		month, year = year, month
	}
	r.judgeExpiry(month, year)
}

// judgeExpiry takes an expiry of two digits each.
func (r *reading) judgeExpiry(month, year string) {
	if !sim.IsMonth(month) || len(year) != 2 || !sim.IsDigits(year) {
		r.Fail(checkExpiry, expiryForm, "expiryMonth or expiryYear is not two digits, or the month is not 01 to 12")
		return
	}
	r.card.mmyy = month + year
	r.facts.Expiry = month + "/" + year
	r.Pass(checkExpiry, "%s/%s", month, year)
	if !r.now.Before(sim.EndOfMonth(month, year)) {
		r.Fail(checkNotExpired, cardExpired, "the card expired at the end of %s/%s", month, year)
	}
	r.Pass(checkNotExpired, "the card is good to the end of %s/%s", month, year)
}

func (r *reading) expiryMembers(account sim.Object) (month, year string, ok bool) {
	month, okMonth := account.Text("expiryMonth")
	year, okYear := account.Text("expiryYear")
	if okMonth && okYear && month != "" && year != "" {
		return month, year, true
	}
	name, combined := account.First("expiry", "expiryDate", "expirationDate", "expiration", "accountExpiry", "cardExpiry")
	switch {
	case combined:
		r.Fail(checkExpiry, expiryCombined, "the expiry is one member, %s", name)
	case okMonth && len(month) > 2, okYear && len(year) > 4:
		r.Fail(checkExpiry, expiryCombined, "one member holds the whole expiry")
	case account.Has("expiryMonth") && account.Has("expiryYear"):
		r.Fail(checkExpiry, expiryForm, "expiryMonth or expiryYear is empty or not a JSON string")
	default:
		r.Fail(checkExpiry, expiryMissing, "expiryMonth or expiryYear is missing")
	}
	return "", "", false
}

// sources are the values of source per shape, the one for push first.
var sources = map[string][]string{
	shapeCardInfo: {"CARD_ADDED_VIA_APPLICATION", "CARD_ON_FILE", "CARD_ADDED_MANUALLY"},
	shapeFundingAccount: {"ACCOUNT_ADDED_VIA_APPLICATION", "ACCOUNT_ON_FILE", "ACCOUNT_ADDED_MANUALLY",
		"ACCOUNT_ADDED_VIA_BROWSER", "ACCOUNT_ADDED_VIA_CHIP_DATA", "EXISTING_TOKEN_CREDENTIAL"},
}

func (r *reading) readSource(plain sim.Object) {
	source, ok := plain.Text("source")
	legal := sources[r.facts.Shape]
	switch {
	case !ok || source == "":
		r.Fail(checkSource, sourceMissing, "source is missing, null or empty")
	case slices.Contains(legal, source):
		r.facts.Source = source
		r.Pass(checkSource, "%s", source)
	case slices.Contains(sources[shapeCardInfo], source), slices.Contains(sources[shapeFundingAccount], source):
		r.Fail(checkSource, sourceWrongShape, "%s is not for %s", source, r.facts.Shape)
	default:
		r.Fail(checkSource, sourceUnknown, "source is %s", sim.Shown(source))
	}
}

func (r *reading) readValidUntil(plain sim.Object) {
	const name = "dataValidUntilTimestamp"
	raw, ok := plain[name]
	if !ok {
		r.Pass(checkValidUntil, "absent: no end")
		return
	}
	text, _ := plain.Text(name)
	at, good := parseTimestamp(text)
	switch {
	case sim.IsNull(raw):
		r.Fail(checkValidUntil, fieldNull, "%s is null", name)
	case text == "":
		r.Fail(checkValidUntil, fieldEmpty, "%s is empty or no string", name)
	case !good:
		r.Fail(checkValidUntil, validUntilForm, "%s", timestampFault(text))
	case !r.now.Before(at):
		r.Fail(checkValidUntil, validUntilPast, "the data was valid until %s", utc(&at))
	}
	if good {
		r.facts.ValidUntil = &at
	}
	r.Pass(checkValidUntil, "until %s", utc(&at))
}

// fieldLimits are the longest values of optional members, in characters.
var fieldLimits = map[string]int{
	"cardholderName": 27, "accountHolderName": 27, "line1": 64, "line2": 64, "city": 32,
	"countrySubdivision": 12, "postalCode": 16, "country": 3, "consumerIdentifier": 88,
	"accountHolderEmailAddress": 320, "countryDialInCode": 4, "phoneNumber": 20, "sourceIp": 64, "securityCode": 3,
}

// maxFieldDepth is how deep known members can stand, with one level to spare. It
// keeps a payload of ten thousand braces from being parsed as often.
const maxFieldDepth = 4

// readFields checks the optional members that are known; unknown ones are
// tolerated.
func (r *reading) readFields(o sim.Object, depth int) {
	if depth == 0 {
		return
	}
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if inner, f := sim.ReadObject(o[name]); f == nil {
			r.readFields(inner, depth-1)
			continue
		}
		if limit, known := fieldLimits[name]; known {
			r.readField(o, name, limit)
		}
	}
}

func (r *reading) readField(o sim.Object, name string, limit int) {
	text, ok := o.Text(name)
	switch {
	case sim.IsNull(o[name]):
		r.Fail(checkFields, fieldNull, "%s is null", name)
	case !ok:
		r.Fail(checkFields, fieldWrongType, "%s is not a JSON string", name)
	case text == "":
		r.Fail(checkFields, fieldEmpty, "%s is empty", name)
	case name == "securityCode" && (len(text) != limit || !sim.IsDigits(text)):
		r.Fail(checkFields, securityCodeForm, "securityCode is not three digits")
	case utf8.RuneCountInString(text) > limit:
		r.Fail(checkFields, fieldTooLong, "%s has more than %d characters", name, limit)
	case name == "cardholderName", name == "accountHolderName":
		r.facts.HasCardholderName = true
	}
}
