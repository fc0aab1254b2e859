package walletport

import (
	"context"
	"time"
)

// Assertion is a signed statement of an issuer's identity provider about a
// cardholder: a JWT in compact form. It prints as "[private]", for whoever reads it
// in a log could send it too.
type Assertion struct{ Private }

// NewAssertion wraps a JWT. An empty text gives the zero Assertion.
func NewAssertion(jwt string) Assertion { return Assertion{Private: NewPrivate(jwt)} }

// JWT returns the text itself.
func (a Assertion) JWT() string { return string(a.Reveal()) }

// StepUpGate decides whether a request carries the proof of strong cardholder
// authentication that the card's issuer asks for.
type StepUpGate interface {
	// CheckStepUp returns what was proved, the zero StepUp where the issuer asks for
	// nothing. The proof is that of RequestFrom(ctx). A missing, stale, foreign or weak
	// proof is CodeForbidden, reason step_up_required or one that begins with
	// "step_up_"; it says what is wrong.
	CheckStepUp(ctx context.Context, s StepUpSubject) (StepUp, error)
}

// StepUpSubject is what a proof must be about.
type StepUpSubject struct {
	Issuer     IssuerID
	CustomerID string
	CardID     CardID
	Wallet     string // device wallet or wallet provider
	Now        time.Time
}

// StepUp is an accepted proof, as the audit trail records it.
type StepUp struct {
	Rule   string // the preset or policy that asked: "eba-sca"
	Method string // how the cardholder was authenticated, in the rule's words
}

// String returns "rule/method", or "" for the zero StepUp.
func (s StepUp) String() string {
	if s == (StepUp{}) {
		return ""
	}
	return s.Rule + "/" + s.Method
}
