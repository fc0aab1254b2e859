package tokenapi

import (
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// The limits of what a change says, in characters.
const (
	maxOperatorChars = 16
	maxReasonChars   = 254
	maxCodeChars     = 8
	maxDeviceChars   = 48
	maxIndexChars    = 8 // of deviceIndex (inferred)
)

// activate is an operation type that is not in Visa's list, and that one processor passes.
const activate = "ACTIVATE"

// change is the body of a life cycle call.
type change struct {
	operatorID, operationType, operationReason, activationCode string

	device *tokenvault.Device
}

func readChange(body []byte) (c change, _ *refusal) {
	o, fault := sim.ReadObject(body)
	if fault != nil {
		return c, readBody(body)
	}
	refused := readMembers(o, member{"operatorID", &c.operatorID}, member{"operationType", &c.operationType},
		member{"operationReason", &c.operationReason}, member{"activationCode", &c.activationCode})
	if refused != nil || !o.Has("deviceInfo") {
		return c, refused
	}
	c.device = &tokenvault.Device{}
	if readBody(o["deviceInfo"], member{"deviceID", &c.device.DeviceID}, member{"deviceIndex", &c.device.DeviceIndex}) != nil {
		return c, invalid("deviceInfo")
	}
	return c, nil
}

// lifecycle changes a token. The token is looked for before the body is judged, so that a
// wrong operation on a token that is not there is a token that is not there (inferred).
func (s *Service) lifecycle(in request) (any, *refusal) {
	t, refused := s.token(in)
	if refused != nil {
		return nil, refused
	}
	c, refused := readChange(in.body)
	if refused != nil {
		return nil, refused
	}
	act, refused := s.act(c)
	if refused != nil {
		return nil, refused
	}
	if _, err := s.c.Vault.Apply(t.TokenReferenceID, act); err != nil {
		return nil, refusalOf(err)
	}
	return nil, nil
}

// act checks a change. An activation code is required with an activation by call centre,
// kept for audit and not looked at.
func (s *Service) act(c change) (tokenvault.Act, *refusal) {
	act := tokenvault.Act{
		Operation: tokenvault.Operation(c.operationType), By: tokenvault.Issuer,
		OperatorID: c.operatorID, Reason: c.operationReason, ActivationCode: c.activationCode,
	}
	isPlain := c.operationType == activate && s.c.TakesActivate
	if isPlain {
		act.Operation = tokenvault.Activate
	}
	switch {
	case c.operationType == "":
		return act, missing("operationType")
	case !tokenvault.IsOperation(act.Operation):
		return act, invalid("operationType")
	case c.operationReason == "":
		return act, missing("operationReason")
	case act.Operation == tokenvault.Activate && !isPlain && c.activationCode == "":
		return act, missing("activationCode")
	}
	if !isText(c.operatorID, maxOperatorChars) {
		return act, invalid("operatorID")
	}
	if !isText(c.operationReason, maxReasonChars) {
		return act, invalid("operationReason")
	}
	if !isText(c.activationCode, maxCodeChars) {
		return act, invalid("activationCode")
	}
	if !act.Operation.BindsDevices() {
		return act, nil
	}
	act.Device = c.device
	return act, checkDevice(c.device)
}

func checkDevice(d *tokenvault.Device) *refusal {
	switch {
	case d == nil || d.DeviceID == "":
		return missing("deviceInfo.deviceID")
	case !isText(d.DeviceID, maxDeviceChars), sim.HidesNumber(d.DeviceID), !isText(d.DeviceIndex, maxIndexChars):
		return invalid("deviceInfo")
	}
	return nil
}

// isText bounds a text, and refuses one with a card number: the vault would hold it.
func isText(text string, limit int) bool {
	return utf8.RuneCountInString(text) <= limit && !walletport.ContainsPAN(text)
}
