//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/oracle"
)

func TestPKCS1v15SignaturesAreThoseOfGo(t *testing.T) {
	l := mustOpen(t)
	for _, bits := range []int{2048, 3072, 4096} {
		key := pair()
		if bits != 2048 {
			var err error
			key, err = rsa.GenerateKey(rand.Reader, bits)
			must(t, err)
		}
		private := mustPrivate(t, l, key)
		for _, hash := range hashes {
			t.Run(fmt.Sprint(bits, hash), func(t *testing.T) {
				digest := digestOf(hash, "a TAV")
				ours, err := private.Sign(rand.Reader, digest, hash)
				must(t, err)
				gos, err := key.Sign(rand.Reader, digest, hash)
				must(t, err)
				if !bytes.Equal(ours, gos) {
					t.Errorf("libcrypto signs\n%x, Go\n%x", ours, gos)
				}
			})
		}
	}
}

func TestPSSSignaturesVerify(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	openssl := oracle.Need(t, "openssl")
	for _, hash := range hashes {
		t.Run(hash.String(), func(t *testing.T) {
			digest := digestOf(hash, "encData")
			for _, salt := range []int{rsa.PSSSaltLengthEqualsHash, hash.Size()} {
				opts := &rsa.PSSOptions{SaltLength: salt, Hash: hash}
				signature, err := private.Sign(rand.Reader, digest, opts)
				must(t, err)
				must(t, rsa.VerifyPSS(&pair().PublicKey, hash, digest, signature, &rsa.PSSOptions{SaltLength: hash.Size()}))
				verifyByCommand(t, openssl, hash, digest, signature)
			}
		})
	}
}

// verifyByCommand has the command openssl verify a signature by PSS.
func verifyByCommand(t *testing.T, openssl oracle.Program, hash crypto.Hash, digest, signature []byte) {
	t.Helper()
	dir := t.TempDir()
	spki, err := x509.MarshalPKIXPublicKey(&pair().PublicKey)
	must(t, err)
	for name, content := range map[string][]byte{"key.der": spki, "digest": digest, "signature": signature} {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	name := "digest:" + strings.ToLower(strings.ReplaceAll(hash.String(), "-", ""))
	openssl.Run(t, nil, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", filepath.Join(dir, "key.der"), "-in", filepath.Join(dir, "digest"),
		"-sigfile", filepath.Join(dir, "signature"), "-pkeyopt", name, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest")
}

func TestDecryptOpensWhatGoSeals(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	for _, hash := range hashes {
		for _, n := range []int{0, 1, 16, 32, pair().Size() - 2*hash.Size() - 2} {
			t.Run(fmt.Sprint(hash, n), func(t *testing.T) {
				message := bytes.Repeat([]byte{0xa5}, n)
				sealed, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &pair().PublicKey, message, nil)
				must(t, err)
				for _, mgf := range []crypto.Hash{0, hash} {
					opened, err := private.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: hash, MGFHash: mgf})
					if err != nil || !bytes.Equal(opened, message) {
						t.Errorf("%d bytes, error %v", len(opened), err)
					}
				}
			})
		}
	}
}

func TestDecryptHasOneErrorForEveryCiphertext(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	sealed, err := rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, &pair().PublicKey, []byte("a content key"), nil)
	must(t, err)
	changed := bytes.Clone(sealed)
	changed[100] ^= 1
	byPKCS1, err := rsa.EncryptPKCS1v15(rand.Reader, &pair().PublicKey, []byte("a content key")) //nolint:staticcheck // what must not be opened
	must(t, err)
	for name, ciphertext := range map[string][]byte{
		"changed": changed, "cut": sealed[:255], "too long": append(bytes.Clone(sealed), 0), "empty": {}, "nil": nil, "zero": make([]byte, 256),
		"above the modulus": bytes.Repeat([]byte{0xff}, 256), "PKCS #1 v1.5": byPKCS1,
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := private.Decrypt(rand.Reader, ciphertext, &rsa.OAEPOptions{Hash: crypto.SHA256})
			if opened != nil || !errors.Is(err, rsa.ErrDecryption) || err.Error() != rsa.ErrDecryption.Error() {
				t.Errorf("%d bytes, error %v", len(opened), err)
			}
		})
	}
	if _, err := private.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: crypto.SHA512}); !errors.Is(err, rsa.ErrDecryption) {
		t.Errorf("it opens with another hash: %v", err)
	}
}

