//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/walletport/walletport/keys"
)

// libraryNames are those by which the system's loader knows libcrypto of OpenSSL 3.
var libraryNames = map[string]string{"linux": "libcrypto.so.3", "darwin": "libcrypto.3.dylib"}

// oldest is OpenSSL 3.0.0 as OpenSSL_version_num has it: 0xMNN00PP0.
const oldest = 0x30000000

// library is a loaded libcrypto.
type library struct {
	functions
	facts                  keys.RSAFacts
	sha256, sha384, sha512 uintptr             // what EVP_sha256 and so on return
	reasonOf               func(uint64) string // OpenSSL's word for the code of an error
	tried                  *tried
}

// functions are addresses.
type functions struct {
	versionNumber, version, initialize                    uintptr
	errClear, errLast, errReason                          uintptr
	providerAvailable, isFIPSEnabled                      uintptr
	evpSHA256, evpSHA384, evpSHA512                       uintptr
	newContextOf, initFromData, fromData                  uintptr
	writePublic, freeKey                                  uintptr
	newContext, copyContext, freeContext                  uintptr
	initSign, sign, initVerify, verify                    uintptr
	initDecrypt, decrypt                                  uintptr
	readPublic, initEncrypt, encrypt                      uintptr
	setPadding, setMD, setSaltBytes, setOAEPMD, setMGF1MD uintptr
}

// symbols says what the fields of f are called in OpenSSL, which has them all since 3.0.0.
func (f *functions) symbols() map[string]*uintptr {
	return map[string]*uintptr{
		"OpenSSL_version_num":                    &f.versionNumber,
		"OpenSSL_version":                        &f.version,
		"OPENSSL_init_crypto":                    &f.initialize,
		"ERR_clear_error":                        &f.errClear,
		"ERR_peek_last_error":                    &f.errLast,
		"ERR_reason_error_string":                &f.errReason,
		"OSSL_PROVIDER_available":                &f.providerAvailable,
		"EVP_default_properties_is_fips_enabled": &f.isFIPSEnabled,
		"EVP_sha256":                             &f.evpSHA256,
		"EVP_sha384":                             &f.evpSHA384,
		"EVP_sha512":                             &f.evpSHA512,
		"EVP_PKEY_CTX_new_from_name":             &f.newContextOf,
		"EVP_PKEY_fromdata_init":                 &f.initFromData,
		"EVP_PKEY_fromdata":                      &f.fromData,
		"i2d_PUBKEY":                             &f.writePublic,
		"EVP_PKEY_free":                          &f.freeKey,
		"EVP_PKEY_CTX_new":                       &f.newContext,
		"EVP_PKEY_CTX_dup":                       &f.copyContext,
		"EVP_PKEY_CTX_free":                      &f.freeContext,
		"EVP_PKEY_sign_init":                     &f.initSign,
		"EVP_PKEY_sign":                          &f.sign,
		"EVP_PKEY_verify_init":                   &f.initVerify,
		"EVP_PKEY_verify":                        &f.verify,
		"EVP_PKEY_decrypt_init":                  &f.initDecrypt,
		"EVP_PKEY_decrypt":                       &f.decrypt,
		"d2i_PUBKEY":                             &f.readPublic,
		"EVP_PKEY_encrypt_init":                  &f.initEncrypt,
		"EVP_PKEY_encrypt":                       &f.encrypt,
		"EVP_PKEY_CTX_set_rsa_padding":           &f.setPadding,
		"EVP_PKEY_CTX_set_signature_md":          &f.setMD,
		"EVP_PKEY_CTX_set_rsa_pss_saltlen":       &f.setSaltBytes,
		"EVP_PKEY_CTX_set_rsa_oaep_md":           &f.setOAEPMD,
		"EVP_PKEY_CTX_set_rsa_mgf1_md":           &f.setMGF1MD,
	}
}

// Open loads the system's libcrypto, once in the life of the process, and returns the engine
// that works by it. The error says what was looked for, and why it does not do.
func Open() (keys.RSAEngine, error) {
	l, err := system()
	if err != nil {
		return nil, err
	}
	return l, nil
}

var system = sync.OnceValues(func() (*library, error) { return open(libraryNames[runtime.GOOS]) })

