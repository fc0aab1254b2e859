package seal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// A signed JWE is a JWS in compact serialization (RFC 7515 section 7.1) whose payload is
// the text of a JWE in compact serialization (RFC 7516 section 7.1): encrypted to the
// recipient first, then signed by the sender. alg is PS256 outside; inside, alg is
// RSA-OAEP-256 and enc A256GCM. It is what Visa's token API calls encryptedData.

const (
	signatureAlgorithm = "PS256"
	nestedContentType  = "JWE" // cty of the JWS (Visa's sample)
)

var pssOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256} // RFC 7518 section 3.5

// SignedJWEHeader is what the headers say beside algorithms and types. Key ids are
// printable ASCII without '"' and '\'.
type SignedJWEHeader struct {
	SignerKeyID    string // kid of the JWS
	RecipientKeyID string // kid of the JWE
	IssuedAt       int64  // iat of the JWE, in the unit that the recipient wants
	IssuedAtForm   IssuedAtForm
}

// inner is the header of the JWE.
func (h SignedJWEHeader) inner() OAEPHeader {
	return OAEPHeader{Type: "JOSE", KeyID: h.RecipientKeyID, IssuedAt: h.IssuedAt, IssuedAtForm: h.IssuedAtForm, KeyBits: 256}
}

// SealSignedJWE encrypts plaintext to an RSA key and signs the result. It keeps no
// argument; wiping plaintext is the caller's part. random is crypto/rand.Reader outside of
// tests. The errors of signer come back wrapped, with ErrSign.
func SealSignedJWE(random io.Reader, header SignedJWEHeader, to Recipient, signer crypto.Signer, plaintext []byte) ([]byte, error) {
	if err := (JWEHeader{KeyID: header.SignerKeyID}).check(); err != nil {
		return nil, err
	}
	inner, err := SealOAEPJWE(random, header.inner(), to, plaintext)
	if err != nil {
		return nil, err
	}
	protected := appendMember([]byte(`{"alg":"`+signatureAlgorithm+`","typ":"JOSE"`), `,"kid":"`, header.SignerKeyID)
	protected = append(protected, `,"cty":"`+nestedContentType+`"}`...)
	compact := jwe64.AppendEncode(nil, protected)
	compact = jwe64.AppendEncode(append(compact, '.'), inner)
	digest := sha256.Sum256(compact)
	signature, err := signer.Sign(random, digest[:], pssOptions)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSign, err)
	}
	return jwe64.AppendEncode(append(compact, '.'), signature), nil
}

// ErrSign is with the errors of a signer, apart from those of sealing.
var ErrSign = errors.New("seal: it could not be signed")

// errSignedJWE is about a text that can be seen to be no signed JWE without a key.
var errSignedJWE = errors.New("seal: not a compact JWE with RSA-OAEP-256 and A256GCM in a compact JWS with PS256")

// SignedJWE is a signed JWE, split into its parts but neither verified nor decrypted:
// nothing that it says is to be believed before Open.
type SignedJWE struct {
	SignerKeyID    string // kid of the JWS: who may have signed; may be empty
	RecipientKeyID string // kid of the JWE: which key opens it; may be empty

	signed    []byte // what the signature is over
	signature []byte
	inner     OAEPJWE
}

// ParseSignedJWE reads at most 16384 bytes. Other algorithms than those that SealSignedJWE
// writes are refused, whatever the keys could do.
func ParseSignedJWE(compact []byte) (SignedJWE, error) {
	if len(compact) > maxJWEBytes {
		return SignedJWE{}, errSignedJWE
	}
	outer, segments, err := splitJOSE(compact, 3)
	if err != nil || outer.Algorithm != signatureAlgorithm {
		return SignedJWE{}, errSignedJWE
	}
	inner, err := ParseOAEPJWE(segments[1].decoded)
	if err != nil || inner.KeyBits != 256 {
		return SignedJWE{}, errSignedJWE
	}
	return SignedJWE{
		SignerKeyID:    outer.KeyID,
		RecipientKeyID: inner.KeyID,
		signed:         compact[:len(compact)-len(segments[2].text)-len(".")],
		signature:      segments[2].decoded,
		inner:          inner,
	}, nil
}

// Open verifies that sender signed, and returns the plaintext, which the caller wipes.
// Whatever is wrong with the signature, the key or the content, the error is ErrOpen.
func (s SignedJWE) Open(sender *rsa.PublicKey, key crypto.Decrypter) ([]byte, error) {
	digest := sha256.Sum256(s.signed)
	if err := rsa.VerifyPSS(sender, crypto.SHA256, digest[:], s.signature, pssOptions); err != nil {
		return nil, ErrOpen
	}
	return s.inner.Open(key)
}
