package material

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
)

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// parsePKCS7 reads the certificates of a PKCS#7 or CMS bundle (RFC 5652 section 5.1):
// SignedData that signs nothing. ok is false when data is none.
func parsePKCS7(data []byte) (m material, ok bool, err error) {
	var outside contentInfo
	rest, notASN1 := asn1.Unmarshal(data, &outside)
	if isBundle := notASN1 == nil && len(rest) == 0 && outside.Type.Equal(oidSignedData); !isBundle {
		return material{}, false, nil
	}
	var signed struct {
		Version      int
		Digests      asn1.RawValue `asn1:"set"`
		Content      contentInfo
		Certificates asn1.RawValue `asn1:"tag:0,optional"`
		Lists        asn1.RawValue `asn1:"tag:1,optional"`
		Signers      asn1.RawValue `asn1:"set"`
	}
	if _, err := asn1.Unmarshal(outside.Content.Bytes, &signed); err != nil {
		return material{}, true, errMalformed("the PKCS#7 bundle is damaged")
	}
	certificates, err := x509.ParseCertificates(bytes.Clone(signed.Certificates.Bytes))
	if err != nil {
		return material{}, true, errMalformed("a certificate of the PKCS#7 bundle is damaged")
	}
	if len(certificates) == 0 {
		return material{}, true, errMalformed("the file is a PKCS#7 bundle without a certificate")
	}
	m, err = material{}.withCertificate(certificates)
	return m, true, err
}
