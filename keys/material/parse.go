package material

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// parse reads a key in any of the forms that Read takes.
func parse(spec keys.Spec, data, password []byte) (material, error) {
	switch spec.Purpose {
	case keys.VTSPush, keys.VTSAPI, keys.ClickToPayAPI:
		return sharedSecret.parse(data, spec.AsIs)
	case keys.ClickToPayLogin:
		return loginPassword.parse(data, spec.AsIs)
	case keys.WSD:
		return parseSecret(data, keys.TDEABytes)
	case keys.VaultKEK, keys.VaultIndex:
		return parseSecret(data, keys.SecretBytes)
	case keys.OPCEncryption, keys.OPCSigning:
		return parseOpenPGP(plainText(data))
	case keys.MDESEncryption, keys.TAVSigning, keys.MDESOAuth, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSVerification, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS, keys.AuditCheckpoint:
	}
	text := plainText(data)
	if block, _ := pem.Decode(text); block != nil {
		return parsePEM(text, password)
	}
	if m, ok, err := parseBinary(text, password); ok {
		return m, err
	}
	if der, ok := bareBase64(text); ok {
		if m, ok, err := parseBinary(der, password); ok {
			return m, err
		}
	}
	return material{}, errUnread(text, "the file is neither PEM nor DER nor PKCS#12 of one key, or is damaged")
}

// parseBinary reads DER of one key or certificate, PKCS#7 and PKCS#12; ok is false
// when it is none of them.
func parseBinary(data, password []byte) (m material, ok bool, err error) {
	if m, ok := parseDER(data); ok {
		return m, true, nil
	}
	if m, ok, err := parsePKCS7(data); ok {
		return m, true, err
	}
	if isPKCS12(data) {
		m, err := parsePKCS12(data, password)
		return m, true, err
	}
	return material{}, false, nil
}

// parsePEM reads all blocks: one private key, one public key, certificates.
func parsePEM(data, password []byte) (material, error) {
	var m material
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "EC PARAMETERS" { // they stand before an elliptic key, which says its curve too
			continue
		}
		part, err := parseBlock(block, password)
		switch {
		case err != nil:
			return material{}, err
		case part.private != nil && m.private != nil:
			return material{}, errMalformed("the file has more than one private key: leave only the one that is meant")
		case part.public != nil && m.public != nil:
			return material{}, errMalformed("the file has more than one public key: leave only the one that is meant")
		case part.private != nil:
			m.private = part.private
		case part.public != nil:
			m.public = part.public
		}
		if part.certificate != nil {
			certificates = append(certificates, part.certificate)
		}
	}
	return m.withCertificate(certificates)
}

func isEncrypted(block *pem.Block) bool {
	return block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")
}

func parseBlock(block *pem.Block, password []byte) (material, error) {
	if isEncrypted(block) {
		return material{}, walletport.Errorf(walletport.CodeInvalid, "key_encrypted",
			"the private key is under a passphrase; decrypt it on the way in (openssl pkey -in FILE, into the import's standard input), or import PKCS#12")
	}
	switch block.Type {
	case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE",
		"PUBLIC KEY", "RSA PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PKCS7", "CMS", "PKCS12":
		if m, ok, err := parseBinary(block.Bytes, password); ok {
			return m, err
		}
		return material{}, errMalformed("a PEM block is damaged: " + block.Type)
	}
	if what, ok := otherBlocks[block.Type]; ok {
		return material{}, errMalformed(what)
	}
	return material{}, errMalformed("a PEM block is neither certificate, public nor private key")
}

// parseDER tries the forms one after the other; no encoding is another's too.
func parseDER(der []byte) (material, bool) {
	if c, err := x509.ParseCertificate(bytes.Clone(der)); err == nil { // it keeps what it parses, and the caller wipes der
		return material{certificate: c}, true
	}
	if k, err := x509.ParsePKIXPublicKey(der); err == nil {
		return material{public: k}, true
	}
	if k, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return material{public: k}, true
	}
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		private, ok := k.(crypto.Signer)
		return material{private: private}, ok
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return material{private: k}, true
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return material{private: k}, true
	}
	return material{}, false
}

// withCertificate adds the key's certificate. Of a chain it takes the private key's own,
// or the only one that is no authority's, and keeps the others beside it.
func (m material) withCertificate(chain []*x509.Certificate) (material, error) {
	var leaves []*x509.Certificate
	for _, c := range chain {
		own := m.private != nil && samePublic(c.PublicKey, m.private.Public())
		if own || len(chain) == 1 || m.private == nil && !c.IsCA {
			leaves = append(leaves, c)
		}
	}
	switch {
	case len(chain) == 0:
		return m, nil
	case len(leaves) != 1:
		return material{}, errMalformed(fmt.Sprintf("it is not clear which of the %d certificates is the key's: leave only that one in the file", len(chain)))
	case m.public != nil && !samePublic(m.public, leaves[0].PublicKey):
		return material{}, errUnfit("the certificate belongs to another public key")
	}
	m.certificate = leaves[0]
	m.others = slices.DeleteFunc(chain, func(c *x509.Certificate) bool { return c == leaves[0] })
	return m, nil
}
