//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"crypto"
	"fmt"
	"runtime"
	"unsafe"
)

// verb is what a context does.
type verb string

const (
	sign    verb = "sign"
	verify  verb = "verify"
	decrypt verb = "decrypt"
	encrypt verb = "encrypt"
)

// use is one way to use a key: a verb with its padding and hash.
type use struct {
	verb    verb
	padding uintptr // as OpenSSL numbers it
	hash    crypto.Hash
}

// The paddings. PSS has a salt as long as the digest, and PSS and OAEP have MGF1 of the same
// hash.
const (
	pkcs1v15 = 1
	oaep     = 4
	pss      = 6
)

// hashes are those that a key is prepared for.
var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

// key is what OpenSSL keeps of a key. Its contexts are only copied: each is ready for its use,
// so that no operation looks up algorithms anew.
type key struct {
	*library
	held *held
}

type held struct {
	key      uintptr         // EVP_PKEY
	contexts map[use]uintptr // EVP_PKEY_CTX
}

// prepare makes the contexts of a key for all hashes.
func (k key) prepare(uses ...use) error {
	for _, u := range uses {
		for _, u.hash = range hashes {
			err := k.do("prepare to "+string(u.verb), func() bool {
				context := call(k.newContext, k.held.key, 0)
				k.held.contexts[u] = context
				return context != 0 && k.ready(context, u)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ready sets a new context up for its use.
func (l *library) ready(context uintptr, u use) bool {
	const saltAsDigest = ^uintptr(0) // RSA_PSS_SALTLEN_DIGEST, -1
	initialize := map[verb]uintptr{sign: l.initSign, verify: l.initVerify, decrypt: l.initDecrypt, encrypt: l.initEncrypt}[u.verb]
	md := map[crypto.Hash]uintptr{crypto.SHA256: l.sha256, crypto.SHA384: l.sha384, crypto.SHA512: l.sha512}[u.hash]
	if !isOne(call(initialize, context)) || !isOne(call(l.setPadding, context, u.padding)) {
		return false
	}
	switch u.padding {
	case oaep:
		return isOne(call(l.setOAEPMD, context, md)) && isOne(call(l.setMGF1MD, context, md))
	case pss:
		return isOne(call(l.setMD, context, md)) && isOne(call(l.setMGF1MD, context, md)) && isOne(call(l.setSaltBytes, context, saltAsDigest))
	}
	return isOne(call(l.setMD, context, md))
}

// withCopy uses the key: attempt gets a copy of the context that was prepared for it.
func (k key) withCopy(u use, attempt func(context uintptr) bool) error {
	return k.do(string(u.verb), func() bool {
		context := call(k.copyContext, k.held.contexts[u])
		defer call(k.freeContext, context)
		return context != 0 && attempt(context)
	})
}

// output uses the key on in, which is not empty, and returns the up to room bytes that function
// makes of it.
func (k key) output(u use, function uintptr, in []byte, room int) ([]byte, error) {
	out, size := make([]byte, room), uintptr(room)
	err := k.withCopy(u, func(context uintptr) bool {
		return isOne(call(function, context, uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&size)),
			uintptr(unsafe.Pointer(&in[0])), uintptr(len(in))))
	})
	if err == nil && size > uintptr(room) {
		err = fmt.Errorf("%w: %d bytes in a place of %d", errFault, size, room)
	}
	if err != nil {
		clear(out)
		return nil, err
	}
	return out[:size], nil
}

// freeWith has OpenSSL free what it keeps, and overwrite the key, when nobody holds handle any
// more. Methods of handle keep it alive until OpenSSL has returned.
func freeWith[T any](handle *T, k key) { runtime.AddCleanup(handle, k.free, k.held) }

func (l *library) free(h *held) {
	for _, context := range h.contexts {
		call(l.freeContext, context)
	}
	call(l.freeKey, h.key)
}
