package applepay

import (
	"crypto/x509"
	_ "embed" // the certificate below
	"encoding/pem"
	"errors"
)

// Apple Root CA - G3 as Apple publishes it (AppleRootCA-G3.cer [APKI]), SHA-256
// 63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179, good until
// 2039-04-30.
//
//go:embed apple_root_ca_g3.pem
var appleRootCAG3 []byte

func parseAppleRoot() (*x509.Certificate, error) {
	block, _ := pem.Decode(appleRootCAG3)
	if block == nil {
		return nil, errors.New("applepay: the embedded root certificate is no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
