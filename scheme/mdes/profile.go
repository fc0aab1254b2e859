package mdes

import (
	"errors"
	"slices"
	"time"
)

// Shape is the form of the IIDD.
type Shape string

// The shapes. No source says which wallet needs which.
const (
	CardInfo           Shape = "cardInfo"
	FundingAccountInfo Shape = "fundingAccountInfo"
)

// KeyWrapping is how RSA carries the AES key. The first two are also the values
// of oaepHashingAlgorithm; for the third that member is left out.
type KeyWrapping string

// The key wrappings.
const (
	SHA256   KeyWrapping = "SHA256"
	SHA512   KeyWrapping = "SHA512"
	PKCS1v15 KeyWrapping = "pkcs1v15"
)

// CipherMode is the value of algorithmCipherMode.
type CipherMode string

// The cipher modes.
const (
	CBC CipherMode = "CBC"
	GCM CipherMode = "GCM"
)

// FingerprintMode is what publicKeyFingerprint is computed from.
type FingerprintMode string

// The fingerprint modes.
const (
	SHA1Certificate    FingerprintMode = "sha1-cert"   // SHA-1 of the DER certificate
	SHA256Certificate  FingerprintMode = "sha256-cert" // SHA-256 of the DER certificate
	SHA256PublicKey    FingerprintMode = "sha256-spki" // SHA-256 of the SubjectPublicKeyInfo
	SHA1PublicKey      FingerprintMode = "sha1-spki"   // SHA-1 of the SubjectPublicKeyInfo
	LiteralFingerprint FingerprintMode = "literal"     // what the key's catalogue entry says, and nothing else
)

// HexCase is the case of hex digits that are sent.
type HexCase string

// The cases.
const (
	LowerHex HexCase = "lower"
	UpperHex HexCase = "upper"
)

// FlagForm is how a TAV v2 writes its two flags.
type FlagForm string

// The flag forms.
const (
	FlagStrings  FlagForm = "strings"  // "true"
	FlagBooleans FlagForm = "booleans" // true
)

// MaxTAVValidity is how far ahead a TAV may be dated [S8].
const MaxTAVValidity = 30 * 24 * time.Hour

// Profile is every format choice that the public sources leave open. Each field
// names its sources and how sure we are of the default; the scheme's onboarding
// engineer may ask for another value. Start from DefaultProfile, not from zero.
type Profile struct {
	// Shape of the IIDD: cardInfo (default; S8-S11, high) or fundingAccountInfo (S12, S15, high).
	Shape Shape `setting:"shape"`
	// OAEPHash of the key wrapping: SHA256 (default; S9, S18, high), SHA512 (S8, S18), or pkcs1v15,
	// which is legal [S2] but weak: only if the scheme asks for it.
	OAEPHash KeyWrapping `setting:"oaep_hash"`
	// AESBits of the content key: 128 (default; S2 requires that receivers take it, high) or 256 (S2: optional).
	AESBits int `setting:"aes_bits"`
	// CipherMode: CBC (default; all field data, high) or GCM (S2, S3, newer versions only; no field data).
	// With GCM, 16 random bytes go along as aad, which S2 requires (inferred: it does not say what they are).
	CipherMode CipherMode `setting:"cipher_mode"`
	// Fingerprint names the encryption key: sha1-cert (default; S2-S4 samples, S17, high), sha256-cert
	// (Mastercard's libraries, S18), sha256-spki (same), sha1-spki (no source), or literal. A literal in a
	// key's catalogue entry always wins.
	Fingerprint FingerprintMode `setting:"fingerprint"`
	// HexCase of what we send: lower (default; S2 says either) or upper (seen in S9).
	HexCase HexCase `setting:"hex_case"`
	// TAVVersion: 3 (default; S8, S12-S14: members high, signed bytes medium-high), 2 (S9, S10; has no end of
	// validity and can be replayed) or 4 (S12, S13; medium).
	TAVVersion int `setting:"tav_version"`
	// TokenTAVVersion is the version of activation data about one token: 2 (default; S10, its only sample;
	// the signed bytes are inferred), or 3 or 4, which then sign tokenUniqueReference too, last unless
	// tav_field_order says where (inferred).
	TokenTAVVersion int `setting:"token_tav_version"`
	// TAVFieldOrder is the order of signed values in TAV 3 and 4: dataValidUntilTimestamp, accountNumber,
	// accountExpiry (default; S9, S12, S13, medium-high); S8 puts the timestamp last. tokenUniqueReference
	// may be added (no source); it is left out of a TAV that is not about a token.
	TAVFieldOrder []string `setting:"tav_field_order"`
	// TAVFlags of a TAV 2: strings (default; S9, S10, high) or booleans (S8).
	TAVFlags FlagForm `setting:"tav_flags"`
	// TAVValidity from the moment of signing: 30m (default; S8, S13), at most 720h [S8]. TAV 3 and 4 only.
	TAVValidity time.Duration `setting:"tav_validity"`
	// DataValidity puts dataValidUntilTimestamp, this long after the sealing, beside the card; 0 (default) leaves
	// it out. Optional by S2 and S6, seldom seen; 30m is Mastercard's suggestion [S8, S13]. At most 720h (inferred).
	DataValidity time.Duration `setting:"data_validity"`
	// CardholderName is sent where the card has one: true (default; S8, high). Optional by S2 and S6.
	CardholderName bool `setting:"cardholder_name"`
	// Source of the card. Empty (default) means CARD_ADDED_VIA_APPLICATION, or ACCOUNT_ADDED_VIA_APPLICATION
	// in fundingAccountInfo (S2, S6, S8, high).
	Source string `setting:"source"`
}

