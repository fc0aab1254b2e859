package customerservice

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// maxAnswerBytes bounds what is read: a page of 20 tokens has some 40 kB.
const maxAnswerBytes = 1 << 20

// failure is an answer that is no success: what it did, and the error for it.
type failure struct {
	effect scheme.Effect
	err    *walletport.Error
}

// outcome is the failure of a command.
func (f *failure) outcome(a scheme.Answer) scheme.Outcome {
	return scheme.Outcome{Effect: f.effect, Err: f.err, RetryAfter: a.RetryAfter}
}

// read finds what an answer says within its wrapper ("SearchResponse"). The body is read
// first, whatever the status: which status an application's error has is not documented.
func read[T any](a scheme.Answer, wrapper string) (said T, _ *failure) {
	var members map[string]json.RawMessage
	if len(a.Body) > maxAnswerBytes || json.Unmarshal(a.Body, &members) != nil {
		return said, unread(a, "it is no JSON object")
	}
	faults, errs := faultsOf(members)
	content, ok := members[wrapper]
	switch {
	case errs != nil:
		return said, unread(a, "its errors have another form")
	case len(faults) > 0 && ok:
		return said, unread(a, "it has both a result and errors")
	case len(faults) > 0:
		return said, failed(a, faults)
	case !ok || string(content) == "null" || a.Status < 200 || a.Status > 299:
		return said, unread(a, "it has neither a result nor errors")
	case json.Unmarshal(content, &said) != nil:
		return said, unread(a, "a member has another form")
	}
	return said, nil
}

// unread is about an answer that cannot be told from none; the gateway's refusals are
// known by their status alone, for it answers before the application.
func unread(a scheme.Answer, why string) *failure {
	cause := fmt.Errorf("HTTP %d, %d bytes of %s: %s", a.Status, len(a.Body), mediaType(a.ContentType), why)
	switch {
	case a.Status == 401 || a.Status == 403:
		return &failure{scheme.Refused, scheme.ErrAccessRefused().WithCause(cause)}
	case a.Status == 429:
		return &failure{scheme.Refused, scheme.ErrRateLimited().WithCause(cause)}
	case a.Status >= 500:
		return &failure{scheme.Unknown, scheme.ErrUnavailable().WithCause(cause)}
	}
	return &failure{scheme.Unknown, scheme.ErrUnreadable().WithCause(cause)}
}

// mediaType has letters only: with digits, a card number could stand in it.
func mediaType(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	if kind == "" || len(kind) > 60 || !walletport.IsAlnum(kind, "/+-._") || strings.ContainsAny(kind, "0123456789") {
		return "an unnamed kind"
	}
	return kind
}

// fault is one error of the application or of the gateway.
type fault struct {
	Source      text
	ReasonCode  text
	ErrorCode   text
	Description text
}

// faultsOf reads {"Errors":{"Error":[…]}}; without "Error" in between, and in camel case,
// other products of Mastercard's have it (S6).
func faultsOf(members map[string]json.RawMessage) ([]fault, error) {
	for name, value := range members {
		if !strings.EqualFold(name, "Errors") {
			continue
		}
		var wrapped struct{ Error list[fault] }
		if json.Unmarshal(value, &wrapped) == nil {
			return wrapped.Error, nil
		}
		var bare list[fault]
		err := json.Unmarshal(value, &bare)
		return bare, err
	}
	return nil, nil
}

// kind is what a reason code means for us.
type kind struct {
	effect scheme.Effect
	err    func() *walletport.Error
}

// kinds are the reason codes that are known: S3 and field code have those of the
// application, the platform's page of error codes those of the gateway.
var kinds = map[string]kind{
	"EMPTY_RESULT":              {scheme.Refused, scheme.ErrTokenNotFound},
	"INVALID_TOKEN_STATUS":      {scheme.Refused, scheme.ErrStatusRefused},
	"INVALID_WORKFLOW":          {scheme.Refused, scheme.ErrStatusRefused},
	"NOT_SUPPORTED":             {scheme.Refused, scheme.ErrUnsupported},
	"INVALID_CONDITIONAL_FIELD": {scheme.Refused, scheme.ErrRequestRefused},
	"MISSING_CONDITIONAL_FIELD": {scheme.Refused, scheme.ErrRequestRefused},
	"MISSING_REQUIRED_FIELD":    {scheme.Refused, scheme.ErrRequestRefused},
	"MISSING_REQUIRED_INPUT":    {scheme.Refused, scheme.ErrRequestRefused},
	"INVALID_FIELD_FORMAT":      {scheme.Refused, scheme.ErrRequestRefused},
	"INVALID_FIELD_LENGTH":      {scheme.Refused, scheme.ErrRequestRefused},
	"INVALID_FIELD_VALUE":       {scheme.Refused, scheme.ErrRequestRefused},
	"INVALID_REQUEST":           {scheme.Refused, scheme.ErrRequestRefused},
	"INVALID_DATA":              {scheme.Refused, scheme.ErrRequestRefused},
	"INVALID_JSON":              {scheme.Refused, scheme.ErrRequestRefused},
	"CRYPTOGRAPHY_ERROR":        {scheme.Refused, scheme.ErrAccessRefused},
	"AUTHENTICATION_FAILED":     {scheme.Refused, scheme.ErrAccessRefused},
	"INVALID_CLIENT_ID":         {scheme.Refused, scheme.ErrAccessRefused},
	"INVALID_BODY_HASH":         {scheme.Refused, scheme.ErrAccessRefused},
	"INTERNAL_SERVICE_FAILURE":  {scheme.Unknown, scheme.ErrUnavailable},
	"MDES_UNAVAILABLE":          {scheme.Unknown, scheme.ErrUnavailable},
}

// kindOf classifies one error. Of a code that is not known, the status says more than the
// code: the gateway's list is long and not published as a whole.
func kindOf(status int, f fault) kind {
	if k, ok := kinds[f.ReasonCode.value]; ok {
		return k
	}
	switch {
	case status == 401 || status == 403:
		return kind{scheme.Refused, scheme.ErrAccessRefused}
	case status == 429:
		return kind{scheme.Refused, scheme.ErrRateLimited}
	case status >= 500:
		return kind{scheme.Unknown, scheme.ErrUnavailable}
	case strings.EqualFold(f.Source.value, "Gateway"):
		return kind{scheme.Refused, scheme.ErrAccessRefused}
	}
	return kind{scheme.Refused, scheme.ErrRefused}
}

// failed classifies an answer by its errors. One that leaves it open whether something was
// done outweighs the others; else the first counts.
func failed(a scheme.Answer, faults []fault) *failure {
	chosen, of := kindOf(a.Status, faults[0]), faults[0]
	for _, f := range faults[1:] {
		if k := kindOf(a.Status, f); k.effect == scheme.Unknown && chosen.effect != scheme.Unknown {
			chosen, of = k, f
		}
	}
	return &failure{chosen.effect, chosen.err().WithCause(of.cause(a.Status))}
}

// cause is what operators read: the codes as they came if they are codes, and the
// description, unless the whole could be read as a card number somewhere.
func (f fault) cause(status int) error {
	said := fmt.Sprintf("HTTP %d", status)
	for _, code := range []string{f.Source.value, f.ReasonCode.value, f.ErrorCode.value} {
		if code != "" && len(code) <= 64 && walletport.IsAlnum(code, "_.-") {
			said += " " + code
		}
	}
	if description := shown(f.Description); description != "" {
		said += ": " + description
	}
	if walletport.SuspectsPAN(said) {
		return fmt.Errorf("HTTP %d; what else it says is left out, for a card number may be in it", status)
	}
	return errors.New(said)
}
