package seal

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A signed JWE is a JWS in compact serialization (RFC 7515 section 7.1) whose payload is
// the text of a JWE in compact serialization (RFC 7516 section 7.1): encrypted to the
// recipient first, then signed by the sender. alg is PS256 outside; inside, alg is
// RSA-OAEP-256 and enc A256GCM. It is what Visa's token API calls encryptedData.

const (
	signatureAlgorithm = "PS256"
	keyOAEPAlgorithm   = "RSA-OAEP-256"
	nestedContentType  = "JWE" // cty of the JWS (Visa's sample)
)

var (
	pssOptions  = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256} // RFC 7518 section 3.5
	oaepOptions = &rsa.OAEPOptions{Hash: crypto.SHA256}                                         // RFC 7518 section 4.3
)

// IssuedAtForm says how the header of the inner JWE has the time.
type IssuedAtForm int

// The forms of iat.
const (
	NoIssuedAt     IssuedAtForm = iota
	IssuedAtNumber              // 1700000000000
	IssuedAtText                // "1700000000"
)

// SignedJWEHeader is what the headers say beside algorithms and types. Key ids are
// printable ASCII without '"' and '\'.
type SignedJWEHeader struct {
	SignerKeyID    string // kid of the JWS
	RecipientKeyID string // kid of the JWE
	IssuedAt       int64  // iat of the JWE, in the unit that the recipient wants
	IssuedAtForm   IssuedAtForm
}

// SealSignedJWE encrypts plaintext to a public RSA key and signs the result. It keeps no
// argument; wiping plaintext is the caller's part. random is crypto/rand.Reader outside of
// tests. The errors of signer come back wrapped.
func SealSignedJWE(random io.Reader, header SignedJWEHeader, to *rsa.PublicKey, signer crypto.Signer, plaintext []byte) ([]byte, error) {
	for _, id := range []string{header.SignerKeyID, header.RecipientKeyID} {
		if err := (JWEHeader{KeyID: id}).check(); err != nil {
			return nil, err
		}
	}
	inner, err := sealOAEP(random, header, to, plaintext)
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
		return nil, fmt.Errorf("sign: %w", err)
	}
	return jwe64.AppendEncode(append(compact, '.'), signature), nil
}

// sealOAEP returns the inner JWE.
func sealOAEP(random io.Reader, header SignedJWEHeader, to *rsa.PublicKey, plaintext []byte) ([]byte, error) {
	var secrets [contentKeyBytes + gcmIVBytes]byte
	key, iv := secrets[:contentKeyBytes], secrets[contentKeyBytes:]
	defer clear(key)
	if _, err := io.ReadFull(random, secrets[:]); err != nil {
		return nil, fmt.Errorf("draw content key and IV: %w", err)
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), random, to, key, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt content key: %w", err)
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	protected := appendMember([]byte(`{"alg":"`+keyOAEPAlgorithm+`","enc":"`+contentAlgorithm+`","typ":"JOSE"`), `,"kid":"`, header.RecipientKeyID)
	switch header.IssuedAtForm {
	case NoIssuedAt:
	case IssuedAtNumber:
		protected = strconv.AppendInt(append(protected, `,"iat":`...), header.IssuedAt, 10)
	case IssuedAtText:
		protected = append(strconv.AppendInt(append(protected, `,"iat":"`...), header.IssuedAt, 10), '"')
	}
	compact := jwe64.AppendEncode(nil, append(protected, '}'))
	sealed := gcm.Seal(nil, iv, plaintext, compact) // the associated data are the header's segment
	end := len(sealed) - gcmTagBytes
	for _, segment := range [][]byte{wrapped, iv, sealed[:end], sealed[end:]} {
		compact = jwe64.AppendEncode(append(compact, '.'), segment)
	}
	return compact, nil
}

// errSignedJWE is about a text that can be seen to be no signed JWE without a key.
var errSignedJWE = errors.New("seal: not a compact JWE with RSA-OAEP-256 and A256GCM in a compact JWS with PS256")

// SignedJWE is a signed JWE, split into its parts but neither verified nor decrypted:
// nothing that it says is to be believed before Open.
type SignedJWE struct {
	SignerKeyID    string // kid of the JWS: who may have signed; may be empty
	RecipientKeyID string // kid of the JWE: which key opens it; may be empty

	signed     []byte // what the signature is over
	signature  []byte
	protected  []byte // the first segment of the JWE as it came: the associated data
	wrapped    []byte // the content key
	iv         []byte
	ciphertext []byte // followed by its tag
}

// joseHeader is a protected header of either layer. Members that are not known are passed
// over, unless crit demands that they be understood (RFC 7515 section 4.1.11).
type joseHeader struct {
	Algorithm  string   `json:"alg"`
	Encryption string   `json:"enc"`
	KeyID      string   `json:"kid"`
	Zip        string   `json:"zip"`
	Critical   []string `json:"crit"`
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
	inner, parts, err := splitJOSE(segments[1].decoded, 5)
	if err != nil || inner.Algorithm != keyOAEPAlgorithm || inner.Encryption != contentAlgorithm ||
		len(parts[2].decoded) != gcmIVBytes || len(parts[4].decoded) != gcmTagBytes {
		return SignedJWE{}, errSignedJWE
	}
	return SignedJWE{
		SignerKeyID:    outer.KeyID,
		RecipientKeyID: inner.KeyID,
		signed:         compact[:len(compact)-len(segments[2].text)-len(".")],
		signature:      segments[2].decoded,
		protected:      parts[0].text,
		wrapped:        parts[1].decoded,
		iv:             parts[2].decoded,
		ciphertext:     append(parts[3].decoded, parts[4].decoded...),
	}, nil
}

// segment is a part of a compact serialization, as it came and decoded.
type segment struct{ text, decoded []byte }

// splitJOSE takes a compact serialization of n segments apart.
func splitJOSE(compact []byte, n int) (header joseHeader, segments []segment, err error) {
	texts := bytes.Split(compact, []byte("."))
	if len(texts) != n || bytes.ContainsAny(compact, "\r\n") { // Go's base64 passes over line breaks
		return header, nil, errSignedJWE
	}
	for _, text := range texts {
		decoded, err := jwe64.AppendDecode(nil, text)
		if err != nil {
			return header, nil, errSignedJWE
		}
		segments = append(segments, segment{text, decoded})
	}
	if err := json.Unmarshal(segments[0].decoded, &header); err != nil || header.Zip != "" || len(header.Critical) > 0 {
		return header, nil, errSignedJWE
	}
	return header, segments, nil
}

// Open verifies that sender signed, and returns the plaintext, which the caller wipes.
// Whatever is wrong with the signature, the key or the content, the error is ErrOpen.
func (s SignedJWE) Open(sender *rsa.PublicKey, key crypto.Decrypter) ([]byte, error) {
	digest := sha256.Sum256(s.signed)
	if err := rsa.VerifyPSS(sender, crypto.SHA256, digest[:], s.signature, pssOptions); err != nil {
		return nil, ErrOpen
	}
	contentKey, err := key.Decrypt(nil, s.wrapped, oaepOptions)
	if err != nil || len(contentKey) != contentKeyBytes {
		clear(contentKey)
		return nil, ErrOpen
	}
	defer clear(contentKey)
	gcm, err := newGCM(contentKey)
	if err != nil {
		return nil, err
	}
	plaintext, err := gcm.Open(nil, s.iv, s.ciphertext, s.protected)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
