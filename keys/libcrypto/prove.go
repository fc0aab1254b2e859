//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	_ "embed" // for the key
	"errors"
)

// publishedKey is testRSA2048 of RFC 9500 section 2.1, as PKCS #8 DER: a private key that everybody
// has, made for tests.
//
//go:embed rfc9500.der
var publishedKey []byte

// prove has OpenSSL sign, verify, encrypt and decrypt once. A configuration that leaves it without a
// provider for RSA keys shows there alone: OpenSSL reads it without an error.
func (l *library) prove() error {
	private, err := l.Private(publishedKey) // signs, verifies and decrypts
	if err != nil {
		return err
	}
	public, ok := private.Public().(*rsa.PublicKey)
	if !ok {
		return errors.New("the public half is not RSA")
	}
	to, err := l.OAEP(public)
	if err != nil {
		return err
	}
	message := []byte("walletport tries OpenSSL")
	sealed, err := to.EncryptOAEP(crypto.SHA256, message)
	if err != nil {
		return err
	}
	opened, err := private.Decrypt(nil, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256})
	if err != nil {
		return err
	}
	if !bytes.Equal(opened, message) {
		return errors.New("what it encrypts opens to something else")
	}
	return nil
}
