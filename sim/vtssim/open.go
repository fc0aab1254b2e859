package vtssim

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"slices"

	"github.com/walletport/walletport/sim"
)

// openPush decrypts a payload and checks the card in it.
func (r *reading) openPush(m jwe) {
	if len(r.keys.Push) == 0 {
		r.Skip("needs the shared secret of the encryption API key", openedChecks...)
		r.Skip("needs the decrypted card", cardChecks...)
		return
	}
	if r.Failed(checkAlg) || r.Failed(checkEnc) || m.kid == "" {
		return
	}
	secrets := r.findSecrets(m.kid)
	cek := r.unwrap(m, secrets)
	if cek == nil {
		return
	}
	if plaintext := r.decrypt(m, cek); plaintext != nil {
		r.readPlaintext(plaintext)
	}
}

// findSecrets returns the secrets that may have wrapped the key, the named one first.
func (r *reading) findSecrets(kid string) [][]byte {
	secrets := make([][]byte, 0, len(r.keys.Push))
	for id, secret := range r.keys.Push {
		if id != kid {
			secrets = append(secrets, secret)
		}
	}
	slices.SortFunc(secrets, func(a, b []byte) int { return len(a) - len(b) })
	named, ok := r.keys.Push[kid]
	if !ok {
		r.Fail(checkKidKnown, kidUnknown, "VTS has no encryption key of that id")
		return append([][]byte{nil}, secrets...)
	}
	r.Pass(checkKidKnown, "it names a shared secret of this VTS")
	return append([][]byte{named}, secrets...)
}

// unwrap opens the content key; if that fails, it finds out what it was wrapped
// with instead.
func (r *reading) unwrap(m jwe, secrets [][]byte) []byte {
	if named := secrets[0]; named != nil {
		right := kekOf(named)
		if cek := openGCM(right, m.wrapIV, m.key, m.wrapTag, nil); cek != nil {
			r.Pass(checkUnwrap, "A256GCMKW under SHA-256 of the shared secret")
			return cek
		}
		if cek := r.explainUnwrap(m, named); cek != nil {
			return cek
		}
	}
	for _, secret := range secrets[1:] {
		if cek := openGCM(kekOf(secret), m.wrapIV, m.key, m.wrapTag, nil); cek != nil {
			r.Fail(checkUnwrap, kidOther, "the secret of another kid opens it")
			return cek
		}
	}
	if len(m.key) > 0 && len(m.wrapIV) > 0 && len(m.wrapTag) == gcmTagBytes { // else named by their own checks
		r.Fail(checkUnwrap, unwrapFailed, "no shared secret of this VTS opens it, by any derivation seen in the field")
	}
	return nil
}

// explainUnwrap tries what people do wrong with the right secret.
func (r *reading) explainUnwrap(m jwe, secret []byte) []byte {
	for _, wrong := range wrongKEKs(secret) {
		if cek := openGCM(wrong.key, m.wrapIV, m.key, m.wrapTag, nil); cek != nil {
			r.Fail(checkUnwrap, wrong.kind, "%s", wrong.what)
			return cek
		}
	}
	kek := kekOf(secret)
	if cek := openGCM(kek, m.iv, m.key, m.wrapTag, nil); cek != nil {
		r.Fail(checkUnwrap, ivsSwapped, "the content's IV opens the content key")
		return cek
	}
	if openGCM(kek, m.iv, m.data, m.tag, []byte(m.protected)) != nil {
		r.Fail(checkUnwrap, kekDirect, "the secret's key itself encrypts the content")
		return kek
	}
	// A wrong tag leaves the key readable; that it is the key, the content shows.
	if cek := decryptCTR(kek, m.wrapIV, m.key); cek != nil && openGCM(cek, m.iv, m.data, m.tag, []byte(m.protected)) != nil {
		r.Fail(checkUnwrap, wrapTag, "the key opens, but the tag of its wrap is wrong")
		return cek
	}
	return nil
}

// decrypt returns the plaintext, nil if there is none to go on with.
func (r *reading) decrypt(m jwe, cek []byte) []byte {
	if text := openGCM(cek, m.iv, m.data, m.tag, []byte(m.protected)); text != nil {
		r.Pass(checkDecrypt, "%d bytes of plaintext, tag right", len(text))
		return text
	}
	for _, wrong := range wrongAADs(m.protected) {
		if text := openGCM(cek, m.iv, m.data, m.tag, wrong.key); text != nil {
			r.Fail(checkDecrypt, wrong.kind, "%s", wrong.what)
			return text
		}
	}
	if text := openGCM(cek, m.wrapIV, m.data, m.tag, []byte(m.protected)); text != nil {
		r.Fail(checkDecrypt, ivsSwapped, "the header's IV opens the content")
		return text
	}
	text := decryptCTR(cek, m.iv, m.data)
	if _, f := sim.ReadObject(text); f == nil {
		r.Fail(checkDecrypt, aadMismatch, "the plaintext is whole and the tag does not match: header or tag are not those of the encryption")
		return text
	}
	if len(m.iv) > 0 && len(m.tag) > 0 && len(m.data) > 0 {
		r.Fail(checkDecrypt, contentWrong, "the tag does not match and the plaintext is no JSON")
	}
	return nil
}

func wrongAADs(protected string) []wrongKey {
	header, _ := base64.RawURLEncoding.DecodeString(protected)
	return []wrongKey{
		{nil, aadEmpty, "the content was encrypted without additional data"},
		{header, aadDecoded, "the content was encrypted with the decoded header as additional data"},
	}
}

// openGCM decrypts, with an IV of any length so that a wrong one can be named;
// nil if the tag does not match or the sizes do not fit.
func openGCM(key, iv, data, tag, aad []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) == 0 || len(tag) != gcmTagBytes {
		return nil
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(iv))
	if err != nil {
		return nil
	}
	text, err := gcm.Open(nil, iv, slices.Concat(data, tag), aad)
	if err != nil || len(text) == 0 {
		return nil
	}
	return text
}

// decryptCTR is GCM without its tag (NIST SP 800-38D section 7.2): the counter
// starts at 2 behind an IV of 12 bytes.
func decryptCTR(key, iv, data []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != gcmIVBytes || len(data) == 0 {
		return nil
	}
	text := make([]byte, len(data))
	cipher.NewCTR(block, append(slices.Clone(iv), 0, 0, 0, 2)).XORKeyStream(text, data)
	return text
}
