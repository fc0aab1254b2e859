package applepay

import (
	"crypto/ecdh"
	"crypto/x509"

	"github.com/walletport/walletport/wallet"
)

// EncodeWith gives tests the ephemeral key of published vectors.
func (e *Encoder) EncodeWith(ephemeral *ecdh.PrivateKey, in wallet.PassInput) (wallet.Pass, error) {
	return e.encodeWith(ephemeral, in)
}

// PassData returns the plaintext of a pass, and the size that its buffer was made with.
func (e *Encoder) PassData(in wallet.PassInput) (data []byte, size int, err error) {
	profile, _ := e.config.profile(in.Card.Scheme)
	data, err = e.passData(profile, in)
	return data, maxPassData(profile, in, in.Card.CardholderName.Reveal()), err
}

// AppleRoot is the embedded root certificate.
func AppleRoot() (*x509.Certificate, error) { return parseAppleRoot() }

// Trusts reports whether a pinned root signed the sub-CA: nobody but Apple can make
// a leaf below the real one.
func (e *Encoder) Trusts(sub *x509.Certificate) bool {
	_, ok := e.subCAs.trust(sub, e.roots)
	return ok
}

// SubCAsKept is the number of sub-CAs in memory.
func (e *Encoder) SubCAsKept() int {
	known := e.subCAs.known.Load()
	if known == nil {
		return 0
	}
	return len(*known)
}

// The limits.
const (
	MaxEntryChars = maxEntryChars
	MaxSubCAs     = maxSubCAs
)
