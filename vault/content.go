package vault

import (
	"bytes"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/walletport/walletport"
)

// contentTag begins the content, so that the same key's digest of a PAN, which
// begins with a digit and has no lengths, is never one of content.
const contentTag = "walletport content v1"

// appendContent writes all that is known of a card in one unambiguous form. Its
// MAC tells whether a card came again unchanged, and that a row is as it was written.
func appendContent(to []byte, c *walletport.CardSummary, pan, name []byte) []byte {
	to = appendField(to, contentTag)
	to = appendNumber(to, uint64(c.ID))
	for _, text := range [...]string{
		string(c.Issuer), c.CustomerID, string(c.Scheme), c.Product, string(c.Status), c.BIN, c.LastFour,
	} {
		to = appendField(to, text)
	}
	to = appendField(to, name)
	to = appendNumber(to, uint64(c.Expiry.Year)<<8|uint64(c.Expiry.Month))
	return appendField(to, pan)
}

// The limits of a card's texts. A name is longer than what MDES takes (27
// characters), for other wallets take more.
const (
	maxCustomerIDBytes = 64
	maxProductBytes    = 64
	maxNameRunes       = 64
	maxIssuerBytes     = 64
)

// maxContentBytes is never less than what appendContent writes: the texts above with
// their lengths, a status, a scheme, BIN, last four, and the PAN.
const maxContentBytes = 1024

// The names of a card's columns and members, as the import and sandbox.json spell them.
const (
	fieldCardID      = "cardId"
	fieldIssuer      = "issuer"
	fieldCustomerID  = "customerId"
	fieldPAN         = "pan"
	fieldExpiryMonth = "expiryMonth"
	fieldExpiryYear  = "expiryYear"
	fieldName        = "cardholderName"
	fieldProduct     = "product"
	fieldStatus      = "status"
	fieldExpiry      = "expiry" // month and year together, where a change is named
)

// Rules that a card breaks, whether it comes in a row or from the code.
const (
	ruleIDZero = "must not be 0"
	ruleIssuer = "must be 1 to 64 letters, digits, '.', '_' and '-', and no card number"
	ruleScheme = "must be a Mastercard (51-55, 2221-2720) or Visa (4) number"
	ruleYear   = "must be 2000 to 2099"
	ruleStatus = "must be a card status of the Card API, such as CARD_OK or CARD_BLOCKED"
)

// checkCard returns every rule that a card breaks; BIN, last four and scheme are
// not looked at, for they are derived.
func checkCard(c *walletport.Card) []walletport.Field {
	var faults []walletport.Field
	fault := func(name, rule string) {
		if rule != "" {
			faults = append(faults, walletport.Field{Name: name, Reason: rule})
		}
	}
	fault(fieldCardID, checkID(c.ID, c.PAN))
	if _, err := walletport.ParseIssuerID(string(c.Issuer)); err != nil {
		fault(fieldIssuer, ruleIssuer)
	}
	fault(fieldCustomerID, checkCustomerID(c.CustomerID, c.PAN))
	if c.PAN.IsZero() {
		fault(fieldPAN, "is missing")
	} else if _, err := c.PAN.Scheme(); err != nil {
		fault(fieldPAN, ruleScheme)
	}
	if c.Expiry.Month < time.January || c.Expiry.Month > time.December {
		fault(fieldExpiryMonth, "must be 01 to 12")
	}
	if c.Expiry.Year < 2000 || c.Expiry.Year > 2099 {
		fault(fieldExpiryYear, ruleYear)
	}
	fault(fieldName, checkName(c.CardholderName, c.PAN))
	fault(fieldProduct, checkProduct(c.Product, c.PAN))
	if _, err := walletport.ParseCardStatus(string(c.Status)); err != nil {
		fault(fieldStatus, ruleStatus)
	}
	return faults
}

// checkID refuses an id with the PAN in it: ids stand in URLs and logs.
func checkID(id walletport.CardID, pan walletport.PAN) string {
	switch {
	case id == 0:
		return ruleIDZero
	case pan.IsIn(id.String()):
		return "must not contain the card number"
	}
	return ""
}

// checkCustomerID takes customer numbers for identifiers: they are searched for the
// card's own number, and must not be a card number as a whole.
func checkCustomerID(text string, pan walletport.PAN) string {
	switch {
	case len(text) > maxCustomerIDBytes:
		return "must be at most 64 bytes long"
	case !isPlain(text, "._-"):
		return "must have letters, digits, '.', '_' and '-' only"
	case pan.IsIn(text):
		return "must not contain the card number"
	case walletport.IsPAN(text):
		return "must not be a card number"
	}
	return ""
}

func checkProduct(text string, pan walletport.PAN) string {
	switch {
	case len(text) > maxProductBytes:
		return "must be at most 64 bytes long"
	case !isPlain(text, "._- "):
		return "must have letters, digits, '.', '_', '-' and spaces only"
	case walletport.SuspectsPAN(text), pan.IsIn(text):
		return "must not contain a card number"
	}
	return ""
}

func checkName(name walletport.Private, pan walletport.PAN) string {
	text := name.Reveal()
	switch rule := encodingRule(text); {
	case rule != "":
		return rule
	case utf8.RuneCount(text) > maxNameRunes:
		return "must be at most 64 characters long"
	case walletport.ContainsPAN(viewed(text)), pan.IsIn(viewed(text)):
		return "must not contain a card number"
	case bytes.ContainsFunc(text, walletport.IsInvisible):
		return "must not contain control or invisible characters"
	}
	return ""
}

// viewed is text as a string for a check that keeps nothing of it: a copy could not be
// wiped.
func viewed(text []byte) string {
	return unsafe.String(unsafe.SliceData(text), len(text)) //nolint:gosec // G103: nobody writes to text meanwhile
}

// isPlain reports whether text has ASCII letters, digits and the bytes of also only.
func isPlain[T string | []byte](text T, also string) bool {
	for i := range len(text) {
		c := text[i]
		isAlnum := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !isAlnum && !bytes.ContainsRune([]byte(also), rune(c)) {
			return false
		}
	}
	return true
}
