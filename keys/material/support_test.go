package material_test

import (
	"crypto/rsa"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/material"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// read reads a key and builds its handles, as a custodian that keeps keys in memory
// does. What the caller gave is wiped before, as it may be.
func read(spec keys.Spec, data []byte, password string) (*keys.Key, error) {
	brought, secret := append([]byte(nil), data...), []byte(password)
	m, err := material.Read(spec, brought, secret, now)
	clear(brought)
	clear(secret)
	if err != nil {
		return nil, err
	}
	return m.Handles(keys.GoRSA{})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if got := walletport.ReasonOf(err); got != reason {
		t.Fatalf("reason %q, want %q (%v)", got, reason, err)
	}
}

func certificatePEM(t testing.TB, k *rsa.PrivateKey, from, until time.Time) []byte {
	t.Helper()
	return keystest.PEM("CERTIFICATE", keystest.Certificate(t, k, from, until))
}
