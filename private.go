package walletport

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Private is personal text, such as a cardholder's name, that prints as
// "[private]" through fmt, slog, encoding/json and encoding/text. It is kept in bytes
// and not in a string, which could not be wiped.
//
// The zero Private holds no text. A Private is not safe for concurrent use with Wipe.
type Private struct{ text *[]byte }

// NewPrivate keeps a copy of text. An empty text gives the zero Private.
func NewPrivate[T string | []byte](text T) Private {
	if len(text) == 0 {
		return Private{}
	}
	kept := append(make([]byte, 0, len(text)), text...)
	return Private{text: &kept}
}

// Reveal returns the text itself, without a copy. The caller must neither keep nor
// change the slice: Wipe clears it.
func (p Private) Reveal() []byte {
	if p.text == nil {
		return nil
	}
	return *p.text
}

// Wipe overwrites the text. Every copy of p shares it and becomes zero too.
func (p Private) Wipe() {
	if p.text != nil {
		clear(*p.text)
		*p.text = nil
	}
}

// Equal compares two texts in constant time for equal lengths, as PAN.Equal does.
func (p Private) Equal(other Private) bool {
	return subtle.ConstantTimeCompare(p.Reveal(), other.Reveal()) == 1
}

// IsZero reports whether there is no text.
func (p Private) IsZero() bool { return len(p.Reveal()) == 0 }

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
