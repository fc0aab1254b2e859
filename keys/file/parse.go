package file

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// parseMaterial reads a key in any of the forms that Import takes.
func parseMaterial(p keys.Purpose, data, password []byte) (material, error) {
	switch p {
	case keys.VTSPush:
		return parseSharedSecret(data)
	case keys.WSD:
		return parseSecret(data, keys.TDEABytes)
	case keys.VaultKEK, keys.VaultIndex:
		return parseSecret(data, keys.SecretBytes)
	case keys.OPCEncryption, keys.OPCSigning:
		return parseOpenPGP(data)
	case keys.MDESEncryption, keys.TAVSigning, keys.AuditCheckpoint:
	}
	if block, _ := pem.Decode(data); block != nil {
		return parsePEM(data)
	}
	if m, ok := parseDER(data); ok {
		return m, nil
	}
	return parsePKCS12(data, password)
}

// The length of a shared secret in characters: Visa's have 40; the bounds only keep
// out what is surely something else.
const (
	minSharedSecret = 16
	maxSharedSecret = 256
)

// parseSharedSecret takes the text as it is, but for the line break that an editor
// put at its end: every other byte counts, for the key is a digest of the text.
func parseSharedSecret(data []byte) (material, error) {
	text, _ := bytes.CutSuffix(data, []byte("\n"))
	text, _ = bytes.CutSuffix(text, []byte("\r"))
	outside := func(b byte) bool { return b < ' ' || b > '~' }
	if len(text) < minSharedSecret || len(text) > maxSharedSecret || slices.ContainsFunc(text, outside) {
		return material{}, errMalformed("the shared secret is one line of 16 to 256 printable ASCII characters")
	}
	return material{secret: bytes.Clone(text)}, nil
}

// parseSecret reads size bytes as hex or base64. Raw bytes are refused, for 32 of
// them may as well be the hex of a 128-bit key.
func parseSecret(data []byte, size int) (material, error) {
	text := bytes.TrimSpace(data)
	secret := make([]byte, max(hex.DecodedLen(len(text)), base64.StdEncoding.DecodedLen(len(text))))
	if n, err := hex.Decode(secret, text); err == nil && n == size {
		return material{secret: secret[:n]}, nil
	}
	if n, err := base64.StdEncoding.Strict().Decode(secret, text); err == nil && n == size {
		return material{secret: secret[:n]}, nil
	}
	return material{}, errMalformed(fmt.Sprintf("the key must be %d bytes in hex (%d digits) or base64", size, 2*size))
}

// parsePEM reads all blocks: one private key, one public key, certificates.
func parsePEM(data []byte) (material, error) {
	var m material
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if isEncrypted(block) {
			return material{}, walletport.Errorf(walletport.CodeInvalid, "key_encrypted",
				"the private key is under a passphrase; decrypt it on the way in (openssl pkey -in FILE, into the import's standard input), or import PKCS#12")
		}
		part, ok := parseBlock(block)
		switch {
		case !ok:
			return material{}, errMalformed("a PEM block is neither certificate, public nor private key, or is damaged")
		case part.private != nil && m.private != nil, part.public != nil && m.public != nil:
			return material{}, errMalformed("the file has more than one key")
		case part.certificate != nil:
			certificates = append(certificates, part.certificate)
		case part.private != nil:
			m.private = part.private
		default:
			m.public = part.public
		}
	}
	return m.withCertificate(certificates)
}

func isEncrypted(block *pem.Block) bool {
	return block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")
}

func parseBlock(block *pem.Block) (material, bool) {
	switch block.Type {
	case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE",
		"PUBLIC KEY", "RSA PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		return parseDER(block.Bytes)
	}
	return material{}, false
}

// parseDER tries the forms one after the other; no encoding is another's too.
func parseDER(der []byte) (material, bool) {
	if c, err := x509.ParseCertificate(der); err == nil {
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

// parsePKCS12 reads a key pair with its certificate, or a trust store with one
// certificate.
func parsePKCS12(data, password []byte) (material, error) {
	private, leaf, _, err := pkcs12.DecodeChain(data, string(password))
	if err == nil {
		signer, ok := private.(crypto.Signer)
		if !ok {
			return material{}, errUnfit("the private key does not sign")
		}
		return material{private: signer}.withCertificate([]*x509.Certificate{leaf})
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) || errors.Is(err, pkcs12.ErrDecryption) {
		return material{}, walletport.Errorf(walletport.CodeInvalid, "key_encrypted", "the password does not open the PKCS#12 file")
	}
	certificates, err := pkcs12.DecodeTrustStore(data, string(password))
	if err != nil || len(certificates) == 0 {
		return material{}, errMalformed("the file is neither PEM nor DER nor PKCS#12 of one key, or is damaged")
	}
	return material{}.withCertificate(certificates)
}

// withCertificate adds the one certificate that a key store entry can have. Of a
// chain it takes the private key's own, or the only one that is no authority's.
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
		return material{}, errMalformed("it is not clear which certificate is the key's: leave only that one in the file")
	case m.public != nil && !samePublic(m.public, leaves[0].PublicKey):
		return material{}, errUnfit("the certificate belongs to another public key")
	}
	m.certificate = leaves[0]
	return m, nil
}
