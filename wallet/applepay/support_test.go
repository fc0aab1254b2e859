package applepay_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/applepay"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

var testNow = time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)

var (
	oidLeafMarker  = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 39}
	oidSubCAMarker = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 15}
	null           = []byte{5, 0}
)

// authority is a certificate with its key.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func (a authority) text() string { return base64.StdEncoding.EncodeToString(a.certificate.Raw) }
func (a authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}))
}

// change alters a template before it is signed.
type change func(*x509.Certificate)

var serial int64

func mustSign(t testing.TB, template *x509.Certificate, key crypto.Signer, parent *authority, changes ...change) authority {
	t.Helper()
	serial++
	template.SerialNumber = big.NewInt(serial)
	template.NotBefore = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	template.NotAfter = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	template.BasicConstraintsValid = true
	for _, alter := range changes {
		alter(template)
	}
	issuer, signer := template, key
	if parent != nil {
		issuer, signer = parent.certificate, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func mustKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// mustRoot is a root as Apple Root CA - G3: P-384.
func mustRoot(t testing.TB, changes ...change) authority {
	t.Helper()
	return mustSign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Root CA, test only"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, mustKey(t, elliptic.P384()), nil, changes...)
}

// mustSubCA is a sub-CA as Apple's G2: P-256, marker, common name.
func mustSubCA(t testing.TB, root authority, changes ...change) authority {
	t.Helper()
	return mustSign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Apple Worldwide Developer Relations CA - G2"}, IsCA: true,
		KeyUsage:        x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtraExtensions: []pkix.Extension{{Id: oidSubCAMarker, Value: null}},
	}, mustKey(t, elliptic.P256()), &root, changes...)
}

// leafTemplate has Apple's marker, critical, and key usage 03 02 03 28.
func leafTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject:         pkix.Name{CommonName: "ecc-crypto-services-encipherment, test only"},
		KeyUsage:        x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement,
		ExtraExtensions: []pkix.Extension{{Id: oidLeafMarker, Critical: true, Value: null}},
	}
}

func mustLeaf(t testing.TB, sub authority, changes ...change) authority {
	t.Helper()
	return mustSign(t, leafTemplate(), mustKey(t, elliptic.P256()), &sub, changes...)
}

// chain is one whole chain.
type chain struct{ root, sub, leaf authority }

func mustChain(t testing.TB) chain {
	t.Helper()
	root := mustRoot(t)
	sub := mustSubCA(t, root)
	return chain{root, sub, mustLeaf(t, sub)}
}

func (c chain) texts() []string { return []string{c.leaf.text(), c.sub.text()} }

// mustEncoder pins the root, in the default configuration with changes.
func mustEncoder(t testing.TB, root authority, changes ...func(*applepay.Config)) *applepay.Encoder {
	t.Helper()
	config := applepay.DefaultConfig()
	for _, alter := range changes {
		alter(&config)
	}
	e, err := applepay.New(config, []*x509.Certificate{root.certificate})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return e
}

func withoutDates(c *applepay.Config) { c.CheckDates = false }

func validFrom(from, to time.Time) change {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

// mustFail checks an error's class, reason and field, and that it repeats no input.
func mustFail(t testing.TB, err error, reason, field string, input ...string) {
	t.Helper()
	if walletport.CodeOf(err) != walletport.CodeInvalid || walletport.ReasonOf(err) != reason {
		t.Fatalf("error %v, want invalid, reason %s", err, reason)
	}
	fault := err.(*walletport.Error) //nolint:errorlint // CodeOf has seen that it is one
	if len(fault.Fields) != 1 || fault.Fields[0].Name != field {
		t.Errorf("fields %v, want %s", fault.Fields, field)
	}
	for _, text := range input {
		if len(text) > 4 && (strings.Contains(fault.Error(), text) || strings.Contains(fault.Fields[0].Reason, text)) {
			t.Error("the error repeats the input")
		}
	}
}

// countingLeaf is the leaf of vector V5: its private scalar is 01 02 ... 20.
func countingLeaf(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	scalar := make([]byte, 32)
	for i := range scalar {
		scalar[i] = byte(i + 1)
	}
	key, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustCard(t testing.TB, digits string) *walletport.Card {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	if err != nil {
		t.Fatal(err)
	}
	scheme, err := pan.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	return &walletport.Card{
		CardSummary:    walletport.CardSummary{Scheme: scheme, Expiry: walletport.Expiry{Year: 2029, Month: time.November}},
		PAN:            pan,
		CardholderName: walletport.NewPrivate("Test Cardholder"),
	}
}

// testInput is what vector V5 encrypts.
func testInput(t testing.TB, digits string) wallet.PassInput {
	t.Helper()
	return wallet.PassInput{
		Card:           mustCard(t, digits),
		Recipient:      wallet.PassRecipient{Public: countingLeaf(t).PublicKey()},
		Nonce:          []byte{0x75, 0xeb, 0xe1, 0x55},
		NonceSignature: []byte{0x40, 0xea, 0x0a, 0xca, 0x07, 0xda, 0xbe, 0x17},
		ActivationData: []byte(`{"version":"3"}`),
		Rand:           rand.Reader,
	}
}
