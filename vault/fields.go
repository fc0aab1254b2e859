package vault

import (
	"bytes"
	"cmp"
	"unicode/utf8"
	"unsafe"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/cardfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// field is what the vault knows of one field of a card: how it is checked, read from a
// file, changed and sealed. What is nil is done by code of its own: that of ids, PAN and
// expiry, of which one needs the other, and the status, whose change is named first.
type field struct {
	column walletport.CardField
	// check returns the rule that the card breaks by this field, or "".
	check func(*walletport.Card) string
	// read gives the card what a file says, or returns what is wrong with that.
	read func(card *walletport.Card, text []byte) (rule string)
	// take gives the card what from has, and reports whether that is a change.
	take func(card, from *walletport.Card) bool
	// text is where a field stands that is a text in clear; nil for all others.
	text func(*walletport.CardSummary) *string
	// since is the first version of a row whose content MAC covers a text, see
	// appendContent; 0 for what is of every version.
	since byte
}

// fields are the fields of a card, in the order in which faults are named. One more text
// that is not secret is one more line, clearText with a version above newestVersion, which
// becomes the newest by it.
var fields = []field{
	{column: walletport.CardFieldID, check: func(c *walletport.Card) string { return checkID(c.ID, c.PAN) }},
	{column: walletport.CardFieldIssuer, check: checkIssuer},
	clearText(walletport.CardFieldCustomerID, 0, func(c *walletport.CardSummary) *string { return &c.CustomerID }, checkCustomerID),
	{column: walletport.CardFieldPAN, check: checkPAN},
	{column: walletport.CardFieldExpiryMonth, check: checkMonth},
	{column: walletport.CardFieldExpiryYear, check: checkYear},
	{column: walletport.CardFieldName, check: checkName, read: readName, take: takeName},
	clearText(walletport.CardFieldProduct, 0, func(c *walletport.CardSummary) *string { return &c.Product }, checkProduct),
	{column: walletport.CardFieldStatus, check: checkStatus, read: readStatus},
}

// newestVersion is the version of the rows that are written, see appendContent.
var newestVersion = newestOf(fields)

func newestOf(fields []field) byte {
	newest := byte(1)
	for i := range fields {
		newest = max(newest, fields[i].since)
	}
	return newest
}

// clearText is a field that is a text in clear, may be empty, and has a column of its
// own in the database.
func clearText(column walletport.CardField, since byte, text func(*walletport.CardSummary) *string, check func(string, walletport.PAN) string) field {
	rule := func(c *walletport.Card) string { return check(*text(&c.CardSummary), c.PAN) }
	return field{
		column: column, since: since, text: text, check: rule,
		read: func(card *walletport.Card, value []byte) string {
			*text(&card.CardSummary) = string(value)
			broken := rule(card)
			if broken == "" {
				return ""
			}
			return cmp.Or(rowfile.SpoiledRule(value), broken)
		},
		take: func(card, from *walletport.Card) bool {
			to, given := text(&card.CardSummary), *text(&from.CardSummary)
			differs := *to != given
			*to = given
			return differs
		},
	}
}

// The limits of a card's texts. A name is longer than what MDES takes (27
// characters), for other wallets take more.
const (
	maxNameRunes   = 64
	maxIssuerBytes = 64
)

// fieldExpiry is month and year together, where a change is named.
const fieldExpiry = "expiry"

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
	for i := range fields {
		if rule := fields[i].check(c); rule != "" {
			faults = append(faults, walletport.Field{Name: fields[i].column.String(), Reason: rule})
		}
	}
	return faults
}

// errCardInvalid returns the answer for a card that breaks rules.
func errCardInvalid(faults []walletport.Field) error {
	return &walletport.Error{
		Code: walletport.CodeInvalid, Reason: "card_invalid", Message: "the card cannot be stored as it is", Fields: faults,
	}
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

func checkIssuer(c *walletport.Card) string {
	if _, err := walletport.ParseIssuerID(string(c.Issuer)); err != nil {
		return ruleIssuer
	}
	return ""
}

func checkPAN(c *walletport.Card) string {
	if c.PAN.IsZero() {
		return "is missing"
	}
	if _, err := c.PAN.Scheme(); err != nil {
		return ruleScheme
	}
	return ""
}

func checkMonth(c *walletport.Card) string {
	if !c.Expiry.HasMonth() {
		return "must be 01 to 12"
	}
	return ""
}

func checkYear(c *walletport.Card) string {
	if !c.Expiry.HasYear() {
		return ruleYear
	}
	return ""
}

// checkCustomerID takes customer numbers for identifiers: they are searched for the
// card's own number, and must not be a card number as a whole.
func checkCustomerID(text string, pan walletport.PAN) string {
	switch {
	case text == "": // a card may be of nobody who is known
		return ""
	case pan.IsIn(text):
		return "must not contain the card number"
	}
	return walletport.CustomerNumberRule(text)
}

func checkProduct(text string, pan walletport.PAN) string {
	if pan.IsIn(text) {
		return "must not contain a card number"
	}
	return walletport.ProductRule(text)
}

func checkName(c *walletport.Card) string {
	text := c.CardholderName.Reveal()
	switch rule := rowfile.EncodingRule(text); {
	case rule != "":
		return rule
	case utf8.RuneCount(text) > maxNameRunes:
		return "must be at most 64 characters long"
	case walletport.ContainsPAN(viewed(text)), c.PAN.IsIn(viewed(text)):
		return "must not contain a card number"
	case bytes.ContainsFunc(text, walletport.IsInvisible):
		return "must not contain control or invisible characters"
	}
	return ""
}

func readName(card *walletport.Card, text []byte) string {
	card.CardholderName = walletport.NewPrivate(text)
	return checkName(card)
}

func takeName(card, from *walletport.Card) bool {
	differs := !from.CardholderName.Equal(card.CardholderName)
	if differs {
		card.CardholderName = from.CardholderName
	}
	return differs
}

func checkStatus(c *walletport.Card) string {
	if _, err := walletport.ParseCardStatus(string(c.Status)); err != nil {
		return ruleStatus
	}
	return ""
}

// readStatus leaves the status "" where the file says none.
func readStatus(card *walletport.Card, text []byte) string {
	if len(text) == 0 {
		return ""
	}
	for _, status := range walletport.CardStatuses() {
		if string(text) == string(status) {
			card.Status = status
			return ""
		}
	}
	return cmp.Or(cardfile.StatusRule(text), ruleStatus)
}

// viewed is text as a string for a check that keeps nothing of it: a copy could not be
// wiped.
func viewed(text []byte) string {
	return unsafe.String(unsafe.SliceData(text), len(text)) //nolint:gosec // G103: nobody writes to text meanwhile
}
