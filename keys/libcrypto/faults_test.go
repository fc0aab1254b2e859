//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"unsafe"
)

// TestAnErrorInTheMiddleIsSaid: what OpenSSL refuses has its words, the next call works, and an
// error that was left on the thread is not taken for the answer to the one after.
func TestAnErrorInTheMiddleIsSaid(t *testing.T) {
	l := mustOpen(t)
	private := mustPrivate(t, l, pair())
	works := l.sign
	digest := digestOf(crypto.SHA256, "x")
	var short uintptr
	l.sign = replaced(func(context, signature, size, digest, n uintptr) uintptr {
		return call(works, context, signature, uintptr(unsafe.Pointer(&short)), digest, n) // there is room for 0 bytes
	})
	for range 20 { // more than the errors that a thread keeps
		_, err := private.Sign(nil, digest, crypto.SHA256)
		failed, ok := errors.AsType[*operationError](err)
		if !ok || failed.Operation != "sign" || failed.Code == 0 || failed.Reason == "" {
			t.Fatalf("error %v", err)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if call(l.initVerify, 0); call(l.errLast) == 0 {
		t.Fatal("OpenSSL left no error")
	}
	l.sign = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { return 0 })
	_, err := private.Sign(nil, digest, crypto.SHA256)
	if failed, ok := errors.AsType[*operationError](err); !ok || failed.Code != 0 {
		t.Errorf("a failure without a reason says %v", err)
	}
	l.sign = works
	signature, err := private.Sign(nil, digest, crypto.SHA256)
	must(t, err)
	must(t, rsa.VerifyPKCS1v15(&pair().PublicKey, crypto.SHA256, digest, signature))
}

// TestNoContextIsAnError: a copy that could not be made, as without memory, is no crash.
func TestNoContextIsAnError(t *testing.T) {
	l := mustOpen(t)
	private := mustPrivate(t, l, pair())
	l.copyContext = replaced(func(uintptr) uintptr { return 0 })
	if _, err := private.Sign(nil, digestOf(crypto.SHA256, "x"), crypto.SHA256); err == nil {
		t.Error("it signs")
	}
	if _, err := private.Decrypt(nil, make([]byte, 256), &rsa.OAEPOptions{Hash: crypto.SHA256}); err == nil {
		t.Error("it opens")
	}
}

// TestAnIntIsTheLowerHalfOfARegister: what stands in the upper half means nothing.
func TestAnIntIsTheLowerHalfOfARegister(t *testing.T) {
	for result, want := range map[uintptr]bool{1: true, 0xdeadbeef_00000001: true, 0: false, 2: false, 0xffffffff: false, 1 << 32: false} {
		if isOne(result) != want {
			t.Errorf("%x is taken for a success: %t", result, !want)
		}
	}
}

// TestAFaultySignatureIsNotGivenOut: one bit that is wrong in a signature made by the Chinese
// remainder theorem gives the primes away.
func TestAFaultySignatureIsNotGivenOut(t *testing.T) {
	for name, opts := range map[string]crypto.SignerOpts{
		"PKCS #1 v1.5": crypto.SHA256,
		"PSS":          &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash},
	} {
		t.Run(name, func(t *testing.T) {
			l := mustOpen(t)
			private := mustPrivate(t, l, pair())
			works := l.sign
			l.sign = replaced(func(context uintptr, signature *byte, size, digest, n uintptr) uintptr {
				signed := call(works, context, uintptr(unsafe.Pointer(signature)), size, digest, n)
				unsafe.Slice(signature, 256)[77] ^= 4
				return signed
			})
			signature, err := private.Sign(nil, digestOf(crypto.SHA256, "x"), opts)
			failed, ok := errors.AsType[*operationError](err)
			if signature != nil || !errors.Is(err, errFault) || !ok || failed.Operation != "verify" {
				t.Errorf("%d bytes are given out, error %v", len(signature), err)
			}
		})
	}
}

// TestAKeyThatDoesNotWorkIsNotTaken: it is tried when it is loaded.
func TestAKeyThatDoesNotWorkIsNotTaken(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(pair())
	must(t, err)
	for name, spoil := range map[string]func(*library){
		"it signs wrongly, and says that it verifies": func(l *library) {
			l.sign = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { return 1 })
			l.verify = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { return 1 })
		},
		"it opens to something else": func(l *library) {
			l.decrypt = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { return 1 })
		},
		"it opens nothing": func(l *library) {
			l.decrypt = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { return 0 })
		},
		"it has no public half": func(l *library) { l.writePublic = replaced(func(uintptr, uintptr) uintptr { return 0 }) },
		"its public half is another the second time": func(l *library) {
			works := l.writePublic
			l.writePublic = replaced(func(key, next uintptr) uintptr {
				size := call(works, key, next)
				if next != 0 {
					size--
				}
				return size
			})
		},
		"a padding cannot be set": func(l *library) { l.setPadding = replaced(func(uintptr, uintptr) uintptr { return 0 }) },
	} {
		t.Run(name, func(t *testing.T) {
			l := mustOpen(t)
			spoil(l)
			if private, err := l.Private(der); err == nil || private != nil {
				t.Error("it is taken")
			}
		})
	}
}

// TestWhatIsNotGivenOutIsOverwritten: OpenSSL may have opened a message in part before it refuses.
func TestWhatIsNotGivenOutIsOverwritten(t *testing.T) {
	l := mustOpen(t)
	private := mustPrivate(t, l, pair())
	var place []byte
	l.decrypt = replaced(func(_ uintptr, plaintext *byte, _, _, _ uintptr) uintptr {
		place = unsafe.Slice(plaintext, 256)
		copy(place, "half of a message")
		return 0
	})
	if _, err := private.Decrypt(nil, make([]byte, 256), &rsa.OAEPOptions{Hash: crypto.SHA256}); !errors.Is(err, rsa.ErrDecryption) {
		t.Errorf("error %v", err)
	}
	if place == nil || slices.ContainsFunc(place, func(b byte) bool { return b != 0 }) {
		t.Errorf("what was opened is left in memory: %q", place)
	}
}

