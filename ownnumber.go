package walletport

import "bytes"

// maxScannedDigits is how many digits of a text are looked at without an allocation.
const maxScannedDigits = 256

// IsIn reports whether the digits of text have p among them, in this order and with
// whatever between them: letters, words, marks, in any script. So it finds its own
// number in an identifier too, where another card's number can't be told from chance.
func (p PAN) IsIn(text string) bool {
	if p.IsZero() || !mayHoldPAN(text) {
		return false
	}
	var room [maxScannedDigits]byte
	return bytes.Contains(appendDigits(room[:0], text), p.Reveal())
}

// NumberIn is PAN.IsIn for a card that is not open: it looks for a number with the
// card's BIN and last four and a right check digit. A thousand numbers or more have
// these, so nobody can find the card's number out by asking; that an identifier has
// them by chance is a matter of one in a billion.
func (s CardSummary) NumberIn(text string) bool {
	if len(s.BIN) < 6 || len(s.LastFour) < 4 || !mayHoldPAN(text) {
		return false
	}
	shortest, longest := minPANDigits, 15 // see PAN.BIN
	if len(s.BIN) == 8 {
		shortest, longest = 16, maxPANDigits
	}
	var room [maxScannedDigits]byte
	digits := appendDigits(room[:0], text)
	for i := 0; i+shortest <= len(digits); i++ {
		if string(digits[i:i+len(s.BIN)]) != s.BIN {
			continue
		}
		for n := shortest; n <= longest && i+n <= len(digits); n++ {
			if number := digits[i : i+n]; string(number[n-4:]) == s.LastFour && luhnValid(number) {
				return true
			}
		}
	}
	return false
}
