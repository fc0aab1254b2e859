// Package scheme is the contract of a card scheme, by capability. Schemes live in
// the folders below (scheme/mdes, scheme/vts). Nothing here does I/O.
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
	// Shape is how the scheme lays out what is sealed, in its own word, for wallets that
	// do not read every shape: "cardInfo" or "fundingAccountInfo" of MDES; "" of a scheme
	// that has one shape.
	Shape() string
	// CheckClient refuses what SealCard would refuse of the caller's ids, as far as it can be
	// told without the card, so that a bad request opens none: CodeInvalid, reasons client_….
	CheckClient(c Client) error
	// SealCard returns the scheme's own structure as bytes: the IIDD JSON of MDES,
	// the compact JWE of VTS.
	SealCard(in SealInput) ([]byte, error)
}

// Activator makes activation data: the one-time proof of the issuer that a card
// may be tokenised, without the card in it. Implementations are immutable and safe
// for concurrent use.
type Activator interface {
	// Scheme names the scheme whose cards can be activated.
	Scheme() walletport.SchemeID
	// ActivationData returns the bytes that a wallet hands to the scheme: the JSON of
	// a TAV, the ASCII of an MBPAC. The API sends them in standard base64. A missing
	// nonce is CodeUnsupported, reason nonce_required, where the scheme needs one.
	ActivationData(in ActivationInput) ([]byte, error)
}

// NumberSealer encrypts a card number so that only the scheme opens it, for a
// wallet whose pass data must not hold it in clear (Visa's MBPAD in Apple's
// encrypted-FPAN form). Implementations are immutable and safe for concurrent use.
type NumberSealer interface {
	// SealNumber returns ASCII text.
	SealNumber(in NumberInput) ([]byte, error)
}

// SealInput is everything one seal depends on.
type SealInput struct {
	Card      *walletport.Card
	Recipient Recipient
	Signer    Signer
	Client    Client
	// TokenUniqueReference binds the proof to one token where the format allows; may be empty.
	TokenUniqueReference string
	Now                  time.Time
	Rand                 io.Reader // crypto/rand.Reader outside of tests
}

// ActivationInput is everything that activation data depends on.
type ActivationInput struct {
	Card   *walletport.Card
	Signer Signer // of Mastercard
	Cipher Cipher // of Visa
	// Nonce is the wallet's own, which Visa's MBPAC answers; empty where the wallet gives none.
	Nonce []byte
	// TokenUniqueReference binds a Mastercard TAV v2 to one token; may be empty.
	TokenUniqueReference string
	Now                  time.Time
	Rand                 io.Reader
}

// NumberInput is everything that an encrypted card number depends on.
type NumberInput struct {
	Card   *walletport.Card
	Cipher Cipher
	Now    time.Time
	Rand   io.Reader
}

// Client is what the wallet told the app about itself. Visa compares it with what
// the wallet says; Mastercard needs none of it.
type Client struct {
	TokenRequestorID string // 11 digits, the wallet's at the scheme
	AppID            string // at most 36 characters
	DeviceID         string
	WalletAccountID  string
}

// Recipient is the scheme's encryption key: a public key, or a secret that the
// issuer shares with the scheme.
type Recipient struct {
	Public      crypto.PublicKey
	OAEP        OAEP              // encrypts to Public where it is RSA; nil is Go's standard library
	Certificate *x509.Certificate // nil if only a bare key was given
	Fingerprint string            // literal that replaces the computed fingerprint; may be empty
	Wrapper     KeyWrapper        // of a shared secret, else nil
	KeyID       string            // the name the scheme knows the key by, where it has one
}

// OAEP encrypts to one RSA key by RSAES-OAEP, with an empty label and the hash in MGF1 too.
// It draws its random bytes itself.
type OAEP interface {
	EncryptOAEP(hash crypto.Hash, message []byte) ([]byte, error)
}

// KeyWrapper wraps a content key under a shared secret by AES-256-GCM.
type KeyWrapper interface {
	// Wrap returns the 12-byte nonce, the ciphertext and the 16-byte tag, one after
	// the other.
	Wrap(key, associatedData []byte) ([]byte, error)
}

// Signer is the issuer's signing key; the zero Signer leaves the proof out where
// the format allows it.
type Signer struct {
	Key   crypto.Signer
	Alias string // the name the scheme knows the key by; may be empty
}

// Cipher is a block cipher key that the issuer shares with the scheme (Visa's
// WSD key).
type Cipher struct {
	Key   BlockEncrypter
	KeyID string // the key set, "401200.1": a BIN or encryption rule and an index
}

// BlockEncrypter encrypts whole blocks in CBC mode with a zero IV.
type BlockEncrypter interface {
	// EncryptBlocks returns the ciphertext of plaintext, whose length is a multiple of
	// 8. It leaves plaintext alone.
	EncryptBlocks(plaintext []byte) ([]byte, error)
}