func TestWhatIsNotProvidedForIsRefused(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	digest := digestOf(crypto.SHA256, "x")
	for name, c := range map[string]struct {
		digest []byte
		opts   crypto.SignerOpts
	}{
		"no hash":              {digest, crypto.Hash(0)},
		"SHA-1":                {digest[:20], crypto.SHA1},
		"a digest that is cut": {digest[:31], crypto.SHA256},
		"no digest":            {nil, crypto.SHA256},
		"another hash":         {digest, crypto.SHA512},
		"a salt of any length": {digest, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthAuto}},
		"a salt of 20 bytes":   {digest, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 20}},
	} {
		if _, err := private.Sign(rand.Reader, c.digest, c.opts); err == nil {
			t.Errorf("%s: it is signed", name)
		}
	}
	for name, opts := range map[string]crypto.DecrypterOpts{
		"nothing": nil, "PKCS #1 v1.5": &rsa.PKCS1v15DecryptOptions{}, "SHA-1": &rsa.OAEPOptions{Hash: crypto.SHA1}, //nolint:staticcheck // what must not be opened
		"two hashes": &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA512}, "a label": &rsa.OAEPOptions{Hash: crypto.SHA256, Label: []byte("x")},
	} {
		if _, err := private.Decrypt(rand.Reader, make([]byte, 256), opts); err == nil || errors.Is(err, rsa.ErrDecryption) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestPrivateRefusesWhatIsNoRSAKey(t *testing.T) {
	l := mustOpen(t)
	whole, err := x509.MarshalPKCS8PrivateKey(pair())
	must(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ec, err := x509.MarshalPKCS8PrivateKey(curve)
	must(t, err)
	damaged := bytes.Clone(whole)
	damaged[bytes.Index(damaged, pair().N.Bytes())+100] ^= 1
	for name, der := range map[string][]byte{
		"nothing": nil, "a text": []byte("-----BEGIN PRIVATE KEY-----"), "an EC key": ec, "a key that is cut": whole[:len(whole)-20],
		"a key with another modulus": damaged, "zeros": make([]byte, 1000),
	} {
		t.Run(name, func(t *testing.T) {
			private, err := l.Private(der)
			if err == nil || private != nil {
				t.Fatal("it is taken")
			}
			if strings.Contains(err.Error(), "BEGIN") || len(err.Error()) > 200 {
				t.Errorf("the error shows what it was given: %v", err)
			}
		})
	}
}

func TestTheKeyNeedsNothingOfWhatItWasReadFrom(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(pair())
	must(t, err)
	private, err := mustOpen(t).Private(der)
	must(t, err)
	clear(der)
	digest := digestOf(crypto.SHA256, "x")
	signature, err := private.Sign(nil, digest, crypto.SHA256)
	must(t, err)
	must(t, rsa.VerifyPKCS1v15(&pair().PublicKey, crypto.SHA256, digest, signature))
	if public, ok := private.Public().(*rsa.PublicKey); !ok || !public.Equal(&pair().PublicKey) {
		t.Errorf("the public half is %v", private.Public())
	}
}

func TestHandlesHideTheKey(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	signer, err := keys.NewSigner(private)
	must(t, err)
	decrypter, err := keys.NewDecrypter(private)
	must(t, err)
	for _, handle := range []any{signer, decrypter} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if text := fmt.Sprintf(verb, handle); text != "keys.Signer(RSA)" && text != "keys.Decrypter(RSA)" {
				t.Errorf("%s prints %q", verb, text)
			}
		}
	}
	if _, ok := signer.(crypto.Decrypter); ok {
		t.Error("a signer opens")
	}
}

// BenchmarkSign is beside Go's own; `openssl speed rsa2048` on the same core is what to compare
// it with.
func BenchmarkSign(b *testing.B) {
	digest := digestOf(crypto.SHA256, "x")
	for name, private := range map[string]keys.RSAPrivate{"go": pair(), "openssl": mustPrivate(b, mustOpen(b), pair())} {
		for scheme, opts := range map[string]crypto.SignerOpts{"pkcs1v15": crypto.SHA256, "pss": &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 32}} {
			b.Run(name+"/"+scheme, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := private.Sign(rand.Reader, digest, opts); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
