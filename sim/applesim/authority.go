package applesim

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/walletport/walletport"
)

// Apple's marks in certificates; the value of both extensions is an ASN.1 NULL.
var (
	oidLeafMarker  = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 39}    // "Apple Pay issuer encryption", critical
	oidSubCAMarker = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 15} // of Worldwide Developer Relations, G2
	asn1Null       = []byte{0x05, 0x00}
)

// subCAName is the common name that Apple's own policy for this chain asks for.
const subCAName = "Apple Worldwide Developer Relations CA - G2"

const (
	caValidity   = 20 * 365 * 24 * time.Hour
	leafValidity = 5 * 365 * 24 * time.Hour
	// clockSkew is how long before its making a certificate is valid already.
	clockSkew = 24 * time.Hour
)

// Authority is a chain that stands for Apple's: a root, Worldwide Developer
// Relations G2 below it, and the leaf that issuers encrypt to. The keys that signed
// the chain are thrown away.
type Authority struct {
	Root, SubCA, Leaf *x509.Certificate
	LeafKey           *ecdsa.PrivateKey // P-256
}

// NewAuthority makes a chain; every name in it says that it is a sandbox's. Its
// error is CodeInternal, reason random or certificate.
func NewAuthority(rand io.Reader, now time.Time) (*Authority, error) {
	rootKey, errRoot := ecdsa.GenerateKey(elliptic.P384(), rand)
	subKey, errSub := ecdsa.GenerateKey(elliptic.P256(), rand)
	leafKey, errLeaf := ecdsa.GenerateKey(elliptic.P256(), rand)
	for _, err := range []error{errRoot, errSub, errLeaf} {
		if err != nil {
			return nil, noRandom(err)
		}
	}
	root, err := issue(rand, certifying("Sandbox Test Root CA - G3, not Apple's", now), rootKey, nil, rootKey)
	if err != nil {
		return nil, err
	}
	subTemplate := certifying(subCAName, now)
	subTemplate.MaxPathLenZero = true
	subTemplate.ExtraExtensions = []pkix.Extension{{Id: oidSubCAMarker, Value: asn1Null}}
	sub, err := issue(rand, subTemplate, subKey, root, rootKey)
	if err != nil {
		return nil, err
	}
	leaf, err := issue(rand, leafTemplate(now), leafKey, sub, subKey)
	if err != nil {
		return nil, err
	}
	return &Authority{Root: root, SubCA: sub, Leaf: leaf, LeafKey: leafKey}, nil
}

func named(commonName string, now time.Time, validity time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName, OrganizationalUnit: []string{"Sandbox, for tests only"}, Organization: []string{"walletport sandbox, not Apple Inc."}},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(validity),
		BasicConstraintsValid: true,
	}
}

func certifying(commonName string, now time.Time) *x509.Certificate {
	template := named(commonName, now, caValidity)
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return template
}

// leafTemplate has the extensions of Apple's test leaf.
func leafTemplate(now time.Time) *x509.Certificate {
	template := named("sandbox ecc-crypto-services-encipherment", now, leafValidity)
	template.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	template.ExtraExtensions = []pkix.Extension{{Id: oidLeafMarker, Critical: true, Value: asn1Null}}
	return template
}

// issue signs a template for key; a nil parent is the template itself.
func issue(rand io.Reader, template *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	var serial [8]byte
	if _, err := io.ReadFull(rand, serial[:]); err != nil {
		return nil, noRandom(err)
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always of eight bytes
	template.SerialNumber = new(big.Int).SetBytes(serial[:])
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand, template, parent, key.Public(), signer)
	if err != nil {
		return nil, noCertificate(fmt.Errorf("sign certificate: %w", err))
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, noCertificate(fmt.Errorf("read certificate back: %w", err))
	}
	return certificate, nil
}

// Certificates returns what PassKit gives an app, base64 of DER: leaf, then sub-CA.
func (a *Authority) Certificates() []string {
	return []string{base64.StdEncoding.EncodeToString(a.Leaf.Raw), base64.StdEncoding.EncodeToString(a.SubCA.Raw)}
}

// Exchanger returns the leaf's key as Inspect takes it.
func (a *Authority) Exchanger() (ecdh.KeyExchanger, error) {
	key, err := a.LeafKey.ECDH()
	if err != nil {
		return nil, noCertificate(fmt.Errorf("take the leaf's key: %w", err))
	}
	return key, nil
}

func noRandom(err error) error {
	return walletport.Errorf(walletport.CodeInternal, "random", "no random bytes").WithCause(err)
}

func noCertificate(err error) error {
	return walletport.Errorf(walletport.CodeInternal, "certificate", "the sandbox's certificates could not be made or read").WithCause(err)
}
