//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/walletport/walletport/keys"
)

// private is a private key in OpenSSL's memory.
type private struct {
	key    key
	public *rsa.PublicKey
}

// Private implements keys.RSAEngine. A key that this process has not seen before is tried before
// it is returned: Go verifies what it signs, and it opens what Go sealed.
func (l *library) Private(pkcs8 []byte) (keys.RSAPrivate, error) {
	p := &private{key: key{l, &held{contexts: map[use]uintptr{}}}}
	freeWith(p, p.key)
	if err := p.read(pkcs8); err != nil {
		return nil, err
	}
	mark := l.tried.mark(pkcs8)
	if _, ok := l.tried.keys.Load(mark); ok {
		return p, nil
	}
	if err := p.try(); err != nil {
		return nil, fmt.Errorf("libcrypto: the private key was tried: %w", err)
	}
	l.tried.keys.Store(mark, nil)
	return p, nil
}

// tried are the keys that were found to work, by all of their bytes: that the public half is known
// says nothing of the private one.
type tried struct {
	secret []byte   // of this process: a plain digest would let guesses at a key be checked
	keys   sync.Map // what mark returns
}

func newTried() *tried { return &tried{secret: []byte(rand.Text())} }

func (t *tried) mark(pkcs8 []byte) [sha256.Size]byte {
	mac := hmac.New(sha256.New, t.secret)
	mac.Write(pkcs8)
	return [sha256.Size]byte(mac.Sum(nil))
}

func (p *private) read(pkcs8 []byte) error {
	defer runtime.KeepAlive(p)
	numbers, err := numbersOf(pkcs8)
	if err != nil {
		return err
	}
	k := p.key
	if k.held.key, err = k.loadNumbers(numbers); err != nil {
		return err
	}
	if p.public, err = k.public(); err != nil {
		return err
	}
	return k.prepare(use{verb: sign, padding: pkcs1v15}, use{verb: verify, padding: pkcs1v15},
		use{verb: sign, padding: pss}, use{verb: verify, padding: pss}, use{verb: decrypt, padding: oaep})
}

// public reads the public half of a key.
func (k key) public() (*rsa.PublicKey, error) {
	var spki []byte
	err := k.do("read the public half", func() bool {
		size := int32(call(k.writePublic, k.held.key, 0))
		if size <= 0 {
			return false
		}
		spki = make([]byte, size)
		next, unpin := cursor(spki)
		defer unpin()
		return int32(call(k.writePublic, k.held.key, next)) == size
	})
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("libcrypto: public half: %w", err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("libcrypto: the public half is not RSA")
	}
	return public, nil
}

// try proves that the key works, against Go's RSA.
func (p *private) try() error {
	digest := sha256.Sum256([]byte("walletport tries a key"))
	signature, err := p.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if err := rsa.VerifyPKCS1v15(p.public, crypto.SHA256, digest[:], signature); err != nil {
		return err
	}
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, p.public, digest[:], nil)
	if err != nil {
		return err
	}
	opened, err := p.Decrypt(nil, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256})
	if err != nil {
		return err
	}
	if !bytes.Equal(opened, digest[:]) {
		return errors.New("it opens to something else")
	}
	return nil
}

// Public returns the public half, which shares no memory with the private one.
func (p *private) Public() crypto.PublicKey { return p.public }

// Sign signs a SHA-256, SHA-384 or SHA-512 digest: by PSS with a salt as long as the digest if
// opts are *rsa.PSSOptions, else by PKCS #1 v1.5. OpenSSL draws the salt itself. What it returns
// was verified; the error is errFault if it did not verify, else an *operationError.
func (p *private) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	defer runtime.KeepAlive(p)
	u, err := signing(digest, opts)
	if err != nil {
		return nil, err
	}
	k := p.key
	signature, err := k.output(u, k.sign, digest, p.public.Size())
	if err != nil {
		return nil, err
	}
	if len(signature) != p.public.Size() {
		return nil, fmt.Errorf("%w: it has %d bytes", errFault, len(signature))
	}
	u.verb = verify
	err = k.withCopy(u, func(context uintptr) bool {
		return isOne(call(k.verify, context, uintptr(unsafe.Pointer(&signature[0])), uintptr(len(signature)), uintptr(unsafe.Pointer(&digest[0])), uintptr(len(digest))))
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFault, err)
	}
	return signature, nil
}

// signing returns how a digest is to be signed.
func signing(digest []byte, opts crypto.SignerOpts) (use, error) {
	u := use{verb: sign, padding: pkcs1v15, hash: opts.HashFunc()}
	if !slices.Contains(hashes, u.hash) || len(digest) != u.hash.Size() {
		return use{}, errors.New("libcrypto: what is signed is a digest of SHA-256, SHA-384 or SHA-512")
	}
	if options, ok := opts.(*rsa.PSSOptions); ok {
		u.padding = pss
		if options.SaltLength != rsa.PSSSaltLengthEqualsHash && options.SaltLength != u.hash.Size() {
			return use{}, errors.New("libcrypto: the salt of PSS is as long as the digest")
		}
	}
	return u, nil
}

// Decrypt opens by RSA-OAEP with SHA-256, SHA-384 or SHA-512, the same in MGF1, and no label;
// opts are *rsa.OAEPOptions. Whatever is wrong with the ciphertext, the error is
// rsa.ErrDecryption, as Go's is.
func (p *private) Decrypt(_ io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	defer runtime.KeepAlive(p)
	options, ok := opts.(*rsa.OAEPOptions)
	if !ok || !slices.Contains(hashes, options.Hash) || options.MGFHash != 0 && options.MGFHash != options.Hash || len(options.Label) > 0 {
		return nil, errors.New("libcrypto: what is opened is RSA-OAEP with SHA-256, SHA-384 or SHA-512, without a label")
	}
	if len(ciphertext) != p.public.Size() {
		return nil, rsa.ErrDecryption
	}
	plaintext, err := p.key.output(use{verb: decrypt, padding: oaep, hash: options.Hash}, p.key.decrypt, ciphertext, p.public.Size())
	if err != nil {
		return nil, rsa.ErrDecryption
	}
	return plaintext, nil
}
