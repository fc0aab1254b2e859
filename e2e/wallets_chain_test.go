package e2e_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"testing"
	"time"
)

// Apple's extensions: of the leaf, critical, and of the authority above it.
var (
	leafMarker  = pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 39}, Critical: true, Value: []byte{5, 0}}
	subCAMarker = pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 15}, Value: []byte{5, 0}}
)

// signed is a certificate with its key.
type signed struct {
	*x509.Certificate
	key crypto.Signer
}

// der is the certificate as an app sends it.
func (s signed) der() string { return base64.StdEncoding.EncodeToString(s.Raw) }

// mustIssue signs a certificate of a key by parent; the zero signed is the key itself.
func mustIssue(t *testing.T, template x509.Certificate, key crypto.Signer, parent signed) signed {
	t.Helper()
	random, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.BasicConstraintsValid = random, true
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	if parent.key == nil {
		parent = signed{&template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent.Certificate, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signed{certificate, key}
}

func mustECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authority is a root in Apple's place, with the authority below it.
type authority struct{ root, sub signed }

func mustAuthority(t *testing.T) authority {
	t.Helper()
	usage := x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	root := mustIssue(t, x509.Certificate{Subject: pkix.Name{CommonName: "Root of a test"}, IsCA: true, KeyUsage: usage}, mustECKey(t), signed{})
	return authority{root, mustIssue(t, x509.Certificate{
		Subject: pkix.Name{CommonName: "Sub-CA of a test"}, IsCA: true, KeyUsage: usage, ExtraExtensions: []pkix.Extension{subCAMarker},
	}, mustECKey(t), root)}
}

// leafTemplate is what Apple's leaf has; its validity is that of now.
func leafTemplate() x509.Certificate {
	return x509.Certificate{
		Subject:         pkix.Name{CommonName: "ecc-crypto-services-encipherment of a test"},
		KeyUsage:        x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement,
		ExtraExtensions: []pkix.Extension{leafMarker},
	}
}

// mustLeaf issues a leaf; change spoils its template.
func (a authority) mustLeaf(t *testing.T, change func(*x509.Certificate)) signed {
	t.Helper()
	template := leafTemplate()
	change(&template)
	return mustIssue(t, template, mustECKey(t), a.sub)
}

// mustChain is what an app sends: leaf and authority.
func (a authority) mustChain(t *testing.T) []string {
	t.Helper()
	return []string{a.mustLeaf(t, func(*x509.Certificate) {}).der(), a.sub.der()}
}

// badChain is what an app sends, with one fault.
type badChain struct {
	name, code   string
	certificates []string
}

// mustBadChains returns chains of which each is wrong in one way only.
func (a authority) mustBadChains(t *testing.T) []badChain {
	t.Helper()
	good, sub, stranger := a.mustChain(t)[0], a.sub.der(), mustAuthority(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(change func(*x509.Certificate)) string { return a.mustLeaf(t, change).der() }
	var twelve []string
	for range 12 {
		twelve = append(twelve, leaf(func(*x509.Certificate) {}))
	}
	forger := signed{&x509.Certificate{Subject: a.sub.Subject, SubjectKeyId: a.sub.SubjectKeyId}, mustECKey(t)}
	return []badChain{
		{"none", "apple_certificates_missing", []string{}},
		{"one", "apple_certificates_count", []string{good}},
		{"twelve", "apple_certificates_count", twelve},
		{"above the size of a certificate", "apple_certificate_too_large", []string{base64.StdEncoding.EncodeToString(make([]byte, 15_000)), sub}},
		{"not base64", "apple_certificate_encoding", []string{"no certificate, but a sentence", sub}},
		{"no certificate", "apple_certificate_malformed", []string{good[:len(good)/8*4], sub}},
		{"the leaf twice", "apple_certificate_duplicate", []string{good, good}},
		{"RSA leaf", "apple_leaf_rsa", []string{mustIssue(t, leafTemplate(), rsaKey, a.sub).der(), sub}},
		{"expired leaf", "apple_leaf_expired", []string{leaf(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), sub}},
		{"leaf of tomorrow", "apple_leaf_not_yet_valid", []string{leaf(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
		}), sub}},
		{"another root", "apple_chain_untrusted", stranger.mustChain(t)},
		{"a leaf that only names the authority", "apple_chain_untrusted", []string{mustIssue(t, leafTemplate(), mustECKey(t), forger).der(), sub}},
		{"self-signed leaf", "apple_chain_untrusted", []string{mustIssue(t, leafTemplate(), mustECKey(t), signed{}).der(), sub}},
		{"for a wrong purpose", "apple_leaf_missing", []string{leaf(func(c *x509.Certificate) { c.ExtraExtensions = nil }), sub}},
		{"for signatures", "apple_leaf_usage", []string{leaf(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), sub}},
		{"no authority but the root", "apple_sub_ca_missing", []string{good, a.root.der()}},
	}
}
