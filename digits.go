package walletport

import (
	"unicode"
	"unicode/utf8"
)

// digitValue returns the value of what Unicode calls a digit: the decimal digits of
// every script (category Nd), and the circled, raised, bracketed and other single
// digits (UnicodeData.txt, numeric type "digit"). Unicode puts the ten decimal digits
// of a script in a row, zero first; rows may follow one another.
func digitValue(r rune) (byte, bool) {
	if r < 0x80 {
		return byte(r - '0'), r >= '0' && r <= '9'
	}
	if unicode.Is(unicode.Nd, r) {
		zero := r
		for unicode.Is(unicode.Nd, zero-1) {
			zero--
		}
		return byte((r - zero) % 10), true
	}
	if !unicode.Is(unicode.No, r) {
		return 0, false
	}
	for _, row := range digitRows {
		if r >= row.first && r <= row.last {
			return row.value + byte(r-row.first), true
		}
	}
	return 0, false
}

// digitRow is a row of single digits that ascend from value.
type digitRow struct {
	first, last rune
	value       byte
}

// digitRows are the digits that are not decimal, most of them in a shape. The
// multiples of ten beside them (⑩) are numbers, not digits.
var digitRows = [...]digitRow{
	{0x00B2, 0x00B3, 2},   // superscript two and three
	{0x00B9, 0x00B9, 1},   // superscript one
	{0x1369, 0x1371, 1},   // Ethiopic
	{0x19DA, 0x19DA, 1},   // New Tai Lue tham
	{0x2070, 0x2070, 0},   // superscript
	{0x2074, 0x2079, 4},   // superscript
	{0x2080, 0x2089, 0},   // subscript
	{0x2460, 0x2468, 1},   // circled
	{0x2474, 0x247C, 1},   // in brackets
	{0x2488, 0x2490, 1},   // with a full stop
	{0x24EA, 0x24EA, 0},   // circled
	{0x24F5, 0x24FD, 1},   // double circled
	{0x24FF, 0x24FF, 0},   // white on black
	{0x2776, 0x277E, 1},   // dingbats, white on black
	{0x2780, 0x2788, 1},   // dingbats, circled
	{0x278A, 0x2792, 1},   // dingbats, white on black without serifs
	{0x10A40, 0x10A43, 1}, // Kharoshthi
	{0x10E60, 0x10E68, 1}, // Rumi
	{0x11052, 0x1105A, 1}, // Brahmi
	{0x1F100, 0x1F100, 0}, // with a full stop
	{0x1F101, 0x1F10A, 0}, // with a comma
	{0x1F10B, 0x1F10B, 0}, // dingbat, circled
	{0x1F10C, 0x1F10C, 0}, // dingbat, white on black
}

// appendDigits appends the digits of text as ASCII, and nothing else of it.
func appendDigits(to []byte, text string) []byte {
	for _, r := range text {
		if d, ok := digitValue(r); ok {
			to = append(to, '0'+d)
		}
	}
	return to
}

// mayHoldPAN is the cheap first look: most texts have too few digits for a PAN. It
// takes every character beyond ASCII for a digit.
func mayHoldPAN(text string) bool {
	if len(text) < minPANDigits {
		return false
	}
	digits := 0
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' || c >= utf8.RuneSelf && utf8.RuneStart(c) {
			digits++
		}
	}
	return digits >= minPANDigits
}
