package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/sha256"
	"errors"
	"fmt"
)

// What the key of an EV_ECC_v2 envelope is bound to, in the terms of NIST SP
// 800-56A revision 3 section 5.8.2.1.1: AlgorithmID behind a length of one byte,
// then PartyUInfo. PartyVInfo is the ephemeral point; there is no SuppPubInfo.
const eccV2OtherInfo = "\x0Did-aes256-GCM" + "Apple"

// SealECCV2 encrypts plaintext to Apple's leaf key as in-app provisioning wants it
// (encryption scheme EV_ECC_v2): ECDH on P-256, one round of the single-step KDF of
// NIST SP 800-56A section 5.8.2.1 with SHA-256, AES-256-GCM without associated
// data. It returns ciphertext and 16-byte tag, one after the other; the other half
// of the envelope is ephemeral.PublicKey().Bytes(), 65 bytes. Five public
// implementations and a published vector agree on every byte. An Apple Pay payment
// token (EC_v1) looks alike and is not: it has another PartyVInfo and a longer IV.
//
// The caller must draw ephemeral for this one call. The IV is 12 zero bytes, always:
// that is safe only because the AES key, made from ephemeral, encrypts one message
// and never another. Two plaintexts under one ephemeral key and leaf would give away
// their exclusive or, and the key that authenticates them.
//
// SealECCV2 keeps no argument, leaves plaintext as it is, and is pure: the same
// arguments give the same bytes.
func SealECCV2(ephemeral *ecdh.PrivateKey, leaf *ecdh.PublicKey, plaintext []byte) ([]byte, error) {
	if ephemeral == nil || leaf == nil || ephemeral.Curve() != ecdh.P256() || leaf.Curve() != ecdh.P256() {
		return nil, errors.New("seal: an EV_ECC_v2 envelope needs two keys on P-256")
	}
	shared, err := ephemeral.ECDH(leaf) // 32 bytes, leading zeros kept
	if err != nil {
		return nil, fmt.Errorf("agree on a key: %w", err)
	}
	key := eccV2Key(shared, ephemeral.PublicKey().Bytes())
	clear(shared)
	block, err := aes.NewCipher(key[:])
	clear(key[:])
	if err != nil {
		return nil, fmt.Errorf("prepare AES: %w", err)
	}
	// Go's FIPS 140-3 module allows a nonce of the caller's choice with
	// GODEBUG=fips140=on; only fips140=only refuses it.
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare GCM: %w", err)
	}
	zeroIV := make([]byte, gcmIVBytes)
	return gcm.Seal(nil, zeroIV, plaintext, nil), nil
}

// eccV2Key is the KDF's first and only round: SHA-256 of a counter of four bytes,
// the shared secret Z, and OtherInfo.
func eccV2Key(shared, ephemeralPoint []byte) [sha256.Size]byte {
	input := make([]byte, 0, 4+len(shared)+len(eccV2OtherInfo)+len(ephemeralPoint))
	input = append(input, 0, 0, 0, 1)
	input = append(input, shared...)
	input = append(input, eccV2OtherInfo...)
	input = append(input, ephemeralPoint...)
	defer clear(input)
	return sha256.Sum256(input)
}
