package walletport

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// PAN length limits in digits, ISO/IEC 7812-1 and the MDES and VTS field limits.
const (
	minPANDigits = 12
	maxPANDigits = 19
)

// PAN is a primary account number that cannot be printed by accident: every
// path of fmt, slog, encoding/json and encoding/text gives its masked form, at
// most the first six and last four digits. The digits sit behind a pointer, so
// that even a struct which hides a PAN in an unexported field prints an address.
//
// The zero PAN holds no digits. A PAN is not safe for concurrent use with Wipe.
type PAN struct{ digits *digitsPointer }

type digitsPointer = *panDigits

type panDigits struct {
	b [maxPANDigits]byte
	n int
}

// ParsePAN reads 12 to 19 ASCII digits with a right Luhn check digit. Spaces,
// hyphens and other digits are refused. The error never repeats the input.
func ParsePAN[T string | []byte](text T) (PAN, error) {
	if len(text) < minPANDigits || len(text) > maxPANDigits {
		return PAN{}, Errorf(CodeInvalid, "pan_length", "a PAN has %d to %d digits", minPANDigits, maxPANDigits)
	}
	d := &panDigits{n: len(text)}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			*d = panDigits{}
			return PAN{}, Errorf(CodeInvalid, "pan_not_digits", "a PAN has digits only")
		}
		d.b[i] = text[i]
	}
	if !luhnValid(d.b[:d.n]) {
		*d = panDigits{} // nobody would wipe what may be a real number with one wrong digit
		return PAN{}, Errorf(CodeInvalid, "pan_luhn", "the PAN's check digit is wrong")
	}
	return PAN{digits: &d}, nil
}

// Reveal returns the digits themselves, without a copy. The caller must neither
// keep nor change the slice: Wipe clears it. Only the packages named in
// arch_test.go may call it.
func (p PAN) Reveal() []byte {
	if p.digits == nil {
		return nil
	}
	return (*p.digits).b[:(*p.digits).n]
}

// Wipe overwrites the digits. Every copy of p shares them and becomes zero too.
func (p PAN) Wipe() {
	if p.digits != nil {
		**p.digits = panDigits{}
	}
}

// IsZero reports whether p holds no digits.
func (p PAN) IsZero() bool { return len(p.Reveal()) == 0 }

// Equal compares two PANs in constant time for equal lengths.
func (p PAN) Equal(other PAN) bool {
	return subtle.ConstantTimeCompare(p.Reveal(), other.Reveal()) == 1
}

// Scheme returns the card scheme that the leading digits name.
func (p PAN) Scheme() (SchemeID, error) { return schemeOf(p.Reveal()) }

// BIN returns the leading digits that may be kept in clear beside the last
// four: eight of a PAN with 16 digits or more, else six (PCI DSS truncation rules).
func (p PAN) BIN() string {
	d := p.Reveal()
	switch {
	case len(d) >= 16:
		return string(d[:8])
	case len(d) >= 6:
		return string(d[:6])
	}
	return ""
}

// FirstSix returns the first six digits, "" of a zero PAN.
func (p PAN) FirstSix() string {
	d := p.Reveal()
	if len(d) < 6 {
		return ""
	}
	return string(d[:6])
}

// LastFour returns the last four digits.
func (p PAN) LastFour() string {
	d := p.Reveal()
	if len(d) < 4 {
		return ""
	}
	return string(d[len(d)-4:])
}

// String returns the masked form, "520424******1471".
func (p PAN) String() string {
	d := p.Reveal()
	if len(d) < minPANDigits {
		return "****"
	}
	masked := make([]byte, len(d))
	for i := range d {
		masked[i] = '*'
	}
	copy(masked, d[:6])
	copy(masked[len(d)-4:], d[len(d)-4:])
	return string(masked)
}

// GoString returns the masked form for %#v.
func (p PAN) GoString() string { return "walletport.PAN(" + p.String() + ")" }

// Format writes the masked form for every verb, so that %x or %d cannot leak.
func (p PAN) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, p.String()) }

// LogValue returns the masked form for slog.
func (p PAN) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns the masked form; encoding/json uses it as well.
func (p PAN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalJSON returns the masked form as a JSON string.
func (p PAN) MarshalJSON() ([]byte, error) { return []byte(`"` + p.String() + `"`), nil }

// luhnValid checks the ISO/IEC 7812-1 annex B check digit of ASCII digits.
func luhnValid(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) > 0 && sum%10 == 0
}
