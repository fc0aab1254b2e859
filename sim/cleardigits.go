package sim

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minKnownDigits is the shortest number that is looked for: fewer digits are found by
// chance.
const minKnownDigits = 12

// knownNumber is a PAN that was opened, as digits and packed two to a byte.
type knownNumber struct {
	digits string
	packed [][]byte
}

func (s *search) know(digits string) {
	if !IsDigits(digits) || len(digits) < minKnownDigits {
		return
	}
	known := knownNumber{digits: digits}
	spelled := []string{digits}
	if len(digits)%2 != 0 {
		spelled = []string{"0" + digits, digits + "f"}
	}
	for _, text := range spelled {
		if packed, err := hex.DecodeString(text); err == nil {
			known.packed = append(known.packed, packed)
		}
	}
	s.known = append(s.known, known)
}

// holdsKnown reports whether an opened PAN stands in the bytes, whatever marks, spaces
// or zero bytes are between its digits, and in digits of any script.
func (s *search) holdsKnown(text []byte) bool {
	if len(s.known) == 0 || len(text) < minKnownDigits/2 {
		return false
	}
	digits := digitsOf(text)
	return slices.ContainsFunc(s.known, func(known knownNumber) bool {
		return bytes.Contains(digits, []byte(known.digits)) || slices.ContainsFunc(known.packed, func(p []byte) bool { return bytes.Contains(text, p) })
	})
}

// digitsOf returns the digits of a text in ASCII, with an x for every letter, and
// without all else.
func digitsOf(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r >= '0' && r <= '9':
			out = append(out, byte(r))
		case r < utf8.RuneSelf:
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				out = append(out, 'x')
			}
		case unicode.Is(unicode.Nd, r):
			out = append(out, digitOf(r))
		case unicode.IsLetter(r):
			out = append(out, 'x')
		}
	}
	return out
}

// digitOf returns a decimal digit of any script in ASCII: Unicode has the ten of each
// in a row, zero first.
func digitOf(r rune) byte {
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + byte((r-zero)%10)
}

// digitGroups are digits with what stands around them.
type digitGroup struct {
	digits string
	joined bool // to the group before it, by a mark or a few
	open   bool // to a letter, so that it is a part of something longer, or to a plus
}

// readsLikeNumber reports whether a text holds what reads like a PAN of Mastercard or
// Visa: by prefix, length and check digit, whole or in groups of four, with no letter
// or digit next to it.
func readsLikeNumber(text string) bool {
	groups := groupsOf(text)
	for i, g := range groups {
		if !g.open && isCardNumber(g.digits) {
			return true
		}
		if number, ok := numberOfFours(groups[i:]); ok && isCardNumber(number) {
			return true
		}
	}
	return false
}

// numberOfFours joins the groups of four that begin here; a last one of three ends a
// number of 19 digits.
func numberOfFours(groups []digitGroup) (number string, ok bool) {
	const fours = 4
	if len(groups) < fours {
		return "", false
	}
	for i, g := range groups[:fours] {
		if len(g.digits) != 4 || g.open || i > 0 && !g.joined {
			return "", false
		}
		number += g.digits
	}
	if rest := groups[fours:]; len(rest) > 0 && rest[0].joined && len(rest[0].digits) == 3 && !rest[0].open {
		number += rest[0].digits
	}
	return number, true
}

// maxMarks is how many marks may stand between two groups: " - " has three.
const maxMarks = 3

func groupsOf(text string) []digitGroup {
	var groups []digitGroup
	var current []byte
	marks, joins, letterBefore := 0, false, false
	end := func(letterAfter bool) {
		if len(current) > 0 {
			groups = append(groups, digitGroup{string(current), joins, letterBefore || letterAfter})
			current, marks, joins, letterBefore = nil, 0, true, false
		}
	}
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Nd, r):
			if len(current) == 0 && marks > maxMarks {
				joins = false
			}
			current = append(current, digitOf(r))
		case unicode.IsLetter(r):
			end(true)
			joins, letterBefore = false, true
		default:
			end(false)
			marks++
			letterBefore = r == '+' // a telephone number
			joins = joins && isMark(r)
		}
	}
	end(false)
	return groups
}

func isMark(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune("./_|,", r)
}

// isCardNumber goes by the prefixes and lengths of ISO/IEC 7812 that the two schemes
// use: Visa 4, of 13, 16 or 19 digits; Mastercard 51 to 55 and 2221 to 2720, of 16.
func isCardNumber(digits string) bool {
	if len(digits) != 13 && len(digits) != 16 && len(digits) != 19 || !HasLuhnDigit(digits) {
		return false
	}
	first, err := strconv.Atoi(digits[:4])
	switch {
	case err != nil:
		return false
	case digits[0] == '4':
		return true
	case len(digits) != 16:
		return false
	}
	return first >= 5100 && first <= 5599 || first >= 2221 && first <= 2720
}

// wholeNumber writes a JSON number without fraction and exponent, so that 5.5e15 is
// found too; "" if it is none, or longer than a PAN.
func wholeNumber(number string) string {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(number, "-")), "e")
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(strings.TrimPrefix(exponent, "+")); err != nil || shift < -20 || shift > 20 {
			return ""
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	switch {
	case len(fraction) > shift:
		return ""
	case shift > len(fraction):
		fraction += strings.Repeat("0", shift-len(fraction))
	}
	return strings.TrimLeft(whole+fraction, "0")
}
