package applesim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/walletport/walletport"
)

const (
	blockCertificate = "CERTIFICATE"
	blockPrivateKey  = "PRIVATE KEY" // PKCS#8
)

// Bundle is an Authority as the sandbox's file shows it, each member one PEM block.
type Bundle struct {
	RootCertificate  string `json:"rootCertificate"`
	SubCACertificate string `json:"subCACertificate"`
	LeafCertificate  string `json:"leafCertificate"`
	LeafPrivateKey   string `json:"leafPrivateKey"` // PKCS#8
}

// Join returns the blocks as one text, which ParseAuthority reads.
func (b Bundle) Join() []byte {
	return []byte(b.RootCertificate + b.SubCACertificate + b.LeafCertificate + b.LeafPrivateKey)
}

// PEM writes the authority out.
func (a *Authority) PEM() (Bundle, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.LeafKey)
	if err != nil {
		return Bundle{}, noCertificate(fmt.Errorf("write the leaf's key: %w", err))
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return Bundle{
		RootCertificate:  block(blockCertificate, a.Root.Raw),
		SubCACertificate: block(blockCertificate, a.SubCA.Raw),
		LeafCertificate:  block(blockCertificate, a.Leaf.Raw),
		LeafPrivateKey:   block(blockPrivateKey, key),
	}, nil
}

// ParseAuthority reads the four PEM blocks of a Bundle in any order, and checks that
// they are one chain with its leaf's key. Its error is CodeInvalid, reason
// apple_bundle.
func ParseAuthority(blocks []byte) (*Authority, error) {
	a := &Authority{}
	for block, rest := pem.Decode(blocks); block != nil; block, rest = pem.Decode(rest) {
		if err := a.take(block); err != nil {
			return nil, badBundle(err)
		}
	}
	switch {
	case a.Root == nil || a.SubCA == nil || a.Leaf == nil || a.LeafKey == nil:
		return nil, badBundle(errors.New("a certificate or the key is missing"))
	case !a.LeafKey.PublicKey.Equal(a.Leaf.PublicKey):
		return nil, badBundle(errors.New("the key is not the leaf's"))
	}
	if err := a.Leaf.CheckSignatureFrom(a.SubCA); err != nil {
		return nil, badBundle(fmt.Errorf("leaf: %w", err))
	}
	if err := a.SubCA.CheckSignatureFrom(a.Root); err != nil {
		return nil, badBundle(fmt.Errorf("sub-CA: %w", err))
	}
	return a, nil
}

func (a *Authority) take(block *pem.Block) error {
	switch block.Type {
	case blockPrivateKey:
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return fmt.Errorf("read the leaf's key: %w", err)
		}
		key, ok := parsed.(*ecdsa.PrivateKey)
		if !ok || key.Curve != elliptic.P256() {
			return errors.New("the leaf's key is not on P-256")
		}
		a.LeafKey = key
	case blockCertificate:
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("read certificate: %w", err)
		}
		switch {
		case hasExtension(certificate, oidLeafMarker):
			a.Leaf = certificate
		case hasExtension(certificate, oidSubCAMarker):
			a.SubCA = certificate
		default:
			a.Root = certificate
		}
	}
	return nil
}

func badBundle(err error) error {
	return walletport.Errorf(walletport.CodeInvalid, "apple_bundle", "the text is not the sandbox's Apple certificates and key").WithCause(err)
}
