package material

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // G505: the default digest of PBKDF2 in PKCS#12 files
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/walletport/walletport"
)

// pfx is the outside of a PKCS#12 file (RFC 7292 section 4).
type pfx struct {
	Version  int
	AuthSafe contentInfo
	MAC      asn1.RawValue `asn1:"optional"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
}

// isPKCS12 reports whether data has the outside of a PKCS#12 file.
func isPKCS12(data []byte) bool {
	var p pfx
	_, err := asn1.Unmarshal(data, &p)
	return err == nil && p.Version == 3
}

// parsePKCS12 reads a key pair with its certificate, a trust store with one
// certificate, or a certificate alone.
func parsePKCS12(data, password []byte) (material, error) {
	private, leaf, above, err := pkcs12.DecodeChain(data, string(password))
	if err == nil {
		signer, ok := private.(crypto.Signer)
		if !ok {
			return material{}, errUnfit("the private key does not sign")
		}
		return material{private: signer}.withCertificate(append([]*x509.Certificate{leaf}, above...))
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) || errors.Is(err, pkcs12.ErrDecryption) {
		return material{}, errPKCS12Password(password)
	}
	certificates, err := pkcs12.DecodeTrustStore(data, string(password))
	if err != nil {
		// Its password is right by now, and it is no key and no trust store of Java's.
		certificates, err = certificatesOfPKCS12(data, password)
	}
	switch {
	case err != nil:
		return material{}, errMalformed("the PKCS#12 file is damaged, or sealed in a way that is not read here; openssl pkcs12 -legacy -in FILE, into the import's standard input, turns it into PEM")
	case len(certificates) == 0:
		return material{}, errMalformed("the PKCS#12 file holds neither key nor certificate")
	}
	return material{}.withCertificate(certificates)
}

func errPKCS12Password(password []byte) error {
	if len(password) == 0 {
		return walletport.Errorf(walletport.CodeInvalid, "key_encrypted", "the file is PKCS#12: say where its password is, --password-from file:PATH or env:NAME")
	}
	return walletport.Errorf(walletport.CodeInvalid, "key_encrypted", "the password does not open the PKCS#12 file")
}

// Object identifiers of PKCS#12 files and what they are built of (RFC 7292, 8018).
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidCertBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidPBES2         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// pbkdf2Digests are the pseudo-random functions of PBKDF2 by object identifier.
var pbkdf2Digests = map[string]func() hash.Hash{
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.11": sha512.New,
}

// aesKeyBytes are the key sizes of AES in CBC mode by object identifier.
var aesKeyBytes = map[string]int{
	"2.16.840.1.101.3.4.1.2":  16,
	"2.16.840.1.101.3.4.1.22": 24,
	"2.16.840.1.101.3.4.1.42": 32,
}

// maxPBKDF2Iterations bounds what a file can make this process spend.
const maxPBKDF2Iterations = 10_000_000

var errPKCS12 = errors.New("no PKCS#12 that is read here")

// certificatesOfPKCS12 reads the certificates of a file that has no key, which the
// library refuses unless Java marked them as trusted. The caller has seen that the
// password opens it. It reads what OpenSSL 3 and Java write today, AES with PBES2.
func certificatesOfPKCS12(data, password []byte) ([]*x509.Certificate, error) {
	var p pfx
	if _, err := asn1.Unmarshal(data, &p); err != nil {
		return nil, errPKCS12
	}
	var octets []byte
	if _, err := asn1.Unmarshal(p.AuthSafe.Content.Bytes, &octets); err != nil {
		return nil, errPKCS12
	}
	var safes []contentInfo
	if _, err := asn1.Unmarshal(octets, &safes); err != nil {
		return nil, errPKCS12
	}
	var all []*x509.Certificate
	for _, safe := range safes {
		content, err := safe.open(password)
		if err != nil {
			return nil, err
		}
		found, err := certificateBags(content)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// open returns the bags of one part of the file, which may be in clear.
func (c contentInfo) open(password []byte) ([]byte, error) {
	switch {
	case c.Type.Equal(oidData):
		var content []byte
		_, err := asn1.Unmarshal(c.Content.Bytes, &content)
		return content, err
	case c.Type.Equal(oidEncryptedData):
		var sealed struct {
			Version int
			Content struct {
				Type      asn1.ObjectIdentifier
				Algorithm pkix.AlgorithmIdentifier
				Content   []byte `asn1:"tag:0"`
			}
		}
		if _, err := asn1.Unmarshal(c.Content.Bytes, &sealed); err != nil {
			return nil, errPKCS12
		}
		return openPBES2(sealed.Content.Algorithm, sealed.Content.Content, password)
	}
	return nil, errPKCS12
}

// certificateBags returns the certificates of a list of bags, and passes over others.
func certificateBags(content []byte) ([]*x509.Certificate, error) {
	var bags []struct {
		Type       asn1.ObjectIdentifier
		Value      asn1.RawValue `asn1:"tag:0,explicit"`
		Attributes asn1.RawValue `asn1:"set,optional"`
	}
	if _, err := asn1.Unmarshal(content, &bags); err != nil {
		return nil, errPKCS12
	}
	var all []*x509.Certificate
	for _, bag := range bags {
		if !bag.Type.Equal(oidCertBag) {
			continue
		}
		var held struct {
			Type asn1.ObjectIdentifier
			Data []byte `asn1:"tag:0,explicit"`
		}
		if _, err := asn1.Unmarshal(bag.Value.Bytes, &held); err != nil || !held.Type.Equal(oidX509) {
			return nil, errPKCS12
		}
		certificate, err := x509.ParseCertificate(held.Data)
		if err != nil {
			return nil, errPKCS12
		}
		all = append(all, certificate)
	}
	return all, nil
}

// openPBES2 decrypts with AES in CBC mode under a key that PBKDF2 makes of the
// password (RFC 8018 sections 5.2 and 6.2).
func openPBES2(algorithm pkix.AlgorithmIdentifier, sealed, password []byte) ([]byte, error) {
	var parameters struct {
		KDF, Cipher pkix.AlgorithmIdentifier
	}
	if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &parameters); err != nil || !algorithm.Algorithm.Equal(oidPBES2) {
		return nil, errPKCS12
	}
	var kdf struct {
		Salt       []byte
		Iterations int
		KeyBytes   int                      `asn1:"optional"`
		Digest     pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(parameters.KDF.Parameters.FullBytes, &kdf); err != nil || !parameters.KDF.Algorithm.Equal(oidPBKDF2) {
		return nil, errPKCS12
	}
	digest := pbkdf2Digests[kdf.Digest.Algorithm.String()]
	if kdf.Digest.Algorithm == nil {
		digest = sha1.New
	}
	keyBytes := aesKeyBytes[parameters.Cipher.Algorithm.String()]
	var iv []byte
	if _, err := asn1.Unmarshal(parameters.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, errPKCS12
	}
	if digest == nil || keyBytes == 0 || len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 ||
		kdf.Iterations < 1 || kdf.Iterations > maxPBKDF2Iterations {
		return nil, errPKCS12
	}
	key, err := pbkdf2.Key(digest, string(password), kdf.Salt, kdf.Iterations, keyBytes)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	padding := int(plain[len(plain)-1]) // what follows parses or does not; the MAC was right
	if padding < 1 || padding > aes.BlockSize {
		return nil, errPKCS12
	}
	return plain[:len(plain)-padding], nil
}
