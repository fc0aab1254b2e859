package walletport

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Scope is one thing an API client may do.
type Scope string

// The scopes of API clients.
const (
	ScopeProvision   Scope = "provision"
	ScopeActivate    Scope = "activate"
	ScopeTokensRead  Scope = "tokens:read"
	ScopeTokensWrite Scope = "tokens:write"
	// ScopeTokensNumber lets lists of tokens have whole token numbers, which are good for payments.
	ScopeTokensNumber Scope = "tokens:number"
	ScopeClickToPay   Scope = "clicktopay"
	ScopeCards        Scope = "cards"
	ScopeAuditRead    Scope = "audit:read"
)

// ParseScope reads a scope's name.
func ParseScope(text string) (Scope, error) {
	switch s := Scope(text); s {
	case ScopeProvision, ScopeActivate, ScopeTokensRead, ScopeTokensWrite, ScopeTokensNumber, ScopeClickToPay, ScopeCards, ScopeAuditRead:
		return s, nil
	}
	return "", Errorf(CodeInvalid, "scope_unknown", "the scope is one of provision, activate, tokens:read, tokens:write, tokens:number, clicktopay, cards, audit:read")
}

// Actor is the authenticated caller: an API client and what it is bound to.
type Actor struct {
	ClientID string
	Issuers  []IssuerID
	Scopes   []Scope
	// Lack says, for the operator's log, why Issuers or Scopes is empty; it repeats
	// nothing of the caller's. "" says nothing.
	Lack string
}

// May reports whether the actor holds the scope.
func (a Actor) May(scope Scope) bool { return slices.Contains(a.Scopes, scope) }

// ActsFor reports whether the actor is bound to the issuer.
func (a Actor) ActsFor(issuer IssuerID) bool { return slices.Contains(a.Issuers, issuer) }

// MaxAuditUserBytes bounds auditUser: room for an e-mail address or a
// distinguished name.
const MaxAuditUserBytes = 256

// AuditUser is the person or system on whose behalf a client calls, as the
// client names it: 1 to 256 bytes of UTF-8, no control characters, no PAN. It is free
// text; an act on a card searches it for the card's own number once the card is known.
type AuditUser string

// ParseAuditUser checks text. It returns CodeInvalid with one of the reasons
// audit_user_missing, audit_user_too_long, audit_user_malformed,
// audit_user_contains_pan; the error never repeats the text.
func ParseAuditUser(text string) (AuditUser, error) {
	refuse := func(reason, rule string) (AuditUser, error) { return "", ErrField(reason, "auditUser", rule) }
	switch {
	case text == "":
		return refuse("audit_user_missing", "must name the user who asks")
	case len(text) > MaxAuditUserBytes:
		return refuse("audit_user_too_long", "must be at most 256 bytes long")
	case !utf8.ValidString(text):
		return refuse("audit_user_malformed", "must be UTF-8")
	case ContainsPAN(text):
		return refuse("audit_user_contains_pan", "must not contain a card number")
	case !IsPlainText(text):
		return refuse("audit_user_malformed", "must not contain control or invisible characters")
	case strings.TrimSpace(text) == "":
		return refuse("audit_user_missing", "must name the user who asks")
	}
	return AuditUser(text), nil
}
