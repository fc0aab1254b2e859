package tokenvault

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Act is what a party wants done.
type Act struct {
	Operation      Operation // any but Created
	By             Party
	OperatorID     string
	Reason         string
	ActivationCode string
	Device         *Device // that a device binding is of
}

// The reasons of a refusal; each error is CodeConflict.
const (
	ReasonAlready   = "token_status_already" // it is in that state already
	ReasonStatus    = "token_status"         // the state does not allow it
	ReasonNotActive = "token_not_active"     // only an active one has it done
)

func refuse(reason, why string) error {
	return walletport.Errorf(walletport.CodeConflict, reason, "%s", why)
}

// arrow is an operation that changes the state.
type arrow struct {
	from []Status
	to   Status
}

var arrows = map[Operation]arrow{
	Activate: {[]Status{StatusInactive}, StatusActive},
	Suspend:  {[]Status{StatusActive}, StatusSuspended},
	Resume:   {[]Status{StatusSuspended}, StatusActive},
	Delete:   {[]Status{StatusInactive, StatusActive, StatusSuspended}, StatusDeactivated},
}

// besides are operations on an active token that leave its state as it is. Those on device
// bindings change the list of devices, the others are history only.
var besides = []Operation{ApproveDevice, ApproveByCall, ApproveInApp, RemoveDevice, AddTrusted, RemoveTrusted, StepUpByCall, StepUpAppToApp}

// IsOperation reports whether o can be done.
func IsOperation(o Operation) bool {
	_, ok := arrows[o]
	return ok || slices.Contains(besides, o)
}

// BindsDevices reports whether o needs a device.
func (o Operation) BindsDevices() bool {
	return o == ApproveDevice || o == ApproveByCall || o == ApproveInApp || o == RemoveDevice
}

// IsStepUp reports whether o says that the cardholder was verified.
func (o Operation) IsStepUp() bool { return o == StepUpByCall || o == StepUpAppToApp }

// apply returns the token as the act leaves it.
func (t Token) apply(a Act, now time.Time) (Token, error) {
	move, isMove := arrows[a.Operation]
	switch {
	case !IsOperation(a.Operation), a.Operation.BindsDevices() && a.Device == nil:
		return t, walletport.Errorf(walletport.CodeInternal, "act_unknown", "there is no such act on a token")
	case isMove && t.Status == move.to:
		return t, refuse(ReasonAlready, "the token is in that state already")
	case t.Status == StatusDeactivated, isMove && !slices.Contains(move.from, t.Status):
		return t, refuse(ReasonStatus, "the state does not allow it")
	case !isMove && t.Status != StatusActive:
		return t, refuse(ReasonNotActive, "the token is not active")
	}
	t.Change = &Change{Operation: a.Operation, By: a.By, At: now, OperatorID: a.OperatorID, Reason: a.Reason, ActivationCode: a.ActivationCode}
	if isMove {
		return t.move(move.to, a.By, now), nil
	}
	if a.Operation.BindsDevices() {
		t.bind(a)
	}
	return t, nil
}

// bind adds a device or takes it off.
func (t *Token) bind(a Act) {
	var bound []Device
	for _, d := range t.Devices {
		if d.DeviceID != a.Device.DeviceID {
			bound = append(bound, d)
		}
	}
	if a.Operation != RemoveDevice {
		bound = append(bound, *a.Device)
	}
	t.Devices = bound
}

func (t Token) move(to Status, by Party, now time.Time) Token {
	if t.Status == StatusInactive && to == StatusActive {
		t.ActivationDate = &now
	}
	t.Status, t.StatusChangedAt, t.SuspendedBy = to, &now, ""
	switch to {
	case StatusSuspended:
		t.SuspendedBy = by
	case StatusDeactivated:
		t.DeactivationDate = &now
	case StatusInactive, StatusActive:
	}
	return t
}
