// Package wallet is the contract of a wallet encoder: it turns what a scheme
// sealed into the answer that the wallet's app or back end takes. Encoders live in
// the folders below. Nothing here does I/O.
package wallet

// Encoder makes the answer of one provisioning call. Implementations are
// immutable and safe for concurrent use.
type Encoder interface {
	Encode(in Input) (Payload, error)
}

// Input is what an encoder works from.
type Input struct {
	Sealed []byte // made by scheme.CardSealer
}

// Payload is the answer of a provisioning call.
type Payload struct {
	// DigitizationData is standard base64, padded, without line breaks.
	DigitizationData string
}
