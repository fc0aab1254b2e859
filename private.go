package walletport

import (
	"fmt"
	"io"
	"log/slog"
)

// Private is personal text, such as a cardholder's name, that prints as
// "[private]" through fmt, slog, encoding/json and encoding/text.
type Private struct{ text *string }

// NewPrivate wraps text. An empty text gives the zero Private.
func NewPrivate(text string) Private {
	if text == "" {
		return Private{}
	}
	return Private{text: &text}
}

// Reveal returns the text itself.
func (p Private) Reveal() string {
	if p.text == nil {
		return ""
	}
	return *p.text
}

// IsZero reports whether there is no text.
func (p Private) IsZero() bool { return p.text == nil }

const privateMask = "[private]"

// String returns the mask.
func (p Private) String() string { return privateMask }

// GoString returns the mask.
func (p Private) GoString() string { return privateMask }

// Format writes the mask for every verb.
func (p Private) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, privateMask) }

// LogValue returns the mask.
func (p Private) LogValue() slog.Value { return slog.StringValue(privateMask) }

// MarshalText returns the mask.
func (p Private) MarshalText() ([]byte, error) { return []byte(privateMask), nil }