// TestAKeyThatNobodyHoldsIsFreed, with each of its contexts, and not before.
func TestAKeyThatNobodyHoldsIsFreed(t *testing.T) {
	l := mustOpen(t)
	realKey, realContext := l.freeKey, l.freeContext
	var keysFreed, contextsFreed atomic.Int64
	l.freeKey = replaced(func(key uintptr) uintptr { keysFreed.Add(1); return call(realKey, key) })
	private := mustPrivate(t, l, pair())
	l.freeContext = replaced(func(context uintptr) uintptr { contextsFreed.Add(1); return call(realContext, context) })
	collectGarbage(func() bool { return false })
	if keysFreed.Load() != 0 {
		t.Fatal("a key that is held is freed")
	}
	digest := digestOf(crypto.SHA256, "x")
	_, err := private.Sign(nil, digest, crypto.SHA256)
	must(t, err)
	if freed := contextsFreed.Swap(0); freed != 2 {
		t.Errorf("of the copies that signed and verified %d are freed", freed)
	}
	private = nil //nolint:wastedassign // the garbage collector looks at it
	if !collectGarbage(func() bool { return keysFreed.Load() == 1 }) || contextsFreed.Load() != 15 {
		t.Errorf("%d keys and %d contexts are freed", keysFreed.Load(), contextsFreed.Load())
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair())
	must(t, err)
	l.setMD = replaced(func(uintptr, uintptr) uintptr { return 0 })
	if _, err := l.Private(der); err == nil {
		t.Fatal("it is taken")
	}
	if !collectGarbage(func() bool { return keysFreed.Load() == 2 }) {
		t.Error("a key that was refused stays in memory")
	}
}

// TestTheCollectorMayLookWhileOpenSSLReads: functions that read DER leave their cursor behind
// its last byte, where Go may have no object: a pointer there ends the process.
func TestTheCollectorMayLookWhileOpenSSLReads(t *testing.T) {
	l := mustOpen(t)
	l.readPublic = replaced(func(_ uintptr, next *uintptr, size uintptr) uintptr {
		*next += size
		runtime.GC()
		return 0
	})
	var held [][]byte
	for range 20 { // as long as the places that Go gives them, so that the next byte is another's
		der := make([]byte, 1280)
		held = append(held, der)
		if _, err := l.loadPublic(der); err == nil {
			t.Fatal("it is taken")
		}
	}
	runtime.KeepAlive(held)
}

// TestAKeyIsTriedOnceInAProcess: a store that is read again holds the keys that it held.
func TestAKeyIsTriedOnceInAProcess(t *testing.T) {
	l := mustOpen(t)
	works, tries := l.decrypt, 0
	l.decrypt = replaced(func(context, plaintext, size, ciphertext, n uintptr) uintptr {
		tries++
		return call(works, context, plaintext, size, ciphertext, n)
	})
	for range 3 {
		mustPrivate(t, l, pair())
	}
	if tries != 1 {
		t.Errorf("it is tried %d times", tries)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	l.decrypt = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { tries++; return 0 })
	der, err := x509.MarshalPKCS8PrivateKey(other)
	must(t, err)
	for range 2 {
		if _, err := l.Private(der); err == nil {
			t.Error("a key that fails is taken")
		}
	}
	if tries != 3 {
		t.Errorf("another key that fails is tried %d times", tries-1)
	}
}

// TestAKeyOfAPublicHalfThatIsKnownIsTriedToo: what worked was another private half.
func TestAKeyOfAPublicHalfThatIsKnownIsTriedToo(t *testing.T) {
	l := mustOpen(t)
	mustPrivate(t, l, pair())
	good, err := x509.MarshalPKCS8PrivateKey(pair())
	must(t, err)
	spoilt := bytes.Clone(good)
	for name, number := range map[string]*big.Int{"d": pair().D, "dP": pair().Precomputed.Dp, "dQ": pair().Precomputed.Dq} {
		at := bytes.Index(spoilt, number.Bytes())
		if at < 0 {
			t.Fatalf("%s is not where the test looks", name)
		}
		spoilt[at+100] ^= 1
	}
	if private, err := l.Private(spoilt); err == nil || private != nil {
		t.Error("it is taken")
	}
	mustPrivate(t, l, pair())
}

// TestWhatIsLongerThanItsPlaceIsAFault: a length that is wrong is not handed on to be verified,
// which would read behind the signature.
func TestWhatIsLongerThanItsPlaceIsAFault(t *testing.T) {
	for name, length := range map[string]uintptr{"longer": 10_000, "shorter": 255} {
		t.Run(name, func(t *testing.T) {
			l := mustOpen(t)
			private := mustPrivate(t, l, pair())
			l.sign = replaced(func(_, _ uintptr, size *uintptr, _, _ uintptr) uintptr {
				*size = length
				return 1
			})
			l.verify = replaced(func(_, _, size, _, _ uintptr) uintptr { t.Errorf("%d bytes are verified", size); return 1 })
			if signature, err := private.Sign(nil, digestOf(crypto.SHA256, "x"), crypto.SHA256); signature != nil || !errors.Is(err, errFault) {
				t.Errorf("%d bytes, error %v", len(signature), err)
			}
		})
	}
}