// DefaultProfile returns what the sources make most likely.
func DefaultProfile() Profile {
	return Profile{
		Shape:           CardInfo,
		OAEPHash:        SHA256,
		AESBits:         128,
		CipherMode:      CBC,
		Fingerprint:     SHA1Certificate,
		HexCase:         LowerHex,
		TAVVersion:      3,
		TokenTAVVersion: 2,
		TAVFieldOrder:   []string{fieldValidUntil, fieldAccountNumber, fieldAccountExpiry},
		TAVFlags:        FlagStrings,
		TAVValidity:     30 * time.Minute,
		CardholderName:  true,
	}
}

// pushSource is the source value of push provisioning by shape.
var pushSource = map[Shape]string{
	CardInfo:           "CARD_ADDED_VIA_APPLICATION",
	FundingAccountInfo: "ACCOUNT_ADDED_VIA_APPLICATION",
}

// sources lists the values that S2, S4 and S6 name. EXISTING_TOKEN_CREDENTIAL is
// not among them: it is about a token, and we seal cards.
var sources = map[Shape][]string{
	CardInfo: {"CARD_ADDED_VIA_APPLICATION", "CARD_ON_FILE", "CARD_ADDED_MANUALLY"},
	FundingAccountInfo: {
		"ACCOUNT_ADDED_VIA_APPLICATION", "ACCOUNT_ON_FILE", "ACCOUNT_ADDED_MANUALLY",
		"ACCOUNT_ADDED_VIA_BROWSER", "ACCOUNT_ADDED_VIA_CHIP_DATA",
	},
}

// Validate returns every problem of the profile, joined, or nil. The texts name
// fields as a configuration file does.
func (p Profile) Validate() error {
	var problems []error
	demand := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, errors.New(problem))
		}
	}
	demand(oneOf(p.Shape, CardInfo, FundingAccountInfo), "shape: cardInfo or fundingAccountInfo")
	if err := p.encryption().Validate(); err != nil {
		problems = append(problems, err)
	}
	demand(oneOf(p.TAVVersion, 2, 3, 4), "tav_version: 2, 3 or 4")
	demand(oneOf(p.TokenTAVVersion, 2, 3, 4), "token_tav_version: 2, 3 or 4")
	demand(oneOf(p.TAVFlags, FlagStrings, FlagBooleans), "tav_flags: strings or booleans")
	demand(checkFieldList(p.TAVFieldOrder) == nil,
		"tav_field_order: accountNumber and dataValidUntilTimestamp, with accountExpiry and tokenUniqueReference if wanted, each once")
	demand(p.TAVValidity >= time.Second && p.TAVValidity <= MaxTAVValidity, "tav_validity: 1s to 720h")
	demand(p.DataValidity == 0 || p.DataValidity >= time.Second && p.DataValidity <= MaxTAVValidity, "data_validity: 0, or 1s to 720h")
	demand(p.Source == "" || slices.Contains(sources[p.Shape], p.Source), "source: empty, or a value that the shape knows")
	return errors.Join(problems...)
}

func oneOf[T comparable](value T, known ...T) bool { return slices.Contains(known, value) }
