package mdessim

import (
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

const maxTimestampChars = 40

// parseTimestamp reads ISO 8601 extended with a zone, leniently: the published
// examples use a space instead of T, and up to six digits of fraction.
func parseTimestamp(text string) (time.Time, bool) {
	if len(text) > maxTimestampChars {
		return time.Time{}, false
	}
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

// timestampFault says what is wrong with a timestamp, without repeating it.
func timestampFault(text string) string {
	switch {
	case sim.IsDigits(text):
		return "the timestamp is a number, not ISO 8601"
	case len(text) > maxTimestampChars:
		return "the timestamp is too long"
	}
	if _, ok := parseTimestamp(text + "Z"); ok {
		return "the timestamp has no zone"
	}
	if strings.ContainsAny(text, "/.") {
		return "the timestamp is a local date, not ISO 8601"
	}
	return "the timestamp is not ISO 8601 extended"
}
