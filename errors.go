package walletport

import (
	"errors"
	"fmt"
	"time"
)

// Code is the class of an error: what a caller can do about it. The set is closed.
type Code string

// The error classes.
const (
	CodeInvalid         Code = "invalid"         // mend the request
	CodeUnauthenticated Code = "unauthenticated" // say who you are
	CodeForbidden       Code = "forbidden"       // you may not, or this card may not
	CodeNotFound        Code = "not_found"       // there is no such thing for you
	CodeConflict        Code = "conflict"        // it clashes with what is there
	CodeUnsupported     Code = "unsupported"     // walletport or the scheme cannot do this
	CodeRateLimited     Code = "rate_limited"    // later
	CodeRejected        Code = "rejected"        // a scheme said no
	CodeUnavailable     Code = "unavailable"     // a part is down: try again
	CodeInternal        Code = "internal"        // our fault
)

// Error is the one error vocabulary inside walletport. An error that is none of
// these is internal, and its text is never shown to a caller.
type Error struct {
	Code    Code
	Reason  string  // stable machine word, snake_case, documented in docs/errors.md
	Message string  // for the caller: safe to show, never holds input or card data
	Fields  []Field // what is wrong where; of CodeInvalid at least
	Err     error   // the cause, for operators only; may be nil
	// RetryAfter is how long to wait before another try, as a scheme or a limit says; 0 is
	// not known.
	RetryAfter time.Duration
}

// Field is one fault of a request or of an imported row.
type Field struct {
	Name   string // the field as the caller spells it
	Reason string // the rule that was broken, never the value
}

// Errorf makes an Error without a cause. The message must be safe to show.
func Errorf(code Code, reason, format string, args ...any) *Error {
	return &Error{Code: code, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// ErrField returns CodeInvalid about one field: field is spelled as the caller spells
// it, rule is what it must be or have. Both must be safe to show.
func ErrField(reason, field, rule string) *Error {
	return &Error{Code: CodeInvalid, Reason: reason, Message: field + " " + rule, Fields: []Field{{Name: field, Reason: rule}}}
}

// WithCause returns a copy of e that carries a cause for operators.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// WithRetryAfter returns a copy of e that says how long to wait before another try.
func (e *Error) WithRetryAfter(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// Error returns reason, message and cause, for logs.
func (e *Error) Error() string {
	text := e.Reason + ": " + e.Message
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the class of err: "" for nil, CodeInternal for an error of
// another kind.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// ReasonOf returns the machine word of err: "" for nil, "internal" for an error
// of another kind.
func ReasonOf(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return string(CodeInternal)
}
