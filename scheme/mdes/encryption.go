package mdes

import (
	"errors"
	"fmt"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// Encryption is how a payload is encrypted, for any of Mastercard's APIs. Profile says of
// each field what it is.
type Encryption struct {
	OAEPHash    KeyWrapping
	AESBits     int
	CipherMode  CipherMode
	Fingerprint FingerprintMode
	HexCase     HexCase
}

func (p Profile) encryption() Encryption {
	return Encryption{OAEPHash: p.OAEPHash, AESBits: p.AESBits, CipherMode: p.CipherMode, Fingerprint: p.Fingerprint, HexCase: p.HexCase}
}

// Validate returns every problem, joined, or nil. The texts name fields as a
// configuration file does.
func (e Encryption) Validate() error {
	var problems []error
	for _, field := range []struct {
		ok      bool
		problem string
	}{
		{oneOf(e.OAEPHash, SHA256, SHA512, PKCS1v15), "oaep_hash: SHA256, SHA512 or pkcs1v15"},
		{oneOf(e.AESBits, 128, 256), "aes_bits: 128 or 256"},
		{oneOf(e.CipherMode, CBC, GCM), "cipher_mode: CBC or GCM"},
		{
			oneOf(e.Fingerprint, SHA1Certificate, SHA256Certificate, SHA256PublicKey, SHA1PublicKey, LiteralFingerprint),
			"fingerprint: sha1-cert, sha256-cert, sha256-spki, sha1-spki or literal",
		},
		{oneOf(e.HexCase, LowerHex, UpperHex), "hex_case: lower or upper"},
	} {
		if !field.ok {
			problems = append(problems, errors.New(field.problem))
		}
	}
	return errors.Join(problems...)
}

// suite translates the names; Validate has passed.
func (e Encryption) suite() seal.Suite {
	wraps := map[KeyWrapping]seal.KeyWrap{SHA256: seal.OAEPSHA256, SHA512: seal.OAEPSHA512, PKCS1v15: seal.PKCS1v15}
	modes := map[CipherMode]seal.Mode{CBC: seal.CBC, GCM: seal.GCM}
	return seal.Suite{KeyWrap: wraps[e.OAEPHash], Mode: modes[e.CipherMode], KeyBits: e.AESBits}
}

// Seal encrypts a JSON object to Mastercard, under an AES key of its own; wiping the
// object is the caller's part. With GCM, 16 random bytes go along as aad. The error is
// CodeUnavailable, reason key_unusable, for a key of the wrong kind or size, or without
// the certificate that the fingerprint wants, and reason sealing_unavailable where the
// recipient's OAEP fails.
func (e Encryption) Seal(random io.Reader, to scheme.Recipient, object []byte) (Payload, error) {
	if err := e.Validate(); err != nil {
		return Payload{}, fmt.Errorf("encryption: %w", err)
	}
	fingerprint, err := appendFingerprint(make([]byte, 0, maxFingerprint), e.Fingerprint, e.HexCase, to)
	if err != nil {
		return Payload{}, err
	}
	key, err := recipientKey(to)
	if err != nil {
		return Payload{}, err
	}
	suite := e.suite()
	aad, err := newAAD(random, suite)
	if err != nil {
		return Payload{}, err
	}
	envelope, err := suite.Seal(random, seal.Recipient{Public: key, OAEP: to.OAEP}, object, aad)
	switch {
	case errors.Is(err, seal.ErrNotEncrypted):
		return Payload{}, walletport.Errorf(walletport.CodeUnavailable, "sealing_unavailable", "nothing can be sealed for Mastercard at this moment").WithCause(err)
	case err != nil:
		return Payload{}, err
	}
	return Payload{Suite: suite, Envelope: envelope, Fingerprint: string(fingerprint)}, nil
}

// aadBytes of random associated data go with GCM: S2 requires some, of at most 18.
const aadBytes = 16

func newAAD(random io.Reader, suite seal.Suite) ([]byte, error) {
	if suite.Mode != seal.GCM {
		return nil, nil
	}
	aad := make([]byte, aadBytes)
	if _, err := io.ReadFull(random, aad); err != nil {
		return nil, fmt.Errorf("draw associated data: %w", err)
	}
	return aad, nil
}
