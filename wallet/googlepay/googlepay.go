// Package googlepay makes both answers for Google Pay: digitizationData, which
// Google hands to the scheme as it is, and the Google opaque payment card, with
// which Google saves the card on the account ("Google OPC", push provisioning for
// Android and web). It does no I/O.
//
// digitizationData is the text whose bytes the app gives to the TapAndPay SDK: for
// Mastercard the standard base64 of the IIDD, for Visa the compact JWE.
//
// The opaque payment card (developers.google.com, "Push provisioning: Google OPC")
// is this JSON, signed by the issuer and encrypted to Google by OpenPGP (RFC 4880),
// in standard base64 (RFC 4648 section 4):
//
//	{"protocolHeader":{"version":1},
//	 "validationContext":{"serverSessionId":"…"},
//	 "paymentCard":{"accountNumber":"…","expiryMonth":"12","expiryYear":"29"}}
package googlepay

import (
	"errors"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/seal"
	"github.com/walletport/walletport/wallet"
)

// Encoder makes Google Pay's answers. Apart from the certificates it remembers it
// is immutable; it is safe for concurrent use.
type Encoder struct {
	visa         wallet.Form
	maxChars     int
	header       string // the beginning of the clear text
	sessionID    SessionIDForm
	openPGP      seal.OpenPGP
	certificates certificates
}

var (
	_ wallet.Encoder           = (*Encoder)(nil)
	_ wallet.OpaqueCardEncoder = (*Encoder)(nil)
)

// New checks the configuration.
func New(c Config) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	version := strconv.Itoa(c.ProtocolVersion)
	if c.ProtocolVersionForm == VersionString {
		version = `"` + version + `"`
	}
	return &Encoder{
		visa:      c.VisaForm,
		maxChars:  c.MaxChars,
		header:    `{"protocolHeader":{"version":` + version + `},"validationContext":{"serverSessionId":`,
		sessionID: c.ServerSessionID,
		openPGP:   seal.OpenPGP{Hash: hashes[c.Hash], Armor: c.Armor},
	}, nil
}

// Encode returns digitizationData in the form of the card's scheme. A result over
// the limit is CodeUnsupported, reason payload_too_long.
func (e *Encoder) Encode(in wallet.Input) (wallet.Payload, error) {
	switch in.Scheme {
	case walletport.Mastercard:
		return wallet.Base64.Encode(in.Sealed, e.maxChars)
	case walletport.Visa:
		return e.visa.Encode(in.Sealed, e.maxChars)
	}
	return wallet.Payload{}, errors.New("googlepay: unknown scheme")
}
