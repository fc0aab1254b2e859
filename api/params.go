package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/walletport/walletport"
)

// cardAndUser checks what every call of the specification names: a card and the user
// who asks.
func cardAndUser(id int64, auditUser string) (walletport.CardID, walletport.AuditUser, error) {
	user, err := walletport.ParseAuditUser(auditUser)
	if err != nil {
		return 0, "", err
	}
	card := walletport.CardID(id)
	if card.IsPAN() {
		return 0, "", errCardIDIsPAN()
	}
	return card, user, nil
}

// auditUser returns the audit user of a request that the decoder has not read.
func auditUser(r *http.Request) (walletport.AuditUser, error) {
	q, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	return q.auditUser()
}

// prepare checks what the calls have in common beside their bodies, and keeps the proof
// of strong authentication.
func prepare(r *http.Request, request *walletport.Request) error {
	proof, err := stepUp(r.Header)
	if err != nil {
		return err
	}
	if _, err := readQuery(r.URL.RawQuery); err != nil {
		return err
	}
	if len(r.Header[reasonHeader]) > 1 { // two readers might take different ones
		return walletport.ErrField("token_reason_repeated", reasonHeader, "must be given once")
	}
	request.StepUp = proof
	return nil
}

// maxStepUpBytes bounds a step-up assertion: a JWT with a certificate chain fits.
const maxStepUpBytes = 8 << 10

const stepUpHeader = "Step-Up-Assertion"

// reasonHeader says why a token is changed.
const reasonHeader = "X-Reason"

// stepUp returns the proof of strong authentication that came with a call, the zero
// Assertion without one. What it proves is not looked at here.
func stepUp(h http.Header) (walletport.Assertion, error) {
	given := h[stepUpHeader]
	switch {
	case len(given) == 0:
		return walletport.Assertion{}, nil
	case len(given) > 1:
		return walletport.Assertion{}, errStepUp("step_up_repeated", "the call takes one step-up assertion", "must be given once")
	case len(given[0]) > maxStepUpBytes:
		return walletport.Assertion{}, errStepUp("step_up_too_long", "the step-up assertion is too long", "must be at most 8 KiB long")
	}
	return walletport.NewAssertion(given[0]), nil
}

// parseCardID reads a card id of a path for a record of a refusal before the card was
// looked up: 0 when it is none, or has the form of a PAN.
func parseCardID(text string) walletport.CardID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || walletport.CardID(id).HasPANForm() {
		return 0
	}
	return walletport.CardID(id)
}

func errCardID(reason, rule string) *walletport.Error {
	return walletport.ErrField(reason, "cardId", rule)
}

func errCardIDIsPAN() *walletport.Error {
	return errCardID("card_id_contains_pan", "must not be a card number")
}

const cardIDRule = "must be a whole number of at most 64 bits"

// errCardIDMalformed also says what is wrong with the audit user, if anything is.
func errCardIDMalformed(user error) *walletport.Error {
	return also(errCardID("card_id_malformed", cardIDRule), user)
}

// alsoOfUser also says what is wrong with the audit user, if anything is.
func alsoOfUser(e *walletport.Error, auditUser string) *walletport.Error {
	_, err := walletport.ParseAuditUser(auditUser)
	return also(e, err)
}

// also adds the fields of another error, if it is one, to those of e.
func also(e *walletport.Error, other error) *walletport.Error {
	if more, ok := errors.AsType[*walletport.Error](other); ok {
		e.Fields = append(e.Fields, more.Fields...)
	}
	return e
}

func errStepUp(reason, message, rule string) *walletport.Error {
	return &walletport.Error{Code: walletport.CodeInvalid, Reason: reason, Message: message, Fields: []walletport.Field{{Name: stepUpHeader, Reason: rule}}}
}
