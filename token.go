package walletport

import (
	"slices"
	"strconv"
	"strings"
)

// TokenID is the number that walletport gives a token: 1, 2, 3, …, in the order in which
// the tokens were first seen, never given twice. The API names tokens by it. In text and
// JSON it is a string of digits, for not every reader of JSON keeps 64 bits of a number.
//
// Ids stay far below 12 digits, the shortest that a PAN has: one that was drawn at random
// would read like a card number now and then, and be struck out of logs and records.
type TokenID int64

// maxTokenID is the highest number that every reader of JSON keeps, 2^53-1.
const maxTokenID = 1<<53 - 1

// String returns the decimal form.
func (id TokenID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText returns the decimal form; encoding/json uses it as well.
func (id TokenID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText writes; its errors are those of ParseTokenID.
func (id *TokenID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseTokenID(string(text))
	return err
}

// ParseTokenID reads an id as String writes it. Its error is CodeNotFound with the reason
// token_not_found, for no token has such an id; it does not repeat the text. What may be a
// card number in the place of an id is refused too, so that no record has it.
func ParseTokenID(text string) (TokenID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxTokenID || TokenID(n).String() != text || SuspectsPAN(text) {
		return 0, ErrTokenNotFound()
	}
	return TokenID(n), nil
}

// ErrTokenNotFound returns the answer for a token that does not exist, or not for this
// caller; the two must not be told apart.
func ErrTokenNotFound() *Error {
	return Errorf(CodeNotFound, "token_not_found", "there is no token of that id")
}

// TokenRef is what a scheme knows a token by. No two tokens have the same.
type TokenRef struct {
	Scheme SchemeID
	// Requestor is the token requestor's id (TRID), up to 11 digits: who keeps the token,
	// a wallet or a merchant.
	Requestor string
	// Reference is Mastercard's token unique reference or Visa's tokenReferenceID. The
	// schemes promise no form of it but up to 64 printable ASCII characters.
	Reference string
}

const (
	maxRequestorDigits = 11
	maxReferenceBytes  = 64
)

// Rule returns the rule that r breaks, for a message; "" for none.
func (r TokenRef) Rule() string {
	_, err := ParseSchemeID(string(r.Scheme))
	switch {
	case err != nil:
		return "the scheme of a token is MASTERCARD or VISA"
	case !IsDigits(r.Requestor) || len(r.Requestor) > maxRequestorDigits:
		return "a token requestor's id is 1 to 11 digits"
	case r.Reference == "" || len(r.Reference) > maxReferenceBytes || !IsPrintable(r.Reference, " "):
		return "a token's reference is 1 to 64 printable ASCII characters without spaces"
	case IsPAN(r.Reference):
		return "a token's reference is no card number"
	}
	return ""
}

// TokenStatus is the life-cycle state of a token, in the words of the API.
type TokenStatus string

// The token states.
const (
	TokenInactive    TokenStatus = "INACTIVE"    // waits for its activation
	TokenActive      TokenStatus = "ACTIVE"      // can pay
	TokenSuspended   TokenStatus = "SUSPENDED"   // cannot pay until nobody holds it any more
	TokenDeactivated TokenStatus = "DEACTIVATED" // can never pay again
	// TokenSoftDeleted is gone from the consumer's device. Mastercard's vault keeps such a
	// token for 95 days, in which it can still pay, and can come back.
	TokenSoftDeleted TokenStatus = "SOFTDELETED"
)

// TokenStatuses returns all token states.
func TokenStatuses() []TokenStatus {
	return []TokenStatus{TokenInactive, TokenActive, TokenSuspended, TokenDeactivated, TokenSoftDeleted}
}

// TokenAction is what an issuer can do to a token, in the words of the API.
type TokenAction string

// The actions. Resume takes back the issuer's own hold: a token that somebody else holds
// too stays suspended.
const (
	TokenActivate   TokenAction = "activate"
	TokenSuspend    TokenAction = "suspend"
	TokenResume     TokenAction = "resume"
	TokenDeactivate TokenAction = "deactivate"
)

// TokenActions returns all actions.
func TokenActions() []TokenAction {
	return []TokenAction{TokenActivate, TokenSuspend, TokenResume, TokenDeactivate}
}

// ParseTokenAction reads an action, case-sensitive. Its error is CodeNotFound with the
// reason token_action_unknown, for the action is part of a path; it does not repeat the
// text.
func ParseTokenAction(text string) (TokenAction, error) {
	if a := TokenAction(text); slices.Contains(TokenActions(), a) {
		return a, nil
	}
	return "", Errorf(CodeNotFound, "token_action_unknown", "the action is one of %s", listActions(TokenActions()))
}

// tokenTransitions is the table of what an issuer may do. It is that of the Wallet API,
// which has no SOFTDELETED: such a token can still pay, so it can be deactivated. What
// schemes, wallets and cardholders do to a token is not bound to it.
var tokenTransitions = map[TokenStatus]map[TokenAction]TokenStatus{
	TokenInactive:    {TokenActivate: TokenActive, TokenDeactivate: TokenDeactivated},
	TokenActive:      {TokenSuspend: TokenSuspended, TokenDeactivate: TokenDeactivated},
	TokenSuspended:   {TokenResume: TokenActive, TokenDeactivate: TokenDeactivated},
	TokenDeactivated: {},
	TokenSoftDeleted: {TokenDeactivate: TokenDeactivated},
}

// After returns the state that a leads to, or CodeConflict with the reason
// token_transition_not_allowed, whose message lists what may be done instead.
func (s TokenStatus) After(a TokenAction) (TokenStatus, error) {
	if next, ok := tokenTransitions[s][a]; ok {
		return next, nil
	}
	allowed := s.Actions()
	if len(allowed) == 0 {
		return "", Errorf(CodeConflict, "token_transition_not_allowed", "nothing can be done to a token that is %s", s)
	}
	return "", Errorf(CodeConflict, "token_transition_not_allowed", "to a token that is %s can be done: %s", s, listActions(allowed))
}

// Actions returns what an issuer may do to a token in this state, in the order of
// TokenActions. It is nothing for one that is deactivated.
func (s TokenStatus) Actions() []TokenAction {
	return slices.DeleteFunc(TokenActions(), func(a TokenAction) bool {
		_, ok := tokenTransitions[s][a]
		return !ok
	})
}

func listActions(actions []TokenAction) string {
	names := make([]string, len(actions))
	for i, a := range actions {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// TokenReason says why an issuer changes a token. Each scheme has codes of its own for it.
type TokenReason string

// The reasons.
const (
	TokenReasonLost   TokenReason = "lost" // the device or the card
	TokenReasonStolen TokenReason = "stolen"
	TokenReasonFraud  TokenReason = "fraud"
	TokenReasonClosed TokenReason = "closed" // the account
	TokenReasonOther  TokenReason = "other"
)

// TokenReasons returns all reasons.
func TokenReasons() []TokenReason {
	return []TokenReason{TokenReasonLost, TokenReasonStolen, TokenReasonFraud, TokenReasonClosed, TokenReasonOther}
}

// ParseTokenReason reads a reason, case-sensitive: CodeInvalid, reason
// token_reason_unknown.
func ParseTokenReason(text string) (TokenReason, error) {
	if r := TokenReason(text); slices.Contains(TokenReasons(), r) {
		return r, nil
	}
	return "", Errorf(CodeInvalid, "token_reason_unknown", "the reason is one of lost, stolen, fraud, closed, other")
}

// Holder is a party that can hold a token suspended. Several can at once: the token is
// suspended until the last one lets go, and each can take back its own hold only. Schemes
// also name by it who made a change.
type Holder string

// The parties.
const (
	HolderIssuer         Holder = "ISSUER"
	HolderCardholder     Holder = "CARDHOLDER"
	HolderTokenRequestor Holder = "TOKEN_REQUESTOR"
	HolderScheme         Holder = "SCHEME"
	// HolderPIN is the scheme's check of a mobile PIN, which was entered wrongly too often
	// or is about to be changed.
	HolderPIN Holder = "MOBILE_PIN"
	// HolderUnknown is somebody whom the scheme named in a way that is not known here: that
	// somebody holds the token counts all the same.
	HolderUnknown Holder = "UNKNOWN"
)

// Holders returns all parties.
func Holders() []Holder {
	return []Holder{HolderIssuer, HolderCardholder, HolderTokenRequestor, HolderScheme, HolderPIN, HolderUnknown}
}
