package tokenvault

import "time"

// Status is the state of a token, in VTS's words.
type Status string

// The states of a token.
const (
	StatusInactive    Status = "INACTIVE" // made, waiting for a step-up
	StatusActive      Status = "ACTIVE"
	StatusSuspended   Status = "SUSPENDED"   // cannot pay until it is resumed
	StatusDeactivated Status = "DEACTIVATED" // can never pay again
)

// Party is who does something to a token.
type Party string

// The parties.
const (
	Issuer         Party = "ISSUER"
	Cardholder     Party = "CARDHOLDER"
	TokenRequestor Party = "TOKEN_REQUESTOR"
)

// Operation is what is done to a token.
type Operation string

// The operations. All but Created are operation types of the life cycle call.
const (
	Created        Operation = "TOKEN_CREATED"
	Activate       Operation = "CALL_CENTER_ACTIVATION"
	Suspend        Operation = "SUSPEND"
	Resume         Operation = "RESUME"
	Delete         Operation = "DELETE"
	ApproveDevice  Operation = "TOKEN_DEVICE_BINDING_APPROVE"
	ApproveByCall  Operation = "TOKEN_DEVICE_BINDING_APPROVE_CALL_CENTER"
	ApproveInApp   Operation = "TOKEN_DEVICE_BINDING_APPROVE_BANK_APP"
	RemoveDevice   Operation = "TOKEN_DEVICE_BINDING_REMOVE"
	AddTrusted     Operation = "TOKEN_TRUSTED_LISTING_ADD"
	RemoveTrusted  Operation = "TOKEN_TRUSTED_LISTING_REMOVE"
	StepUpByCall   Operation = "CARDHOLDER_STEPUP_CALL_CENTER"
	StepUpAppToApp Operation = "CARDHOLDER_STEPUP_APP_TO_APP"
)

// Token is one version of a token, with the member names of VTS. It holds no PAN, neither
// the card's nor its own. A ledger of an older sandbox lacks the members behind
// ActivationDate.
type Token struct {
	TokenReferenceID   string `json:"tokenReferenceID"` // DNITHE and 18 digits
	PANReferenceID     string `json:"panReferenceID"`   // V- and 22 digits, the same for every token of a card
	Status             Status `json:"tokenStatus"`
	TokenRequestorID   string `json:"tokenRequestorID"`
	TokenRequestorName string `json:"tokenRequestorName"`
	LastFourOfPAN      string `json:"lastFourOfPAN"`
	// DeviceID is the wallet's; "" where it names none.
	DeviceID       string     `json:"deviceID,omitempty"`
	CreatedAt      time.Time  `json:"tokenCreationDate"`
	ActivationDate *time.Time `json:"tokenActivationDate,omitempty"`

	DeactivationDate *time.Time `json:"tokenDeactivationDate,omitempty"`
	StatusChangedAt  *time.Time `json:"lastTokenStatusUpdatedTime,omitempty"`
	// SuspendedBy is who suspended it, while it is suspended.
	SuspendedBy Party    `json:"suspendedBy,omitempty"`
	Devices     []Device `json:"deviceBindingInfoList,omitempty"` // bound to it
	Change      *Change  `json:"change,omitempty"`                // what made this version
}

// Device is one that is bound to a token.
type Device struct {
	DeviceID    string `json:"deviceID"`
	DeviceIndex string `json:"deviceIndex,omitempty"`
}

// Change is what was done to a token.
type Change struct {
	Operation      Operation `json:"operationType"`
	By             Party     `json:"by"`
	At             time.Time `json:"at"`
	OperatorID     string    `json:"operatorID,omitempty"`
	Reason         string    `json:"operationReason,omitempty"`
	ActivationCode string    `json:"activationCode,omitempty"` // kept for audit, not looked at
}

// StatusSince is when the token came into its state.
func (t Token) StatusSince() time.Time {
	switch {
	case t.StatusChangedAt != nil:
		return *t.StatusChangedAt
	case t.ActivationDate != nil:
		return *t.ActivationDate
	}
	return t.CreatedAt
}

// change is what made it; a ledger of an older sandbox does not say so.
func (t Token) change() Change {
	if t.Change != nil {
		return *t.Change
	}
	return Change{Operation: Created, By: TokenRequestor, At: t.CreatedAt}
}
