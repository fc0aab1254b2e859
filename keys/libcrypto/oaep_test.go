//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/oracle"
)

func mustOAEP(t testing.TB, engine keys.RSAEngine) keys.OAEP {
	t.Helper()
	made, err := engine.OAEP(&pair().PublicKey)
	must(t, err)
	return made
}

func TestGoAndTheCommandOpenWhatItEncrypts(t *testing.T) {
	l := mustOpen(t)
	to, private, openssl := mustOAEP(t, l), mustPrivate(t, l, pair()), oracle.Need(t, "openssl")
	for _, hash := range hashes {
		for _, n := range []int{1, 16, 32, pair().Size() - 2*hash.Size() - 2} {
			t.Run(fmt.Sprint(hash, n), func(t *testing.T) {
				message := bytes.Repeat([]byte{0x5a}, n)
				sealed, err := to.EncryptOAEP(hash, message)
				must(t, err)
				for name, open := range map[string]keys.RSAPrivate{"go": pair(), "libcrypto": private} {
					if opened, err := open.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: hash}); err != nil || !bytes.Equal(opened, message) {
						t.Errorf("%s opens %d bytes, error %v", name, len(opened), err)
					}
				}
				if opened := openByCommand(t, openssl, hash, sealed); !bytes.Equal(opened, message) {
					t.Errorf("the command opens %d bytes", len(opened))
				}
				if again, err := to.EncryptOAEP(hash, message); err != nil || bytes.Equal(again, sealed) {
					t.Errorf("the seed is the same twice, or error %v", err)
				}
			})
		}
	}
}

// openByCommand has the command openssl open a ciphertext.
func openByCommand(t *testing.T, openssl oracle.Program, hash crypto.Hash, sealed []byte) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair())
	must(t, err)
	path := filepath.Join(t.TempDir(), "key.der")
	must(t, os.WriteFile(path, der, 0o600))
	name := strings.ToLower(strings.ReplaceAll(hash.String(), "-", ""))
	return openssl.Run(t, sealed, "pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", path,
		"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+name, "-pkeyopt", "rsa_mgf1_md:"+name)
}

func TestEncryptOAEPRefuses(t *testing.T) {
	l := mustOpen(t)
	to := mustOAEP(t, l)
	for name, c := range map[string]struct {
		hash    crypto.Hash
		message []byte
	}{
		"SHA-1": {crypto.SHA1, []byte("key")}, "no hash": {0, []byte("key")}, "nothing": {crypto.SHA256, nil}, "too much": {crypto.SHA256, make([]byte, 191)},
	} {
		if sealed, err := to.EncryptOAEP(c.hash, c.message); err == nil || sealed != nil {
			t.Errorf("%s: it is encrypted", name)
		}
	}
	l.encrypt = replaced(func(uintptr, uintptr, uintptr, uintptr, uintptr) uintptr { return 0 })
	_, err := to.EncryptOAEP(crypto.SHA256, []byte("key"))
	if failed, ok := errors.AsType[*operationError](err); !ok || failed.Operation != "encrypt" {
		t.Errorf("an error in the middle is %v", err)
	}
	l.encrypt = replaced(func(_, _ uintptr, size *uintptr, _, _ uintptr) uintptr { *size = 255; return 1 })
	if sealed, err := to.EncryptOAEP(crypto.SHA256, []byte("key")); sealed != nil || !errors.Is(err, errFault) {
		t.Errorf("a ciphertext that is too short: %d bytes, error %v", len(sealed), err)
	}
}

func TestOAEPRefusesAKeyThatIsNone(t *testing.T) {
	l := mustOpen(t)
	for name, public := range map[string]*rsa.PublicKey{"no modulus": {}, "no exponent": {N: pair().N}, "exponent 1": {N: pair().N, E: 1}, "zero": {N: new(big.Int), E: 65537}} {
		t.Run(name, func(t *testing.T) {
			if to, err := l.OAEP(public); err == nil || to != nil {
				t.Error("it is taken")
			}
		})
	}
}

func TestManyEncryptAtOnceAndAKeyThatNobodyHoldsIsFreed(t *testing.T) {
	l := mustOpen(t)
	free := l.freeKey
	var freed atomic.Int64
	l.freeKey = replaced(func(key uintptr) uintptr { freed.Add(1); return call(free, key) })
	to := mustOAEP(t, l)
	if text := fmt.Sprintf("%+v %x", to, to); text != "libcrypto.OAEP libcrypto.OAEP" {
		t.Errorf("it prints %s", text)
	}
	var senders sync.WaitGroup
	for range 200 {
		senders.Go(func() {
			if _, err := to.EncryptOAEP(crypto.SHA256, []byte("key")); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	if freed.Load() != 0 {
		t.Error("it is freed while it is held")
	}
	to = nil
	if !collectGarbage(func() bool { return freed.Load() == 1 }) {
		t.Error("it is not freed")
	}
}

func BenchmarkEncryptOAEP(b *testing.B) {
	to, key := mustOAEP(b, mustOpen(b)), make([]byte, 32)
	for name, encrypt := range map[string]func() ([]byte, error){
		"go":      func() ([]byte, error) { return rsa.EncryptOAEP(sha256.New(), rand.Reader, &pair().PublicKey, key, nil) },
		"openssl": func() ([]byte, error) { return to.EncryptOAEP(crypto.SHA256, key) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := encrypt(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
