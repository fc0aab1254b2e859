//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/walletport/walletport/keys"
)

// recipient is a public key in OpenSSL's memory.
type recipient struct {
	key  key
	size int // of the modulus, in bytes
}

// OAEP implements keys.RSAEngine.
func (l *library) OAEP(public *rsa.PublicKey) (keys.OAEP, error) {
	if public.N == nil || public.N.Sign() <= 0 || public.E < 3 { // with 0 or 1 OpenSSL would encrypt nothing
		return nil, errors.New("libcrypto: the public key has no modulus or exponent")
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("libcrypto: public key: %w", err)
	}
	r := &recipient{key{l, &held{contexts: map[use]uintptr{}}}, public.Size()}
	freeWith(r, r.key)
	defer runtime.KeepAlive(r)
	r.key.held.key, err = l.loadPublic(spki)
	if err == nil {
		err = r.key.prepare(use{verb: encrypt, padding: oaep})
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Format writes a name for every verb.
func (r *recipient) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "libcrypto.OAEP") }

// EncryptOAEP takes SHA-256, SHA-384 and SHA-512. OpenSSL draws the seed.
func (r *recipient) EncryptOAEP(hash crypto.Hash, message []byte) ([]byte, error) {
	defer runtime.KeepAlive(r)
	if !slices.Contains(hashes, hash) || len(message) == 0 {
		return nil, errors.New("libcrypto: what is encrypted is a key, with SHA-256, SHA-384 or SHA-512")
	}
	ciphertext, err := r.key.output(use{verb: encrypt, padding: oaep, hash: hash}, r.key.encrypt, message, r.size)
	if err != nil {
		return nil, err
	}
	if len(ciphertext) != r.size {
		return nil, fmt.Errorf("%w: the ciphertext has %d bytes", errFault, len(ciphertext))
	}
	return ciphertext, nil
}
