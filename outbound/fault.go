package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// The outcomes of calls, for metrics and spans.
const (
	OutcomeOK             = walletport.OutcomeOK // an answer below 400
	OutcomeClientError    = "client_error"       // an answer of 400 to 499
	OutcomeServerError    = "server_error"       // an answer of 500 or above
	OutcomeUnreachable    = "unreachable"        // no connection, or it broke
	OutcomeTLS            = "tls"                // no handshake: the certificate, or the target refused ours
	OutcomeTimeout        = "timeout"
	OutcomeCanceled       = "canceled"         // the caller gave up
	OutcomeAddressRefused = "address_refused"  // the address may not be called
	OutcomeRedirect       = "redirect_refused" // a redirect led where it must not
	OutcomeTooBig         = "answer_too_big"
	OutcomeLeftAlone      = "left_alone" // the target failed again and again and was not asked
	OutcomeNoTurn         = "no_turn"    // there were as many calls as may be, for too long
	OutcomeMisuse         = "misuse"     // the call itself was wrong: another place than the target's
)

// fault is an error of a call whose outcome is known where it arises.
type fault struct {
	outcome    string
	unsent     bool          // the target has read nothing of the request
	retryAfter time.Duration // 0 is not known
	shown      string        // instead of the text of err; may be empty
	err        error
}

// Error returns the cause's text, which has no URL and nothing of a body or header.
func (f *fault) Error() string {
	if f.shown != "" {
		return f.shown
	}
	return f.err.Error()
}

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.err }

// IsUnsent reports whether an error of Do says that the target has read nothing of the
// request, so that it was surely not carried out: it never left, or it was written to a
// connection whose handshake the target then refused, as happens in TLS 1.3.
func IsUnsent(err error) bool {
	f, ok := errors.AsType[*fault](err)
	return ok && f.unsent
}

// RetryAfter returns after how long a call that was not made would be: of a target that
// is left alone, or of which there were too many calls. 0 is not known.
func RetryAfter(err error) time.Duration {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.retryAfter
	}
	return 0
}

// OutcomeOf returns the outcome of an error of Do, as its Observer was told; "" of others.
func OutcomeOf(err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.outcome
	}
	return ""
}

// faultOf makes a fault of a transport's error. A transport, unlike http.Client, says no
// URL in it, but it may repeat what it could not read of the answer.
func faultOf(err error, unsent bool) *fault {
	return &fault{outcome: outcomeOfError(err), unsent: unsent, shown: withoutAnswer(err.Error()), err: err}
}

// withoutAnswer cuts off what a transport repeats of an answer: it stands in quotation
// marks or after the word "malformed".
func withoutAnswer(text string) string {
	const malformed = "malformed"
	if i := strings.Index(text, malformed); i >= 0 {
		text = text[:i+len(malformed)]
	}
	text, _, _ = strings.Cut(text, `"`)
	return strings.TrimSpace(text)
}

func outcomeOfError(err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.outcome
	}
	if errors.Is(err, context.Canceled) {
		return OutcomeCanceled
	}
	timeout, isNet := errors.AsType[net.Error](err)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || isNet && timeout.Timeout() {
		return OutcomeTimeout
	}
	if isTLS(err) {
		return OutcomeTLS
	}
	return OutcomeUnreachable
}

func isTLS(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	operation, ok := errors.AsType[*net.OpError](err)
	return certificate || record || alert || ok && operation.Op == "remote error" // an alert over TCP
}

func outcomeOfStatus(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return OutcomeServerError
	case status >= http.StatusBadRequest:
		return OutcomeClientError
	}
	return OutcomeOK
}
