package keys

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"runtime"
)

// RSAEngine does the arithmetic of RSA for a custodian that has the bytes of its keys. It is
// safe for concurrent use.
type RSAEngine interface {
	// Private takes the private key of a PKCS #8 structure (RFC 5958), DER. NewSigner and
	// NewDecrypter hide what it returns. It keeps nothing of pkcs8, and its errors show
	// nothing of it; the caller wipes it.
	Private(pkcs8 []byte) (RSAPrivate, error)
	// OAEP encrypts to a public key. Nil leaves that to whoever seals, who does it by Go.
	OAEP(public *rsa.PublicKey) (OAEP, error)
	// About says which engine this is.
	About() RSAFacts
}

// RSAPrivate is the private half of an RSA key, as *rsa.PrivateKey is one. Its public half is
// a *rsa.PublicKey.
type RSAPrivate interface {
	crypto.Signer
	crypto.Decrypter
}

// RSAFacts says which engine does the arithmetic of RSA.
type RSAFacts struct {
	Engine  string // "go" or "openssl", as the setting keys.rsa calls it
	Version string // "go1.26.8", "OpenSSL 3.0.19 27 Jan 2026"
	FIPS    bool   // whether openssl works by its FIPS provider; what Go's does, GODEBUG=fips140 says
}

// String is for people: "go1.26.8", "OpenSSL 3.0.19 27 Jan 2026, FIPS provider".
func (f RSAFacts) String() string {
	if f.FIPS {
		return f.Version + ", FIPS provider"
	}
	return f.Version
}

// GoRSA is the engine of Go's standard library. Private keys are in the memory of Go, which
// frees them and does not overwrite them.
type GoRSA struct{}

var _ RSAEngine = GoRSA{}

// Private implements RSAEngine.
func (GoRSA) Private(pkcs8 []byte) (RSAPrivate, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8) // precomputes
	if err != nil {
		return nil, errors.New("its private key does not parse")
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("its private key is not RSA")
	}
	return private, nil
}

// OAEP implements RSAEngine: it is nil.
func (GoRSA) OAEP(*rsa.PublicKey) (OAEP, error) { return nil, nil }

// About implements RSAEngine.
func (GoRSA) About() RSAFacts { return RSAFacts{Engine: "go", Version: runtime.Version()} }
