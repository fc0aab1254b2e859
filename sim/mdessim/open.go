package mdessim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // SHA-512 for OAEP
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/walletport/walletport/sim"
)

// wrapping is a way to encrypt the AES key with RSA.
type wrapping struct {
	name      string
	isLegal   bool        // MDES takes it, under its label
	label     string      // what oaepHashingAlgorithm should say for it, if it is legal
	hash, mgf crypto.Hash // zero hash is PKCS#1 v1.5
	asFault   sim.Kind    // what it means if the label says otherwise
}

// wrappings are the ways seen in the field, in the order in which they are tried. OAEP
// opens with a digest that nothing has by chance. PKCS#1 v1.5 has few bytes to tell it
// by: it opens one in some 400 texts that were wrapped by OAEP, so it comes last.
var wrappings = []wrapping{
	{"RSA-OAEP SHA256", true, label256, crypto.SHA256, crypto.SHA256, wrapOtherHash},
	{"RSA-OAEP SHA512", true, label512, crypto.SHA512, crypto.SHA512, wrapOtherHash},
	{"RSA-OAEP SHA256 with MGF1-SHA1", false, "", crypto.SHA256, crypto.SHA1, wrapMGF1SHA1},
	{"RSA-OAEP SHA512 with MGF1-SHA1", false, "", crypto.SHA512, crypto.SHA1, wrapMGF1SHA1},
	{"RSA-OAEP SHA1", false, "", crypto.SHA1, crypto.SHA1, wrapSHA1},
	{"RSA PKCS#1 v1.5", true, labelNone, 0, 0, wrapPKCS1},
}

func wrappingOf(label string) wrapping {
	for _, w := range wrappings {
		if w.isLegal && w.label == label {
			return w
		}
	}
	return wrappings[0]
}

func (w wrapping) unwrap(key crypto.Decrypter, wrapped []byte) ([]byte, error) {
	if w.hash == 0 {
		return key.Decrypt(rand.Reader, wrapped, &rsa.PKCS1v15DecryptOptions{}) //nolint:staticcheck // MDES defines PKCS#1 v1.5 for an absent oaepHashingAlgorithm
	}
	return key.Decrypt(rand.Reader, wrapped, &rsa.OAEPOptions{Hash: w.hash, MGFHash: w.mgf})
}

// open decrypts a payload and checks the card in it.
func (r *reading) open(s sealed) {
	candidates := r.findKeys(s.fingerprint)
	s.key = r.fitToModulus(s.key, candidates)
	aesKey := r.unwrapKey(s, candidates)
	if aesKey == nil {
		return
	}
	aesKey = r.readAESKey(s, aesKey)
	if aesKey == nil {
		return
	}
	if plaintext := r.decrypt(s, aesKey); plaintext != nil {
		r.readPlaintext(plaintext, s.mode)
	}
}

// findKeys returns the keys that the payload may have been sealed to.
func (r *reading) findKeys(fingerprint string) []EncryptionKey {
	for _, key := range r.keys.Encryption {
		if key.isNamed(fingerprint) {
			r.Pass(checkFingerprintKnown, "it names a key of this MDES")
			return []EncryptionKey{key}
		}
	}
	for _, key := range r.keys.Encryption {
		for _, wrong := range key.wrongDigests() {
			if fingerprint != "" && equalHex(wrong.hex, fingerprint) {
				r.Fail(checkFingerprintKnown, wrong.kind, "it is a digest of a known key, but not the one this MDES looks up: %s", wrong.kind.Code)
				return []EncryptionKey{key}
			}
		}
	}
	if len(r.keys.Encryption) == 1 && len(r.keys.Encryption[0].names()) == 0 {
		r.Skip("needs the certificate of the encryption key", checkFingerprintKnown)
		return r.keys.Encryption
	}
	r.Fail(checkFingerprintKnown, fingerprintUnknown, "no key of this MDES has that fingerprint, nor any other digest of a known key")
	return r.keys.Encryption
}

