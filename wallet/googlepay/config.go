package googlepay

import (
	"crypto"
	"errors"
	"slices"

	"github.com/walletport/walletport/wallet"
)

// Limits of digitizationData in characters. No source has one for Google Pay; the
// default is Mastercard's for issuer wallets (MDES Token Connect OpenAPI 2.11).
const (
	DefaultMaxChars = 5000
	maxMaxChars     = 256_000
)

// VersionForm is how protocolHeader.version is written.
type VersionForm string

// The version forms.
const (
	VersionNumber VersionForm = "number" // 1
	VersionString VersionForm = "string" // "1"
)

// Hash is the digest of the OpenPGP signature.
type Hash string

// The hashes.
const (
	SHA256 Hash = "sha256"
	SHA384 Hash = "sha384"
	SHA512 Hash = "sha512"
)

// SessionIDForm says what a serverSessionId may be.
type SessionIDForm string

// The session id forms.
const (
	UUID SessionIDForm = "uuid" // 36 characters, 8-4-4-4-12 hex digits of either case
	Free SessionIDForm = "free" // 1 to 256 bytes of UTF-8 without control characters
)

// Config is every choice that the public sources leave open. Each field names its
// sources and how sure we are of the default. Start from DefaultConfig, not from
// zero.
type Config struct {
	// VisaForm of digitizationData: raw (default; the JWE itself, which Google takes, high) or base64 (Enfuce's page
	// describes the field so for both schemes, low). Mastercard's is always base64 (high).
	VisaForm wallet.Form `setting:"visa_form"`
	// MaxChars is the longest digitizationData that is given out: 5000 (default; inferred), 1 to 256000.
	MaxChars int `setting:"max_chars"`
	// ProtocolVersion of the opaque payment card: 1 (default; Google's samples, high), to 999. Google says that it
	// provides the number.
	ProtocolVersion int `setting:"protocol_version"`
	// ProtocolVersionForm: number (default; every sample of Google, high) or string (one schema of Google, low).
	ProtocolVersionForm VersionForm `setting:"protocol_version_form"`
	// Hash of the OpenPGP signature: sha384 (default; Google's application-layer guide, high), sha256 or sha512.
	Hash Hash `setting:"hash"`
	// Armor puts the OpenPGP message into ASCII armor before base64: false (default; Google's opaque payment card page
	// encodes "the encrypted bytes", medium-high) or true (the gpg command of its application-layer guide, low).
	Armor bool `setting:"armor"`
	// ServerSessionID: uuid (default; Enfuce's type, high for that API) or free (Google's sample is no UUID, high).
	ServerSessionID SessionIDForm `setting:"server_session_id"`
}

// DefaultConfig returns what the sources make most likely.
func DefaultConfig() Config {
	return Config{
		VisaForm:            wallet.Raw,
		MaxChars:            DefaultMaxChars,
		ProtocolVersion:     1,
		ProtocolVersionForm: VersionNumber,
		Hash:                SHA384,
		ServerSessionID:     UUID,
	}
}

// Validate returns every problem, joined, or nil. The texts name fields as a
// configuration file does.
func (c Config) Validate() error {
	var problems []error
	demand := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, errors.New(problem))
		}
	}
	demand(slices.Contains([]wallet.Form{wallet.Raw, wallet.Base64}, c.VisaForm), "visa_form: raw or base64")
	demand(c.MaxChars >= 1 && c.MaxChars <= maxMaxChars, "max_chars: 1 to 256000")
	demand(c.ProtocolVersion >= 1 && c.ProtocolVersion <= 999, "protocol_version: 1 to 999")
	demand(slices.Contains([]VersionForm{VersionNumber, VersionString}, c.ProtocolVersionForm), "protocol_version_form: number or string")
	demand(hashes[c.Hash] != 0, "hash: sha256, sha384 or sha512")
	demand(slices.Contains([]SessionIDForm{UUID, Free}, c.ServerSessionID), "server_session_id: uuid or free")
	return errors.Join(problems...)
}

var hashes = map[Hash]crypto.Hash{SHA256: crypto.SHA256, SHA384: crypto.SHA384, SHA512: crypto.SHA512}
