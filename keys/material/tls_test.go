package material_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/material"
)

// authority issues certificates: a root, two authorities below it, and a client's.
type authority struct {
	root, upper, lower, leaf *x509.Certificate
	key                      *ecdsa.PrivateKey // of the client
}

func newAuthority(t *testing.T, change func(*x509.Certificate)) authority {
	t.Helper()
	var a authority
	serial := int64(0)
	issue := func(name string, above *x509.Certificate, by *ecdsa.PrivateKey, isCA bool) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		serial++
		template := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: keystest.Year(2020), NotAfter: keystest.Year(2040),
			IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		if name == "lower" {
			template.NotAfter = keystest.Year(2030)
		}
		if !isCA {
			template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
			if change != nil {
				change(template)
			}
		}
		if above == nil {
			above, by = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, above, &key.PublicKey, by)
		must(t, err)
		made, err := x509.ParseCertificate(der)
		must(t, err)
		return made, key
	}
	var rootKey, upperKey, lowerKey *ecdsa.PrivateKey
	a.root, rootKey = issue("root", nil, nil, true)
	a.upper, upperKey = issue("upper", a.root, rootKey, true)
	a.lower, lowerKey = issue("lower", a.upper, upperKey, true)
	a.leaf, a.key = issue("walletport at bank", a.lower, lowerKey, false)
	return a
}

func pemOf(t *testing.T, private crypto.PrivateKey, certificates ...*x509.Certificate) []byte {
	t.Helper()
	var text []byte
	for _, c := range certificates {
		text = append(text, keystest.PEM("CERTIFICATE", c.Raw)...)
	}
	if private == nil {
		return text
	}
	return append(text, keystest.PEM("PRIVATE KEY", keystest.PKCS8(t, private))...)
}

// TestClientCertificates: the key's certificate is found among those of the file, and
// those above it are kept in their order.
func TestClientCertificates(t *testing.T) {
	a, other := newAuthority(t, nil), newAuthority(t, nil)
	p12, err := pkcs12.Modern.Encode(a.key, a.leaf, []*x509.Certificate{a.root, a.upper, a.lower}, "secret")
	must(t, err)
	rsaKey := keystest.RSAKey(t)
	rsaCertificate, err := x509.ParseCertificate(keystest.Certificate(t, rsaKey, keystest.Year(2020), keystest.Year(2040)))
	must(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	must(t, err)
	ofServers := newAuthority(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	ofSeals := newAuthority(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	ended := newAuthority(t, func(c *x509.Certificate) { c.NotAfter = keystest.Year(2021) })
	for _, c := range []struct {
		name   string
		data   []byte
		asIs   bool
		reason string
		chain  []*x509.Certificate
	}{
		{"key and certificate", pemOf(t, a.key, a.leaf), false, "", nil},
		{"with the chain", pemOf(t, a.key, a.leaf, a.lower, a.upper, a.root), false, "", []*x509.Certificate{a.lower, a.upper}},
		{"with the chain in another order", pemOf(t, a.key, a.root, a.upper, a.lower, a.leaf), false, "", []*x509.Certificate{a.lower, a.upper}},
		{"with a chain that has a gap", pemOf(t, a.key, a.leaf, a.upper, a.root), false, "", nil},
		{"with another authority's of the same names", pemOf(t, a.key, a.leaf, other.lower, other.upper, a.lower), false, "", []*x509.Certificate{a.lower}},
		{"PKCS #12 with the chain", p12, false, "", []*x509.Certificate{a.lower, a.upper}},
		{"an RSA pair", pemOf(t, rsaKey, rsaCertificate), false, "", nil},
		{"a key without its certificate", pemOf(t, a.key), false, "key_unfit", nil},
		{"a certificate without its key", pemOf(t, nil, a.leaf), false, "key_unfit", nil},
		{"another's certificate", pemOf(t, a.key, other.leaf), false, "key_unfit", nil},
		{"an Ed25519 key", pemOf(t, ed), false, "key_unfit", nil},
		{"a small curve", pemOf(t, small), false, "key_unfit", nil},
		{"a certificate for servers", pemOf(t, ofServers.key, ofServers.leaf), false, "key_unfit", nil},
		{"a certificate for servers as it is", pemOf(t, ofServers.key, ofServers.leaf), true, "", nil},
		{"a certificate that does not sign", pemOf(t, ofSeals.key, ofSeals.leaf), false, "key_unfit", nil},
		{"a certificate that has ended", pemOf(t, ended.key, ended.leaf), false, "key_expired", nil},
	} {
		for _, purpose := range []keys.Purpose{keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS} {
			t.Run(string(purpose)+" "+c.name, func(t *testing.T) {
				now := keystest.Year(2026)
				k, err := material.Read(keys.Spec{Purpose: purpose, AsIs: c.asIs}, bytes.Clone(c.data), []byte("secret"), now)
				if walletport.ReasonOf(err) != c.reason {
					t.Fatalf("error %v, want %q", err, c.reason)
				}
				if err != nil {
					return
				}
				made, err := k.Handles(keys.GoRSA{})
				must(t, err)
				if made.Certificate == nil || made.Signer == nil || !equalCertificates(made.Chain, c.chain) {
					t.Errorf("certificate %v, signer %v, a chain of %d, want %d", made.Certificate != nil, made.Signer, len(made.Chain), len(c.chain))
				}
				until := keystest.Year(2040)
				if len(c.chain) > 0 { // its lower authority ends before
					until = keystest.Year(2030)
				}
				if !k.ValidUntil.Equal(until.Add(time.Second)) {
					t.Errorf("it ends at %s, want %s", k.ValidUntil, until)
				}
			})
		}
	}
	if _, err := material.Generate(keys.Spec{Purpose: keys.MDESTLS}, keystest.Year(2026)); walletport.ReasonOf(err) != "key_unfit" {
		t.Errorf("a key without a certificate is generated: %v", err)
	}
}

func equalCertificates(a, b []*x509.Certificate) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}
