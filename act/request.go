package act

import (
	"time"

	"github.com/walletport/walletport"
)

// Request is what somebody asks for, as it was understood before anything was done.
// Who asks, and from where, is in the context. It is not changed by the act.
type Request struct {
	Time      time.Time // of the record; the zero time leaves it to the trail
	Action    walletport.Action
	AuditUser walletport.AuditUser
	CardID    walletport.CardID // 0 when it names none
	Wallet    string            // wallet or wallet provider, checked text; "" when it names none
	// AnyIssuer is of an operator's command, which is bound to no issuer: a Call finds every
	// card, and Record.ActsFor is true.
	AnyIssuer bool
	// Texts are further texts of the caller, which a Call searches for the number of
	// its card, in this order. Records do not have them.
	Texts []Text
	Facts // that are known before the act
}

// Text is a text of a request that must not hold the number of the card.
type Text struct {
	Field  string // its name, as the caller spells it
	Reason string // of the refusal: ends in contains_pan
	Value  string
}

// Facts are what a record says of the subject of an act: those that a request names,
// and those that the act learns.
type Facts struct {
	Issuer      walletport.IssuerID
	Scheme      walletport.SchemeID
	KeyVersions []string // ids of the keys that are used or changed
	Details     walletport.AuditDetails
}

// SetDetail adds a detail, in place of an earlier one of that name; an empty value
// takes it away. Facts that shared their details with f keep theirs.
func (f *Facts) SetDetail(name walletport.DetailName, value string) {
	f.Details = f.Details.With(name, value)
}
