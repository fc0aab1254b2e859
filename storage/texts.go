package storage

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

// MaxOutsideText bounds each text that comes from outside, in bytes: what a scheme says of a
// token, of a card that it refused or of a fault, and what a cardholder calls a device. Whoever
// takes one cuts it, and replaces card numbers (walletport.RedactedNumber).
const MaxOutsideText = 512

// CanKeep reports whether every engine can keep these texts. What cannot be kept is not looked
// for: there is no such row, and PostgreSQL calls the question an error.
func CanKeep(texts ...string) bool { return checkText(texts...) == nil }

// checkText refuses what not every engine can keep: a text column of PostgreSQL
// takes UTF-8 without the zero character. One such record would make a whole
// batch of audit records fail, so callers sanitize what they took from outside.
func checkText(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return walletport.Errorf(walletport.CodeInvalid, "text_malformed", "text must be UTF-8 without the zero character")
		}
	}
	return nil
}

// checkOutsideTexts is checkText of texts from outside. One that is too long, or holds a card
// number, is the fault of who put it and CodeInternal; of is what has the text.
func checkOutsideTexts(of string, texts ...string) error {
	for _, text := range texts {
		switch {
		case len(text) > MaxOutsideText:
			return fmt.Errorf("a text of %s is longer than %d bytes", of, MaxOutsideText)
		case walletport.ContainsPAN(text):
			return fmt.Errorf("a text of %s holds a card number", of)
		}
	}
	return checkText(texts...)
}