// fitToModulus checks that the RSA output is as long as the modulus, which decryption
// does not ask for: it takes an integer. One that lost its leading zeros gets them back.
func (r *reading) fitToModulus(key []byte, candidates []EncryptionKey) []byte {
	size := 0
	for _, candidate := range candidates {
		if public, ok := candidate.Decrypter.Public().(*rsa.PublicKey); ok {
			size = max(size, public.Size())
		}
	}
	short := size - len(key)
	switch {
	case size == 0 || short == 0:
		return key
	case short < 0 || short > maxLostZeros:
		r.Fail(checkEncryptedKey, encryptedKeyModulus, "encryptedKey has %d bytes, the modulus %d", len(key), size)
		return key
	}
	r.Fail(checkEncryptedKey, encryptedKeyUnpadded, "encryptedKey has %d bytes, the modulus %d", len(key), size)
	return append(make([]byte, short, size), key...)
}

// maxLostZeros is how many leading zeros a big integer loses by chance: three once in
// 16 million requests.
const maxLostZeros = 3

func equalHex(a, b string) bool {
	x, errX := hex.DecodeString(a)
	y, errY := hex.DecodeString(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// unwrapKey opens the AES key, and holds how it was really wrapped against how the
// payload labels it.
func (r *reading) unwrapKey(s sealed, candidates []EncryptionKey) []byte {
	labelled := wrappingOf(s.oaepHash)
	for _, w := range wrappings {
		aesKey, opens := w.unwrapWithAny(candidates, s.key)
		if !opens {
			continue
		}
		r.facts.KeyWrap = w.name
		if w.name == labelled.name {
			r.Pass(checkKeyUnwrap, "%s", w.name)
		} else {
			r.Fail(checkKeyUnwrap, w.faultUnder(s.oaepHash), "labelled %s, really %s", labelled.name, w.name)
		}
		return aesKey
	}
	return r.unwrapWithOtherKey(s)
}

// unwrapWithAny tries one key after the other.
func (w wrapping) unwrapWithAny(all []EncryptionKey, wrapped []byte) (aesKey []byte, opens bool) {
	for _, key := range all {
		if aesKey, err := w.unwrap(key.Decrypter, wrapped); err == nil {
			return aesKey, true
		}
	}
	return nil, false
}

// faultUnder names the fault of a wrapping that stands under a wrong label.
func (w wrapping) faultUnder(label string) sim.Kind {
	if label == labelNone {
		return wrapUnnamed
	}
	return w.asFault
}

func (r *reading) unwrapWithOtherKey(s sealed) []byte {
	for _, w := range wrappings {
		if !w.isLegal {
			continue
		}
		if aesKey, opens := w.unwrapWithAny(r.keys.Encryption, s.key); opens {
			r.facts.KeyWrap = w.name
			r.Fail(checkKeyUnwrap, wrapOtherKey, "another key of this MDES opens it")
			return aesKey
		}
	}
	r.Fail(checkKeyUnwrap, wrapFailed, "no key of this MDES opens it, by any wrapping seen in the field")
	return nil
}

// readAESKey checks the length. A key that is the text of another one is named,
// unless the payload was really encrypted with the text's own bytes.
func (r *reading) readAESKey(s sealed, key []byte) []byte {
	legal := len(key) == 16 || len(key) == 32
	if inner := keyInText(key); inner != nil && (!legal || !sim.LooksLikeJSON(firstBlocks(s, key))) {
		r.Fail(checkAESKey, aesKeyText, "the unwrapped key is the text of a key of %d bytes", len(inner))
		return inner
	}
	if !legal {
		r.Fail(checkAESKey, aesKeyLength, "the AES key has %d bytes", len(key))
		return nil
	}
	r.facts.Cipher = fmt.Sprintf("AES-%d-%s", 8*len(key), s.mode)
	r.Pass(checkAESKey, "AES-%d", 8*len(key))
	return key
}

// keyInText returns the AES key that key spells in hex or base64, nil if none.
func keyInText(key []byte) []byte {
	inner, err := hex.DecodeString(string(key))
	if err != nil {
		inner = sim.DecodeOrNil(base64.StdEncoding, string(key))
	}
	if len(inner) == 16 || len(inner) == 32 {
		return inner
	}
	return nil
}
