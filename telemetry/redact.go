// Package telemetry makes what an operator watches: log lines, metrics and
// traces. Nothing that reads like a card number leaves through any of them,
// whatever the rest of the program passes in.
package telemetry

import (
	"strings"

	"github.com/walletport/walletport"
)

// redacted stands for text that reads like it holds a card number.
const redacted = "[redacted]"

// Redact returns text with every line that holds what reads like a PAN replaced
// by "[redacted]". Lines are kept apart so that a stack trace stays useful; a number
// that runs over several lines takes the whole text with it.
func Redact(text string) string {
	if !walletport.ContainsPAN(text) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if walletport.ContainsPAN(line) {
			lines[i] = redacted
		}
	}
	if clean := strings.Join(lines, "\n"); !walletport.ContainsPAN(clean) {
		return clean
	}
	return redacted
}

// smallestPAN has twelve digits; numbers below it are too short for a PAN.
const smallestPAN = 100_000_000_000
