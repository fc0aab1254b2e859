package walletport

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// CardID is the number that the issuer's systems know a card by. Apple's sandbox
// cards have the negative ids -1 to -6, in a sandbox only.
type CardID int64

// String returns the decimal form.
func (id CardID) String() string { return strconv.FormatInt(int64(id), 10) }

// IsPAN reports whether the id, without a minus, is itself a PAN of a scheme that
// walletport serves, put in its place by mistake. Ids with the form of another
// scheme's PAN are taken while there is a card of that id, see HasPANForm.
func (id CardID) IsPAN() bool {
	digits, ok := id.digits()
	if !ok || !isPANForm(digits) {
		return false
	}
	_, err := schemeOf(digits)
	return err == nil
}

// HasPANForm reports whether the id, without a minus, has the form of a PAN of any
// card scheme. Such a number is no card's id until one is found: it is not kept.
func (id CardID) HasPANForm() bool {
	digits, ok := id.digits()
	return ok && isPANForm(digits)
}

// digits returns the id without a minus, if it is as long as a PAN.
func (id CardID) digits() ([]byte, bool) {
	text := strings.TrimPrefix(id.String(), "-")
	return []byte(text), len(text) >= minPANDigits
}

// IssuerID names one issuer among those that a server holds cards for.
type IssuerID string

const maxIssuerBytes = 64

// ParseIssuerID checks text: letters, digits, ".", "_" and "-", 1 to 64 of them,
// no PAN. The error is CodeInvalid, reason issuer_malformed.
func ParseIssuerID(text string) (IssuerID, error) {
	if !IsName(text, maxIssuerBytes) || SuspectsPAN(text) {
		return "", Errorf(CodeInvalid, "issuer_malformed", "an issuer is named by letters, digits, '.', '_' and '-', 1 to 64 of them")
	}
	return IssuerID(text), nil
}

// CardStatus is the life-cycle state of a card, in the words of the Card API.
type CardStatus string

// The card states; Tokenizable says what they mean for new tokens.
const (
	CardOK               CardStatus = "CARD_OK"
	CardBlocked          CardStatus = "CARD_BLOCKED"
	CardSuspectedFraud   CardStatus = "SUSPECTED_FRAUD"
	CardNoRenewal        CardStatus = "CARD_NO_RENEWAL"
	CardLost             CardStatus = "CARD_LOST"
	CardStolen           CardStatus = "CARD_STOLEN"
	CardClosedDueToFraud CardStatus = "CARD_CLOSED_DUE_TO_FRAUD"
	CardClosed           CardStatus = "CARD_CLOSED"
)

// CardForgotten is the state of a card whose data was erased: its id, issuer and scheme
// are all that is left. It is no word of the Card API and nobody sets it, so neither
// CardStatuses nor ParseCardStatus has it. For callers there is no such card.
const CardForgotten CardStatus = "CARD_FORGOTTEN"

// CardStatuses returns all card states of the Card API.
func CardStatuses() []CardStatus {
	return []CardStatus{
		CardOK, CardBlocked, CardSuspectedFraud, CardNoRenewal, CardLost, CardStolen, CardClosedDueToFraud, CardClosed,
	}
}

// ParseCardStatus reads a status word, case-sensitive.
func ParseCardStatus(text string) (CardStatus, error) {
	if s := CardStatus(text); slices.Contains(CardStatuses(), s) {
		return s, nil
	}
	return "", Errorf(CodeInvalid, "card_status", "the card status is one of CARD_OK, CARD_BLOCKED, SUSPECTED_FRAUD, CARD_NO_RENEWAL, CARD_LOST, CARD_STOLEN, CARD_CLOSED_DUE_TO_FRAUD, CARD_CLOSED")
}

// tokenizable is the table of card states: may a token be made of such a card?
// CARD_NO_RENEWAL only blocks the card's renewal. Tokens of lost and stolen cards
// live on until the card is reissued, but no new one is made.
var tokenizable = map[CardStatus]bool{
	CardOK:               true,
	CardNoRenewal:        true,
	CardBlocked:          false,
	CardSuspectedFraud:   false,
	CardLost:             false,
	CardStolen:           false,
	CardClosedDueToFraud: false,
	CardClosed:           false,
}

// Tokenizable reports whether a token may be made of a card in this state. A state
// that nobody knows allows none.
func (s CardStatus) Tokenizable() bool { return tokenizable[s] }

// CardSummary is what is known of a card without opening it: no PAN, no name.
type CardSummary struct {
	ID         CardID
	Issuer     IssuerID
	CustomerID string // the issuer's customer number, may be empty
	Scheme     SchemeID
	Product    string // the issuer's name for the card product, may be empty
	Status     CardStatus
	Expiry     Expiry
	BIN        string // first 8 digits of a 16-digit PAN or longer, else 6
	LastFour   string
}

// maxProductBytes bounds the name of a card product.
const maxProductBytes = 64

