package scheme

import (
	"errors"
	"strings"

	"github.com/walletport/walletport"
)

// FaultKind is what a scheme's refusal means, whichever word it has for it.
type FaultKind string

// The kinds.
const (
	FaultConsumerEnrolled    FaultKind = "consumer_enrolled"     // already
	FaultConsumerNotEnrolled FaultKind = "consumer_not_enrolled" // or no longer
	FaultCardEnrolled        FaultKind = "card_enrolled"
	FaultCardNotEnrolled     FaultKind = "card_not_enrolled"
	FaultCardExpired         FaultKind = "card_expired"
	FaultCardForeign         FaultKind = "card_foreign"  // of another scheme
	FaultDeclined            FaultKind = "declined"      // the card gets no token
	FaultNotEntitled         FaultKind = "not_entitled"  // the issuer may not
	FaultUnsupported         FaultKind = "unsupported"   // card or operation
	FaultUnchangeable        FaultKind = "unchangeable"  // a member that cannot be changed
	FaultInvalid             FaultKind = "invalid"       // a member is missing, or wrong
	FaultBusy                FaultKind = "busy"          // an earlier request of that consumer runs
	FaultAccess              FaultKind = "access"        // keys, signature or account
	FaultSchemeFailed        FaultKind = "scheme_failed" // a failure of its own
	FaultUnknown             FaultKind = "unknown"       // a word that is not known here
)

// Fault is one thing that a scheme says is wrong with a request.
type Fault struct {
	Kind    FaultKind
	Code    string // the scheme's own ("VIDC-2000"); empty where it has none that can be shown
	Field   string // the place in the request, as the scheme names it; may be empty
	Message string // ours, for Kind: safe to show
	// Text is what the scheme wrote. It may repeat what was sent, so it is as private as that.
	Text walletport.Private
}

// SaysNothing reports whether a fault says nothing about the change that was asked for: the scheme
// did not look at it, or broke while it did.
func (f Fault) SaysNothing() bool {
	return f.Kind == FaultBusy || f.Kind == FaultAccess || f.Kind == FaultSchemeFailed
}

// Refusal is the cause of an error: all that a scheme said was wrong.
type Refusal struct{ Faults []Fault }

// Error returns codes and places, for operators; texts of the scheme are left out.
func (r *Refusal) Error() string {
	said := make([]string, 0, len(r.Faults))
	for _, f := range r.Faults {
		text := f.Code
		if text == "" {
			text = string(f.Kind)
		}
		if f.Field != "" {
			text += " at " + f.Field
		}
		said = append(said, text)
	}
	return strings.Join(said, ", ")
}

// FaultsOf returns what a scheme said was wrong, if that is why err is; else nil.
func FaultsOf(err error) []Fault {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Faults
	}
	return nil
}
