package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/storage/storagetest"
)

// engines are the databases, each with a new one of its own.
var engines = []struct {
	name string
	url  func(*testing.T) string
}{
	{"SQLite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "walletport.db") }},
	{"PostgreSQL", func(t *testing.T) string { return storagetest.Postgres(t) }},
}

// scriptTB lets a script use helpers that want a test: what fails panics.
type scriptTB struct{ testing.TB }

func (scriptTB) Helper()           {}
func (scriptTB) Fatal(args ...any) { panic(args) }

// keyPair is an RSA key with its certificate.
type keyPair struct {
	private                    *rsa.PrivateKey
	certificate                *x509.Certificate
	privatePEM, certificatePEM []byte
}

func newPair() (keyPair, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keyPair{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageKeyEncipherment}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return keyPair{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return keyPair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	return keyPair{
		private, certificate,
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, err
}

func publicPEM(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// runs is one command in this process.
func runs(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(context.WithoutCancel(t.Context()), args, console{In: strings.NewReader(""), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustOpen opens a sandbox that stands still.
func mustOpen(t *testing.T, dir string) *sandbox.Sandbox {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Options{
		Dir: dir, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Clock: now, Operator: osUser(), AsOperator: asOperator,
	})
	must(t, err)
	return box
}
