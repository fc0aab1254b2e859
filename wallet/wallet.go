// Package wallet is the contract of a wallet encoder: it turns what a scheme
// sealed into the answer that the wallet's app or back end takes. Encoders live in
// the folders below. Nothing here does I/O.
package wallet

import (
	"encoding/base64"
	"errors"

	"github.com/walletport/walletport"
)

// Encoder makes digitizationData of what a scheme sealed. Implementations are
// immutable and safe for concurrent use.
type Encoder interface {
	Encode(in Input) (Payload, error)
}

// Input is what an encoder works from.
type Input struct {
	Sealed []byte // made by scheme.CardSealer
	Scheme walletport.SchemeID
	Shape  string // of what is sealed, see scheme.CardSealer
}

// Payload is the answer of a provisioning call.
type Payload struct {
	// DigitizationData is the text that the app hands on as it is.
	DigitizationData string
}

// Form says how what a scheme sealed becomes digitizationData.
type Form string

// The forms.
const (
	Raw    Form = "raw"    // the text itself: a compact JWE
	Base64 Form = "base64" // standard base64, padded, without line breaks
)

// ParseForm reads a form's name.
func ParseForm(text string) (Form, error) {
	switch f := Form(text); f {
	case Raw, Base64:
		return f, nil
	}
	return "", errors.New("the form is raw or base64")
}

// Encode returns digitizationData of at most maxChars characters. A longer one is
// CodeUnsupported, reason payload_too_long: the keys are longer than the wallet's
// interface allows.
func (f Form) Encode(sealed []byte, maxChars int) (Payload, error) {
	if len(sealed) == 0 {
		return Payload{}, errors.New("wallet: nothing was sealed")
	}
	size := len(sealed)
	if f == Base64 {
		size = base64.StdEncoding.EncodedLen(size)
	}
	if size > maxChars {
		return Payload{}, walletport.Errorf(walletport.CodeUnsupported, "payload_too_long",
			"digitizationData would be longer than the %d characters that the wallet takes", maxChars)
	}
	if f == Base64 {
		return Payload{DigitizationData: base64.StdEncoding.EncodeToString(sealed)}, nil
	}
	return Payload{DigitizationData: string(sealed)}, nil
}
