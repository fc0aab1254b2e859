package rowfile

import (
	"bytes"

	"github.com/walletport/walletport"
)

// RuleRounded is of digits that a spreadsheet has lost.
const RuleRounded = "was rounded by a spreadsheet: its digits are lost. Export the column as text"

// SpoiledRule says what a spreadsheet or another program most likely made of a text that
// breaks the rule of its column; "" if that cannot be told. A good text may look rounded too:
// 12E4 is as good a customer number as any.
func SpoiledRule(text []byte) string {
	if IsScientific(text) {
		return RuleRounded
	}
	return EncodingRule(text)
}

// IsScientific reports whether text is a number as a spreadsheet rounds it: 5.55556E+15 or
// 5,55556E+15.
func IsScientific(text []byte) bool {
	mantissa, exponent, found := bytes.Cut(bytes.ToUpper(bytes.TrimSpace(text)), []byte("E"))
	exponent = bytes.TrimLeft(exponent, "+")
	return found && walletport.IsDigits(exponent) && walletport.IsDigits(bytes.Replace(bytes.Replace(mantissa, []byte("."), nil, 1), []byte(","), nil, 1))
}

// IsDecimal knows digits with zeros behind a point or comma.
func IsDecimal(text []byte) bool {
	whole, fraction, found := bytes.Cut(bytes.Replace(text, []byte(","), []byte("."), 1), []byte("."))
	return found && walletport.IsDigits(whole) && len(bytes.Trim(fraction, "0")) == 0
}

// IsSpacedDigits knows digits with what people write between or around their groups.
func IsSpacedDigits(text []byte) bool {
	return !walletport.IsDigits(text) && len(text) > 0 && len(bytes.Trim(text, "0123456789 -._/\t\u00a0\u2010\u2011\u2013")) == 0
}
