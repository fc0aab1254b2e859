package seal

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of OAEP
	_ "crypto/sha512"
	"errors"
	"fmt"
	"io"
)

// ErrNotEncrypted is a failure of a Recipient's OAEP, whose error it wraps.
var ErrNotEncrypted = errors.New("seal: the content key was not encrypted")

// Recipient is whom a content key is encrypted to.
type Recipient struct {
	Public *rsa.PublicKey
	OAEP   OAEP // encrypts to Public; nil is Go's standard library
}

// OAEP encrypts to one RSA key by RSAES-OAEP (RFC 8017 section 7.1). It is safe for
// concurrent use, and draws its random bytes itself.
type OAEP interface {
	// EncryptOAEP encrypts a message with an empty label and with the hash in MGF1 too. It
	// keeps nothing of the message.
	EncryptOAEP(hash crypto.Hash, message []byte) ([]byte, error)
}

func (r Recipient) encryptOAEP(random io.Reader, hash crypto.Hash, message []byte) ([]byte, error) {
	if r.OAEP == nil {
		return rsa.EncryptOAEP(hash.New(), random, r.Public, message, nil)
	}
	encrypted, err := r.OAEP.EncryptOAEP(hash, message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotEncrypted, err)
	}
	return encrypted, nil
}
