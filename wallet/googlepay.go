package wallet

import (
	"crypto"
	"io"
	"time"

	"github.com/walletport/walletport"
)

// OpaqueCardEncoder makes a Google opaque payment card: the card, signed by the
// issuer and encrypted to Google by OpenPGP. Implementations are immutable and
// safe for concurrent use.
type OpaqueCardEncoder interface {
	// EncodeOpaqueCard returns standard base64. Keys that do not fit the format (no
	// encryption subkey, expired) are CodeUnavailable, reason opc_key_unfit.
	EncodeOpaqueCard(in OpaqueCardInput) (string, error)
}

// OpaqueCardInput is everything that an opaque payment card depends on.
type OpaqueCardInput struct {
	Card            *walletport.Card
	ServerSessionID string // Google's, forwarded as it came
	Recipient       []byte // Google's OpenPGP certificate, binary
	Signer          OpenPGPSigner
	Now             time.Time
	Rand            io.Reader
}

// OpenPGPSigner is the issuer's OpenPGP signing key.
type OpenPGPSigner struct {
	Key         crypto.Signer // RSA
	Certificate []byte        // transferable public key, binary
}
