package vts

import (
	"bytes"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Failure is an answer of one of Visa's APIs that is no success: what it did, and the error
// for it.
type Failure struct {
	Effect scheme.Effect
	Err    *walletport.Error
}

// Outcome is what came of a command that was answered by the failure.
func (f *Failure) Outcome(a scheme.Answer) scheme.Outcome {
	return scheme.Outcome{Effect: f.Effect, Err: f.Err, RetryAfter: max(a.RetryAfter, f.Err.RetryAfter)}
}

// Unread is about an answer that cannot be told from none. why is for operators, and holds
// nothing of the answer: a parser's error may repeat what it read.
func Unread(a scheme.Answer, why string) *Failure {
	cause := fmt.Errorf("HTTP %d, %d bytes: %s", a.Status, len(a.Body), why)
	return &Failure{scheme.Unknown, scheme.ErrUnreadable().WithCause(cause)}
}

// IsObject reports whether text begins as a JSON object does. Whether it is whole, only
// Unmarshal tells; that alone would take null too.
func IsObject(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) }
