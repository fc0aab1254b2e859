package mdes

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// The names that includedFieldsInOrder may hold [S8, S13, S14].
const (
	fieldAccountNumber = "accountNumber" // the PAN's digits
	fieldAccountExpiry = "accountExpiry" // MMYY
	fieldValidUntil    = "dataValidUntilTimestamp"
	fieldTokenRef      = "tokenUniqueReference" // no source has it
)

// signatureAlgorithm of every version: RSASSA-PKCS1-v1_5 with SHA-256 [S8, S14].
const signatureAlgorithm = "RSA-SHA256"

const (
	fieldSeparator   = "|"
	maxKeyAlias      = 10 // keyAlias, the Key Unique Reference of MDES Manager [S13]
	maxTokenRefChars = 64 // tokenUniqueReference [S2, S3]
	tavMessageBytes  = 256
)

// checkFieldList reports whether names is a possible includedFieldsInOrder:
// known names, each once, the PAN and the end of validity among them [inferred].
func checkFieldList(names []string) error {
	for i, name := range names {
		if !oneOf(name, fieldAccountNumber, fieldAccountExpiry, fieldValidUntil, fieldTokenRef) || slices.Contains(names[:i], name) {
			return errors.New("unknown or repeated field name")
		}
	}
	if !slices.Contains(names, fieldAccountNumber) || !slices.Contains(names, fieldValidUntil) {
		return errors.New("accountNumber and dataValidUntilTimestamp are required")
	}
	return nil
}

// tavSubject is what a TAV is about, in the bytes that are signed.
type tavSubject struct {
	pan        []byte
	expiry     walletport.Expiry
	tokenRef   string // may be empty
	validUntil []byte // as the JSON member has it
}

// appendMessageV2 writes what a TAV 2 signs: no separators, each flag as Y or N
// before the value it is about [S8]; the forms with a token reference and without
// expiry are inferred.
func appendMessageV2(dst []byte, s tavSubject, withExpiry bool) []byte {
	dst = append(dst, s.pan...)
	if withExpiry {
		dst = appendMMYY(append(dst, 'Y'), s.expiry)
	} else {
		dst = append(dst, 'N')
	}
	if s.tokenRef == "" {
		return append(dst, 'N')
	}
	return append(append(dst, 'Y'), s.tokenRef...)
}

// appendMessageV3 writes what TAV 3 and 4 sign: the named values joined with "|".
func appendMessageV3(dst []byte, s tavSubject, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			dst = append(dst, fieldSeparator...)
		}
		switch name {
		case fieldAccountNumber:
			dst = append(dst, s.pan...)
		case fieldAccountExpiry:
			dst = appendMMYY(dst, s.expiry)
		case fieldValidUntil:
			dst = append(dst, s.validUntil...)
		case fieldTokenRef:
			dst = append(dst, s.tokenRef...)
		}
	}
	return dst
}

func appendMMYY(dst []byte, e walletport.Expiry) []byte {
	return appendTwoDigits(appendTwoDigits(dst, int(e.Month)), e.Year%100)
}

// tavFormat is the part of a profile that a TAV needs, prepared once.
type tavFormat struct {
	version  int
	flags    FlagForm
	validity time.Duration
	// names with and without a token, and the same as the JSON member has them.
	names, namesWithoutToken   []string
	joined, joinedWithoutToken string
}

func newTAVFormat(p Profile) tavFormat {
	withoutToken := slices.DeleteFunc(slices.Clone(p.TAVFieldOrder), func(name string) bool { return name == fieldTokenRef })
	return tavFormat{
		version:            p.TAVVersion,
		flags:              p.TAVFlags,
		validity:           p.TAVValidity,
		names:              slices.Clone(p.TAVFieldOrder),
		namesWithoutToken:  withoutToken,
		joined:             strings.Join(p.TAVFieldOrder, fieldSeparator),
		joinedWithoutToken: strings.Join(withoutToken, fieldSeparator),
	}
}

// sign returns the TAV string: standard base64 of the JSON, at most 2048 bytes.
func (f tavFormat) sign(in scheme.SealInput) ([]byte, error) {
	text, err := f.signJSON(in)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.AppendEncode(nil, text), nil
}

