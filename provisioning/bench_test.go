package provisioning_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/provisioning"
)

// BenchmarkIssuerWallet is the whole flow without HTTP, each call with its durable
// record; callers share commits. Subtract BenchmarkRSAFloor for what is ours.
func BenchmarkIssuerWallet(b *testing.B) {
	r := newRig(b)
	ctx := acttest.AsBank(b.Context())
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Push(ctx, request()); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkIssuerWalletUnaudited leaves the disk out: flow, look-up, borrow, seal
// and encode.
func BenchmarkIssuerWalletUnaudited(b *testing.B) {
	r := newRig(b, func(f *provisioning.Flow) { f.Audit = acttest.DeafAudit{} })
	ctx := acttest.AsBank(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Push(ctx, request()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRSAFloor is what no call can avoid: one RSA-2048 signature and one RSA
// public operation.
func BenchmarkRSAFloor(b *testing.B) {
	signing, encryption := keystest.RSAKey(b), &keystest.MDESKey(b).PublicKey
	digest := sha256.Sum256([]byte("tav"))
	key := make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signing.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
		if _, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, encryption, key, nil); err != nil {
			b.Fatal(err)
		}
	}
}
