package seal

import (
	"bytes"
	"encoding/json"
	"errors"
)

// maxJWEBytes bounds what is read as a JWE; Visa's own limit is half of it.
const maxJWEBytes = 16_384

// errJWE is about a text that can be seen to be no JWE of ours without a key.
var errJWE = errors.New("seal: not a compact JWE with A256GCMKW and A256GCM")

// KeyUnwrapper reverses KeyWrapper, for JWE.Open.
type KeyUnwrapper interface {
	Unwrap(wrapped, associatedData []byte) ([]byte, error)
}

// JWE is a compact JWE, split into its parts but not decrypted.
type JWE struct {
	KeyID string // kid: which secret opens it; may be empty

	protected  []byte // the first segment as it came: the associated data
	wrapped    []byte // nonce, ciphertext and tag of the content key
	iv         []byte
	ciphertext []byte // followed by its tag
}

type protectedHeader struct {
	Algorithm  string   `json:"alg"`
	Nonce      string   `json:"iv"`
	Tag        string   `json:"tag"`
	Encryption string   `json:"enc"`
	KeyID      string   `json:"kid"`
	Zip        string   `json:"zip"`
	Critical   []string `json:"crit"`
}

// ParseJWE reads a compact JWE; no program of walletport calls it yet, but those that
// import scheme/vts may. It takes at most 16384 bytes with alg A256GCMKW and enc
// A256GCM. Unknown header members are passed over unless crit demands that they be
// understood (RFC 7515 section 4.1.11); zip is refused.
func ParseJWE(compact []byte) (JWE, error) {
	if len(compact) > maxJWEBytes || bytes.ContainsAny(compact, "\r\n") { // Go's base64 passes over line breaks
		return JWE{}, errJWE
	}
	segments := bytes.Split(compact, []byte("."))
	if len(segments) != 5 {
		return JWE{}, errJWE
	}
	var parts [5][]byte
	for i, segment := range segments {
		part, err := jwe64.AppendDecode(nil, segment)
		if err != nil {
			return JWE{}, errJWE
		}
		parts[i] = part
	}
	var header protectedHeader
	if err := json.Unmarshal(parts[0], &header); err != nil {
		return JWE{}, errJWE
	}
	wrapped, ok := header.wrappedKey(parts[1])
	if !ok || len(parts[2]) != gcmIVBytes || len(parts[4]) != gcmTagBytes {
		return JWE{}, errJWE
	}
	return JWE{
		KeyID:      header.KeyID,
		protected:  bytes.Clone(segments[0]),
		wrapped:    wrapped,
		iv:         parts[2],
		ciphertext: append(parts[3], parts[4]...),
	}, nil
}

// wrappedKey puts the content key together as a KeyUnwrapper takes it.
func (h protectedHeader) wrappedKey(ciphertext []byte) ([]byte, bool) {
	if h.Algorithm != keyWrapAlgorithm || h.Encryption != contentAlgorithm || h.Zip != "" || len(h.Critical) > 0 {
		return nil, false
	}
	wrapped := make([]byte, 0, wrappedKeyBytes)
	wrapped, err := jwe64.AppendDecode(wrapped, []byte(h.Nonce))
	if err != nil || len(wrapped) != gcmIVBytes {
		return nil, false
	}
	wrapped, err = jwe64.AppendDecode(append(wrapped, ciphertext...), []byte(h.Tag))
	return wrapped, err == nil && len(ciphertext) == contentKeyBytes && len(wrapped) == wrappedKeyBytes
}

// Open returns the plaintext, which the caller wipes. Whatever is wrong with key
// or content, the error is ErrOpen.
func (j JWE) Open(key KeyUnwrapper) ([]byte, error) {
	contentKey, err := key.Unwrap(j.wrapped, nil)
	if err != nil || len(contentKey) != contentKeyBytes {
		return nil, ErrOpen
	}
	defer clear(contentKey)
	gcm, err := newGCM(contentKey)
	if err != nil {
		return nil, err
	}
	plaintext, err := gcm.Open(nil, j.iv, j.ciphertext, j.protected)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
