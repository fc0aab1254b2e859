package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// The value was computed with OpenSSL 3:
// printf 'what do ya want for nothing?' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b…0b (32 times)
func TestMACIsHMACSHA256(t *testing.T) {
	m, err := keys.NewMAC(bytes.Repeat([]byte{0x0b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	const want = "c3f2649c34ea24e4d62a2c7e868bbea0233c9d4c2cc300794db76aa18d6822d8"
	if got := hex.EncodeToString(m.Sum([]byte("what do ya want for nothing?"))); got != want {
		t.Errorf("Sum = %s, want %s", got, want)
	}
}

func BenchmarkMAC(b *testing.B) {
	m, err := keys.NewMAC(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	data := []byte("5204247750001471")
	b.ReportAllocs()
	for b.Loop() {
		m.Sum(data)
	}
}

func TestMACKeepsNoReferenceToItsSecret(t *testing.T) {
	secret := bytes.Repeat([]byte{1}, 32)
	m, err := keys.NewMAC(secret)
	if err != nil {
		t.Fatal(err)
	}
	want := m.Sum([]byte("x"))
	clear(secret)
	fresh, err := keys.NewMAC(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, m.Sum([]byte("x"))) || !bytes.Equal(want, fresh.Sum([]byte("x"))) {
		t.Errorf("the digest changed with the caller's slice")
	}
}

func TestHandlesRefuseOtherMaterial(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33, 64} {
		if _, err := keys.NewKEK(make([]byte, size)); err == nil {
			t.Errorf("a KEK of %d bytes is taken", size)
		}
		if _, err := keys.NewMAC(make([]byte, size)); err == nil {
			t.Errorf("a MAC key of %d bytes is taken", size)
		}
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := keys.NewSigner(ec)
	if err != nil || keys.AlgorithmOf(signer.Public()) != "ECDSA-P-256" {
		t.Errorf("an ECDSA key is not taken: %v", err)
	}
	if _, err := keys.NewSigner(signer); err == nil { // whose kind is hidden
		t.Errorf("another signer is taken")
	}
	if signer, err := keys.NewSigner(liar{}); signer != nil || err == nil {
		t.Errorf("a signer whose public half is not RSA is taken: %v, %v", signer, err)
	}
	if decrypter, err := keys.NewDecrypter(liar{}); decrypter != nil || err == nil {
		t.Errorf("a decrypter whose public half is not RSA is taken: %v, %v", decrypter, err)
	}
	if keys.AlgorithmOf("no key") != "" || keys.AlgorithmOf(nil) != "" {
		t.Errorf("a kind that no purpose uses has a name")
	}
	if _, err := keys.FingerprintOf("no key"); err == nil {
		t.Errorf("a text has a fingerprint")
	}
	kek := keystest.Key(t, keys.Meta{Purpose: keys.VaultKEK}).KEK
	if _, err := kek.Wrap(nil, nil); err == nil {
		t.Errorf("an empty key is wrapped")
	}
}

// liar is an RSAPrivate whose public half is of another kind.
type liar struct{ keys.RSAPrivate }

func (liar) Public() crypto.PublicKey { return "no key" }

func TestSoftwareHandlesKeepTheContract(t *testing.T) {
	keystest.Run(t, keystest.NewSource(keystest.Ring(t)), time.Now())
}
