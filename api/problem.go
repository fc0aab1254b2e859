package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// This file is the one place where an error becomes a response (RFC 9457).

// refusal is an error with what only HTTP knows of it.
type refusal struct {
	err        *walletport.Error
	status     int           // 0 is the status of the error's class
	retryAfter time.Duration // 0 says nothing
	allow      string        // the methods that would do, for 405
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func errMethod(allowed string) error {
	return &refusal{err: invalid("method_not_allowed", "the path takes "+allowed), status: http.StatusMethodNotAllowed, allow: allowed}
}

func errNotAcceptable() error {
	return &refusal{err: invalid("not_acceptable", "the answer is application/json, which the Accept header excludes"), status: http.StatusNotAcceptable}
}

func errBodyTooLarge() error {
	return &refusal{err: invalid("body_too_large", "the body is larger than this server takes"), status: http.StatusRequestEntityTooLarge}
}

func errMediaType(fault string) error {
	return &refusal{err: invalid("media_type_unsupported", fault+": a body is application/json in UTF-8, not compressed"), status: http.StatusUnsupportedMediaType}
}

func errRateLimited(wait time.Duration) error {
	return &refusal{err: walletport.Errorf(walletport.CodeRateLimited, "rate_limited", "the client has made too many requests"), retryAfter: wait}
}

func errTooManyFailures(wait time.Duration) error {
	return &refusal{err: walletport.Errorf(walletport.CodeRateLimited, "authentication_rate_limited", "authentication under this name has failed too often from this address"), retryAfter: wait}
}

func errCredentialsMissing(h http.Header) *walletport.Error {
	if len(h["Authorization"]) > 0 {
		return walletport.Errorf(walletport.CodeUnauthenticated, "credentials_missing", "the Authorization header is neither Basic nor Bearer, followed by a space and the credentials")
	}
	return walletport.Errorf(walletport.CodeUnauthenticated, "credentials_missing", "the call needs Basic or Bearer credentials in an Authorization header")
}

func errCredentialsInvalid(message string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnauthenticated, "credentials_invalid", "%s", message)
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

// explain turns any error into a refusal whose text is safe to show. What the
// generated decoder says repeats the caller's input: only a parameter's name is
// taken from it. What nobody explained is internal, and stays with the operator.
func explain(c *call, err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		if ended := c.r.Context().Err(); ended != nil && e.Code == walletport.CodeUnavailable {
			return &refusal{err: explainUnknown(ended)} // not the part's fault that it was not waited for
		}
		return &refusal{err: e}
	}
	if _, ok := errors.AsType[*ogenerrors.SecurityError](err); ok {
		if errors.Is(err, ogenerrors.ErrSecurityRequirementIsNotSatisfied) {
			return &refusal{err: errCredentialsMissing(c.r.Header)}
		}
		if err := oneCredential(c.r); err != nil {
			return &refusal{err: err}
		}
		return &refusal{err: errCredentialsInvalid("the Basic credentials are not base64 of id, colon and secret")}
	}
	if p, ok := errors.AsType[*ogenerrors.DecodeParamError](err); ok {
		return &refusal{err: explainParameter(c, p.Name)}
	}
	if _, ok := errors.AsType[*ogenerrors.DecodeRequestError](err); ok {
		// readBody leaves the decoder nothing to find; if it does, its words stay here.
		return &refusal{err: invalid("body_malformed", "the body is not one whole JSON object")}
	}
	return &refusal{err: explainUnknown(err)}
}

func explainParameter(c *call, name string) *walletport.Error {
	switch name {
	case "cardId":
		e := errCardID("card_id_malformed", "must be a whole number of at most 64 bits")
		if _, err := auditUser(c); err != nil { // say everything that is wrong at once
			if also, ok := errors.AsType[*walletport.Error](err); ok {
				e.Fields = append(e.Fields, also.Fields...)
			}
		}
		return e
	case "walletProvider":
		return walletport.ErrWalletProviderNotFound()
	case "auditUser":
		if _, err := auditUser(c); err != nil {
			if e, ok := errors.AsType[*walletport.Error](err); ok {
				return e
			}
		}
	}
	return invalid("parameter_malformed", "a parameter is malformed")
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
func (r *refusal) write(c *call) {
	status := r.status
	if status == 0 {
		status = statusOf(r.err.Code)
	}
	c.outcome, c.cause = r.err.Reason, r.err.Err
	if c.w.status != 0 {
		return // the answer has begun: it can only be cut off
	}
	r.setHeaders(c.w.Header(), status)
	c.w.WriteHeader(status)
	var e jx.Encoder
	document := r.document(c, status)
	document.Encode(&e)
	_, _ = c.w.Write(e.Bytes()) // a caller who went away misses nothing
}

func (r *refusal) setHeaders(h http.Header, status int) {
	h.Set("Content-Type", "application/problem+json")
	h["Cache-Control"] = headerNoStore
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	if status == http.StatusUnauthorized {
		h["Www-Authenticate"] = challenges(r.err.Reason)
	}
	switch {
	case r.retryAfter > 0:
		h.Set("Retry-After", strconv.Itoa(int(r.retryAfter.Seconds())))
	case status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	if status == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close") // the rest of the body is not worth reading
	}
}

// challenges are the WWW-Authenticate headers (RFC 7617 section 2, RFC 6750 section 3).
func challenges(reason string) []string {
	bearer := `Bearer realm="walletport"`
	if reason == "token_expired" || reason == "credentials_invalid" {
		bearer += `, error="invalid_token"`
	}
	return []string{`Basic realm="walletport", charset="UTF-8"`, bearer}
}

func (r *refusal) document(c *call, status int) oas.Problem {
	p := oas.Problem{
		Type:      "/docs/errors#" + r.err.Reason,
		Title:     titleOf(r.err.Reason, status),
		Status:    status,
		Code:      r.err.Reason,
		Detail:    oas.NewOptString(r.err.Message),
		RequestId: c.w.Header()["X-Request-Id"][0],
	}
	if path := c.r.URL.EscapedPath(); isShowable(path) {
		p.Instance = oas.NewOptString(path)
	}
	for _, f := range r.err.Fields {
		p.Errors = append(p.Errors, oas.ProblemField{Field: f.Name, Reason: f.Reason})
	}
	return p
}

const maxShownPath = 200

// isShowable reports whether a path may be repeated to the caller, and so end in
// the caller's logs: plain characters, nothing escaped, no PAN.
func isShowable(path string) bool {
	if len(path) > maxShownPath {
		return false
	}
	for i := range len(path) {
		c := path[i]
		isAlnum := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !isAlnum && !strings.ContainsRune("/-._~", rune(c)) {
			return false
		}
	}
	return !walletport.SuspectsPAN(path)
}
