package rowfile

import (
	"bytes"

	"github.com/walletport/walletport"
)

// ruleRounded is of digits that a spreadsheet has lost.
const ruleRounded = "was rounded by a spreadsheet: its digits are lost. Export the column as text"

// SpoiledRule says what a spreadsheet or another program most likely made of a text that
// breaks the rule of its column; "" if that cannot be told. A good text may look rounded too:
// 12E4 is as good a customer number as any.
func SpoiledRule(text []byte) string {
	if isScientific(text) {
		return ruleRounded
	}
	return EncodingRule(text)
}

// isScientific reports whether text is a number as a spreadsheet rounds it: 5.55556E+15 or
// 5,55556E+15.
func isScientific(text []byte) bool {
	mantissa, exponent, found := bytes.Cut(bytes.ToUpper(bytes.TrimSpace(text)), []byte("E"))
	exponent = bytes.TrimLeft(exponent, "+")
	return found && walletport.IsDigits(exponent) && walletport.IsDigits(bytes.Replace(bytes.Replace(mantissa, []byte("."), nil, 1), []byte(","), nil, 1))
}
