package mdes

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

// maxNameChars is the limit of cardholderName and accountHolderName [S2, S6].
const maxNameChars = 27

// plaintextBytes holds the longest card: 19 digits, 27 characters of four bytes,
// the member names. A buffer that grew would leave an unwiped copy behind.
const plaintextBytes = 512

// plaintext is what goes into encryptedData, apart from the PAN.
type plaintext struct {
	card       *walletport.Card
	name       []byte // empty leaves it out; a part of the card's own
	source     string
	validUntil time.Time // zero leaves it out
}

// appendCardInfo writes CardInfoData in the order of the field code: S2 leaves
// it free.
func appendCardInfo(dst []byte, p plaintext) []byte {
	dst = append(dst, '{')
	dst = appendAccount(dst, p.card)
	dst = append(dst, `,"source":"`...)
	dst = append(dst, p.source...)
	dst = append(dst, '"')
	if len(p.name) > 0 {
		dst = append(dst, `,"cardholderName":"`...)
		dst = appendEscaped(dst, p.name)
		dst = append(dst, '"')
	}
	dst = appendValidUntil(dst, p.validUntil)
	return append(dst, '}')
}

// appendFundingAccount writes FundingAccountData [S2, S4, S6].
func appendFundingAccount(dst []byte, p plaintext) []byte {
	dst = append(dst, `{"cardAccountData":{`...)
	dst = appendAccount(dst, p.card)
	dst = append(dst, '}')
	if len(p.name) > 0 {
		dst = append(dst, `,"accountHolderData":{"accountHolderName":"`...)
		dst = appendEscaped(dst, p.name)
		dst = append(dst, `"}`...)
	}
	dst = append(dst, `,"source":"`...)
	dst = append(dst, p.source...)
	dst = append(dst, '"')
	dst = appendValidUntil(dst, p.validUntil)
	return append(dst, '}')
}

func appendAccount(dst []byte, card *walletport.Card) []byte {
	dst = append(dst, `"accountNumber":"`...)
	dst = append(dst, card.PAN.Reveal()...)
	dst = append(dst, `","expiryMonth":"`...)
	dst = appendTwoDigits(dst, int(card.Expiry.Month))
	dst = append(dst, `","expiryYear":"`...)
	dst = appendTwoDigits(dst, card.Expiry.Year%100)
	return append(dst, '"')
}

func appendValidUntil(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	dst = append(dst, `,"dataValidUntilTimestamp":"`...)
	dst = appendTimestamp(dst, t)
	return append(dst, '"')
}

func appendTwoDigits(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10%10), byte('0'+n%10))
}

// appendEscaped writes text that nameForMDES has passed: without control
// characters, only two need an escape (RFC 8259 section 7). "&", "<" and ">" stay.
func appendEscaped(dst, text []byte) []byte {
	for _, b := range text {
		if b == '"' || b == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return dst
}

// checkCard refuses what could not be a card of MDES: PANs of 12 to 19 digits are
// what walletport.PAN holds, within MDES's 9 to 19.
func checkCard(card *walletport.Card) error {
	switch {
	case card == nil || card.PAN.IsZero():
		return errCardData("there is no PAN")
	case card.Expiry.Rule() != "":
		return errCardData(card.Expiry.Rule())
	}
	return nil
}

// nameForMDES returns the cardholder's name without outer spaces, cut after 27
// characters: MDES refuses longer ones, and the name proves nothing, so a cut name
// is better than no token. The whole name is checked.
func nameForMDES(name []byte) ([]byte, error) {
	if rule := walletport.NameRule(name); rule != "" {
		return nil, errCardData(rule)
	}
	from, to, chars := 0, 0, 0 // name[from:to] is the result, a slice of the card's own
	for next := 0; next < len(name) && chars < maxNameChars; {
		at := next
		r, size := utf8.DecodeRune(name[at:])
		next += size
		if unicode.IsSpace(r) && chars == 0 {
			continue
		}
		if chars == 0 {
			from = at
		}
		chars++
		if !unicode.IsSpace(r) {
			to = next
		}
	}
	return name[from:to], nil
}
