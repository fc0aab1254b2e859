package sim

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/walletport/walletport"
)

// CardNumber is a PAN as the simulator read it, right or wrong. Like
// walletport.PAN it prints masked on every path of fmt, slog and encoding; the
// pointer keeps it so inside unexported fields too.
type CardNumber struct{ text *string }

// NewCardNumber wraps the text of a PAN without checking it.
func NewCardNumber(text string) CardNumber { return CardNumber{text: &text} }

// Clear returns the text itself, for simulators only.
func (n CardNumber) Clear() string {
	if n.text == nil {
		return ""
	}
	return *n.text
}

// HidesNumber reports whether some digits in a row in text have the form of a PAN,
// also inside an identifier. Reports show such a text shortened: that harms nobody.
func HidesNumber(text string) bool {
	for begin := range len(text) {
		for end := begin + shortestHidden; end <= min(len(text), begin+longestHidden) && IsDigits(text[begin:end]); end++ {
			if walletport.IsPAN(text[begin:end]) {
				return true
			}
		}
	}
	return false
}

// The lengths in digits of what HidesNumber looks for.
const (
	shortestHidden = 13
	longestHidden  = 19
)

// String returns the masked form: first six and last four of 13 digits or more,
// last four of a shorter PAN, nothing of what is no PAN at all.
func (n CardNumber) String() string {
	d := n.Clear()
	switch {
	case !IsDigits(d) || len(d) < 9 || len(d) > 19:
		return "****"
	case len(d) < 13:
		return strings.Repeat("*", len(d)-4) + d[len(d)-4:]
	}
	return d[:6] + strings.Repeat("*", len(d)-10) + d[len(d)-4:]
}

// Format writes the masked form for every verb, %#v included.
func (n CardNumber) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, n.String()) }

// LogValue returns the masked form for slog.
func (n CardNumber) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText returns the masked form; encoding/json uses it as well.
func (n CardNumber) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// LastFour returns the digits that a token may show of its card.
func (n CardNumber) LastFour() string {
	d := n.Clear()
	if len(d) < 9 {
		return ""
	}
	return d[len(d)-4:]
}

// IsDigits reports whether s is one digit or more, and nothing else.
func IsDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// HasLuhnDigit checks the check digit of ISO/IEC 7812-1 annex B: counted from the
// right, every second digit is doubled and its own digits are added.
func HasLuhnDigit(digits string) bool {
	total, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			d = d*2/10 + d*2%10
		}
		total += d
		double = !double
	}
	return total%10 == 0
}
