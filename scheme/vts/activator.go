package vts

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// authCodeChars is the length of authcode [FC, DRV].
const authCodeChars = 6

// maxNonceBytes keeps the text within the two digits that tell its length:
// "nonce=" + hex + ";authcode=" + 6 characters.
const maxNonceBytes = (maxWSDText - len("nonce=;authcode=") - authCodeChars) / 2

// Activator makes MBPAC strings, Visa's activation data. It is immutable and safe
// for concurrent use.
//
// The authcode inside is random. An issuer may keep it with the attempt [FC], to
// know it again where Visa's notifications tell an activation code [FIS-T]. This
// release does not store it: it takes no notifications, and Visa, which has the
// key, needs nobody to check an MBPAC.
type Activator struct {
	profile Profile
}

var _ scheme.Activator = (*Activator)(nil)

// NewActivator checks the profile.
func NewActivator(p Profile) (*Activator, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return &Activator{profile: p}, nil
}

// Scheme returns walletport.Visa.
func (a *Activator) Scheme() walletport.SchemeID { return walletport.Visa }

// ActivationData returns the MBPAC, ASCII:
// "MBPAC-1-FK-<key set>--TDEA-<upper-case hex>", whose text is
// "nonce=<lower-case hex>;authcode=<6 of 0-9A-Z>". It needs Nonce, Cipher and Rand,
// and nothing of the card: Visa finds the card by the nonce. in.Rand gives the
// authcode first, then the block's four characters. Errors by class:
//
//   - CodeUnsupported, nonce_required: there is no nonce that Visa could compare
//   - CodeInvalid, nonce_too_long: of more than 38 bytes
//   - CodeUnavailable, key_unusable: no WSD key, or no proper key set
//   - CodeUnavailable, sealing_unavailable: the custodian did not encrypt
func (a *Activator) ActivationData(in scheme.ActivationInput) ([]byte, error) {
	switch {
	case in.Rand == nil:
		return nil, errors.New("vts: ActivationInput needs Rand")
	case len(in.Nonce) == 0:
		return nil, walletport.Errorf(walletport.CodeUnsupported, "nonce_required", "Visa's activation data answer a nonce of the wallet, and there is none")
	case len(in.Nonce) > maxNonceBytes:
		return nil, walletport.ErrField("nonce_too_long", "nonce", fmt.Sprintf("has at most %d bytes", maxNonceBytes))
	}
	block := newWSDBlock()
	defer func() { clear(block[:cap(block)]) }()
	block = append(block, "nonce="...)
	block = hex.AppendEncode(block, in.Nonce)
	block = append(block, ";authcode="...)
	code := len(block)
	block = block[:code+authCodeChars]
	if err := drawCharacters(in.Rand, block[code:], base36); err != nil {
		return nil, err
	}
	return a.profile.sealWSD(in.Rand, in.Cipher, activationKind, block)
}
