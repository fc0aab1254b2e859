package vtssim

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport/sim"
)

// kekOf derives the key that wraps content keys: SHA-256 of the secret's text.
func kekOf(secret []byte) []byte {
	digest := sha256.Sum256(secret)
	return digest[:]
}

// wrongKey is a key (or additional data) that people use by mistake.
type wrongKey struct {
	key  []byte
	kind sim.Kind
	what string
}

// wrongKEKs are the keys that are derived from a secret by mistake, the likeliest
// first. Lengths that AES does not take are left out.
func wrongKEKs(secret []byte) []wrongKey {
	var all []wrongKey
	add := func(k sim.Kind, what string, keys ...[]byte) {
		for _, key := range keys {
			if n := len(key); n == 16 || n == 24 || n == 32 {
				all = append(all, wrongKey{key, k, what})
			}
		}
	}
	text := string(secret)
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if data := sim.DecodeOrNil(enc, text); data != nil {
			add(kekBase64, "the secret was decoded as base64 before it was hashed", kekOf(data))
			add(kekBase64, "the secret was decoded as base64 and used as the key", data, fit(data))
		}
	}
	if data, err := hex.DecodeString(text); err == nil && len(data) > 0 {
		add(kekHex, "the secret was decoded as hex before it was hashed", kekOf(data))
		add(kekHex, "the secret was decoded as hex and used as the key", data, fit(data))
	}
	add(kekRaw, "the secret itself was used as the key", secret, fit(secret))
	for _, around := range []string{text + "\n", text + "\r\n", text + " ", " " + text, strings.TrimSpace(text)} {
		if around != text {
			add(kekLineBreak, "white space was hashed with the secret, or is missing from the hashed text", kekOf([]byte(around)))
		}
	}
	add(kekUTF16, "the secret was hashed in UTF-16", kekOf(sim.InUTF16(text, binary.LittleEndian)), kekOf(sim.InUTF16(text, binary.BigEndian)))
	digest := kekOf(secret)
	for _, spelled := range []string{hex.EncodeToString(digest), strings.ToUpper(hex.EncodeToString(digest)), base64.StdEncoding.EncodeToString(digest)} {
		add(kekDigest, "the text of the digest was used as the key, or hashed again", fit([]byte(spelled)), kekOf([]byte(spelled)))
	}
	long, short, md := sha512.Sum512(secret), sha1.Sum(secret), md5.Sum(secret)
	add(kekOtherHash, "the key was derived with another hash, or hashed twice", kekOf(digest), long[:keyBytes], fit(short[:]), md[:])
	return all
}

// fit cuts or fills a key to 32 bytes, as libraries do that take any length.
func fit(key []byte) []byte {
	out := make([]byte, keyBytes)
	copy(out, key)
	return out
}