// signJSON returns the TAV's object, of which the base64 has at most 2048 bytes.
func (f tavFormat) signJSON(in scheme.SealInput) ([]byte, error) {
	if err := f.check(in); err != nil {
		return nil, err
	}
	names, joined := f.names, f.joined
	if in.TokenUniqueReference == "" {
		names, joined = f.namesWithoutToken, f.joinedWithoutToken
	}
	subject := tavSubject{
		pan:        in.Card.PAN.Reveal(),
		expiry:     in.Card.Expiry,
		tokenRef:   in.TokenUniqueReference,
		validUntil: appendTimestamp(make([]byte, 0, len("2006-01-02T15:04:05Z")), in.Now.Add(f.validity)),
	}
	message := make([]byte, 0, tavMessageBytes)
	if f.version == 2 {
		message = appendMessageV2(message, subject, true)
	} else {
		message = appendMessageV3(message, subject, names)
	}
	signature, err := signSHA256(in.Rand, in.Signer.Key, message)
	clear(message)
	if err != nil {
		return nil, err
	}
	text := f.appendJSON(make([]byte, 0, 320+2*len(signature)), in, subject.validUntil, joined, signature)
	if base64.StdEncoding.EncodedLen(len(text)) > maxTAVChars {
		return nil, errKey("its signature makes the TAV longer than 2048 characters")
	}
	return text, nil
}

func (f tavFormat) check(in scheme.SealInput) error {
	key, ok := in.Signer.Key.Public().(*rsa.PublicKey)
	switch {
	case !ok || seal.CheckRSA(key) != nil:
		return errKey("a TAV is signed with an RSA key of 2048 bits or more")
	case f.version == 4 && (len(in.Signer.Alias) > maxKeyAlias || !walletport.IsAlnum(in.Signer.Alias, "+-._:")):
		return errKey("the alias of a TAV 4 key has at most 10 letters, digits, '+', '-', '.', '_' and ':'")
	case len(in.TokenUniqueReference) > maxTokenRefChars || !walletport.IsAlnum(in.TokenUniqueReference, "-_"):
		return errCardData("a token unique reference has at most 64 letters, digits, '-' and '_'")
	}
	return nil
}

// signSHA256 signs with RSASSA-PKCS1-v1_5; the message's bytes are not kept.
func signSHA256(random io.Reader, key crypto.Signer, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	signature, err := key.Sign(random, digest[:], crypto.SHA256)
	if err != nil {
		return nil, walletport.Errorf(walletport.CodeUnavailable, "signing_unavailable", "the key cannot sign at this moment").WithCause(err)
	}
	return signature, nil
}

// appendJSON writes the TAV's object. Nothing in it needs an escape: check and
// Profile.Validate have seen to that. The order is that of S9 for 2 and 3, and of
// S12 for 4, whose sample also has an empty alias.
func (f tavFormat) appendJSON(dst []byte, in scheme.SealInput, validUntil []byte, joined string, signature []byte) []byte {
	dst = append(dst, `{"version":"`...)
	dst = strconv.AppendInt(dst, int64(f.version), 10)
	dst = append(dst, '"')
	switch f.version {
	case 2:
		dst = append(dst, `,"expirationDateIncluded":`...)
		dst = f.appendFlag(dst, true)
		dst = append(dst, `,"tokenUniqueReferenceIncluded":`...)
		dst = f.appendFlag(dst, in.TokenUniqueReference != "")
	case 4:
		dst = append(dst, `,"keyAlias":"`...)
		dst = append(dst, in.Signer.Alias...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"signatureAlgorithm":"`+signatureAlgorithm+`"`...)
	if f.version != 2 {
		dst = append(dst, `,"dataValidUntilTimestamp":"`...)
		dst = append(dst, validUntil...)
		dst = append(dst, `","includedFieldsInOrder":"`...)
		dst = append(dst, joined...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"signature":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, signature)
	return append(dst, `"}`...)
}

func (f tavFormat) appendFlag(dst []byte, flag bool) []byte {
	if f.flags == FlagBooleans {
		return strconv.AppendBool(dst, flag)
	}
	return append(strconv.AppendBool(append(dst, '"'), flag), '"')
}
