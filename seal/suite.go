package seal

import (
	"crypto/rsa"
	"errors"
)

// KeyWrap says how RSA carries the AES key.
type KeyWrap uint8

// The key wraps. OAEP has an empty label and MGF1 with the same hash.
const (
	OAEPSHA256 KeyWrap = iota + 1 // RSAES-OAEP, RFC 8017 section 7.1
	OAEPSHA512
	PKCS1v15 // RSAES-PKCS1-v1_5, RFC 8017 section 7.2: only for peers that know nothing else
)

// Mode is the AES mode of operation.
type Mode uint8

// The modes.
const (
	CBC Mode = iota + 1 // 16-byte IV, PKCS#7 padding, no integrity
	GCM                 // 12-byte IV, 16-byte tag, associated data
)

const (
	gcmIVBytes  = 12
	gcmTagBytes = 16

	minRSABits = 2048
	maxRSABits = 8192 // bounds the work that a foreign key can cause
)

// Suite is one combination of algorithms.
type Suite struct {
	KeyWrap KeyWrap
	Mode    Mode
	// KeyBits is the size of the AES key that Seal makes, 128 or 256. Open does
	// not look at it: the wrapped key tells its own size.
	KeyBits int
}

// Validate reports why the suite cannot seal, or nil.
func (s Suite) Validate() error {
	switch {
	case s.KeyWrap < OAEPSHA256 || s.KeyWrap > PKCS1v15:
		return errors.New("seal: unknown key wrap")
	case s.Mode != CBC && s.Mode != GCM:
		return errors.New("seal: unknown cipher mode")
	case s.KeyBits != 128 && s.KeyBits != 256:
		return errors.New("seal: the AES key has 128 or 256 bits")
	}
	return nil
}

// ivBytes is the size of the initialization vector.
func (s Suite) ivBytes() int {
	if s.Mode == GCM {
		return gcmIVBytes
	}
	return blockBytes
}

// CheckRSA reports why key cannot be used with an envelope, or nil: RSA keys have
// 2048 to 8192 bits here.
func CheckRSA(key *rsa.PublicKey) error {
	if key == nil || key.N == nil {
		return errors.New("seal: the RSA key is missing")
	}
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return errors.New("seal: an RSA key has 2048 to 8192 bits")
	}
	return nil
}
