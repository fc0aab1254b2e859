package tokenvault

import (
	"slices"
	"time"
)

// Status is the state of a token, in MDES's words.
type Status string

// The states of a token.
const (
	StatusInactive    Status = "INACTIVE"    // made, waiting for a step-up
	StatusActive      Status = "ACTIVE"      // can pay
	StatusSuspended   Status = "SUSPENDED"   // cannot pay until nobody holds it any more
	StatusDeactivated Status = "DEACTIVATED" // can never pay again
)

// Party is who does something to a token.
type Party string

// The parties. As suspenders and initiators the Customer Service API has letters for the
// first three: I, C and W.
const (
	Issuer         Party = "ISSUER"
	Cardholder     Party = "CARDHOLDER"
	TokenRequestor Party = "TOKEN_REQUESTOR"
	MDES           Party = "MDES"
)

// Provisioning is how far the token is on its way to the phone, as the Customer Service
// API has it.
type Provisioning string

// The states of provisioning that this vault makes. Others, of a token that never reached
// the phone, can stand in a ledger.
const (
	ProvisioningAwaits  Provisioning = "A" // on the phone, and awaits its activation
	ProvisioningSuccess Provisioning = "S"
)

// CardOnFile is the type of a token that a merchant keeps; it is on no phone.
const CardOnFile = "F"

// Token is one version of a token. It holds no PAN, neither the card's nor its own. A
// ledger of an older sandbox lacks the members behind ActivatedAt.
type Token struct {
	TokenUniqueReference string     `json:"tokenUniqueReference"` // 48 characters
	PANUniqueReference   string     `json:"panUniqueReference"`   // 48 characters, the same for every token of a card
	Status               Status     `json:"status"`
	TokenRequestorID     string     `json:"tokenRequestorId"`
	WalletProvider       string     `json:"walletProvider"`
	AccountPANSuffix     string     `json:"accountPanSuffix"` // last four digits of the card
	CreatedAt            time.Time  `json:"createdAt"`
	ActivatedAt          *time.Time `json:"activatedAt,omitempty"`

	AccountExpiry string `json:"accountExpiry,omitempty"` // MMYY
	// Kind is S (secure element), C (cloud) or CardOnFile; "" is that of the wallet.
	Kind         string       `json:"tokenType,omitempty"`
	Provisioning Provisioning `json:"provisioningStatus,omitempty"` // "" is that of the status
	Suspenders   []Party      `json:"suspenders,omitempty"`
	// DeletedFromAppAt is when the cardholder removed the token from the phone.
	DeletedFromAppAt *time.Time `json:"deletedFromConsumerAppAt,omitempty"`
	CodeExpiresAt    *time.Time `json:"activationCodeExpiresAt,omitempty"`
	Change           *Change    `json:"change,omitempty"` // what made this version
}

// Change is what was done to a token.
type Change struct {
	Call        Call      `json:"call"`
	By          Party     `json:"by"`
	At          time.Time `json:"at"`
	ReasonCode  string    `json:"reasonCode,omitempty"`
	CommentID   string    `json:"commentId,omitempty"`
	CommentText string    `json:"commentText,omitempty"`
	Audit       *Audit    `json:"auditInfo,omitempty"`
}

// Audit is who asked for a change, as the issuer says.
type Audit struct {
	UserID       string `json:"UserId"`
	UserName     string `json:"UserName"`
	Organization string `json:"Organization"`
	Phone        string `json:"Phone,omitempty"`
}

// Call is what a change is called.
type Call string

// The calls. All but Digitize are the Customer Service API's own words.
const (
	Digitize  Call = "digitize"
	Activate  Call = "activate"
	Suspend   Call = "suspend"
	Unsuspend Call = "unsuspend"
	Delete    Call = "delete"
	Resend    Call = "resendactivationcode"
)

// applePay is the token requestor id of Apple Pay.
const applePay = "50110030273"

// IsDeletedFromApp reports whether the cardholder removed it from the phone.
func (t Token) IsDeletedFromApp() bool { return t.DeletedFromAppAt != nil }

// Progress is how far it is on its way to the phone.
func (t Token) Progress() Provisioning {
	switch {
	case t.Provisioning != "":
		return t.Provisioning
	case t.Status == StatusInactive:
		return ProvisioningAwaits
	}
	return ProvisioningSuccess
}

// Type is S (secure element), C (cloud) or F (card on file).
func (t Token) Type() string {
	switch {
	case t.Kind != "":
		return t.Kind
	case t.isApples():
		return "S"
	}
	return "C"
}

func (t Token) isApples() bool {
	return t.TokenRequestorID == applePay || t.WalletProvider == "applepay"
}

func (t Token) isHeldBy(party Party) bool { return slices.Contains(t.Suspenders, party) }

// What made it; a ledger of an older sandbox does not say so of the first version.
func (t Token) change() Change {
	if t.Change != nil {
		return *t.Change
	}
	return Change{Call: Digitize, By: TokenRequestor, At: t.CreatedAt}
}

// appDeletionLasts is how long a token that was removed from the phone still lives
// (Mastercard's release notes of September 2024).
const appDeletionLasts = 95 * 24 * time.Hour

// at returns the token as it is at a time: one that was removed from the phone lapses.
func (t Token) at(now time.Time) Token {
	if !t.IsDeletedFromApp() || t.Status == StatusDeactivated {
		return t
	}
	lapse := t.DeletedFromAppAt.Add(appDeletionLasts)
	if now.Before(lapse) {
		return t
	}
	t.Status, t.Suspenders = StatusDeactivated, nil
	t.Change = &Change{Call: Delete, By: MDES, At: lapse}
	return t
}
