// Package issuerwallet makes the answer for an issuer's own wallet (or that of
// another token requestor): digitizationData, the standard base64 of the scheme's
// structure, which the wallet's back end hands to MDES as it is (MDES Token Connect
// OpenAPI 2.11 and Digital Enablement OpenAPI 1.3.0). It knows no scheme and does
// no I/O.
package issuerwallet

import (
	"cmp"
	"errors"

	"github.com/walletport/walletport/wallet"
)

// Limits of digitizationData in base64 characters. Sources disagree: Token Connect
// says 5000, a processor (Fiserv FirstVision) 256000.
const (
	DefaultMaxChars = 5000
	maxMaxChars     = 256_000
)

// Config is what may be set of an Encoder.
type Config struct {
	// MaxChars is the longest digitizationData that is given out; 0 means 5000, at most 256000.
	MaxChars int `setting:"max_chars"`
}

// Validate reports what is wrong, or nil.
func (c Config) Validate() error {
	if c.MaxChars < 0 || c.MaxChars > maxMaxChars {
		return errors.New("max_chars: 0 (which means 5000) to 256000")
	}
	return nil
}

// WithDefaults returns c with what is in force for fields that are zero.
func (c Config) WithDefaults() Config {
	c.MaxChars = cmp.Or(c.MaxChars, DefaultMaxChars)
	return c
}

// Encoder wraps an IIDD. It is immutable and safe for concurrent use.
type Encoder struct{ maxChars int }

var _ wallet.Encoder = (*Encoder)(nil)

// New checks the configuration.
func New(c Config) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Encoder{maxChars: c.WithDefaults().MaxChars}, nil
}

// Encode returns the standard base64 of what the scheme sealed: padded, without
// line breaks. A result over the limit is CodeUnsupported, reason payload_too_long.
func (e *Encoder) Encode(in wallet.Input) (wallet.Payload, error) {
	return wallet.Base64.Encode(in.Sealed, e.maxChars)
}
