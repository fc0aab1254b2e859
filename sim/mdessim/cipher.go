package mdessim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"unicode/utf8"

	"github.com/walletport/walletport/sim"
)

// decrypt returns the plaintext, or nil if there is none to go on with.
func (r *reading) decrypt(s sealed, key []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		r.Fail(checkDecrypt, aesKeyLength, "the AES key has %d bytes", len(key))
		return nil
	}
	if s.mode == modeGCM {
		return r.decryptGCM(s, block)
	}
	if len(s.data)%aesBlockBytes != 0 || len(s.data) == 0 || s.iv != nil && len(s.iv) != aesBlockBytes {
		return nil // named by the checks of encryptedData and iv
	}
	return r.decryptCBC(s, block)
}

func (r *reading) decryptCBC(s sealed, block cipher.Block) []byte {
	padded := cbc(block, s.iv, s.data)
	text, ok := unpad(padded)
	if !ok {
		k, detail, mended := explainPadding(s, block, padded)
		r.Fail(checkDecrypt, k, "%s", detail)
		return mended
	}
	if _, f := sim.MendPlaintext(text); f != nil { // named as that, and nothing is garbled
		r.Pass(checkDecrypt, "%d bytes of plaintext, PKCS#7 padding right", len(text))
		return text
	}
	if k, detail, garbled := explainGarbled(s, block, text); garbled {
		r.Fail(checkDecrypt, k, "%s", detail)
		return nil
	}
	r.Pass(checkDecrypt, "%d bytes of plaintext, PKCS#7 padding right", len(text))
	return text
}

func (r *reading) decryptGCM(s sealed, block cipher.Block) []byte {
	nonce, data := s.iv, append(bytes.Clone(s.data), s.tag...)
	if nonce == nil {
		nonce = make([]byte, gcmNonceBytes)
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(nonce))
	if err != nil {
		return nil // named by the check of iv
	}
	text, err := gcm.Open(nil, nonce, data, s.aad)
	if err != nil {
		r.Fail(checkDecrypt, gcmTagWrong, "the GCM tag does not match")
		return nil
	}
	r.Pass(checkDecrypt, "%d bytes of plaintext, GCM tag right", len(text))
	return text
}

// cbc decrypts whole blocks; a nil iv is all zero.
func cbc(block cipher.Block, iv, data []byte) []byte {
	if iv == nil {
		iv = make([]byte, aesBlockBytes)
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	return out
}

// unpad takes off PKCS#7 padding, RFC 5652 section 6.3.
func unpad(padded []byte) ([]byte, bool) {
	n := int(padded[len(padded)-1])
	if n < 1 || n > aesBlockBytes || n > len(padded) {
		return nil, false
	}
	text, padding := padded[:len(padded)-n], padded[len(padded)-n:]
	return text, bytes.Equal(padding, bytes.Repeat([]byte{byte(n)}, n))
}

// firstBlocks decrypts what is needed to see whether a key is right.
func firstBlocks(s sealed, key []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil || s.mode != modeCBC || len(s.data) < aesBlockBytes || s.iv != nil && len(s.iv) != aesBlockBytes {
		return nil
	}
	return cbc(block, s.iv, s.data[:aesBlockBytes])
}

// explainPadding names the reason of a padding that is not PKCS#7. Where the plaintext
// is whole all the same, it is returned.
func explainPadding(s sealed, block cipher.Block, padded []byte) (k sim.Kind, detail string, mended []byte) {
	if text, ok := unpad(ecb(block, s.data)); ok && sim.LooksLikeJSON(text) {
		return dataECB, "every block decrypts on its own", nil
	}
	if document, rest := sim.LeadingObject(padded); document != nil {
		k, detail := explainEnd(rest)
		return k, detail, document
	}
	if plain := sim.FromUTF16(padded); sim.LooksLikeJSON(bytes.TrimPrefix(plain, []byte("\ufeff"))) {
		return sim.PlainUTF16.Of(layerPlaintext), "the plaintext is UTF-16, and not padded by PKCS#7", plain
	}
	switch {
	case !sim.LooksLikeJSON(padded) || garbled(padded[:aesBlockBytes]):
		return dataCorrupt, "the padding is wrong and the plaintext is no JSON: another AES key, another cipher, or changed bytes", nil
	case anyGarbled(padded):
		return dataCorrupt, "the plaintext starts right and is garbled further on: the ciphertext was changed", nil
	}
	return dataTruncated, "the plaintext starts right and stops before its end: blocks are missing", nil
}

// explainEnd names what stands behind a whole plaintext instead of PKCS#7 padding.
func explainEnd(rest []byte) (sim.Kind, string) {
	k, detail := sim.PaddingFault(rest)
	switch {
	case k.Code != "":
		return k.Of(layerPlaintext), detail
	case len(rest) == 0:
		return dataPadding, "the plaintext is not padded at all"
	case len(rest) <= aesBlockBytes && int(rest[len(rest)-1]) == len(rest):
		return dataPadding, "the plaintext is padded, but not by PKCS#7"
	}
	return dataCorrupt, "the plaintext is whole, and other bytes follow it"
}

// explainGarbled names the reason of a plaintext that is padded right and still
// not text.
func explainGarbled(s sealed, block cipher.Block, text []byte) (k sim.Kind, detail string, isGarbled bool) {
	if !anyGarbled(text) {
		return sim.Kind{}, "", false
	}
	switch {
	case len(text) <= aesBlockBytes || !garbled(text[:aesBlockBytes]) || anyGarbled(text[aesBlockBytes:]):
		return dataCorrupt, "parts of the plaintext are garbled: the ciphertext was changed", true
	case sim.LooksLikeJSON(text[aesBlockBytes:]):
		return ivPrefixed, "the JSON starts after the first block", true
	case sim.LooksLikeJSON(cbc(block, nil, s.data)):
		return ivMismatch, "only the first block is garbled; an all-zero iv decrypts it", true
	}
	return ivMismatch, "only the first block is garbled", true
}

func ecb(block cipher.Block, data []byte) []byte {
	out := make([]byte, len(data))
	for i := 0; i < len(data); i += aesBlockBytes {
		block.Decrypt(out[i:i+aesBlockBytes], data[i:i+aesBlockBytes])
	}
	return out
}

// anyGarbled reports whether a block of text reads like the output of a cipher.
// Text in an old 8-bit encoding has a few odd bytes, but not that many together.
func anyGarbled(text []byte) bool {
	if utf8.Valid(text) && !hasControls(text) {
		return false
	}
	for len(text) > 0 {
		n := min(aesBlockBytes, len(text))
		if garbled(text[:n]) {
			return true
		}
		text = text[n:]
	}
	return false
}

// garbledBytes is how many bytes above ASCII in one block are taken for noise.
const garbledBytes = 4

func garbled(block []byte) bool {
	high := 0
	for _, b := range block {
		if b >= utf8.RuneSelf {
			high++
		}
	}
	return hasControls(block) || high >= garbledBytes
}

func hasControls(text []byte) bool {
	return bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' })
}
