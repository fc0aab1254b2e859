// Package samsungpay makes the answer for Samsung Pay: digitizationData, the text
// that the app puts into AddCardInfo as provisionPayload and that Samsung hands to
// the scheme (Samsung Pay SDK, push provisioning). It does no I/O.
//
// For Visa it is the compact JWE; for Mastercard the standard base64 of the IIDD,
// which must have the shape cardInfo: Samsung reads no other (Mastercard
// Processing, "Enable card for Samsung Pay").
package samsungpay

import (
	"errors"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
)

// Limits of digitizationData in characters. No source has one for Samsung Pay; the
// default is Mastercard's for issuer wallets (MDES Token Connect OpenAPI 2.11).
const (
	DefaultMaxChars = 5000
	maxMaxChars     = 256_000
)

// Config is every choice that the public sources leave open. Start from
// DefaultConfig, not from zero.
type Config struct {
	// VisaForm of digitizationData: raw (default; the JWE itself, which Samsung takes by a processor's sample, high) or
	// base64 (Enfuce's page describes the field so for both schemes, low). Mastercard's is always base64 (high).
	VisaForm wallet.Form `setting:"visa_form"`
	// MaxChars is the longest digitizationData that is given out: 5000 (default; inferred), 1 to 256000.
	MaxChars int `setting:"max_chars"`
}

// DefaultConfig returns what the sources make most likely.
func DefaultConfig() Config {
	return Config{VisaForm: wallet.Raw, MaxChars: DefaultMaxChars}
}

// Validate returns every problem, joined, or nil.
func (c Config) Validate() error {
	var problems []error
	if !slices.Contains([]wallet.Form{wallet.Raw, wallet.Base64}, c.VisaForm) {
		problems = append(problems, errors.New("visa_form: raw or base64"))
	}
	if c.MaxChars < 1 || c.MaxChars > maxMaxChars {
		problems = append(problems, errors.New("max_chars: 1 to 256000"))
	}
	return errors.Join(problems...)
}

// Encoder makes Samsung Pay's answer. It is immutable and safe for concurrent use.
type Encoder struct {
	visa     wallet.Form
	maxChars int
}

var _ wallet.Encoder = (*Encoder)(nil)

// New checks the configuration.
func New(c Config) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Encoder{visa: c.VisaForm, maxChars: c.MaxChars}, nil
}

// shapeTaken is the one shape of Mastercard's that Samsung reads.
const shapeTaken = "cardInfo"

// Encode returns digitizationData in the form of the card's scheme. It is
// CodeUnsupported where Samsung could not use the result: reason
// samsung_needs_card_info for a Mastercard card in another shape, payload_too_long over the
// limit.
func (e *Encoder) Encode(in wallet.Input) (wallet.Payload, error) {
	switch in.Scheme {
	case walletport.Mastercard:
		if in.Shape != shapeTaken {
			return wallet.Payload{}, walletport.Errorf(walletport.CodeUnsupported, "samsung_needs_card_info",
				"Samsung Pay takes a Mastercard card in the shape cardInfo only; an operator must set it in the MDES profile")
		}
		return wallet.Base64.Encode(in.Sealed, e.maxChars)
	case walletport.Visa:
		return e.visa.Encode(in.Sealed, e.maxChars)
	}
	return wallet.Payload{}, errors.New("samsungpay: unknown scheme")
}
