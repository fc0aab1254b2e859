package mdes

import (
	"errors"
	"strings"
	"time"
)

// appendTimestamp writes t as MDES's samples have it, whole seconds in UTC:
// 2030-01-31T12:00:00Z, 20 bytes.
func appendTimestamp(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
}

var errTimestamp = errors.New("timestamp is not ISO 8601 with a zone")

// maxTimestampBytes leaves room for nine fraction digits and an offset.
const maxTimestampBytes = 35

// parseTimestamp reads the ISO 8601 extended form with "Z" or an offset. S2 allows
// up to three fraction digits, but its own examples have six, and a space for "T".
func parseTimestamp(text string) (time.Time, error) {
	if len(text) > maxTimestampBytes {
		return time.Time{}, errTimestamp
	}
	if len(text) > 10 && text[10] == ' ' {
		text = strings.Replace(text, " ", "T", 1)
	}
	t, err := time.Parse(time.RFC3339, text) // takes fractions too
	if err != nil {
		return time.Time{}, errTimestamp // time's own error repeats the input
	}
	return t, nil
}
