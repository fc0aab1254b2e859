package mdes_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/walletport/walletport/scheme/mdes"
)

// What one call costs, and what its two RSA operations cost alone: the difference
// is all the rest. "without RSA private" has a signer that answers at once.
func BenchmarkSealCard(b *testing.B) {
	sealer := mustSealer(b, mdes.DefaultProfile())
	in := testInput(b)
	run := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sealer.SealCard(in); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("whole", run)
	b.Run("RSA private alone", func(b *testing.B) {
		digest := sha256.Sum256(nil)
		for b.Loop() {
			if _, err := issuer().key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("RSA public alone", func(b *testing.B) {
		b.ReportAllocs()
		key := make([]byte, 16)
		for b.Loop() {
			if _, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &mastercard().key.PublicKey, key, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	signature := make([]byte, 256)
	in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return signature, nil }}
	b.Run("without RSA private", run)
}

func BenchmarkSignTAV(b *testing.B) {
	sealer := mustSealer(b, mdes.DefaultProfile())
	in := testInput(b)
	signature := make([]byte, 256)
	in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return signature, nil }}
	b.Run("without RSA private", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sealer.SignTAV(in); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	iidd := mustSealCard(b, mdes.DefaultProfile(), testInput(b))
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			if _, err := mdes.ParseIIDD(iidd); err != nil {
				b.Fatal(err)
			}
		}
	})
	parsed, err := mdes.ParseIIDD(iidd)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := parsed.Open(rand.Reader, mastercard().key, testNow); err != nil {
				b.Fatal(err)
			}
		}
	})
}
