package tokenapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// text is a member that one source has as a string and another as a number, such as a
// token requestor's id or a year.
type text string

// UnmarshalJSON takes a string, a whole number and null; a boolean or a number with a
// fraction or an exponent is no value of any of these members and passed over.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	switch c := data[0]; {
	case c == '"':
		return json.Unmarshal(data, (*string)(t))
	case c == '{', c == '[':
		return errors.New("an object where a text should be")
	case walletport.IsDigits(data):
		*t = text(data)
	}
	return nil
}

// digits keeps a number out of strings, which cannot be wiped.
type digits []byte

// UnmarshalJSON takes a JSON string without escapes, or a number; null is none.
func (d *digits) UnmarshalJSON(data []byte) error {
	inner := bytes.Trim(data, `"`)
	if !walletport.IsDigits(inner) {
		inner = nil
	}
	*d = bytes.Clone(inner)
	return nil
}

// shownChars bounds what is kept of a text that a wallet or a person wrote.
const shownChars = 128

func shown(t string) string { return scheme.ShownText(t, shownChars) }

// deviceName reads a name in the forms that the profile allows.
func (p Profile) deviceName(name text) string {
	if p.DeviceNames == NamesInPlain {
		return shown(string(name))
	}
	decoded, err := base64.StdEncoding.DecodeString(string(name))
	isText := err == nil && utf8.Valid(decoded) && walletport.IsPlainText(string(decoded))
	if isText || p.DeviceNames == NamesInBase64 {
		return shown(string(decoded))
	}
	return shown(string(name))
}

// instant reads "2026-11-29T10:00:00.000Z"; what is no time is none.
func instant(t text) time.Time {
	at, err := time.Parse(time.RFC3339, string(t))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// expiryJSON is a month and a year: a string and a number in FIS-T, both strings elsewhere.
type expiryJSON struct {
	Month text `json:"month"`
	Year  text `json:"year"`
}

// expiry returns the month, or none: a token may lack one, and needs none to be changed.
func (e expiryJSON) expiry() walletport.Expiry {
	month, year := string(e.Month), string(e.Year)
	if len(month) == 1 {
		month = "0" + month
	}
	if len(year) == len("30") {
		year = "20" + year
	}
	read, err := walletport.ParseExpiry(month, year)
	if err != nil {
		return walletport.Expiry{}
	}
	return read
}

// statuses are Visa's words; they are the Wallet API's as well (FIS-T). A token that is
// TOKENIZATION_REQUESTED does not exist yet.
var statuses = map[text]walletport.TokenStatus{
	"INACTIVE":    walletport.TokenInactive,
	"ACTIVE":      walletport.TokenActive,
	"SUSPENDED":   walletport.TokenSuspended,
	"DEACTIVATED": walletport.TokenDeactivated,
}

const tokenizationRequested = "TOKENIZATION_REQUESTED" // [FC]
