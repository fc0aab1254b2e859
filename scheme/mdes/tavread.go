package mdes

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/seal"
)

// TAV is a Tokenization Authentication Value, decoded but not verified.
type TAV struct {
	Version   int
	KeyAlias  string // version 4: which key signed; may be empty
	Signature []byte

	// Version 2.
	ExpiryIncluded bool
	TokenIncluded  bool

	// Versions 3 and 4.
	ValidUntil time.Time
	Fields     []string // includedFieldsInOrder

	signedTimestamp string // the bytes of the JSON member, which are what is signed
}

type tavJSON struct {
	Version            string  `json:"version"`
	KeyAlias           string  `json:"keyAlias"`
	SignatureAlgorithm string  `json:"signatureAlgorithm"`
	Signature          string  `json:"signature"`
	ExpiryIncluded     tavFlag `json:"expirationDateIncluded"`
	TokenIncluded      tavFlag `json:"tokenUniqueReferenceIncluded"`
	ValidUntil         string  `json:"dataValidUntilTimestamp"`
	Fields             *string `json:"includedFieldsInOrder"`
}

// tavFlag reads "true" and true alike: the sources have both.
type tavFlag bool

// UnmarshalJSON takes a boolean, or a string that spells one.
func (f *tavFlag) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `true`, `"true"`:
		*f = true
	case `false`, `"false"`:
		*f = false
	default:
		return errors.New("not a flag")
	}
	return nil
}

// ParseTAV reads the TAV string; no program of walletport calls it yet, it is for those
// that import this package. text is standard base64 of at most 2048 characters, of
// version 2, 3 or 4. Member names are taken in any case, as version 4 is seen in two;
// unknown members are passed over. The error is CodeInvalid with the reason
// tav_malformed, tav_version_unsupported, tav_algorithm_unsupported or
// tav_fields_malformed.
func ParseTAV(text string) (TAV, error) {
	if len(text) > maxTAVChars {
		return TAV{}, errTAV("tav_malformed", "a TAV has at most 2048 characters")
	}
	object, err := decodeBase64(text)
	if err != nil {
		return TAV{}, errTAV("tav_malformed", "a TAV is standard base64, padded, without line breaks")
	}
	var wire tavJSON
	if err := unmarshalObject(object, &wire); err != nil {
		return TAV{}, errTAV("tav_malformed", "a TAV holds a JSON object with string members")
	}
	return wire.decode()
}

// decodeBase64 is strict: Go's decoder would pass over line breaks.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

func (w tavJSON) decode() (TAV, error) {
	version, known := map[string]int{"2": 2, "3": 3, "4": 4}[w.Version]
	switch {
	case w.Version == "":
		return TAV{}, errTAV("tav_malformed", "the TAV names no version")
	case !known:
		return TAV{}, errTAV("tav_version_unsupported", "the TAV's version is none of 2, 3 and 4")
	case w.SignatureAlgorithm != signatureAlgorithm:
		return TAV{}, errTAV("tav_algorithm_unsupported", "the TAV's signatureAlgorithm is not RSA-SHA256")
	}
	signature, err := decodeBase64(w.Signature)
	if err != nil || len(signature) == 0 {
		return TAV{}, errTAV("tav_malformed", "the TAV's signature is standard base64, padded, without line breaks")
	}
	t := TAV{Version: version, KeyAlias: w.KeyAlias, Signature: signature}
	if version == 2 {
		t.ExpiryIncluded, t.TokenIncluded = bool(w.ExpiryIncluded), bool(w.TokenIncluded)
		return t, nil
	}
	if w.Fields == nil || checkFieldList(strings.Split(*w.Fields, fieldSeparator)) != nil {
		return TAV{}, errTAV("tav_fields_malformed",
			"includedFieldsInOrder has accountNumber and dataValidUntilTimestamp, perhaps accountExpiry and tokenUniqueReference, each once, joined with |")
	}
	t.Fields, t.signedTimestamp = strings.Split(*w.Fields, fieldSeparator), w.ValidUntil
	if t.ValidUntil, err = parseTimestamp(w.ValidUntil); err != nil {
		return TAV{}, errTAV("tav_malformed", "the TAV's dataValidUntilTimestamp is ISO 8601 with a zone")
	}
	return t, nil
}

// Subject is the card that a TAV must be about.
type Subject struct {
	PAN                  walletport.PAN
	Expiry               walletport.Expiry
	TokenUniqueReference string // needed only if the TAV includes it
}

// Verify checks that key signed t about this card, and that versions 3 and 4 are
// valid at now: not ended, and ending within 30 days. The error is CodeInvalid with
// the reason tav_signature_wrong (which is also what another card's TAV gives),
// tav_expired or tav_too_far_ahead, or CodeUnavailable, key_unusable.
func (t TAV) Verify(key crypto.PublicKey, about Subject, now time.Time) error {
	public, ok := key.(*rsa.PublicKey)
	if !ok || seal.CheckRSA(public) != nil {
		return errKey("a TAV is verified with an RSA key of 2048 bits or more")
	}
	message := t.appendMessage(make([]byte, 0, tavMessageBytes), about)
	digest := sha256.Sum256(message)
	clear(message)
	if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], t.Signature) != nil {
		return errTAV("tav_signature_wrong", "the TAV's signature does not belong to this key, card and validity")
	}
	switch {
	case t.Version == 2:
		return nil
	case !now.Before(t.ValidUntil):
		return errTAV("tav_expired", "the TAV's validity has ended")
	case t.ValidUntil.After(now.Add(MaxTAVValidity)):
		return errTAV("tav_too_far_ahead", "the TAV's validity ends more than 30 days ahead")
	}
	return nil
}

func (t TAV) appendMessage(dst []byte, about Subject) []byte {
	s := tavSubject{
		pan:        about.PAN.Reveal(),
		expiry:     about.Expiry,
		tokenRef:   about.TokenUniqueReference,
		validUntil: []byte(t.signedTimestamp),
	}
	if t.Version != 2 {
		return appendMessageV3(dst, s, t.Fields)
	}
	if !t.TokenIncluded {
		s.tokenRef = ""
	}
	return appendMessageV2(dst, s, t.ExpiryIncluded)
}
