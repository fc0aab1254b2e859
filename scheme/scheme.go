// Package scheme is the contract of a card scheme, by capability. Schemes live in
// the folders below (scheme/mdes). Nothing here does I/O.
package scheme

import (
	"crypto"
	"crypto/x509"
	"io"
	"time"

	"github.com/walletport/walletport"
)

// CardSealer makes what only the scheme can open: the card, and the issuer's
// proof that it may be tokenised. Implementations are immutable and safe for
// concurrent use.
type CardSealer interface {
	// Scheme names the scheme whose cards can be sealed.
	Scheme() walletport.SchemeID
	// SealCard returns the scheme's own structure (the IIDD JSON of MDES) as bytes.
	SealCard(in SealInput) ([]byte, error)
}

// SealInput is everything one seal depends on.
type SealInput struct {
	Card      *walletport.Card
	Recipient Recipient
	Signer    Signer
	// TokenUniqueReference binds the proof to one token where the format allows; may be empty.
	TokenUniqueReference string
	Now                  time.Time
	Rand                 io.Reader // crypto/rand.Reader outside of tests
}

// Recipient is the scheme's public encryption key.
type Recipient struct {
	Public      crypto.PublicKey
	Certificate *x509.Certificate // nil if only a bare key was given
	Fingerprint string            // literal that replaces the computed fingerprint; may be empty
}

// Signer is the issuer's signing key; the zero Signer leaves the proof out where
// the format allows it.
type Signer struct {
	Key   crypto.Signer
	Alias string // the name the scheme knows the key by; may be empty
}
