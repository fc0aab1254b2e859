package keys

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // G502: Visa's WSD format is TDEA
	"crypto/ecdsa"
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

	"github.com/walletport/walletport"
)

// This file holds the handles of keys whose bytes are in the memory of this
// process, for custodians that have no other way. Each is a pointer to a struct
// without exported parts: a type assertion finds no private key behind it, and
// every verb of fmt prints its name only.

// SecretBytes is the size of a key-encryption key and of a MAC key.
const SecretBytes = 32

// TDEABytes is the size of a two-key TDEA key, K1 and K2 with their parity bits.
const TDEABytes = 16

// opaque prints a handle's name for every verb.
type opaque string

func (o opaque) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, string(o)) }

type signer struct {
	opaque
	private crypto.Signer
	public  crypto.PublicKey
}

// NewSigner hides an RSA, ECDSA or Ed25519 private key behind crypto.Signer. One of RSA is
// a RSAPrivate of any engine; call Precompute of a *rsa.PrivateKey before. The public half
// is a copy, for rsa.PrivateKey.Public points into the private key.
func NewSigner(private crypto.Signer) (crypto.Signer, error) {
	switch k := private.(type) {
	case RSAPrivate:
		public, err := copyOfPublic(k)
		if err != nil {
			return nil, err
		}
		return &signer{opaque: "keys.Signer(RSA)", private: k, public: public}, nil
	case *ecdsa.PrivateKey:
		public := k.PublicKey
		return &signer{opaque: "keys.Signer(ECDSA)", private: k, public: &public}, nil
	case ed25519.PrivateKey:
		return &signer{opaque: "keys.Signer(Ed25519)", private: k, public: k.Public()}, nil
	}
	return nil, errors.New("a signing key is RSA, ECDSA or Ed25519")
}

func copyOfPublic(private RSAPrivate) (*rsa.PublicKey, error) {
	public, ok := private.Public().(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the public half is not RSA")
	}
	return &rsa.PublicKey{N: public.N, E: public.E}, nil
}

func (s *signer) Public() crypto.PublicKey { return s.public }

func (s *signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.private.Sign(rand, digest, opts)
}

type decrypter struct {
	opaque
	private RSAPrivate
	public  *rsa.PublicKey
}

// NewDecrypter hides an RSA private key behind crypto.Decrypter, which opens by RSA-OAEP
// alone: an answer to PKCS #1 v1.5 would tell whether its padding was right. It is a
// RSAPrivate of any engine; call Precompute of a *rsa.PrivateKey before. The public half
// is a copy.
func NewDecrypter(private crypto.Signer) (crypto.Decrypter, error) {
	k, ok := private.(RSAPrivate)
	if !ok {
		return nil, errors.New("a decryption key is RSA")
	}
	public, err := copyOfPublic(k)
	if err != nil {
		return nil, err
	}
	return &decrypter{opaque: "keys.Decrypter(RSA)", private: k, public: public}, nil
}

func (d *decrypter) Public() crypto.PublicKey { return d.public }

func (d *decrypter) Decrypt(rand io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if _, ok := opts.(*rsa.OAEPOptions); !ok {
		return nil, errors.New("a decryption key opens by RSA-OAEP only")
	}
	return d.private.Decrypt(rand, ciphertext, opts)
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

// NewSharedSecretKEK makes the KEK of Visa's push payloads: the AES-256 key is the
// SHA-256 of the shared secret's text exactly as Visa issued it, whatever base64 or
// hex it may look like (Visa's JavaScript SDK samples and reference visa.md 1.1).
// Wrap of a content key without associated data gives what A256GCMKW (RFC 7518
// section 4.7) puts into "iv", the encrypted key and "tag", in this order: 12 bytes,
// as many as the key has, 16 bytes. The caller may wipe text.
func NewSharedSecretKEK(text []byte) (KEK, error) {
	if len(text) == 0 {
		return nil, errors.New("the shared secret is empty")
	}
	digest := sha256.Sum256(text)
	defer clear(digest[:])
	return NewKEK(digest[:])
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

type tdea struct {
	opaque
	block cipher.Block
}

// NewTDEA makes a TDEA of the 16 bytes K1 and K2, used as K1, K2, K1 (SP 800-67
// keying option 2). Parity bits are ignored. Equal halves, which would be single
// DES, are CodeInvalid, reason key_unfit. The caller may wipe secret.
func NewTDEA(secret []byte) (TDEA, error) {
	if len(secret) != TDEABytes {
		return nil, errors.New("a two-key TDEA key has 16 bytes")
	}
	const half = TDEABytes / 2
	if equalButParity(secret[:half], secret[half:]) {
		return nil, walletport.Errorf(walletport.CodeInvalid, "key_unfit", "the two halves of the TDEA key are the same: it is single DES")
	}
	expanded := make([]byte, 0, TDEABytes+half)
	expanded = append(append(expanded, secret...), secret[:half]...)
	defer clear(expanded)
	block, err := des.NewTripleDESCipher(expanded) //nolint:gosec // G405: Visa's WSD format is TDEA
	if err != nil {
		return nil, fmt.Errorf("TDEA key: %w", err)
	}
	return &tdea{opaque: "keys.TDEA(2TDEA)", block: block}, nil
}

// equalButParity compares without the lowest bit of each byte: DES ignores it.
func equalButParity(a, b []byte) bool {
	var difference byte
	for i := range a {
		difference |= (a[i] ^ b[i]) &^ 1
	}
	return difference == 0
}

func (k *tdea) EncryptBlocks(plaintext []byte) ([]byte, error) {
	if len(plaintext)%des.BlockSize != 0 {
		return nil, errors.New("TDEA encrypts whole blocks of 8 bytes")
	}
	ciphertext := make([]byte, len(plaintext))
	var zeroIV [des.BlockSize]byte
	cipher.NewCBCEncrypter(k.block, zeroIV[:]).CryptBlocks(ciphertext, plaintext)
	return ciphertext, nil
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
	return newMAC(bytes.Clone(secret)), nil
}

// NewSharedSecretMAC makes a MAC of a shared secret whose text, exactly as Visa issued it,
// is the HMAC-SHA-256 key (x-pay-token). The caller may wipe text.
func NewSharedSecretMAC(text []byte) (MAC, error) {
	if len(text) == 0 {
		return nil, errors.New("the shared secret is empty")
	}
	return newMAC(bytes.Clone(text)), nil
}

func newMAC(key []byte) MAC {
	m := &mac{opaque: "keys.MAC(HMAC-SHA-256)"}
	m.states.New = func() any { return hmac.New(sha256.New, key) }
	return m
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
	case *ecdsa.PublicKey:
		return "ECDSA-" + k.Curve.Params().Name
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