// open loads one library, and never unloads it.
func open(name string) (*library, error) {
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, &openError{Library: name, Reason: errAbsent, Detail: err.Error()}
	}
	l := &library{tried: newTried()}
	// The version before all else: an old library lacks functions because it is old.
	if l.versionNumber, err = purego.Dlsym(handle, "OpenSSL_version_num"); err != nil {
		return nil, &openError{Library: name, Reason: errTooOld, Detail: "it does not tell its version"}
	}
	if number := call(l.versionNumber); number < oldest {
		return nil, &openError{Library: name, Reason: errTooOld, Detail: fmt.Sprintf("its version is %d.%d", number>>28, number>>20&0xff)}
	}
	symbols := l.symbols()
	for _, function := range slices.Sorted(maps.Keys(symbols)) { // in order, so that two starts name the same one
		if *symbols[function], err = purego.Dlsym(handle, function); err != nil {
			return nil, &openError{Library: name, Reason: errIncomplete, Detail: function}
		}
	}
	if err := l.start(); err != nil {
		return nil, &openError{Library: name, Reason: errUnready, Detail: err.Error()}
	}
	if err := l.prove(); err != nil {
		return nil, &openError{Library: name, Reason: errUnable, Detail: err.Error()}
	}
	return l, nil
}

// start has OpenSSL read its configuration, which says which provider does the work.
func (l *library) start() error {
	const loadConfig, noAtExit = 0x40, 0x80000
	call(l.initialize, noAtExit, 0) // before all else: do asks for errors, and that would initialize it with a handler for the end of the process
	purego.RegisterFunc(&l.reasonOf, l.errReason)
	if err := l.do("read the configuration", func() bool { return isOne(call(l.initialize, loadConfig|noAtExit, 0)) }); err != nil {
		return err
	}
	l.sha256, l.sha384, l.sha512 = call(l.evpSHA256), call(l.evpSHA384), call(l.evpSHA512)
	var version func(int) string
	purego.RegisterFunc(&version, l.version)
	var isAvailable func(uintptr, string) int32
	purego.RegisterFunc(&isAvailable, l.providerAvailable)
	isFIPS := isOne(call(l.isFIPSEnabled, 0)) && isAvailable(0, "fips") == 1
	l.facts = keys.RSAFacts{Engine: "openssl", Version: version(0), FIPS: isFIPS}
	return nil
}

// About implements keys.RSAEngine.
func (l *library) About() keys.RSAFacts { return l.facts }

// do does an operation that succeeds or leaves an error with OpenSSL. OpenSSL keeps errors by
// thread: so the thread stays the same, and errors of others that were there before go.
func (l *library) do(operation string, attempt func() bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	call(l.errClear)
	if attempt() {
		return nil
	}
	failed := &operationError{Operation: operation, Code: uint64(call(l.errLast))}
	if failed.Code != 0 {
		failed.Reason = l.reasonOf(failed.Code)
	}
	return failed
}

// loadPublic has OpenSSL read a public key, a SubjectPublicKeyInfo.
func (l *library) loadPublic(spki []byte) (loaded uintptr, err error) {
	next, unpin := cursor(spki)
	defer unpin()
	err = l.do("load a public key", func() bool {
		loaded = call(l.readPublic, 0, next, uintptr(len(spki)))
		return loaded != 0
	})
	return loaded, err
}

// cursor returns the address of a cursor at the first byte of der, for the functions of OpenSSL
// that read or write DER. They leave it behind the last byte, where another object of Go's may
// be, or nothing: so to Go it is a number, and der stays where it is until unpin.
func cursor(der []byte) (address uintptr, unpin func()) {
	var pinned runtime.Pinner
	next := new(uintptr)
	pinned.Pin(&der[0])
	pinned.Pin(next)
	*next = uintptr(unsafe.Pointer(&der[0]))
	return uintptr(unsafe.Pointer(next)), pinned.Unpin
}

// call calls a function of C. Pointers are converted in the argument list, as SyscallN asks:
// what they point to lives, and stays where it is, until call returns.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(function, args...)
	return result
}

// isOne reports whether a function that returns an int said that it succeeded. The upper half
// of the register is no part of an int.
func isOne(result uintptr) bool { return int32(result) == 1 }
