package sandbox

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
	"github.com/walletport/walletport/server"
)

// keyLifetime keeps a sandbox folder usable for years.
const keyLifetime = 5 * 365 * 24 * time.Hour

// schemeKey is a pair between the issuer and a simulated scheme. Of the scheme's own,
// walletport gets only the certificate.
type schemeKey struct {
	private        *rsa.PrivateKey
	privatePEM     []byte
	certificate    *x509.Certificate
	certificatePEM []byte
}

// openSchemeKey reads the pair that payloads are encrypted to, or makes it.
func openSchemeKey(path string, clock func() time.Time) (*schemeKey, error) {
	return openPair(path, "walletport sandbox: simulated MDES payload encryption", x509.KeyUsageKeyEncipherment, clock)
}

// openPair reads the pair at path, or makes it under a name and for a usage, and writes it.
func openPair(path, name string, usage x509.KeyUsage, clock func() time.Time) (*schemeKey, error) {
	text, err := readOrMake(path, func() ([]byte, error) { return makePair(name, usage, clock()) })
	if err != nil {
		return nil, fmt.Errorf("key of the simulated schemes: %w", err)
	}
	key, err := parseSchemeKey(text)
	if err != nil {
		return nil, fmt.Errorf("key of the simulated schemes, %s: %w", path, err)
	}
	return key, nil
}

// makePair returns PKCS#8 and a self-signed certificate, both PEM.
func makePair(name string, usage x509.KeyUsage, now time.Time) ([]byte, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(keyLifetime),
		KeyUsage:     usage,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...), nil
}

func parseSchemeKey(text []byte) (*schemeKey, error) {
	first, rest := pem.Decode(text)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return nil, errors.New("not a private key and a certificate in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	certificate, err := x509.ParseCertificate(second.Bytes)
	if err != nil {
		return nil, err
	}
	return &schemeKey{private, pem.EncodeToMemory(first), certificate, pem.EncodeToMemory(second)}, nil
}

// keyAlias is the name that MDES Manager would have given a key.
var keyAlias = map[keys.Purpose]string{keys.TAVSigning: "SANDBOX-1"}

// keyAlgorithm is the smallest that fits where the usual one takes seconds to
// make: a sandbox should start at once.
var keyAlgorithm = map[keys.Purpose]string{keys.OPCSigning: "RSA-2048"}

// openKeys opens the sandbox's key store, or makes one, and adds a key for
// each purpose that it uses and that has none, marked as a sandbox's: a store of an
// older release lacks some.
func openKeys(ctx context.Context, place config.Keys, other otherKeys) error {
	custody, err := server.OpenOrCreateKeys(place)
	if err != nil {
		return err
	}
	for _, purpose := range []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint, keys.TAVSigning, keys.OPCSigning} {
		spec := keys.Spec{Purpose: purpose, Alias: keyAlias[purpose], Algorithm: keyAlgorithm[purpose], Activate: true, Sandbox: true}
		if err := generateOnce(ctx, custody, spec); err != nil {
			return err
		}
	}
	google, err := other.google.Public()
	if err != nil {
		return err
	}
	return errors.Join(
		importOnce(ctx, custody, keys.Spec{Purpose: keys.MDESEncryption, Activate: true, Sandbox: true}, other.mdes.certificatePEM),
		importOnce(ctx, custody, keys.Spec{Purpose: keys.OPCEncryption, Activate: true, Sandbox: true}, []byte(google)),
		other.customerService.share(ctx, custody),
		other.vts.share(ctx, custody),
		other.tokenAPI.share(ctx, custody),
		other.clickToPay.share(ctx, custody))
}

// activePublicKey returns the public half, as text, of the newest active key.
func activePublicKey(source keys.Source, purpose keys.Purpose, now time.Time) (string, error) {
	key, err := source.Current().Select(purpose, Issuer, "", now)
	if err != nil {
		return "", err
	}
	text, err := material.ExportPublic(key)
	return string(text), err
}

// readOrMake reads the file at path, or makes and writes it.
func readOrMake(path string, produce func() ([]byte, error)) ([]byte, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if text, err = produce(); err != nil {
		return nil, err
	}
	return text, writeFileAtomically(path, text)
}

// openTokenIssuerKey reads the P-256 key that signs the sandbox's bearer tokens,
// or makes and writes it.
func openTokenIssuerKey(path string) (*ecdsa.PrivateKey, error) {
	return openPrivateKey(path, "token issuer key", func() (*ecdsa.PrivateKey, error) {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	})
}

// openPrivateKey reads the private key at path, PKCS#8 in PEM, or has one generated and writes
// it. what names the key in errors.
func openPrivateKey[K crypto.Signer](path, what string, generate func() (K, error)) (key K, err error) {
	text, err := readOrMake(path, func() ([]byte, error) {
		key, err := generate()
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
	})
	if err != nil {
		return key, fmt.Errorf("%s: %w", what, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return key, fmt.Errorf("%s: %s is not PEM", what, path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return key, fmt.Errorf("%s: %s: %w", what, path, err)
	}
	key, ok := parsed.(K)
	if !ok {
		return key, fmt.Errorf("%s: %s has a key of another kind", what, path)
	}
	return key, nil
}
