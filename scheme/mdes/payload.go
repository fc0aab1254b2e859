package mdes

import (
	"crypto"
	"encoding/hex"
	"errors"
	"io"

	"github.com/walletport/walletport/seal"
)

// Payload is MDES's encrypted payload object, out of its hex.
type Payload struct {
	Suite       seal.Suite // KeyBits is 0: only the wrapped key knows
	Envelope    seal.Envelope
	Fingerprint string // publicKeyFingerprint as sent, either case
}

// Field limits of S2 in hex digits. encryptedKey ends at 512 there, which is
// RSA-2048; 1024 lets RSA-4096 pass, should the scheme go there.
const (
	minKeyHex  = 32
	maxKeyHex  = 1024
	maxDataHex = 256_000
	maxTagHex  = 36
)

// payloadJSON is the wire form. Unknown members are passed over; encoding/json
// matches names in any case, which also reads Customer Service's PascalCase.
type payloadJSON struct {
	EncryptedData        string `json:"encryptedData"`
	EncryptedKey         string `json:"encryptedKey"`
	PublicKeyFingerprint string `json:"publicKeyFingerprint"`
	OAEPHashingAlgorithm string `json:"oaepHashingAlgorithm"`
	IV                   string `json:"iv"`
	AlgorithmCipherMode  string `json:"algorithmCipherMode"`
	Tag                  string `json:"tag"`
	AAD                  string `json:"aad"`
}

// ParsePayload reads an encrypted payload object; no program of walletport calls it
// yet, it is for those that import this package. Missing, null and empty members are
// the same; without iv it is all zero, without oaepHashingAlgorithm the key is wrapped
// with PKCS#1 v1.5, without algorithmCipherMode the mode is CBC. The error is
// CodeInvalid, reason payload_malformed, and names the member and the rule.
func ParsePayload(object []byte) (Payload, error) {
	if len(object) > maxIIDDBytes {
		return Payload{}, errPayload("payload", "is too long")
	}
	var wire payloadJSON
	if err := unmarshalObject(object, &wire); err != nil {
		return Payload{}, errPayload("payload", "must be a JSON object with string members")
	}
	return wire.decode()
}

func (w payloadJSON) decode() (Payload, error) {
	suite, err := w.suite()
	if err != nil {
		return Payload{}, err
	}
	if !isFingerprint(w.PublicKeyFingerprint) {
		return Payload{}, errPayload("publicKeyFingerprint", "must be 32 to 64 hex digits")
	}
	p := Payload{Suite: suite, Fingerprint: w.PublicKeyFingerprint}
	ivHex := 32
	if suite.Mode == seal.GCM {
		ivHex = 24
	}
	for _, f := range []struct {
		name, text string
		min, max   int
		to         *[]byte
	}{
		{"encryptedKey", w.EncryptedKey, minKeyHex, maxKeyHex, &p.Envelope.WrappedKey},
		{"encryptedData", w.EncryptedData, 1, maxDataHex, &p.Envelope.Ciphertext},
		{"iv", w.IV, ivHex, ivHex, &p.Envelope.IV},
		{"tag", w.Tag, 32, maxTagHex, &p.Envelope.Tag},
		{"aad", w.AAD, 0, maxTagHex, &p.Envelope.AAD},
	} {
		mayBeAbsent := f.name == "iv" || f.name == "aad" || f.name == "tag" && suite.Mode == seal.CBC
		if f.text == "" && mayBeAbsent {
			continue
		}
		if suite.Mode == seal.CBC && (f.name == "tag" || f.name == "aad") {
			return Payload{}, errPayload(f.name, "must be absent with CBC")
		}
		if len(f.text) < f.min || len(f.text) > f.max {
			return Payload{}, errPayload(f.name, "is missing or has a wrong length")
		}
		if *f.to, err = hex.DecodeString(f.text); err != nil {
			return Payload{}, errPayload(f.name, "must be hex")
		}
	}
	return p, nil
}

func (w payloadJSON) suite() (seal.Suite, error) {
	var s seal.Suite
	switch w.OAEPHashingAlgorithm {
	case "":
		s.KeyWrap = seal.PKCS1v15
	case string(SHA256):
		s.KeyWrap = seal.OAEPSHA256
	case string(SHA512):
		s.KeyWrap = seal.OAEPSHA512
	default:
		return s, errPayload("oaepHashingAlgorithm", "must be SHA256 or SHA512, or absent")
	}
	switch w.AlgorithmCipherMode {
	case "", string(CBC):
		s.Mode = seal.CBC
	case string(GCM):
		s.Mode = seal.GCM
	default:
		return s, errPayload("algorithmCipherMode", "must be CBC or GCM, or absent")
	}
	return s, nil
}

// Open decrypts the payload and returns the JSON object in it; the caller wipes
// it. Whatever goes wrong with the payload is CodeInvalid, reason
// cryptography_error, without detail; see seal.Suite.Open. A server that answers
// a peer over the network must give that same answer for a plaintext it cannot
// use. random is crypto/rand.Reader outside of tests.
func (p Payload) Open(random io.Reader, key crypto.Decrypter) ([]byte, error) {
	text, err := p.Suite.Open(random, key, p.Envelope)
	if errors.Is(err, seal.ErrOpen) {
		return nil, errCryptography()
	}
	if err != nil {
		return nil, errKey("it cannot decrypt").WithCause(err)
	}
	if !isObject(text) {
		clear(text)
		return nil, errCryptography()
	}
	return text, nil
}

// appendPayload writes the object with the member order of the reference vector.
func appendPayload(dst []byte, payload Payload, p Profile) []byte {
	e := payload.Envelope
	member := func(name string, value []byte) {
		dst = append(dst, `,"`...)
		dst = append(dst, name...)
		dst = append(dst, `":"`...)
		dst = appendHex(dst, value, p.HexCase)
		dst = append(dst, '"')
	}
	dst = append(dst, `{"publicKeyFingerprint":"`...)
	dst = append(dst, payload.Fingerprint...)
	dst = append(dst, '"')
	member("encryptedKey", e.WrappedKey)
	if p.OAEPHash != PKCS1v15 {
		dst = append(dst, `,"oaepHashingAlgorithm":"`...)
		dst = append(dst, p.OAEPHash...)
		dst = append(dst, '"')
	}
	if p.CipherMode == GCM { // older readers know only CBC and no such member
		dst = append(dst, `,"algorithmCipherMode":"GCM"`...)
	}
	member("iv", e.IV)
	member("encryptedData", e.Ciphertext)
	if p.CipherMode == GCM {
		member("tag", e.Tag)
		member("aad", e.AAD)
	}
	return append(dst, '}')
}