// ProductRule returns the rule that the name of a card product breaks, for a message; ""
// for none.
func ProductRule(name string) string {
	switch {
	case len(name) > maxProductBytes:
		return "must be at most 64 bytes long"
	case !IsAlnum(name, "._- "):
		return "must have letters, digits, '.', '_', '-' and spaces only"
	case SuspectsPAN(name):
		return "must not contain a card number"
	}
	return ""
}

// CardField is one field of a card that somebody can give it. Errors, files and audit
// records name it by its String.
type CardField int

// The fields. Faults of a card are named in this order.
const (
	CardFieldID CardField = iota
	CardFieldIssuer
	CardFieldCustomerID
	CardFieldPAN
	CardFieldExpiryMonth
	CardFieldExpiryYear
	CardFieldName
	CardFieldProduct
	CardFieldStatus
	CardFieldCount
)

var cardFieldNames = [CardFieldCount]string{
	"cardId", "issuer", "customerId", "pan", "expiryMonth", "expiryYear", "cardholderName", "product", "status",
}

// String returns the name, as the API, files and the sandbox spell it.
func (f CardField) String() string { return cardFieldNames[f] }

// CardFieldOf returns the field of that name.
func CardFieldOf[T string | []byte](name T) (CardField, bool) {
	for f := range CardFieldCount {
		if string(name) == cardFieldNames[f] {
			return f, true
		}
	}
	return 0, false
}

// MaskedPAN returns first six, stars, last four: "520424******1471". The number
// of stars does not tell the PAN's length.
func (s CardSummary) MaskedPAN() string {
	if len(s.BIN) < 6 {
		return "******" + s.LastFour
	}
	return s.BIN[:6] + "******" + s.LastFour
}

// ShownCard is what is shown of a card: no PAN and no name. Its JSON is what commands print.
type ShownCard struct {
	CardID      int64  `json:"cardId"`
	Issuer      string `json:"issuer"`
	CustomerID  string `json:"customerId"`
	Scheme      string `json:"scheme"`
	MaskedPAN   string `json:"maskedPan"`   // "" of a forgotten card, and so is the expiry
	ExpiryMonth string `json:"expiryMonth"` // MM
	ExpiryYear  string `json:"expiryYear"`  // YYYY
	Product     string `json:"product"`
	Status      string `json:"status"`
}

// Shown returns what is shown of the card.
func (s CardSummary) Shown() ShownCard {
	shown := ShownCard{
		CardID: int64(s.ID), Issuer: string(s.Issuer), CustomerID: s.CustomerID, Scheme: string(s.Scheme),
		Product: s.Product, Status: string(s.Status),
	}
	if s.Status != CardForgotten {
		shown.MaskedPAN, shown.ExpiryMonth, shown.ExpiryYear = s.MaskedPAN(), s.Expiry.MM(), s.Expiry.YYYY()
	}
	return shown
}

// CheckTokenizable reports why no token may be made of the card at t, as far as the
// card itself says: CodeForbidden, reason card_not_eligible. The message names the
// rule, for the support agent.
func (s CardSummary) CheckTokenizable(t time.Time) error {
	if err := s.CheckStatus(); err != nil {
		return err
	}
	return s.CheckExpiry(t)
}

// CheckStatus is CheckTokenizable by the card's status alone.
func (s CardSummary) CheckStatus() error {
	if s.Status.Tokenizable() {
		return nil
	}
	return Errorf(CodeForbidden, "card_not_eligible", "the card's status does not allow provisioning: %s", s.Status)
}

// CheckExpiry is CheckTokenizable by the card's expiry alone.
func (s CardSummary) CheckExpiry(t time.Time) error {
	if !s.Expiry.ExpiredAt(t) {
		return nil
	}
	return Errorf(CodeForbidden, "card_not_eligible", "the card has expired")
}

// Card is a card in clear. It exists only inside a borrow from the vault and is
// wiped afterwards.
type Card struct {
	CardSummary
	PAN PAN
	// CardholderName as embossed, at most 27 characters of it go to MDES; may be empty.
	CardholderName Private
}

// NameRule returns the rule that a cardholder's name breaks, for a message; "" for none.
// No source names a character set: what is not printable Unicode is refused.
func NameRule(name []byte) string {
	switch {
	case !utf8.Valid(name):
		return "the cardholder's name is UTF-8"
	case bytes.ContainsFunc(name, IsInvisible):
		return "the cardholder's name has no control or invisible characters"
	}
	return ""
}

// ErrCardNotFound returns the answer for a card that does not exist, or not for
// this caller; the two must not be told apart.
func ErrCardNotFound() *Error {
	return Errorf(CodeNotFound, "card_not_found", "there is no card of that id")
}

// ErrNoCard is ErrCardNotFound for that id; or CodeInvalid, reason
// card_id_contains_pan, for an id that must be somebody's PAN.
func ErrNoCard(id CardID) *Error {
	if !id.HasPANForm() {
		return ErrCardNotFound()
	}
	return ErrField("card_id_contains_pan", "cardId", "must not be a card number")
}
