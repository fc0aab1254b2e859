package applesim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/walletport/walletport/sim"
)

const (
	tagBytes = 16
	ivBytes  = 12
)

// The parts of OtherInfo, SP 800-56A section 5.8.1, as Apple fills them.
var (
	kdfCounter  = []byte{0, 0, 0, 1}
	algorithmID = []byte("\x0did-aes256-GCM")
	partyU      = []byte("Apple")
)

// material is what a key can be derived from.
type material struct {
	secret []byte // Z, 32 bytes
	point  []byte // the ephemeral key, 65 bytes
	sent   []byte // the ephemeral key as it was sent
	spki   []byte // the ephemeral key as SubjectPublicKeyInfo
	leaf   []byte // the leaf's public key, 65 bytes
}

// derivation is a way to make the AES key.
type derivation struct {
	fault  sim.Kind // the zero Kind for the right one
	derive func(m material) []byte
}

func hashOf(parts ...[]byte) []byte {
	sum := sha256.Sum256(slices.Concat(parts...))
	return sum[:]
}

// partyV derives as Apple does, but for PartyV.
func partyV(party func(m material) []byte) func(m material) []byte {
	return func(m material) []byte { return hashOf(kdfCounter, m.secret, algorithmID, partyU, party(m)) }
}

func rightKey(m material) []byte {
	return partyV(func(m material) []byte { return m.point })(m)
}

// derivations are the right one and the mistakes seen in the field.
var derivations = []derivation{
	{sim.Kind{}, rightKey},
	{openX963, func(m material) []byte { return hashOf(m.secret, kdfCounter, algorithmID, partyU, m.point) }},
	{openPartyLeaf, partyV(func(m material) []byte { return m.leaf })},
	{openPartyNone, partyV(func(material) []byte { return nil })},
	{openPartySPKI, partyV(func(m material) []byte { return m.spki })},
	{openPartySent, partyV(func(m material) []byte { return m.sent })},
	{openPartyX, partyV(func(m material) []byte { return m.point[1:] })},
	{openPartyHash, partyV(func(m material) []byte { return hashOf(m.point) })},
	{openPartyUMiss, func(m material) []byte { return hashOf(kdfCounter, m.secret, algorithmID, m.point) }},
	{openAlgorithmRaw, func(m material) []byte { return hashOf(kdfCounter, m.secret, algorithmID[1:], partyU, m.point) }},
	{openNoCounter, func(m material) []byte { return hashOf(m.secret, algorithmID, partyU, m.point) }},
	{openNoKDF, func(m material) []byte { return m.secret }},
	{openHashOnly, func(m material) []byte { return hashOf(m.secret) }},
	{openHexKDF, overHex(bytes.ToUpper)},
	{openHexKDF, overHex(bytes.ToLower)},
	{openZStripped, func(m material) []byte {
		return hashOf(kdfCounter, bytes.TrimLeft(m.secret, "\x00"), algorithmID, partyU, m.point)
	}},
	{openAES128, func(m material) []byte { return rightKey(m)[:16] }},
}

// overHex hashes the hex text of the input, as a public unit test does.
func overHex(spell func([]byte) []byte) func(m material) []byte {
	return func(m material) []byte {
		return hashOf(spell([]byte(hex.EncodeToString(slices.Concat(kdfCounter, m.secret, algorithmID, partyU, m.point)))))
	}
}

// arrangement is a way to lay out IV, ciphertext and tag.
type arrangement struct {
	fault  sim.Kind
	layOut func(sealed []byte) (iv, box []byte) // box is nil where it does not fit
}

var arrangements = []arrangement{
	{sim.Kind{}, func(sealed []byte) (iv, box []byte) { return make([]byte, ivBytes), sealed }},
	{openIV16, func(sealed []byte) (iv, box []byte) { return make([]byte, 16), sealed }},
	{openIVPrefixed, func(sealed []byte) (iv, box []byte) {
		if len(sealed) <= ivBytes+tagBytes {
			return nil, nil
		}
		return sealed[:ivBytes], sealed[ivBytes:]
	}},
	{openTagFirst, func(sealed []byte) (iv, box []byte) {
		return make([]byte, ivBytes), slices.Concat(sealed[tagBytes:], sealed[:tagBytes])
	}},
}

