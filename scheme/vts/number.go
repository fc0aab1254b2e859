package vts

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport/scheme"
)

// NumberSealer makes MBPAD strings: card numbers that only Visa reads. It is
// immutable and safe for concurrent use.
type NumberSealer struct {
	profile Profile
}

var _ scheme.NumberSealer = (*NumberSealer)(nil)

// NewNumberSealer checks the profile.
func NewNumberSealer(p Profile) (*NumberSealer, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return &NumberSealer{profile: p}, nil
}

// SealNumber returns the MBPAD, ASCII: "MBPAD-1-FK-<key set>--TDEA-<upper-case hex>",
// whose text is "pan=<digits>;expiry=<MMYY>;datetime=<yyyyMMddHHmmss>" [FC, DRV].
// The time is UTC [FC]; DRV takes the local clock, which a server does not have in
// common with anybody. Errors by class:
//
//   - CodeForbidden, card_data_unusable: Visa would refuse the card's data
//   - CodeUnavailable, key_unusable: no WSD key, or no proper key set
//   - CodeUnavailable, sealing_unavailable: the custodian did not encrypt
func (s *NumberSealer) SealNumber(in scheme.NumberInput) ([]byte, error) {
	if in.Now.IsZero() || in.Rand == nil {
		return nil, errors.New("vts: NumberInput needs Now and Rand")
	}
	if err := checkCard(in.Card); err != nil {
		return nil, err
	}
	block := newWSDBlock()
	defer func() { clear(block[:cap(block)]) }()
	block = append(block, "pan="...)
	block = append(block, in.Card.PAN.Reveal()...)
	block = append(block, ";expiry="...)
	block = appendMMYY(block, in.Card.Expiry)
	block = append(block, ";datetime="...)
	block = in.Now.UTC().AppendFormat(block, "20060102150405")
	return s.profile.sealWSD(in.Rand, in.Cipher, numberKind, block)
}
