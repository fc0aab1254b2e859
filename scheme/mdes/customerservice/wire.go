package customerservice

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// text is a member that the schema calls a string and the published examples print as a
// number, or a client as a boolean (CS-207). A number loses its leading zeros.
type text struct {
	value  string
	number bool
}

// UnmarshalJSON takes a string, a whole number, a boolean and null. A number with a
// fraction or an exponent is no value of any of these fields: it is passed over.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = text{}
	switch c := data[0]; {
	case c == '"':
		return json.Unmarshal(data, &t.value)
	case c == 't', c == 'f':
		t.value = string(data)
	case c == 'n': // null
	case c == '{', c == '[':
		return errors.New("an object where a text should be")
	case walletport.IsDigits(data):
		t.value, t.number = string(data), true
	}
	return nil
}

// padded returns the value, to which a number gets its leading zeros back.
func (t text) padded(chars int) string {
	if !t.number {
		return t.value
	}
	return strings.Repeat("0", max(0, chars-len(t.value))) + t.value
}

func (t text) isTrue() bool { return strings.EqualFold(t.value, "true") }

// list is a member that is an array. A single element may stand without its brackets, as
// programs write that make JSON of XML, and an empty string for none (inferred).
type list[T any] []T

// UnmarshalJSON takes an array, one element, an empty string and null.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	switch {
	case data[0] == '[':
		return json.Unmarshal(data, (*[]T)(l))
	case data[0] == 'n', bytes.Equal(data, []byte(`""`)):
		return nil
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}

// shownChars bounds what is kept of a text that a wallet or a person wrote.
const shownChars = 100

func shown(t text) string { return scheme.ShownText(t.value, shownChars) }

// identifier returns what must be printable ASCII without spaces to be one; "" otherwise.
func identifier(value string, limit int) string {
	if len(value) > limit || !walletport.IsPrintable(value, " ") || walletport.IsPAN(value) {
		return ""
	}
	return value
}

// digits returns a number of fixed length; "" for anything else.
func digits(t text, length int) string {
	if value := t.padded(length); len(value) == length && walletport.IsDigits(value) {
		return value
	}
	return ""
}

// suffix returns the last four digits of a number.
func suffix(t text) string { return digits(t, 4) }

// expiry reads MMYY; the zero Expiry stands for anything else.
func expiry(t text) walletport.Expiry {
	value := digits(t, 4)
	if value == "" {
		return walletport.Expiry{}
	}
	e, err := walletport.ParseExpiry(value[:2], "20"+value[2:])
	if err != nil {
		return walletport.Expiry{}
	}
	return e
}

// instant reads ISO 8601 with "Z", an offset with or without a colon, any fraction, and a
// space for the "T"; the zero time stands for anything else.
func instant(t text) time.Time {
	value := strings.Replace(t.value, " ", "T", 1)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, value); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
