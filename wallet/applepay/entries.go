package applepay

import (
	"bytes"
	"crypto/x509"
	"fmt"

	"github.com/walletport/walletport"
)

// How many certificates come: leaf and sub-CA, and a root at most [SEC, PK-CB].
const (
	minCertificates = 2
	maxCertificates = 3
)

// entry is one certificate as it was sent.
type entry struct {
	certificate *x509.Certificate
	form        string
	index       int // in the request, from 0
}

// parseEntries reads the texts. Numbers and sizes are checked before anything is
// decoded.
func parseEntries(texts []string) ([]entry, error) {
	if err := checkSizes(texts); err != nil {
		return nil, err
	}
	sent := make([]entry, 0, len(texts))
	for i, text := range texts {
		s, err := parseEntry(i, text)
		if err != nil {
			return nil, err
		}
		for _, earlier := range sent {
			if bytes.Equal(earlier.certificate.Raw, s.certificate.Raw) {
				return nil, errCertificate(s, "apple_certificate_duplicate", "the same certificate was sent twice")
			}
		}
		sent = append(sent, s)
	}
	return sent, nil
}

func checkSizes(texts []string) error {
	switch n := len(texts); {
	case n == 0:
		return errField(fieldCertificates, "apple_certificates_missing", "there are no certificates: send those that PassKit gave the app")
	case n < minCertificates:
		return errField(fieldCertificates, "apple_certificates_count", "there is only one certificate: send leaf and sub-CA, as PassKit gave them to the app")
	case n > maxCertificates:
		return errField(fieldCertificates, "apple_certificates_count", "there are more than 3 certificates: send leaf and sub-CA, as PassKit gave them to the app")
	}
	for i, text := range texts {
		if len(text) > maxEntryChars {
			return errCertificate(entry{index: i}, "apple_certificate_too_large", "the text of a certificate has at most 16384 characters")
		}
	}
	return nil
}

func parseEntry(index int, text string) (entry, error) {
	s := entry{index: index}
	der, form, ok := decodeEntry(text)
	if !ok {
		return s, errCertificate(s, "apple_certificate_encoding", "a certificate is DER in base64, or PEM, one certificate an entry")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil { // its text may hold what was sent
		return s, errCertificate(s, "apple_certificate_malformed", "this is no X.509 certificate in DER")
	}
	s.certificate, s.form = certificate, form
	return s, nil
}

// errCertificate is about one certificate.
func errCertificate(s entry, reason, message string) *walletport.Error {
	return errField(fmt.Sprintf("%s[%d]", fieldCertificates, s.index), reason, message)
}

func errLeafRSA(s entry) *walletport.Error {
	return errCertificate(s, "apple_leaf_rsa", "the leaf has an RSA key: the app must ask PassKit for the encryption scheme ECC_V2")
}

// errRootExpired is for an operator: callers cannot mend it.
func errRootExpired() *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "apple_root_expired", "the pinned root certificate that the chain ends in is not valid now; an operator must replace it")
}
