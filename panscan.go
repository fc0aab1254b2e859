package walletport

import (
	"unicode"
	"unicode/utf8"
)

// The guard against card numbers in texts that are kept. docs/pan-guard.md says which
// text is held to which of these rules, which disguises are seen through, and how
// often each form of identifier is taken for a PAN by chance.

// ContainsPAN reports whether free text holds what reads like a PAN: digits with
// the prefix and length of a card scheme and a right check digit. Between the digits
// may be up to three characters that are neither letter nor digit, or one x among
// them; marks and invisible characters do not count. Every digit of Unicode counts
// as one.
//
// It must stand alone: touched by a letter or a further digit it is part of an
// identifier, and so is what stands inside a UUID. UUIDs and hexadecimal identifiers
// are therefore not taken for PANs. Other cards in such a place are not seen;
// CardSummary.NumberIn and PAN.IsIn see the card's own.
func ContainsPAN(text string) bool {
	return mayHoldPAN(text) && (&panScan{text: text}).find()
}

// SuspectsPAN is ContainsPAN for a text that is kept though nobody knows the card that
// it came with: letters count as the end of a number, unless they are part of a
// hexadecimal identifier ("user5204…" and "card5204…", not "a5204…").
func SuspectsPAN(text string) bool {
	return mayHoldPAN(text) && (&panScan{text: text, endsAtLetters: true}).find()
}

// IsPAN reports whether an identifier, as a whole, has the form of a PAN: nothing
// but digits and what may separate them, with the prefix and length of a card scheme
// and a right check digit. An identifier is never searched for other PANs.
func IsPAN(text string) bool {
	if !mayHoldPAN(text) {
		return false
	}
	var room [maxPANDigits]byte
	digits := room[:0]
	for _, r := range text {
		d, ok := digitValue(r)
		switch {
		case ok && len(digits) == maxPANDigits, unicode.IsLetter(r):
			return false
		case ok:
			digits = append(digits, '0'+d)
		}
	}
	return len(digits) >= minPANDigits && isPANForm(digits)
}

// maxPANGap is how many characters may stand between two digits of a PAN.
const maxPANGap = 3

// panScan reads a text once, from left to right, and holds the digits that may yet
// become a PAN: a run of groups of digits with gaps between them.
type panScan struct {
	text          string
	endsAtLetters bool

	run    [64]byte // the last digits of the run, as ASCII
	n      int      // how many
	begins uint64   // bit i: a number may begin at run[i]
	gap    int      // characters since the last digit
	hasX   bool     // one of them is an x
	before neighbour

	tokenEnd int // of the word that isHexWord looked at last
	tokenHex bool
}

// neighbour says what stands before the next character.
type neighbour int

const (
	afterEdge   neighbour = iota // the text's begin, or what is neither letter nor digit
	afterDigit                   // a digit
	afterLetter                  // a letter, or what counts as one
)

func (s *panScan) find() bool {
	for i := 0; i < len(s.text); {
		found, size := s.read(i)
		if found {
			return true
		}
		i += size
	}
	return s.before == afterDigit && s.endsPAN()
}

// read takes the character at i, and reports whether a PAN has ended before it.
func (s *panScan) read(i int) (found bool, size int) {
	switch c := s.text[i]; {
	case c >= '0' && c <= '9':
		if s.before == afterEdge {
			if n := ipv4PortBytes(s.text, i); n > 0 {
				s.forget(afterLetter)
				return false, n
			}
		}
		s.digit(c)
		return false, 1
	case c == 'x' || c == 'X':
		return s.x(i), 1
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return s.letter(i), 1
	case c == '-' && isUUID(s.text, i-uuidFirstHyphen):
		s.forget(afterLetter)
		return false, uuidBytes - uuidFirstHyphen
	case c == '[':
		if n := ipv6PortBytes(s.text[i:]); n > 0 {
			found = s.separator()
			s.forget(afterLetter)
			return found, n
		}
		return s.separator(), 1
	case c == '\\' && isEscape(s.text[i+1:]):
		return s.separator(), 2
	case c < utf8.RuneSelf:
		return s.separator(), 1
	}
	r, size := utf8.DecodeRuneInString(s.text[i:])
	if d, ok := digitValue(r); ok {
		s.digit('0' + d)
		return false, size
	}
	switch {
	case unicode.IsLetter(r):
		return s.letter(i), size
	case unicode.In(r, unicode.M, unicode.Cf):
		return s.mark(), size
	}
	return s.separator(), size
}

// isEscape reports whether a backslash before text makes a line break or the like of
// it: logs quote texts so, and the letter must not glue itself to a number.
func isEscape(text string) bool {
	return text != "" && (text[0] == 'n' || text[0] == 'r' || text[0] == 't')
}

func (s *panScan) digit(ascii byte) {
	if s.n == len(s.run) {
		kept := copy(s.run[:], s.run[s.n-maxPANDigits:])
		s.begins >>= s.n - kept
		s.n = kept
	}
	s.run[s.n] = ascii
	s.begins &^= 1 << s.n
	if s.before == afterEdge {
		s.begins |= 1 << s.n
	}
	s.n++
	s.gap, s.hasX, s.before = 0, false, afterDigit
}

func (s *panScan) separator() bool {
	if s.before == afterDigit && s.endsPAN() {
		return true
	}
	if s.gap++; s.gap > maxPANGap {
		s.n = 0
	}
	s.before = afterEdge
	return false
}

// mark takes a combining or invisible character, such as the frame of a keycap.
func (s *panScan) mark() bool {
	if s.before == afterDigit && s.endsPAN() {
		return true
	}
	s.before = afterEdge
	return false
}

// x takes the letter that people write for a multiplication sign. It may separate
// digits; at the outside of a number it is a letter as any other.
func (s *panScan) x(i int) bool {
	if s.n == 0 || s.before == afterLetter || s.hasX || s.gap >= maxPANGap {
		return s.letter(i)
	}
	touches := !s.endsAtLetters || s.isHexWord(i)
	if !touches && s.before == afterDigit && s.endsPAN() {
		return true
	}
	s.gap++
	s.hasX, s.before = true, afterEdge
	if touches {
		s.before = afterLetter
	}
	return false
}

func (s *panScan) letter(i int) bool {
	if !s.endsAtLetters || s.isHexWord(i) {
		s.forget(afterLetter)
		return false
	}
	found := s.before == afterDigit && s.endsPAN()
	s.forget(afterEdge)
	return found
}

func (s *panScan) forget(before neighbour) {
	s.n, s.gap, s.hasX, s.before = 0, 0, false, before
}

// endsPAN reports whether a PAN ends with the last digit of the run.
func (s *panScan) endsPAN() bool {
	for i := max(0, s.n-maxPANDigits); i+minPANDigits <= s.n; i++ {
		if s.begins>>i&1 == 1 && isPANForm(s.run[i:s.n]) {
			return true
		}
	}
	return false
}

// isHexWord reports whether the letter at i belongs to a word of hexadecimal digits
// alone. Each word is looked at once.
func (s *panScan) isHexWord(i int) bool {
	if i < s.tokenEnd {
		return s.tokenHex
	}
	begin, end := i, i
	for begin > 0 && isAlnum(s.text[begin-1]) {
		begin--
	}
	for end < len(s.text) && isAlnum(s.text[end]) {
		end++
	}
	s.tokenEnd, s.tokenHex = end, end > begin
	for j := begin; j < end; j++ {
		s.tokenHex = s.tokenHex && isHexDigit(s.text[j])
	}
	return s.tokenHex
}
