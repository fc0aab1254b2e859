package scheme

import (
	"time"

	"github.com/walletport/walletport"
)

// These are the errors of answers, the same for every scheme. What a scheme said itself is
// their cause, for operators.

// ErrTokenNotFound is CodeNotFound: the scheme knows no such token, or not of that requestor.
func ErrTokenNotFound() *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "token_not_at_scheme", "the scheme knows no such token")
}

// ErrStatusRefused is CodeRejected: the token is in a state that does not allow the change.
func ErrStatusRefused() *walletport.Error {
	return walletport.Errorf(walletport.CodeRejected, "scheme_status_refused", "the scheme refused: the token's state there does not allow it")
}

// ErrUnsupported is CodeUnsupported: the scheme does not do this with this token.
func ErrUnsupported() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnsupported, "scheme_unsupported", "the scheme does not support this for this token")
}

// ErrRequestRefused is CodeRejected: the scheme did not like the request itself, which is a
// fault of walletport or of its configuration.
func ErrRequestRefused() *walletport.Error {
	return walletport.Errorf(walletport.CodeRejected, "scheme_request_refused", "the scheme found the request faulty")
}

// ErrRefused is CodeRejected, for a refusal that is none of the others.
func ErrRefused() *walletport.Error {
	return walletport.Errorf(walletport.CodeRejected, "scheme_refused", "the scheme refused")
}

// ErrAccessRefused is CodeUnavailable: the scheme does not accept our keys, our account or
// our clock. Nothing was done, and nothing will be before an operator has looked at it.
func ErrAccessRefused() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "scheme_access_refused", "the scheme does not accept how walletport identifies itself; an operator must look at it")
}

// ErrSignatureSpent is CodeUnavailable: the scheme has had the same signature before, as two
// equal requests of one second have, or took it for too old, as it does if a clock is wrong.
// Nothing was done, and in a second it may be.
func ErrSignatureSpent() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "scheme_signature_spent",
		"the scheme took the request for one that it had before, or for an old one; try again in a second").WithRetryAfter(time.Second)
}

// ErrBusy is CodeUnavailable: the scheme has not ended an earlier request for the same
// consumer. Nothing was done, and later it may be.
func ErrBusy() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "scheme_busy", "the scheme has not ended an earlier request for this consumer; try again later")
}

// ErrRequestNotFound is CodeNotFound: the scheme knows no request of that reference.
func ErrRequestNotFound() *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "request_not_at_scheme", "the scheme knows no such request")
}

// ErrRateLimited is CodeRateLimited: nothing was done, and later it may be. It is of the
// scheme, or of what the operator set for all calls to it.
func ErrRateLimited() *walletport.Error {
	return walletport.Errorf(walletport.CodeRateLimited, "scheme_rate_limited", "the scheme wants fewer requests; try again later")
}

// ErrUnavailable is CodeUnavailable: the scheme says that it failed, or cannot be reached.
func ErrUnavailable() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "scheme_unavailable", "the scheme is not available at this moment")
}

// ErrUnreadable is CodeUnavailable: what came back is no answer of the scheme's.
func ErrUnreadable() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "scheme_answer_unreadable", "the scheme's answer cannot be read")
}

// ErrNoAnswer is CodeUnavailable: a request was sent and no whole answer came, so that
// what the scheme did is not known.
func ErrNoAnswer() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "scheme_no_answer", "the scheme did not answer")
}

// RefusalOf returns the refusal of a command that has the reason, for one of which no more
// was kept; ErrUnavailable for a reason that is none. The refusals for a token's state are
// not among them: what they tell depends on the token.
func RefusalOf(reason string) *walletport.Error {
	for _, refusal := range []*walletport.Error{
		ErrUnsupported(), ErrRequestRefused(), ErrRefused(), ErrAccessRefused(), ErrSignatureSpent(), ErrRateLimited(),
	} {
		if refusal.Reason == reason {
			return refusal
		}
	}
	return ErrUnavailable()
}
