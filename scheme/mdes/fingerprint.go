package mdes

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // a name for a key, not a protection: Mastercard chose it
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// Limits of publicKeyFingerprint in hex digits [S2].
const (
	minFingerprint = 32
	maxFingerprint = 64
)

// Fingerprint returns the publicKeyFingerprint of a key, lower-case hex: 40 digits
// by SHA-1, 64 by SHA-256. A literal of the recipient replaces the computed one
// and is returned as it is. It returns CodeUnavailable, reason key_unusable, for a
// certificate mode without a certificate, or a literal that is no hex of 32 to 64
// digits or is missing in literal mode.
func Fingerprint(mode FingerprintMode, r scheme.Recipient) (string, error) {
	text, err := appendFingerprint(nil, mode, LowerHex, r)
	return string(text), err
}

func appendFingerprint(dst []byte, mode FingerprintMode, hexCase HexCase, r scheme.Recipient) ([]byte, error) {
	if r.Fingerprint != "" || mode == LiteralFingerprint {
		if !isFingerprint(r.Fingerprint) {
			return nil, errKey("its literal fingerprint is 32 to 64 hex digits")
		}
		return append(dst, r.Fingerprint...), nil
	}
	named, err := fingerprinted(mode, r)
	if err != nil {
		return nil, err
	}
	switch mode {
	case SHA1Certificate, SHA1PublicKey:
		digest := sha1.Sum(named) //nolint:gosec // see the import
		return appendHex(dst, digest[:], hexCase), nil
	case SHA256Certificate, SHA256PublicKey:
		digest := sha256.Sum256(named)
		return appendHex(dst, digest[:], hexCase), nil
	case LiteralFingerprint:
	}
	return nil, fmt.Errorf("fingerprint mode %q is unknown", mode)
}

// fingerprinted returns the bytes that a mode hashes.
func fingerprinted(mode FingerprintMode, r scheme.Recipient) ([]byte, error) {
	ofCertificate := mode == SHA1Certificate || mode == SHA256Certificate
	switch {
	case ofCertificate && r.Certificate != nil:
		return r.Certificate.Raw, nil
	case ofCertificate:
		return nil, errKey("the fingerprint of a certificate is wanted, and the key came without one")
	case r.Certificate != nil:
		return r.Certificate.RawSubjectPublicKeyInfo, nil
	}
	der, err := x509.MarshalPKIXPublicKey(r.Public)
	if err != nil {
		return nil, errKey("its public half cannot be encoded").WithCause(err)
	}
	return der, nil
}

func isFingerprint(text string) bool {
	return len(text) >= minFingerprint && len(text) <= maxFingerprint && isHex(text)
}

func isHex(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// Encode returns data in hex digits of this case.
func (c HexCase) Encode(data []byte) string { return string(appendHex(nil, data, c)) }

func appendHex(dst, data []byte, hexCase HexCase) []byte {
	start := len(dst)
	dst = hex.AppendEncode(dst, data)
	if hexCase == UpperHex {
		copy(dst[start:], bytes.ToUpper(dst[start:]))
	}
	return dst
}

// recipientKey returns the recipient's RSA key. A certificate that belongs to
// another key is refused: its fingerprint would name the wrong one.
func recipientKey(r scheme.Recipient) (*rsa.PublicKey, error) {
	public := r.Public
	if public == nil && r.Certificate != nil {
		public = r.Certificate.PublicKey
	}
	key, ok := public.(*rsa.PublicKey)
	if !ok || seal.CheckRSA(key) != nil {
		return nil, errKey("MDES encryption takes RSA keys of 2048 bits or more")
	}
	if r.Certificate != nil && !key.Equal(r.Certificate.PublicKey) {
		return nil, errKey("its certificate belongs to another key")
	}
	return key, nil
}
