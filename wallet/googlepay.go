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
	// CheckServerSessionID reports why text cannot be the id of Google's session:
	// CodeInvalid, reason server_session_id_missing or server_session_id_malformed,
	// with the field serverSessionId. The error never repeats text.
	CheckServerSessionID(text string) error
	// EncodeOpaqueCard returns standard base64, padded, without line breaks. Keys that
	// do not fit the format are CodeUnavailable:
	//
	//   - opc_recipient_unfit: Google's certificate cannot be read, or has no RSA
	//     encryption subkey of 2048 to 8192 bits, or is not of version 4
	//   - opc_recipient_expired: it has one, but not at Now: expired, revoked, not yet
	//     valid
	//   - opc_signer_unfit: the issuer's certificate cannot be read, or does not let
	//     the key sign at Now
	//   - signing_unavailable: the custodian did not sign
	//
	// A session id that CheckServerSessionID refuses is refused here too.
	EncodeOpaqueCard(in OpaqueCardInput) (string, error)
}

// OpaqueCardInput is everything that an opaque payment card depends on.
type OpaqueCardInput struct {
	Card            *walletport.Card
	ServerSessionID string // Google's, forwarded as it came
	Recipient       []byte // Google's OpenPGP certificate, binary
	Signer          OpenPGPSigner
	Now             time.Time // of the signature; the keys must be good then
	Rand            io.Reader
}

// OpenPGPSigner is the issuer's OpenPGP signing key.
type OpenPGPSigner struct {
	Key         crypto.Signer // RSA
	Certificate []byte        // transferable public key, binary
}
