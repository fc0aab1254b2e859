package applepay

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
)

// Encoder makes passes. It is safe for concurrent use. All that ever changes in it
// is its memory of sub-CAs that a pinned root has signed.
type Encoder struct {
	config Config
	roots  []*x509.Certificate
	subCAs subCAs
}

var _ wallet.PassEncoder = (*Encoder)(nil)

// New checks the configuration. roots are the certificates that a chain may end in;
// nil or none means Apple Root CA - G3 alone, which is part of the program.
func New(c Config, roots []*x509.Certificate) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		root, err := parseAppleRoot()
		if err != nil {
			return nil, fmt.Errorf("parse Apple's root certificate: %w", err)
		}
		roots = []*x509.Certificate{root}
	}
	for _, root := range roots {
		if root == nil || !root.BasicConstraintsValid || !root.IsCA {
			return nil, errors.New("applepay: a root is not the certificate of a CA")
		}
	}
	c.SubCANames = slices.Clone(c.SubCANames)
	return &Encoder{config: c, roots: slices.Clone(roots)}, nil
}

// NeedsSealedNumber reports whether pass data of the scheme's cards hold the number
// as scheme.NumberSealer encrypts it: Visa's in the form encrypted_fpan.
func (e *Encoder) NeedsSealedNumber(scheme walletport.SchemeID) bool {
	profile, ok := e.config.profile(scheme)
	return ok && profile.Form == EncryptedFPAN
}
