package seal

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A JWE of this file is in compact serialization (RFC 7516 section 7.1), alg is
// RSA-OAEP-256 and enc A128GCM or A256GCM. It is what Visa's message level encryption
// calls encData, and the inside of a signed JWE.

const (
	keyOAEPAlgorithm = "RSA-OAEP-256"
	contentA128GCM   = "A128GCM"
)

// maxOAEPBytes bounds what is read: an answer of Visa's with many cards in it.
const maxOAEPBytes = 2 << 20

var oaepOptions = &rsa.OAEPOptions{Hash: crypto.SHA256} // RFC 7518 section 4.3

// IssuedAtForm says how a header has the time.
type IssuedAtForm int

// The forms of iat.
const (
	NoIssuedAt     IssuedAtForm = iota
	IssuedAtNumber              // 1700000000000
	IssuedAtText                // "1700000000"
)

// OAEPHeader is what a protected header says beside alg. Texts are printable ASCII without
// '"' and '\'; what is empty is left out.
type OAEPHeader struct {
	Type         string // typ
	KeyID        string // kid, the recipient's name of its key
	IssuedAt     int64  // iat, in the unit that the recipient wants
	IssuedAtForm IssuedAtForm
	KeyBits      int // of the content key: 128 or 256, which enc says
}

// SealOAEPJWE encrypts plaintext to an RSA key. It keeps no argument; wiping
// plaintext is the caller's part. random is crypto/rand.Reader outside of tests.
func SealOAEPJWE(random io.Reader, header OAEPHeader, to Recipient, plaintext []byte) ([]byte, error) {
	if err := (JWEHeader{Type: header.Type, KeyID: header.KeyID}).check(); err != nil {
		return nil, err
	}
	if header.KeyBits != 128 && header.KeyBits != 256 {
		return nil, errors.New("seal: the content key has 128 or 256 bits")
	}
	secrets := make([]byte, header.KeyBits/8+gcmIVBytes)
	key, iv := secrets[:header.KeyBits/8], secrets[header.KeyBits/8:]
	defer clear(key)
	if _, err := io.ReadFull(random, secrets); err != nil {
		return nil, fmt.Errorf("draw content key and IV: %w", err)
	}
	wrapped, err := to.encryptOAEP(random, crypto.SHA256, key)
	if err != nil {
		return nil, fmt.Errorf("encrypt content key: %w", err)
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	compact := jwe64.AppendEncode(nil, header.text())
	sealed := gcm.Seal(nil, iv, plaintext, compact) // the associated data are the header's segment
	end := len(sealed) - gcmTagBytes
	for _, segment := range [][]byte{wrapped, iv, sealed[:end], sealed[end:]} {
		compact = jwe64.AppendEncode(append(compact, '.'), segment)
	}
	return compact, nil
}

func (h OAEPHeader) text() []byte {
	enc := contentAlgorithm
	if h.KeyBits == 128 {
		enc = contentA128GCM
	}
	text := []byte(`{"alg":"` + keyOAEPAlgorithm + `","enc":"` + enc + `"`)
	text = appendMember(text, `,"typ":"`, h.Type)
	text = appendMember(text, `,"kid":"`, h.KeyID)
	switch h.IssuedAtForm {
	case NoIssuedAt:
	case IssuedAtNumber:
		text = strconv.AppendInt(append(text, `,"iat":`...), h.IssuedAt, 10)
	case IssuedAtText:
		text = append(strconv.AppendInt(append(text, `,"iat":"`...), h.IssuedAt, 10), '"')
	}
	return append(text, '}')
}

// errOAEPJWE is about a text that can be seen to be no JWE of ours without a key.
var errOAEPJWE = errors.New("seal: not a compact JWE with RSA-OAEP-256 and A128GCM or A256GCM")

// OAEPJWE is a JWE, split into its parts but not decrypted.
type OAEPJWE struct {
	KeyID   string // kid: which key opens it; may be empty
	KeyBits int    // of the content key, as enc says: 128 or 256

	protected  []byte // the first segment as it came: the associated data
	wrapped    []byte // the content key
	iv         []byte
	ciphertext []byte // followed by its tag
}

// joseHeader is a protected header of a JWE or a JWS. Members that are not known are passed
// over, unless crit demands that they be understood (RFC 7515 section 4.1.11).
type joseHeader struct {
	Algorithm  string   `json:"alg"`
	Encryption string   `json:"enc"`
	KeyID      string   `json:"kid"`
	Zip        string   `json:"zip"`
	Critical   []string `json:"crit"`
}

// ParseOAEPJWE reads at most 2 MB. Other algorithms than those that SealOAEPJWE writes are
// refused, whatever the key could do.
func ParseOAEPJWE(compact []byte) (OAEPJWE, error) {
	if len(compact) > maxOAEPBytes {
		return OAEPJWE{}, errOAEPJWE
	}
	header, parts, err := splitJOSE(compact, 5)
	bits := map[string]int{contentA128GCM: 128, contentAlgorithm: 256}[header.Encryption]
	if err != nil || header.Algorithm != keyOAEPAlgorithm || bits == 0 || len(parts[2].decoded) != gcmIVBytes || len(parts[4].decoded) != gcmTagBytes {
		return OAEPJWE{}, errOAEPJWE
	}
	return OAEPJWE{
		KeyID:      header.KeyID,
		KeyBits:    bits,
		protected:  parts[0].text,
		wrapped:    parts[1].decoded,
		iv:         parts[2].decoded,
		ciphertext: append(parts[3].decoded, parts[4].decoded...),
	}, nil
}

// segment is a part of a compact serialization, as it came and decoded.
type segment struct{ text, decoded []byte }

// splitJOSE takes a compact serialization of n segments apart.
func splitJOSE(compact []byte, n int) (header joseHeader, segments []segment, err error) {
	texts := bytes.Split(compact, []byte("."))
	if len(texts) != n || bytes.ContainsAny(compact, "\r\n") { // Go's base64 passes over line breaks
		return header, nil, errOAEPJWE
	}
	for _, text := range texts {
		decoded, err := jwe64.AppendDecode(nil, text)
		if err != nil {
			return header, nil, errOAEPJWE
		}
		segments = append(segments, segment{text, decoded})
	}
	if err := json.Unmarshal(segments[0].decoded, &header); err != nil || header.Zip != "" || len(header.Critical) > 0 {
		return header, nil, errOAEPJWE
	}
	return header, segments, nil
}

// Open returns the plaintext, which the caller wipes. Whatever is wrong with the key or the
// content, the error is ErrOpen.
func (j OAEPJWE) Open(key crypto.Decrypter) ([]byte, error) {
	contentKey, err := key.Decrypt(nil, j.wrapped, oaepOptions)
	defer clear(contentKey)
	if err != nil || len(contentKey) != j.KeyBits/8 {
		return nil, ErrOpen
	}
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
