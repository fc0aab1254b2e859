// Package keys is the contract of key custody: what a key is for, how long it is good,
// how a caller gets at it (Source, Ring) and how an operator changes it (Custodian,
// Watcher). Custodians live in the folders below (keys/file); what they all need of
// formats is in keys/material. A key leaves custody only as a standard interface
// (crypto.Signer, crypto.Decrypter, KEK) or as its public half, so that an HSM fits. A
// password alone leaves it as it is, for it is sent so.
package keys

import (
	"crypto"
	"crypto/x509"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// Purpose says what a key may be used for; a key has exactly one.
type Purpose string

// The purposes of this release. A purpose is added with the feature that uses it.
const (
	MDESEncryption       Purpose = "mdes-encryption"       // PEPK: Mastercard's RSA certificate; public half only
	TAVSigning           Purpose = "tav-signing"           // RSA pair; MDES holds the public half
	MDESOAuth            Purpose = "mdes-oauth"            // RSA pair: signs requests to Mastercard's APIs by OAuth 1.0a; Mastercard holds the public half
	MDESCSEncryption     Purpose = "mdes-cs-encryption"    // Mastercard's RSA certificate of its Customer Service API; public half only
	MDESCSDecryption     Purpose = "mdes-cs-decryption"    // RSA pair: opens what Mastercard seals for us; Mastercard holds the public half
	VTSPush              Purpose = "vts-push"              // secret text shared with Visa, under whose SHA-256 push payloads are sealed
	WSD                  Purpose = "wsd"                   // two-key TDEA shared with Visa: seals MBPAC and MBPAD
	VTSAPI               Purpose = "vts-api"               // secret text shared with Visa: signs requests to its token API (x-pay-token)
	VTSSigning           Purpose = "vts-signing"           // RSA pair: signs what is sealed for Visa; Visa holds the public half
	VTSVerification      Purpose = "vts-verification"      // RSA, public half only: Visa signs with it what it seals for us
	VTSEncryption        Purpose = "vts-encryption"        // RSA, public half only: seals for Visa
	VTSDecryption        Purpose = "vts-decryption"        // RSA pair: opens what Visa seals for us; Visa holds the public half
	MDESTLS              Purpose = "mdes-tls"              // RSA or ECDSA pair with its certificate: names us to Mastercard's APIs in TLS
	VTSTLS               Purpose = "vts-tls"               // the same, to Visa's
	ClickToPayAPI        Purpose = "clicktopay-api"        // secret text shared with Visa: signs requests to its Click to Pay (x-pay-token)
	ClickToPayLogin      Purpose = "clicktopay-login"      // password of Basic authentication, which goes with a client certificate
	ClickToPayEncryption Purpose = "clicktopay-encryption" // RSA, public half only: Visa's key of message level encryption
	ClickToPayDecryption Purpose = "clicktopay-decryption" // RSA pair: opens Visa's answers; Visa holds the public half
	ClickToPayTLS        Purpose = "clicktopay-tls"        // as VTSTLS, to Visa's Click to Pay
	OPCEncryption        Purpose = "opc-encryption"        // Google's OpenPGP certificate; public half only
	OPCSigning           Purpose = "opc-signing"           // the issuer's OpenPGP RSA key; Google holds the certificate
	VaultKEK             Purpose = "vault-kek"             // AES-256: wraps the data key of each card
	VaultIndex           Purpose = "vault-index"           // HMAC-SHA-256 key: finds a card by its PAN
	AuditCheckpoint      Purpose = "audit-checkpoint"      // Ed25519 pair: signs the head of the audit chain
)

// State is where a key is in its life.
type State string

// A key is made Pending, serves while Active, and Retired still opens what it sealed
// and verifies what it signed. Destroyed it has no secret half any more: its entry and
// its public half are left. Nothing leads out of that state.
const (
	Pending   State = "pending"
	Active    State = "active"
	Retired   State = "retired"
	Destroyed State = "destroyed"
)

// ID names one version of a key, "tav-signing-v3" or "acme-tav-signing-v3". It
// is what the audit trail records.
type ID string

// BINRange is a closed range of leading digits, as many in Low as in High, 6 to 8.
type BINRange struct {
	Low, High string
}

// Contains reports whether bin, 6 or 8 digits, lies in the range. A bin shorter
// than the range's bounds is outside.
func (r BINRange) Contains(bin string) bool {
	if len(bin) < len(r.Low) {
		return false
	}
	head := bin[:len(r.Low)]
	return strings.Compare(head, r.Low) >= 0 && strings.Compare(head, r.High) <= 0
}

// Meta is the catalogue entry of a key: everything that is not secret.
type Meta struct {
	ID          ID
	Purpose     Purpose
	Issuer      walletport.IssuerID // "" serves every issuer
	BINs        []BINRange          // empty serves every BIN
	ValidFrom   time.Time
	ValidUntil  time.Time // zero never ends
	Version     int       // counts up from 1 within purpose and issuer
	State       State
	Algorithm   string // "RSA-2048", "ECDSA-P-256", "AES-256", "2TDEA", "HMAC-SHA-256", "Ed25519"
	Fingerprint string // lower-case hex SHA-256 of the SubjectPublicKeyInfo; empty for secret keys
	CheckValue  string // of secret keys, as CheckValueOf makes it; empty for others
	// Alias is the name the other side knows the key by: the Key Unique Reference
	// of MDES Manager, sent as keyAlias in a TAV v4 (may be empty); the consumer key of an
	// mdes-oauth key, as Mastercard's developer portal shows it; the encryption API
	// key id of Visa, sent as kid; the key set of a WSD key, "401200.1"; the API key of a
	// vts-api or clicktopay-api secret; the user of a clicktopay-login; the kid of the other
	// keys of vts and clicktopay, but for those of TLS.
	Alias string
	// SchemeFingerprint replaces the computed publicKeyFingerprint where the
	// scheme dictates a literal. May be empty.
	SchemeFingerprint string
	Sandbox           bool // generated by a sandbox: serve refuses it
}

// ServesAt reports whether the key may be used for new work at t.
func (m Meta) ServesAt(t time.Time) bool {
	return m.State == Active && !t.Before(m.ValidFrom) && (m.ValidUntil.IsZero() || t.Before(m.ValidUntil))
}

// OpenPGP is what an opc key has beside its RSA halves.
type OpenPGP struct {
	// Certificate is the transferable public key (RFC 4880 section 11.1), binary.
	Certificate []byte
	// Created is the creation time of the key or subkey whose public half is
	// Key.Public: with it, it makes the fingerprint that a message names it by.
	Created time.Time
}

// Key is a catalogue entry with the handles that its purpose has; the others are
// nil, and a Destroyed key has its public half alone. A Key is immutable and safe for
// concurrent use.
type Key struct {
	Meta
	Certificate *x509.Certificate // of keys that came with one; those of TLS have it always
	// Chain are the certificates above Certificate, each the issuer of the one before, without
	// the root: what a TLS client sends. Of keys of TLS alone; may be empty.
	Chain     []*x509.Certificate
	Public    crypto.PublicKey
	OAEP      OAEP // of RSA keys that content keys are encrypted to; nil leaves that to seal, where Go does it
	Signer    crypto.Signer
	Decrypter crypto.Decrypter // of MDESCSDecryption, VTSDecryption and ClickToPayDecryption: RSA-OAEP
	KEK       KEK              // of VaultKEK, and of VTSPush, where it wraps content keys (A256GCMKW)
	MAC       MAC
	TDEA      TDEA
	Login     walletport.Private // of ClickToPayLogin: "user:password", of which the alias is the user
	OpenPGP   *OpenPGP           // of OPCEncryption and OPCSigning
}

// OAEP encrypts to one RSA key by RSAES-OAEP (RFC 8017 section 7.1). Implementations are
// safe for concurrent use, and draw their random bytes themselves.
type OAEP interface {
	// EncryptOAEP encrypts a message with an empty label and with the hash in MGF1 too.
	EncryptOAEP(hash crypto.Hash, message []byte) ([]byte, error)
}

// KEK wraps data keys. Implementations are safe for concurrent use.
type KEK interface {
	// Wrap seals key with the associated data and returns the wrapped form.
	Wrap(key, associatedData []byte) ([]byte, error)
	// Unwrap opens what Wrap made. A change of either argument is an error.
	Unwrap(wrapped, associatedData []byte) ([]byte, error)
}

// TDEA encrypts with two-key triple DES in CBC mode, zero IV, without padding, as
// Visa's WSD format asks. Implementations are safe for concurrent use.
type TDEA interface {
	// EncryptBlocks returns the ciphertext of plaintext, whose length is a multiple of
	// 8. It leaves plaintext alone.
	EncryptBlocks(plaintext []byte) ([]byte, error)
}

// MAC computes a keyed digest. Implementations are safe for concurrent use.
type MAC interface {
	// Sum returns the 32-byte HMAC-SHA-256 of data.
	Sum(data []byte) []byte
}
