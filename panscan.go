package walletport

import "unicode"

// ContainsPAN reports whether text holds what reads like a PAN: a run of 13 to 19
// digits, or 16 digits inside a longer run, with a right Luhn digit and a first
// digit that payment cards use (2 to 6). A single space, hyphen, dot, slash or
// underscore between digits does not end a run, and digits of any script count,
// so that a PAN cannot be smuggled in by spacing it or spelling it otherwise.
//
// It is the guard on every free text that walletport stores or logs. It errs on
// the safe side: about one 16-digit number in twenty that is no PAN is taken for one.
func ContainsPAN(text string) bool {
	if len(text) < minScannedDigits {
		return false
	}
	run := make([]byte, 0, 64) // on the stack, as nearly every text fits
	separators := 0
	for _, r := range text {
		if d, ok := digitValue(r); ok {
			run = append(run, '0'+d)
			separators = 0
			continue
		}
		separators++
		if separators == 1 && isPANSeparator(r) {
			continue
		}
		if holdsPAN(run) {
			return true
		}
		run = run[:0]
	}
	return holdsPAN(run)
}

// minScannedDigits is more than the shortest PAN has, to keep false alarms rare:
// neither scheme issues one of 12.
const minScannedDigits = 13

// usualPANDigits is the length of Mastercard's and nearly all of Visa's PANs:
// the only one searched for inside a longer run, to keep false alarms rare.
const usualPANDigits = 16

func holdsPAN(run []byte) bool {
	if len(run) >= minScannedDigits && len(run) <= maxPANDigits && readsLikePAN(run) {
		return true
	}
	for start := 0; start+usualPANDigits <= len(run); start++ {
		if readsLikePAN(run[start : start+usualPANDigits]) {
			return true
		}
	}
	return false
}

func readsLikePAN(digits []byte) bool {
	return digits[0] >= '2' && digits[0] <= '6' && luhnValid(digits)
}

func isPANSeparator(r rune) bool {
	switch r {
	case '-', '.', '/', '_', '\u2010', '\u2011', '\u2013':
		return true
	}
	return unicode.Is(unicode.Zs, r)
}

// digitValue returns the value of a decimal digit of any script. Unicode puts
// the ten digits of a script in a row, zero first; rows may follow one another.
func digitValue(r rune) (byte, bool) {
	if r < 0x80 {
		return byte(r - '0'), r >= '0' && r <= '9'
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return byte((r - zero) % 10), true
}
