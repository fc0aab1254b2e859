package keystest

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"

	"github.com/walletport/walletport/keys"
)

// checkChain: a client certificate comes with the one above it, and both stay. A key that
// was destroyed does not come in again with a renewed certificate.
func checkChain(c *custodian) {
	above := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "above"}, NotBefore: Year(2020), NotAfter: Year(2040),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "client"}, NotBefore: Year(2020), NotAfter: Year(2040)}
	own := SchemeKey(c, keys.VTSTLS)
	aboveDER, err := x509.CreateCertificate(rand.Reader, above, root, &RSAKey(c).PublicKey, MDESKey(c))
	must(c, err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, above, &own.PublicKey, RSAKey(c))
	must(c, err)
	data := bytes.Join([][]byte{PEM("CERTIFICATE", aboveDER), PEM("CERTIFICATE", leafDER), PEM("PRIVATE KEY", PKCS8(c, own))}, nil)
	m := c.done("Import of a chain")(c.Import(c.Context(), keys.Spec{Purpose: keys.VTSTLS}, data, nil))
	for _, source := range []keys.Source{c, c.open()} {
		k, ok := source.Current().ByID(m.ID)
		if !ok || !bytes.Equal(k.Certificate.Raw, leafDER) || len(k.Chain) != 1 || !bytes.Equal(k.Chain[0].Raw, aboveDER) {
			c.Fatalf("the chain is lost: %+v", k)
		}
	}
	c.done("Retire")(c.Retire(c.Context(), m.ID, keys.EvenIfNeeded))
	c.done("Destroy")(c.Destroy(c.Context(), m.ID))
	renewed := append(PEM("PRIVATE KEY", PKCS8(c, own)), PEM("CERTIFICATE", Certificate(c, own, Year(2020), Year(2041)))...)
	_, err = c.Import(c.Context(), keys.Spec{Purpose: keys.VTSTLS}, renewed, nil)
	c.refused("Import of a destroyed key with a renewed certificate", err, "key_exists")
}
