package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// scriptTB lets a script use helpers that want a test: what fails panics.
type scriptTB struct{ testing.TB }

func (scriptTB) Helper()           {}
func (scriptTB) Fatal(args ...any) { panic(args) }

// openSchemeKeyFromText makes a pair as the sandbox does.
func openSchemeKeyFromText() (*schemeKey, error) {
	text, err := makeSchemeKey()
	if err != nil {
		return nil, err
	}
	return parseSchemeKey(text)
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
