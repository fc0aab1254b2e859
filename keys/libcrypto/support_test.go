//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"sync"
	"testing"

	"github.com/ebitengine/purego"

	"github.com/walletport/walletport/keys"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustOpen returns an engine of the system's libcrypto that a test may change. Where there is
// none, as Open says, the test is skipped.
func mustOpen(t testing.TB) *library {
	t.Helper()
	l, err := system()
	if errors.Is(err, errAbsent) {
		t.Skip(err)
	}
	must(t, err)
	own := *l
	own.tried = newTried()
	return &own
}

// pair is a key of 2048 bits that tests share.
var pair = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func mustPrivate(t testing.TB, engine keys.RSAEngine, key *rsa.PrivateKey) keys.RSAPrivate {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	private, err := engine.Private(der)
	must(t, err)
	return private
}

// digestOf hashes a message.
func digestOf(hash crypto.Hash, message string) []byte {
	switch hash { //nolint:exhaustive // hashes has no others
	case crypto.SHA256:
		sum := sha256.Sum256([]byte(message))
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384([]byte(message))
		return sum[:]
	}
	sum := sha512.Sum512([]byte(message))
	return sum[:]
}

// replaced puts a function of the test in the place of one of OpenSSL's. There may be two
// thousand in the life of a process.
func replaced(by any) uintptr { return purego.NewCallback(by) }
