package material

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/walletport/walletport/keys"
)

// ExportPublic returns what the other side may have of a key, in any state: the OpenPGP
// certificate of an opc key in ASCII armor; else, as PEM, the certificate if it came as
// one or the SubjectPublicKeyInfo. A secret key has no public half: CodeInvalid, reason
// key_unfit.
func ExportPublic(k *keys.Key) ([]byte, error) {
	switch {
	case k.OpenPGP != nil:
		return armorCertificate(k.OpenPGP.Certificate)
	case k.Certificate != nil:
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate.Raw}), nil
	case k.Public == nil:
		return nil, errUnfit("a secret key has no public half")
	}
	spki, err := x509.MarshalPKIXPublicKey(k.Public)
	if err != nil {
		return nil, fmt.Errorf("public key of %s: %w", k.ID, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), nil
}

// armorCertificate returns the ASCII armor in which operators send certificates.
func armorCertificate(certificate []byte) ([]byte, error) {
	var text bytes.Buffer
	w, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, fmt.Errorf("armor: %w", err)
	}
	_, err = w.Write(certificate)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("armor: %w", err)
	}
	return append(text.Bytes(), '\n'), nil
}
