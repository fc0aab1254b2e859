package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Sizes of a compact JWE with alg A256GCMKW and enc A256GCM (RFC 7518 sections
// 4.7 and 5.3).
const (
	contentKeyBytes = 32
	wrappedKeyBytes = gcmIVBytes + contentKeyBytes + gcmTagBytes
)

// The algorithms, as the protected header names them.
const (
	keyWrapAlgorithm = "A256GCMKW"
	contentAlgorithm = "A256GCM"
)

// jwe64 is the base64url of RFC 7515 section 2; Strict, for otherwise several
// texts would stand for the same bytes.
var jwe64 = base64.RawURLEncoding.Strict()

// KeyWrapper wraps a content key under a shared secret by AES-256-GCM.
type KeyWrapper interface {
	// Wrap returns the 12-byte nonce, the ciphertext and the 16-byte tag, one after
	// the other.
	Wrap(key, associatedData []byte) ([]byte, error)
}

// JWEHeader is what a protected header says beside alg, iv, tag and enc. Texts are
// printable ASCII without '"' and '\'; what is empty is left out.
type JWEHeader struct {
	Type                   string // typ
	KeyID                  string // kid, the name of the shared secret
	ChannelSecurityContext string // channelSecurityContext, Visa's name for the kind of key
	IssuedAt               int64  // iat, Unix seconds; 0 leaves it out
	IssuedAtQuoted         bool   // iat as a JSON string: not RFC 7519, but what Visa's issuers send
}

// SealJWE encrypts plaintext under a fresh content key, wraps that key, and
// returns the JWE in compact serialization (RFC 7516 section 7.1): five base64url
// segments. It keeps neither argument; wiping plaintext is the caller's part.
// random is crypto/rand.Reader outside of tests; it gives the content key first,
// then the IV. The error of to comes back wrapped.
func SealJWE(random io.Reader, to KeyWrapper, header JWEHeader, plaintext []byte) ([]byte, error) {
	if err := header.check(); err != nil {
		return nil, err
	}
	var secrets [contentKeyBytes + gcmIVBytes]byte
	key, iv := secrets[:contentKeyBytes], secrets[contentKeyBytes:]
	defer clear(key)
	if _, err := io.ReadFull(random, secrets[:]); err != nil {
		return nil, fmt.Errorf("draw content key and IV: %w", err)
	}
	wrapped, err := to.Wrap(key, nil) // A256GCMKW has no associated data
	if err != nil {
		return nil, fmt.Errorf("wrap content key: %w", err)
	}
	if len(wrapped) != wrappedKeyBytes {
		return nil, errors.New("seal: the wrapped content key has a wrong length")
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	nonce, sealedKey, tag := wrapped[:gcmIVBytes], wrapped[gcmIVBytes:wrappedKeyBytes-gcmTagBytes], wrapped[wrappedKeyBytes-gcmTagBytes:]
	text := header.append(make([]byte, 0, header.maxBytes()), nonce, tag)
	compact := make([]byte, 0, compactBytes(len(text), len(plaintext)))
	compact = jwe64.AppendEncode(compact, text)
	sealed := gcm.Seal(nil, iv, plaintext, compact) // the associated data are the header's segment
	end := len(sealed) - gcmTagBytes
	for _, segment := range [][]byte{sealedKey, iv, sealed[:end], sealed[end:]} {
		compact = jwe64.AppendEncode(append(compact, '.'), segment)
	}
	return compact, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("prepare AES: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare GCM: %w", err)
	}
	return gcm, nil
}

// compactBytes is the length of a JWE.
func compactBytes(header, plaintext int) int {
	size := len("....")
	for _, n := range []int{header, contentKeyBytes, gcmIVBytes, plaintext, gcmTagBytes} {
		size += jwe64.EncodedLen(n)
	}
	return size
}

func (h JWEHeader) check() error {
	for _, text := range []string{h.Type, h.KeyID, h.ChannelSecurityContext} {
		for i := range len(text) {
			if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				return errors.New("seal: a header text is printable ASCII without quotation mark and backslash")
			}
		}
	}
	return nil
}

// maxBytes is never less than what append writes.
func (h JWEHeader) maxBytes() int {
	const framing = 192 // names, punctuation, algorithms, iv, tag, the digits of iat
	return framing + len(h.Type) + len(h.KeyID) + len(h.ChannelSecurityContext)
}

// append writes the header in the order of Visa's sample; RFC 7516 leaves it free.
func (h JWEHeader) append(dst, nonce, tag []byte) []byte {
	dst = append(dst, `{"alg":"`+keyWrapAlgorithm+`","iv":"`...)
	dst = jwe64.AppendEncode(dst, nonce)
	dst = append(dst, `","tag":"`...)
	dst = jwe64.AppendEncode(dst, tag)
	dst = append(dst, `","enc":"`+contentAlgorithm+`"`...)
	dst = appendMember(dst, `,"typ":"`, h.Type)
	dst = appendMember(dst, `,"kid":"`, h.KeyID)
	dst = appendMember(dst, `,"channelSecurityContext":"`, h.ChannelSecurityContext)
	switch {
	case h.IssuedAt == 0:
	case h.IssuedAtQuoted:
		dst = append(strconv.AppendInt(append(dst, `,"iat":"`...), h.IssuedAt, 10), '"')
	default:
		dst = strconv.AppendInt(append(dst, `,"iat":`...), h.IssuedAt, 10)
	}
	return append(dst, '}')
}

func appendMember(dst []byte, opening, value string) []byte {
	if value == "" {
		return dst
	}
	return append(append(append(dst, opening...), value...), '"')
}
