package seal

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
)

// Envelope is what travels: an AES key wrapped to an RSA key, and the ciphertext.
type Envelope struct {
	WrappedKey []byte // as long as the RSA modulus
	IV         []byte // 16 bytes for CBC, 12 for GCM; empty on Open means all zero
	Ciphertext []byte // CBC: a multiple of 16, at least 16
	Tag        []byte // GCM only, 16 bytes
	AAD        []byte // GCM only: associated data, in clear
}

// ErrOpen is the only error of Open that depends on the envelope. It has no
// detail, because whoever can send envelopes and tell a wrong RSA padding from a
// wrong AES padding can decrypt others' (Bleichenbacher 1998, Vaudenay 2002).
var ErrOpen = errors.New("seal: the envelope does not open")

// Seal encrypts plaintext under a fresh AES key and wraps that key to the recipient.
// aad is authenticated but not encrypted, and must be empty with CBC. Seal keeps
// neither argument; wiping plaintext is the caller's part. random is crypto/rand.Reader
// outside of tests; it gives the AES key first, then the IV, then the seed of OAEP, unless
// the recipient has an OAEP of its own. The padding of PKCS#1 v1.5 comes from crypto/rsa,
// which draws it itself and does not read random.
func (s Suite) Seal(random io.Reader, to Recipient, plaintext, aad []byte) (Envelope, error) {
	if err := s.Validate(); err != nil {
		return Envelope{}, err
	}
	if err := CheckRSA(to.Public); err != nil {
		return Envelope{}, err
	}
	if s.Mode == CBC && len(aad) > 0 {
		return Envelope{}, errors.New("seal: CBC has no associated data")
	}
	key := make([]byte, s.KeyBits/8)
	defer clear(key)
	if _, err := io.ReadFull(random, key); err != nil {
		return Envelope{}, fmt.Errorf("draw AES key: %w", err)
	}
	iv := make([]byte, s.ivBytes())
	if _, err := io.ReadFull(random, iv); err != nil {
		return Envelope{}, fmt.Errorf("draw IV: %w", err)
	}
	wrapped, err := s.wrap(random, to, key)
	if err != nil {
		return Envelope{}, fmt.Errorf("wrap AES key: %w", err)
	}
	e, err := s.encrypt(key, iv, plaintext, aad)
	if err != nil {
		return Envelope{}, err
	}
	e.WrappedKey = wrapped
	return e, nil
}

func (s Suite) wrap(random io.Reader, to Recipient, key []byte) ([]byte, error) {
	switch s.KeyWrap {
	case OAEPSHA256:
		return to.encryptOAEP(random, crypto.SHA256, key)
	case OAEPSHA512:
		return to.encryptOAEP(random, crypto.SHA512, key)
	case PKCS1v15:
		return rsa.EncryptPKCS1v15(random, to.Public, key) //nolint:staticcheck // some recipients know only this; a profile has to ask for it
	}
	return nil, errors.New("seal: unknown key wrap")
}

func (s Suite) encrypt(key, iv, plaintext, aad []byte) (Envelope, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return Envelope{}, fmt.Errorf("prepare AES: %w", err)
	}
	if s.Mode == CBC {
		// Padded and encrypted in place: the only copy of the plaintext made here
		// becomes the ciphertext.
		data := pad(plaintext)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
		return Envelope{IV: iv, Ciphertext: data}, nil
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return Envelope{}, fmt.Errorf("prepare GCM: %w", err)
	}
	sealed := gcm.Seal(nil, iv, plaintext, aad)
	end := len(sealed) - gcmTagBytes
	return Envelope{IV: iv, Ciphertext: sealed[:end:end], Tag: sealed[end:], AAD: aad}, nil
}

// Open returns the plaintext of an envelope; no program of walletport calls it yet, but
// those that import scheme/mdes may. The envelope was sealed to key's public half, with
// an AES key of 128 or 256 bits. Whatever is wrong with the envelope, the error is
// ErrOpen and the same work has been done, except for wrong lengths, which everybody
// can see. A fault of the custodian behind key also shows as ErrOpen. random is
// crypto/rand.Reader outside of tests.
//
// CBC has no integrity: a changed ciphertext may open to other bytes. The caller
// must treat a plaintext that makes no sense as it treats ErrOpen.
func (s Suite) Open(random io.Reader, key crypto.Decrypter, e Envelope) ([]byte, error) {
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok || CheckRSA(public) != nil {
		return nil, errors.New("seal: opening needs an RSA key of 2048 to 8192 bits")
	}
	if !s.lengthsFit(e, public.Size()) {
		return nil, ErrOpen
	}
	// Where the key does not unwrap, this random one takes its place, so that the
	// rest takes its usual time (the countermeasure of RFC 8017 section 7.2.2 and
	// RFC 3218 section 2.3.2, here for OAEP as well).
	aesKey := make([]byte, 16)
	if _, err := io.ReadFull(random, aesKey); err != nil {
		return nil, fmt.Errorf("draw substitute key: %w", err)
	}
	unwrapped, err := key.Decrypt(random, e.WrappedKey, s.decrypterOpts())
	isKey := err == nil && (len(unwrapped) == 16 || len(unwrapped) == 32)
	if isKey {
		aesKey = unwrapped
	}
	plaintext, decrypted := s.decrypt(aesKey, e)
	clear(unwrapped)
	if !isKey || !decrypted {
		clear(plaintext)
		return nil, ErrOpen
	}
	return plaintext, nil
}

func (s Suite) decrypterOpts() crypto.DecrypterOpts {
	switch s.KeyWrap {
	case OAEPSHA256:
		return &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA256}
	case OAEPSHA512:
		return &rsa.OAEPOptions{Hash: crypto.SHA512, MGFHash: crypto.SHA512}
	case PKCS1v15:
		// No SessionKeyLen: the key may have either size. Open substitutes itself.
		return &rsa.PKCS1v15DecryptOptions{} //nolint:staticcheck // some senders know only this
	}
	return nil
}

// lengthsFit checks all that can be told without a key.
func (s Suite) lengthsFit(e Envelope, modulusBytes int) bool {
	if s.KeyWrap < OAEPSHA256 || s.KeyWrap > PKCS1v15 || len(e.WrappedKey) != modulusBytes {
		return false
	}
	if len(e.IV) != 0 && len(e.IV) != s.ivBytes() {
		return false
	}
	switch s.Mode {
	case CBC:
		return len(e.Ciphertext) > 0 && len(e.Ciphertext)%blockBytes == 0 && len(e.Tag) == 0 && len(e.AAD) == 0
	case GCM:
		return len(e.Tag) == gcmTagBytes
	}
	return false
}

func (s Suite) decrypt(key []byte, e Envelope) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	iv := e.IV
	if len(iv) == 0 {
		iv = make([]byte, s.ivBytes())
	}
	if s.Mode == CBC {
		data := make([]byte, len(e.Ciphertext))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(data, e.Ciphertext)
		return unpad(data)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, false
	}
	sealed := make([]byte, 0, len(e.Ciphertext)+len(e.Tag))
	sealed = append(append(sealed, e.Ciphertext...), e.Tag...)
	plaintext, err := gcm.Open(sealed[:0], iv, sealed, e.AAD)
	return plaintext, err == nil
}
