package tokenapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// maxAnswerBytes bounds what is read: a token in a list has some 400 bytes.
const maxAnswerBytes = 1 << 20

// isNotFound reports whether Visa said that there is no such token.
func isNotFound(f *vts.Failure) bool { return f.Err.Reason == scheme.ErrTokenNotFound().Reason }

// kind is what an error means for us.
type kind struct {
	effect scheme.Effect
	err    func() *walletport.Error
}

// kinds are the codes that are known. Visa refuses before it does anything (inferred), but
// for failures of its own.
var kinds = map[string]kind{
	"VSE40000":           {scheme.Refused, scheme.ErrRequestRefused}, // invalid data
	"VSE40001":           {scheme.Refused, scheme.ErrRequestRefused}, // required data missing
	"VSE40002":           {scheme.Refused, scheme.ErrStatusRefused},  // the token is in that state already
	"VSE40003":           {scheme.Refused, scheme.ErrTokenNotFound},
	"VSE40004":           {scheme.Refused, scheme.ErrRequestRefused}, // bad profile id
	"VSE40005":           {scheme.Refused, scheme.ErrRequestRefused}, // bad task id
	"VSE40006":           {scheme.Refused, scheme.ErrRequestRefused}, // invalid replacement PAN
	"VSE40007":           {scheme.Refused, scheme.ErrStatusRefused},
	"VSE40008":           {scheme.Refused, scheme.ErrUnsupported},   // not registered for messaging
	"VSE40009":           {scheme.Unknown, scheme.ErrUnavailable},   // internal
	"VSE40010":           {scheme.Refused, scheme.ErrAccessRefused}, // cryptography
	"VSE40011":           {scheme.Refused, scheme.ErrStatusRefused}, // the token is not active
	"invalidParameter":   {scheme.Refused, scheme.ErrRequestRefused},
	"invalidRequest":     {scheme.Refused, scheme.ErrRequestRefused},
	"serviceError":       {scheme.Unknown, scheme.ErrUnavailable},
	vts.PayTokenSpent:    {scheme.Refused, scheme.ErrSignatureSpent},
	vts.PayTokenMismatch: {scheme.Refused, scheme.ErrAccessRefused},
	vts.PayTokenUnknown:  {scheme.Refused, scheme.ErrAccessRefused},
}

// kindOf classifies an error by its status, where no code of it is known.
func kindOf(status int) kind {
	switch {
	case status == 401 || status == 403:
		return kind{scheme.Refused, scheme.ErrAccessRefused}
	case status == 429:
		return kind{scheme.Refused, scheme.ErrRateLimited}
	case status == 408 || status >= 500 && status < 600:
		return kind{scheme.Unknown, scheme.ErrUnavailable}
	case status == 409 || status == 422:
		return kind{scheme.Refused, scheme.ErrRefused}
	case status >= 400 && status < 500:
		return kind{scheme.Refused, scheme.ErrRequestRefused}
	}
	return kind{scheme.Unknown, scheme.ErrUnreadable}
}

// fault returns why an answer is no success, or nil: an error in the body, whatever the
// status, or a status without one. A 4xx says that nothing was done, also of a gateway.
func fault(a scheme.Answer) *vts.Failure {
	if len(a.Body) <= maxAnswerBytes && a.IsJSON() {
		if errs, ok := errorsOf(a.Body); ok {
			return failed(a.Status, errs)
		}
	}
	if a.Status >= 200 && a.Status <= 299 {
		return nil
	}
	k := kindOf(a.Status)
	return &vts.Failure{Effect: k.effect, Err: k.err().WithCause(fmt.Errorf("HTTP %d without an error of Visa's, %d bytes", a.Status, len(a.Body)))}
}

// failed classifies an answer by its errors: by the first code that is known, unless
// another leaves it open whether something was done, else by the status. Texts are left
// out of the cause, for they may repeat what was sent.
func failed(httpStatus int, errs []errorJSON) *vts.Failure {
	cause, chosen := fmt.Sprintf("HTTP %d", httpStatus), (*kind)(nil)
	status := httpStatus
	for _, e := range errs {
		for _, code := range []text{e.Reason, e.Code, e.ErrorCode} {
			cause += shownWord(" ", string(code))
			if known, ok := kinds[string(code)]; ok && (chosen == nil || known.effect == scheme.Unknown) {
				chosen = &known
			}
		}
		cause += shownWord(" at ", e.location())
		if n, err := strconv.Atoi(string(e.Status)); err == nil && httpStatus < 400 && status == httpStatus {
			status = n // what the HTTP status should have been
		}
	}
	byStatus := kindOf(status)
	// A limit is known by its status alone, and whatever a server that failed says, it may
	// have done something before.
	if chosen == nil || status == 429 || byStatus.effect == scheme.Unknown && status >= 400 && chosen.effect != scheme.Unknown {
		chosen = &byStatus
	}
	return &vts.Failure{Effect: chosen.effect, Err: chosen.err().WithCause(errors.New(cause))}
}

// shownWord returns a code for operators, with text before it; "" unless it is one.
func shownWord(before, word string) string {
	if word = scheme.ShownWord(word); word == "" {
		return ""
	}
	return before + word
}

// read finds what an answer says, in clear and in its encryptedData, whose members win.
func read[T any](access scheme.Access, a scheme.Answer) (said T, _ *vts.Failure) {
	if f := fault(a); f != nil {
		return said, f
	}
	if len(a.Body) > maxAnswerBytes || !a.IsJSON() || !vts.IsObject(a.Body) {
		return said, vts.Unread(a, "it is no JSON object")
	}
	var sealed struct {
		EncryptedData string `json:"encryptedData"`
	}
	if json.Unmarshal(a.Body, &said) != nil || json.Unmarshal(a.Body, &sealed) != nil {
		return said, vts.Unread(a, "it is no JSON, is cut, or a member has another form")
	}
	if sealed.EncryptedData == "" {
		return said, nil
	}
	plain, err := open(access, sealed.EncryptedData)
	if err != nil {
		return said, vts.Unread(a, err.Error())
	}
	defer clear(plain)
	if !vts.IsObject(plain) || json.Unmarshal(plain, &said) != nil {
		return said, vts.Unread(a, "what is sealed in it has another form")
	}
	return said, nil
}
