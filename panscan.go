package walletport

import "unicode"

// ContainsPAN reports whether text holds what reads like a PAN: 13 to 19 digits
// with a right Luhn digit and a first digit that payment cards use (2 to 6).
// Single spaces, hyphens, dots and slashes between digits are passed over, and
// digits of any script count, so that a PAN cannot be smuggled in by spacing it.
// A longer run of digits is searched window by window.
//
// It is the guard on every free text that walletport stores or logs. It errs on
// the safe side: about one 16-digit number in ten that is no PAN is taken for one.
func ContainsPAN(text string) bool {
	var run []byte
	separators := 0
	for _, r := range text {
		if d, ok := digitValue(r); ok {
			run = append(run, '0'+d)
			separators = 0
			if endsInPAN(run) {
				return true
			}
			continue
		}
		separators++
		if separators > 1 || !isPANSeparator(r) {
			run = run[:0]
		}
	}
	return false
}

// endsInPAN tries each window that ends at the last digit of run.
func endsInPAN(run []byte) bool {
	for n := 13; n <= maxPANDigits && n <= len(run); n++ {
		window := run[len(run)-n:]
		if window[0] >= '2' && window[0] <= '6' && luhnValid(window) {
			return true
		}
	}
	return false
}

func isPANSeparator(r rune) bool {
	switch r {
	case '-', '.', '/', '_', '\u00a0', '\u2010', '\u2011', '\u2013':
		return true
	}
	return unicode.Is(unicode.Zs, r)
}

// digitValue returns the value of a decimal digit of any script. Unicode puts
// the ten digits of a script in a row, zero first.
func digitValue(r rune) (byte, bool) {
	if r < 0x80 {
		return byte(r - '0'), r >= '0' && r <= '9'
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
		zero--
	}
	return byte(r - zero), true
}
