package material

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/walletport/walletport/keys"
)

func isTLS(p keys.Purpose) bool {
	return p == keys.MDESTLS || p == keys.VTSTLS || p == keys.ClickToPayTLS
}

// fillTLS takes a private key with the certificate that the scheme's authority issued for
// it, and the certificates between that and the authority's root.
func (m material) fillTLS(k *Key) error {
	switch private := m.private.(type) {
	case *rsa.PrivateKey:
		if err := checkRSAPrivate(private); err != nil {
			return err
		}
	case *ecdsa.PrivateKey:
		if c := private.Curve; c != elliptic.P256() && c != elliptic.P384() && c != elliptic.P521() {
			return errUnfit("an elliptic key of TLS is on the curve P-256, P-384 or P-521")
		}
	default:
		return errUnfit(fmt.Sprintf("the purpose %s takes an RSA or elliptic private key with its certificate; the file holds %s", k.Purpose, m.kind()))
	}
	if m.certificate == nil {
		return errUnfit(fmt.Sprintf("the purpose %s takes a private key with its certificate, in one file; the file holds %s alone", k.Purpose, m.kind()))
	}
	if err := m.fillPair(k); err != nil {
		return err
	}
	k.Chain = chainOf(m.certificate, m.others)
	return nil
}

// chainOf returns the certificates above leaf in their order, without a root: whoever
// checks the chain has it already. What does not belong to it is left out.
func chainOf(leaf *x509.Certificate, others []*x509.Certificate) (chain []*x509.Certificate) {
	for at := leaf; ; {
		i := slices.IndexFunc(others, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, at.RawIssuer) && !bytes.Equal(c.RawSubject, c.RawIssuer) && at.CheckSignatureFrom(c) == nil
		})
		if i < 0 {
			return chain
		}
		at = others[i]
		chain, others = append(chain, at), slices.Delete(slices.Clone(others), i, i+1)
	}
}

// isForClients reports whether a certificate may name a TLS client: one without extended
// key usages may (RFC 5280 section 4.2.1.12).
func isForClients(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
