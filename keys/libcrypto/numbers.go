//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	encodingasn1 "encoding/asn1"
	"errors"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// OpenSSL's functions that read a private key from DER copy it, and free the copies as they are. So
// the key is taken apart here, and OpenSSL is handed its numbers, which it overwrites when it frees
// them.

// numberNames are OpenSSL's names of the numbers of a private key, in the order of PKCS #1 (RFC 8017
// appendix A.1.2).
var numberNames = []string{"n", "e", "d", "rsa-factor1", "rsa-factor2", "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1"}

var (
	rsaEncryption = encodingasn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	errNoKey      = errors.New("libcrypto: it is no RSA key with two primes in PKCS #8")
)

// numbersOf returns the numbers of a PKCS #8 structure as they stand in it, without zeros before
// them: nothing of them is copied.
func numbersOf(pkcs8 []byte) ([][]byte, error) {
	der := cryptobyte.String(pkcs8)
	var info, algorithm, key, list cryptobyte.String
	var version int
	var of encodingasn1.ObjectIdentifier
	if !der.ReadASN1(&info, asn1.SEQUENCE) || !der.Empty() || !info.ReadASN1Integer(&version) || // attributes may follow
		!info.ReadASN1(&algorithm, asn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&of) || !of.Equal(rsaEncryption) ||
		!info.ReadASN1(&key, asn1.OCTET_STRING) || !key.ReadASN1(&list, asn1.SEQUENCE) || !key.Empty() ||
		!list.ReadASN1Integer(&version) || version != 0 { // 1 is of more than two primes
		return nil, errNoKey
	}
	numbers := make([][]byte, len(numberNames))
	for i := range numbers {
		if !list.ReadASN1Integer(&numbers[i]) || len(numbers[i]) == 0 {
			return nil, errNoKey
		}
	}
	if !list.Empty() {
		return nil, errNoKey
	}
	return numbers, nil
}

// param is an OSSL_PARAM.
type param struct {
	name           uintptr
	kind           uint32
	data           uintptr
	size, returned uintptr
}

// loadNumbers has OpenSSL make a private key, an EVP_PKEY.
func (l *library) loadNumbers(numbers [][]byte) (loaded uintptr, err error) {
	const unsignedInteger, keyPair = 2, 0x87 // OSSL_PARAM_UNSIGNED_INTEGER, EVP_PKEY_KEYPAIR
	size := 0
	for _, number := range numbers {
		size += len(number)
	}
	place := make([]byte, 0, size) // for the numbers as the processor has them, least byte first
	defer func() { clear(place) }()
	params := make([]param, len(numbers)+1) // the last one, all zero, is the end
	var pinned runtime.Pinner               // to Go the addresses in params are numbers
	defer pinned.Unpin()
	pinned.Pin(&params[0])
	pinned.Pin(unsafe.SliceData(place))
	for i, number := range numbers {
		name := append([]byte(numberNames[i]), 0)
		pinned.Pin(&name[0])
		at := len(place)
		place = append(place, number...)
		slices.Reverse(place[at:])
		params[i] = param{name: address(name), kind: unsignedInteger, data: address(place[at:]), size: uintptr(len(number))}
	}
	algorithm := []byte("RSA\x00")
	err = l.do("load a private key", func() bool {
		context := call(l.newContextOf, 0, uintptr(unsafe.Pointer(&algorithm[0])), 0)
		defer call(l.freeContext, context)
		return context != 0 && isOne(call(l.initFromData, context)) &&
			isOne(call(l.fromData, context, uintptr(unsafe.Pointer(&loaded)), keyPair, uintptr(unsafe.Pointer(&params[0]))))
	})
	return loaded, err
}

// address returns where bytes are, which are pinned and not empty.
func address(bytes []byte) uintptr { return uintptr(unsafe.Pointer(&bytes[0])) }
