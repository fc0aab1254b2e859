package wallet

import (
	"crypto/ecdh"
	"io"
	"time"

	"github.com/walletport/walletport"
)

// PassEncoder makes what an app sets on Apple's PKAddPaymentPassRequest.
// Implementations are immutable and safe for concurrent use.
type PassEncoder interface {
	// ParseNonce reads what PassKit's callback gave beside the certificates, both in
	// lower-case hex. Errors are CodeInvalid, one reason a fault, and name the field.
	ParseNonce(nonce, signature string) (n, s []byte, err error)
	// CheckChain verifies the certificates that PassKit gave the app, each in base64,
	// and returns the leaf to encrypt to. Errors are CodeInvalid, one reason a fault;
	// a pinned root that has expired is CodeUnavailable.
	CheckChain(certificates []string, now time.Time) (PassRecipient, error)
	// NeedsSealedNumber reports whether the pass data of a scheme's cards hold the
	// number encrypted for the scheme (PassInput.SealedNumber) instead of in clear.
	NeedsSealedNumber(scheme walletport.SchemeID) bool
	// EncodePass encrypts the pass data to the recipient and encodes all three values
	// as the API says for the card's scheme. A card that Apple would refuse is
	// CodeForbidden, reason card_data_unusable.
	EncodePass(in PassInput) (Pass, error)
}

// PassRecipient is Apple's leaf certificate, verified.
type PassRecipient struct {
	Public *ecdh.PublicKey // P-256
	// Form says how the certificates came, for the log: "PEM, base64url, sub-CA first".
	// It holds nothing of what was sent.
	Form string
}

// PassInput is everything that pass data depend on.
type PassInput struct {
	Card           *walletport.Card
	SealedNumber   []byte // ASCII, made by scheme.NumberSealer; nil puts the number in clear
	Recipient      PassRecipient
	Nonce          []byte // of the delegate callback
	NonceSignature []byte
	ActivationData []byte // made by scheme.Activator
	Rand           io.Reader
}

// Pass is the answer to the app.
type Pass struct {
	ActivationData     string // standard base64
	EncryptedPassData  string // base64 or hex, by scheme
	EphemeralPublicKey string // as EncryptedPassData
}
