package vts

import (
	"bytes"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

const (
	minPANDigits = 13  // of accountNumber; walletport.PAN also holds 12
	maxNameChars = 256 // of name [FIS-V]
)

// checkCard refuses what could not be a card of VTS.
func checkCard(card *walletport.Card) error {
	switch {
	case card == nil || len(card.PAN.Reveal()) < minPANDigits:
		return errCardData("a PAN has 13 to 19 digits")
	case card.Expiry.Rule() != "":
		return errCardData(card.Expiry.Rule())
	}
	return nil
}

// nameForVisa returns the cardholder's name without outer spaces, a slice of the card's own.
func nameForVisa(name walletport.Private) ([]byte, error) {
	text := bytes.TrimSpace(name.Reveal())
	switch {
	case walletport.NameRule(text) != "":
		return nil, errCardData(walletport.NameRule(text))
	case utf8.RuneCount(text) > maxNameChars:
		return nil, errCardData("the cardholder's name has at most 256 characters")
	}
	return text, nil
}

func appendMMYY(dst []byte, e walletport.Expiry) []byte {
	return appendTwoDigits(appendTwoDigits(dst, int(e.Month)), e.Year%100)
}

func appendTwoDigits(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10%10), byte('0'+n%10))
}
