package mdessim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // MDES names keys by SHA-1 of the certificate: a name, not a protection
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

// Keys is what MDES holds to open a payload. The zero Keys check only what needs
// no key. Keys are read, never changed; concurrent use is safe.
type Keys struct {
	Encryption []EncryptionKey
	TAV        []TAVKey
	// Card is what a TAV on its own is checked against; nil skips that. A TAV inside
	// a payload is checked against the payload's card instead.
	Card *ExpectedCard
	Now  func() time.Time // nil is time.Now
}

// EncryptionKey is a key pair that card data is sealed to.
type EncryptionKey struct {
	Decrypter   crypto.Decrypter  // RSA
	Certificate *x509.Certificate // as the issuer got it; nil if only a bare key was given
	// Fingerprints are the names this key is known by, hex, any case. Empty means
	// SHA-1 of the certificate, which is what MDES looks keys up by.
	Fingerprints []string
}

// TAVKey is the public half of an issuer's TAV signing key.
type TAVKey struct {
	Public crypto.PublicKey // *rsa.PublicKey; others never verify
	Alias  string           // the Key Unique Reference a TAV v4 names; may be empty
}

// ExpectedCard is the card that a TAV should have been signed for.
type ExpectedCard struct {
	Number               sim.CardNumber
	ExpiryMMYY           string
	TokenUniqueReference string // for a TAV v2 that names a token; may be empty
}

func (k Keys) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

// names returns the fingerprints that find the key.
func (k EncryptionKey) names() []string {
	if len(k.Fingerprints) > 0 || k.Certificate == nil {
		return k.Fingerprints
	}
	sum := sha1.Sum(k.Certificate.Raw)
	return []string{hex.EncodeToString(sum[:])}
}

func (k EncryptionKey) isNamed(fingerprint string) bool {
	for _, name := range k.names() {
		if strings.EqualFold(name, fingerprint) {
			return true
		}
	}
	return false
}

// wrongDigest is a digest that people take for the fingerprint.
type wrongDigest struct {
	hex  string
	kind sim.Kind
}

// wrongDigests returns what a fingerprint of this key looks like when the wrong
// thing was hashed, or with the wrong hash.
func (k EncryptionKey) wrongDigests() []wrongDigest {
	var all []wrongDigest
	add := func(data []byte, forSHA1, forSHA256 sim.Kind) {
		short := sha1.Sum(data)
		long := sha256.Sum256(data)
		all = append(all, wrongDigest{hex.EncodeToString(short[:]), forSHA1}, wrongDigest{hex.EncodeToString(long[:]), forSHA256})
	}
	if cert := k.Certificate; cert != nil {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		add(cert.Raw, fingerprintSHA1Certificate, fingerprintSHA256Certificate)
		add(text, fingerprintOfPEM, fingerprintOfPEM)
		add([]byte(strings.TrimSpace(string(text))), fingerprintOfPEM, fingerprintOfPEM)
	}
	pub, ok := k.Decrypter.Public().(*rsa.PublicKey)
	if !ok {
		return all
	}
	if spki, err := x509.MarshalPKIXPublicKey(pub); err == nil {
		add(spki, fingerprintSHA1SPKI, fingerprintSHA256SPKI)
	}
	add(x509.MarshalPKCS1PublicKey(pub), fingerprintPKCS1, fingerprintPKCS1)
	return all
}
