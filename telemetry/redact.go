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
// by "[redacted]". Lines are kept apart so that a stack trace stays useful.
func Redact(text string) string {
	if !mayHoldPAN(text) || !walletport.ContainsPAN(text) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if walletport.ContainsPAN(line) {
			lines[i] = redacted
		}
	}
	return strings.Join(lines, "\n")
}

// shortestPAN is the fewest digits that walletport.ContainsPAN takes for a PAN.
const shortestPAN = 13

// smallestPAN has shortestPAN digits; numbers below it are too short.
const smallestPAN = 1_000_000_000_000

// mayHoldPAN is the cheap first look: most texts have too few digits for a PAN.
// Digits of other scripts are bytes above 0x7f.
func mayHoldPAN(text string) bool {
	if len(text) < shortestPAN {
		return false
	}
	digits := 0
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' || c >= 0x80 {
			digits++
		}
	}
	return digits >= shortestPAN
}
