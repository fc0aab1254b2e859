package keys

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
)

// This file holds the handles of keys whose bytes are in the memory of this
// process, for custodians that have no other way. Each is a pointer to a struct
// without exported parts: a type assertion finds no private key behind it, and
// every verb of fmt prints its name only.

// SecretBytes is the size of a key-encryption key and of a MAC key.
const SecretBytes = 32

// opaque prints a handle's name for every verb.
type opaque string

func (o opaque) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, string(o)) }

type signer struct {
	opaque
	private crypto.Signer
	public  crypto.PublicKey
}

// NewSigner hides an RSA or Ed25519 private key behind crypto.Signer. For RSA
// call Precompute before. The public half is a copy, for rsa.PrivateKey.Public
// points into the private key.
func NewSigner(private crypto.Signer) (crypto.Signer, error) {
	switch k := private.(type) {
	case *rsa.PrivateKey:
		public := k.PublicKey
		return &signer{opaque: "keys.Signer(RSA)", private: k, public: &public}, nil
	case ed25519.PrivateKey:
		return &signer{opaque: "keys.Signer(Ed25519)", private: k, public: k.Public()}, nil
	}
	return nil, errors.New("a signing key is RSA or Ed25519")
}

func (s *signer) Public() crypto.PublicKey { return s.public }

func (s *signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.private.Sign(rand, digest, opts)
}

type kek struct {
	opaque
	aead cipher.AEAD
}

// NewKEK makes a KEK of a 32-byte AES-256 key: AES-256-GCM with a random 96-bit
// nonce in front (28 bytes more than the key that is wrapped). One such key may
// wrap 2^32 times (SP 800-38D section 8.3): every card a thousand times over.
func NewKEK(secret []byte) (KEK, error) {
	if len(secret) != SecretBytes {
		return nil, errors.New("a key-encryption key has 32 bytes")
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	return &kek{opaque: "keys.KEK(AES-256)", aead: aead}, nil
}

func (k *kek) Wrap(key, associatedData []byte) ([]byte, error) {
	if len(key) == 0 {
		return nil, errors.New("there is no key to wrap")
	}
	wrapped := make([]byte, 0, len(key)+k.aead.Overhead())
	return k.aead.Seal(wrapped, nil, key, associatedData), nil //nolint:gosec // G407: this AEAD takes no nonce, it draws one
}

func (k *kek) Unwrap(wrapped, associatedData []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, wrapped, associatedData)
}

type mac struct {
	opaque
	// states are HMACs that have the key worked in already; making one costs more
	// than using it.
	states sync.Pool
}

// NewMAC makes a MAC of a 32-byte HMAC-SHA-256 key. The caller may wipe secret.
func NewMAC(secret []byte) (MAC, error) {
	if len(secret) != SecretBytes {
		return nil, errors.New("a MAC key has 32 bytes")
	}
	key := [SecretBytes]byte(secret)
	m := &mac{opaque: "keys.MAC(HMAC-SHA-256)"}
	m.states.New = func() any { return hmac.New(sha256.New, key[:]) }
	return m, nil
}

func (m *mac) Sum(data []byte) []byte {
	state, _ := m.states.Get().(hash.Hash) // the pool holds nothing else
	state.Reset()
	state.Write(data)
	sum := state.Sum(make([]byte, 0, sha256.Size))
	m.states.Put(state)
	return sum
}

// AlgorithmOf names the kind of a public key as Meta.Algorithm does: "RSA-2048",
// "Ed25519", or "" for a kind that no purpose uses.
func AlgorithmOf(public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", k.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return ""
}

// FingerprintOf returns Meta.Fingerprint of a public key: the lower-case hex of
// the SHA-256 over its SubjectPublicKeyInfo.
func FingerprintOf(public crypto.PublicKey) (string, error) {
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:]), nil
}

// FingerprintOfID returns Meta.Fingerprint of a secret key. It is made of the id,
// for a digest of the secret itself would let others test guesses and would show
// that two places hold the same key.
func FingerprintOfID(id ID) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}
