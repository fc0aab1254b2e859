package applepay_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"slices"
	"testing"

	"github.com/walletport/walletport/wallet/applepay"
)

// appleTestLeaf is a leaf of Apple's test environment as public code has it; its
// sub-CA and root are not public, and it expired in 2021.
const appleTestLeaf = "MIIEEjCCA7igAwIBAgIIEccnFAKsD+UwCgYIKoZIzj0EAwIwgYExOzA5BgNVBAMMMlRlc3QgQXBwbGUgV29ybGR3aWRlIERldmVsb3BlcnMgUmVsYXRpb25zIENBIC0gRUNDMSAwHgYDVQQLDBdDZXJ0aWZpY2F0aW9uIEF1dGhvcml0eTETMBEGA1UECgwKQXBwbGUgSW5jLjELMAkGA1UEBhMCVVMwHhcNMTkwODA3MjA1NzA5WhcNMjEwNzEzMDI1ODAwWjBtMTYwNAYDVQQDDC1lY2MtY3J5cHRvLXNlcnZpY2VzLWVuY2lwaGVybWVudF9VQzYtSW5NZW1vcnkxETAPBgNVBAsMCEFwcGxlUGF5MRMwEQYDVQQKDApBcHBsZSBJbmMuMQswCQYDVQQGEwJVUzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABC4+XM9rmrBL56IvP6zP3nPIfocVU5SjSBVAiolsoYo3TaxmmvO/YiD8hjdn9K9HUHxbwiH8ShmHTa85tAdOPrijggIrMIICJzAMBgNVHRMBAf8EAjAAMB8GA1UdIwQYMBaAFNbW1Vrl//3CfDTDQ969aHZcNqm+ME8GCCsGAQUFBwEBBEMwQTA/BggrBgEFBQcwAYYzaHR0cDovL29jc3AtdWF0LmNvcnAuYXBwbGUuY29tL29jc3AwNC10ZXN0d3dkcmNhZWNjMIIBHQYDVR0gBIIBFDCCARAwggEMBgkqhkiG92NkBQEwgf4wgcMGCCsGAQUFBwICMIG2DIGzUmVsaWFuY2Ugb24gdGhpcyBjZXJ0aWZpY2F0ZSBieSBhbnkgcGFydHkgYXNzdW1lcyBhY2NlcHRhbmNlIG9mIHRoZSB0aGVuIGFwcGxpY2FibGUgc3RhbmRhcmQgdGVybXMgYW5kIGNvbmRpdGlvbnMgb2YgdXNlLCBjZXJ0aWZpY2F0ZSBwb2xpY3kgYW5kIGNlcnRpZmljYXRpb24gcHJhY3RpY2Ugc3RhdGVtZW50cy4wNgYIKwYBBQUHAgEWKmh0dHA6Ly93d3cuYXBwbGUuY29tL2NlcnRpZmljYXRlYXV0aG9yaXR5LzBBBgNVHR8EOjA4MDagNKAyhjBodHRwOi8vY3JsLXVhdC5jb3JwLmFwcGxlLmNvbS9hcHBsZXd3ZHJjYWVjYy5jcmwwHQYDVR0OBBYEFK0uo8t+NMLt7kNoTicRH8xJMznQMA4GA1UdDwEB/wQEAwIDKDASBgkqhkiG92NkBicBAf8EAgUAMAoGCCqGSM49BAMCA0gAMEUCIQCKEXnIsY2PZqMF2xHKehKgp/ZywZ/9/TZ+AnpOA6mI/AIgTI94NSaIn7DLd47QTK760WILDOr0EdOHiExJMZwYp7c="

func mustPEMFile(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s is no PEM", name)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// The fingerprints are those of Apple's page of certificate authorities, as several
// public verifiers pin them.
func TestApplesCertificates(t *testing.T) {
	root, err := applepay.AppleRoot()
	if err != nil {
		t.Fatal(err)
	}
	subCA := mustPEMFile(t, "testdata/apple_wwdr_ca_g2.pem")
	for _, c := range []struct {
		name        string
		certificate *x509.Certificate
		fingerprint string
	}{
		{"root", root, "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"},
		{"sub-CA", subCA, "9ed4b3b88c6a339cf1387895bda9ca6ea31a6b5ce9edf7511845923b0c8ac94c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if sum := sha256.Sum256(c.certificate.Raw); hex.EncodeToString(sum[:]) != c.fingerprint {
				t.Errorf("SHA-256 %x, want %s", sum, c.fingerprint)
			}
		})
	}
	e, err := applepay.New(applepay.DefaultConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !e.Trusts(subCA) {
		t.Error("the embedded root does not vouch for Apple's own sub-CA")
	}
	if e.Trusts(mustSubCA(t, mustRoot(t)).certificate) {
		t.Error("the embedded root vouches for a sub-CA of the test")
	}
}

// A leaf that names Apple's real sub-CA as its issuer, but that sub-CA did not sign.
func TestForgedLeafBelowApplesSubCA(t *testing.T) {
	real := mustPEMFile(t, "testdata/apple_wwdr_ca_g2.pem")
	impostor := mustSubCA(t, mustRoot(t), func(c *x509.Certificate) {
		c.Subject, c.RawSubject, c.SubjectKeyId = real.Subject, real.RawSubject, real.SubjectKeyId
	})
	leaf := mustLeaf(t, impostor)
	e, err := applepay.New(applepay.DefaultConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.CheckChain([]string{leaf.text(), authority{certificate: real}.text()}, testNow)
	mustFail(t, err, "apple_chain_untrusted", "certificates[0]")
	if e.SubCAsKept() != 1 {
		t.Error("the real sub-CA had not been accepted: the test shows something else")
	}
}

func TestApplesTestLeaf(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(appleTestLeaf)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if len(leaf.UnhandledCriticalExtensions) != 1 || !leaf.UnhandledCriticalExtensions[0].Equal(oidLeafMarker) {
		t.Errorf("unhandled critical extensions %v: the real leaf's marker is critical", leaf.UnhandledCriticalExtensions)
	}
	// What mustLeaf makes has the same key usage and marker, byte for byte.
	ours := mustChain(t).leaf.certificate
	for _, id := range []string{"2.5.29.15", "1.2.840.113635.100.6.39"} {
		if !bytes.Equal(extension(leaf, id), extension(ours, id)) {
			t.Errorf("extension %s: %x in the tests, %x of Apple", id, extension(ours, id), extension(leaf, id))
		}
	}
	// A sub-CA of the right name, which did not sign it.
	sub := mustSubCA(t, mustRoot(t), func(c *x509.Certificate) {
		c.RawSubject, c.SubjectKeyId = leaf.RawIssuer, leaf.AuthorityKeyId
	})
	_, err = mustEncoder(t, mustRoot(t)).CheckChain([]string{appleTestLeaf, sub.text()}, testNow)
	mustFail(t, err, "apple_leaf_expired", "certificates[0]")
	_, err = mustEncoder(t, mustRoot(t), withoutDates).CheckChain([]string{appleTestLeaf, sub.text()}, testNow)
	mustFail(t, err, "apple_chain_untrusted", "certificates[1]")
}

func extension(c *x509.Certificate, id string) []byte {
	i := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.String() == id && e.Critical })
	if i < 0 {
		return nil
	}
	return c.Extensions[i].Value
}
