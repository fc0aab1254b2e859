package door

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"github.com/walletport/walletport"
)

// This file is the one place where an error becomes a response (RFC 9457).

// refusal is an error with what only HTTP knows of it.
type refusal struct {
	err    *walletport.Error
	status int                 // 0 is the status of the error's class
	allow  string              // the methods that would do, for 405
	issuer walletport.IssuerID // whose limit it was, for the log; "" for none
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// ErrMethod says that a path takes other methods: 405, and allowed is the Allow header.
func ErrMethod(allowed string) error {
	return &refusal{err: invalid("method_not_allowed", "the path takes "+allowed), status: http.StatusMethodNotAllowed, allow: allowed}
}

func errNotAcceptable() error {
	return &refusal{err: invalid("not_acceptable", "the answer is application/json, which the Accept header excludes"), status: http.StatusNotAcceptable}
}

func errBodyTooLarge() error {
	return &refusal{err: invalid("body_too_large", "the body is larger than this server takes"), status: http.StatusRequestEntityTooLarge}
}

// ErrBodyMalformed says that a body is no JSON object, or not a whole one: 400.
func ErrBodyMalformed() error {
	return invalid("body_malformed", "the body is not one whole JSON object")
}

// errMediaType says what is wrong with a body's media type; kind is Body.MediaType.
func errMediaType(fault, kind string) error {
	want := "application/json in UTF-8"
	if kind != "" {
		want = kind
	}
	return &refusal{err: invalid("media_type_unsupported", fault+": a body is "+want+", not compressed"), status: http.StatusUnsupportedMediaType}
}

func errRateLimited(wait time.Duration) error {
	return &refusal{err: walletport.Errorf(walletport.CodeRateLimited, "rate_limited", "the client has made too many requests").WithRetryAfter(wait)}
}

func errIssuerRateLimited(issuer walletport.IssuerID, wait time.Duration) error {
	return &refusal{err: walletport.Errorf(walletport.CodeRateLimited, "issuer_rate_limited", "there were too many calls on cards of this issuer").WithRetryAfter(wait), issuer: issuer}
}

func errTooManyFailures(wait time.Duration) error {
	return &refusal{err: walletport.Errorf(walletport.CodeRateLimited, "authentication_rate_limited", "authentication under this name has failed too often from this address").WithRetryAfter(wait)}
}

// errNoSuchPath says that there is nothing at a path. It repeats nothing of it.
func (d *Door) errNoSuchPath(u *url.URL) error {
	if d.API.NoSuchPath != nil {
		return d.API.NoSuchPath(u)
	}
	return walletport.Errorf(walletport.CodeNotFound, "path_not_found", "there is nothing at this path")
}

func invalid(code, message string, fields ...walletport.Field) *walletport.Error {
	return &walletport.Error{Code: walletport.CodeInvalid, Reason: code, Message: message, Fields: fields}
}

// statusOf returns the HTTP status of an error class.
func statusOf(code walletport.Code) int {
	switch code {
	case walletport.CodeInvalid:
		return http.StatusBadRequest
	case walletport.CodeUnauthenticated:
		return http.StatusUnauthorized
	case walletport.CodeForbidden:
		return http.StatusForbidden
	case walletport.CodeNotFound:
		return http.StatusNotFound
	case walletport.CodeConflict:
		return http.StatusConflict
	case walletport.CodeUnsupported, walletport.CodeRejected:
		return http.StatusUnprocessableEntity
	case walletport.CodeRateLimited:
		return http.StatusTooManyRequests
	case walletport.CodeUnavailable:
		return http.StatusServiceUnavailable
	case walletport.CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// explain turns any error into a refusal whose text is safe to show. What nobody
// explained is internal, and stays with the operator.
func (c *Call) explain(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		if ended := c.r.Context().Err(); ended != nil && e.Code == walletport.CodeUnavailable {
			return &refusal{err: explainUnknown(ended)} // not the part's fault that it was not waited for
		}
		return &refusal{err: e}
	}
	return &refusal{err: explainUnknown(err)}
}

func explainUnknown(err error) *walletport.Error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return walletport.Errorf(walletport.CodeUnavailable, "timed_out", "the request took too long").WithCause(err)
	case errors.Is(err, context.Canceled):
		return walletport.Errorf(walletport.CodeUnavailable, "request_canceled", "the caller went away")
	}
	return walletport.Errorf(walletport.CodeInternal, "internal", "something went wrong here; the request id finds it in the log").WithCause(err)
}

// write sends the problem document and notes it in the call.
func (r *refusal) write(c *Call) {
	status := r.status
	if status == 0 {
		status = statusOf(r.err.Code)
	}
	c.outcome, c.cause = r.err.Reason, r.err.Err
	if c.w.status != 0 {
		return // the answer has begun: it can only be cut off
	}
	r.setHeaders(c, status)
	c.w.WriteHeader(status)
	var e jx.Encoder
	r.encode(&e, c, status)
	_, _ = c.w.Write(e.Bytes()) // a caller who went away misses nothing
}

func (r *refusal) setHeaders(c *Call, status int) {
	h := c.w.Header()
	h.Set("Content-Type", "application/problem+json")
	h["Cache-Control"] = headerNoStore
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	if status == http.StatusUnauthorized {
		h["Www-Authenticate"] = c.door.Authenticator.Challenges(r.err.Reason)
	}
	switch wait := r.err.RetryAfter; {
	case wait > 0:
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		h.Set("Retry-After", "1") // nobody knows better
	}
	if status == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close") // the rest of the body is not worth reading
	}
}

// encode writes the problem document (RFC 9457 section 3.1), with the members code,
// requestId and errors of our own.
func (r *refusal) encode(e *jx.Encoder, c *Call, status int) {
	text := func(name, value string) {
		e.FieldStart(name)
		e.Str(value)
	}
	e.ObjStart()
	text("type", errorsPage+"#"+r.err.Reason)
	text("title", c.door.titleOf(r.err.Reason, status))
	e.FieldStart("status")
	e.Int(status)
	text("detail", r.err.Message)
	if path := c.r.URL.EscapedPath(); isShowable(path) {
		text("instance", path)
	}
	text("code", r.err.Reason)
	text("requestId", c.w.Header()["X-Request-Id"][0])
	if len(r.err.Fields) > 0 {
		e.FieldStart("errors")
		e.ArrStart()
		for _, f := range r.err.Fields {
			e.ObjStart()
			text("field", f.Name)
			text("reason", f.Reason)
			e.ObjEnd()
		}
		e.ArrEnd()
	}
	e.ObjEnd()
}

const maxShownPath = 200

// isShowable reports whether a path may be repeated to the caller, and so end in
// the caller's logs: plain characters, nothing escaped, no PAN.
func isShowable(path string) bool {
	return len(path) <= maxShownPath && walletport.IsAlnum(path, "/-._~") && !walletport.SuspectsPAN(path)
}