// open decrypts the pass data and reads it. If the right way fails, the mistakes are
// tried one by one, then in pairs of key and layout, then without the tag.
func (r *reading) open(sealed []byte, e ephemeral) {
	if len(sealed) <= tagBytes {
		r.Fail(checkPassDataOpen, openTooShort, "%d bytes", len(sealed))
		return
	}
	if r.keys.Leaf == nil {
		return
	}
	secret, err := r.keys.Leaf.ECDH(e.point)
	spki, errSPKI := x509.MarshalPKIXPublicKey(e.point)
	if err != nil || errSPKI != nil {
		r.Fail(checkPassDataOpen, openFailed, "the leaf's key does not agree on a secret with this point")
		return
	}
	m := material{secret, e.point.Bytes(), e.sent, spki, r.keys.Leaf.PublicKey().Bytes()}
	for _, d := range derivations {
		for _, a := range arrangements {
			plaintext := openGCM(d.derive(m), a, sealed)
			if plaintext == nil {
				continue
			}
			if k := first(d.fault, a.fault); k.Code != "" {
				r.Fail(checkPassDataOpen, k, "it opens once that mistake is made: %s", k.Code)
			}
			r.Pass(checkPassDataOpen, "ECDH, single-step KDF and AES-256-GCM")
			r.readPass(plaintext)
			return
		}
	}
	r.openWithoutTag(m, sealed)
}

func first(kinds ...sim.Kind) sim.Kind {
	for _, k := range kinds {
		if k.Code != "" {
			return k
		}
	}
	return sim.Kind{}
}

func gcmOf(key []byte, ivLength int) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, ivLength)
	if err != nil {
		return nil
	}
	return gcm
}

// openGCM returns nil if it does not open.
func openGCM(key []byte, a arrangement, sealed []byte) []byte {
	iv, box := a.layOut(sealed)
	gcm := gcmOf(key, len(iv))
	if gcm == nil {
		return nil
	}
	plaintext, err := gcm.Open([]byte{}, iv, box, nil)
	if err != nil {
		return nil
	}
	return plaintext
}

// openWithoutTag decrypts without authenticating, to say what is wrong with the tag.
func (r *reading) openWithoutTag(m material, sealed []byte) {
	for _, d := range derivations {
		for _, a := range arrangements[:2] {
			iv, box := a.layOut(sealed)
			plaintext := keystream(d.derive(m), iv, box)
			if !bytes.HasPrefix(plaintext, []byte(`{"`)) {
				continue
			}
			k := first(d.fault, a.fault, tagFault(plaintext))
			r.Fail(checkPassDataOpen, k, "it decrypts, but the tag does not hold")
			if document := leadingObject(plaintext); document != nil {
				r.readPass(document)
			}
			return
		}
	}
	r.Fail(checkPassDataOpen, openFailed, "neither the right way nor any known mistake opens it")
}

// keystream applies GCM's counter mode alone: sealing zeros gives its key stream.
func keystream(key, iv, box []byte) []byte {
	gcm := gcmOf(key, len(iv))
	if gcm == nil {
		return nil
	}
	stream := gcm.Seal(nil, iv, make([]byte, len(box)), nil)
	plaintext := make([]byte, len(box))
	subtle.XORBytes(plaintext, box, stream)
	return plaintext
}

// leadingObject returns the JSON object that the bytes begin with, nil without one.
func leadingObject(plaintext []byte) []byte {
	var document json.RawMessage
	if json.NewDecoder(bytes.NewReader(plaintext)).Decode(&document) != nil {
		return nil
	}
	return document
}

// tagFault says what follows the plaintext: a tag that does not hold, a part of one,
// none, or nothing because the end is missing.
func tagFault(plaintext []byte) sim.Kind {
	document := leadingObject(plaintext)
	rest := len(plaintext) - len(document)
	switch {
	case document == nil && isReadable(plaintext):
		return openTruncated
	case document == nil:
		return openCorrupt
	case rest == 0:
		return openTagMissing
	case rest < tagBytes:
		return openTagShort
	case rest > tagBytes:
		return openCorrupt
	}
	return openTagWrong
}

// isReadable reports whether the bytes are text but for a last part that may be a
// tag.
func isReadable(plaintext []byte) bool {
	text := plaintext[:max(0, len(plaintext)-tagBytes)]
	return !bytes.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == '\ufffd' })
}
