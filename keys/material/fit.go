package material

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// RSA modulus sizes in bits: NIST SP 800-57 asks for 2048; beyond 8192 one
// operation takes longer than a call may.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// fill puts the material into k if it fits k's purpose.
func (m material) fill(k *Key, now time.Time) error {
	switch k.Purpose {
	case keys.MDESEncryption, keys.MDESCSEncryption:
		return m.fillTheirs(k, "Mastercard")
	case keys.VTSVerification, keys.VTSEncryption, keys.ClickToPayEncryption:
		return m.fillTheirs(k, "Visa")
	case keys.TAVSigning, keys.MDESOAuth, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSDecryption, keys.ClickToPayDecryption:
		if private, ok := m.private.(*rsa.PrivateKey); ok {
			if err := checkRSAPrivate(private); err != nil {
				return err
			}
			return m.fillPair(k)
		}
		return errUnfit(fmt.Sprintf("the purpose %s takes an RSA private key; the file holds %s", k.Purpose, m.kind()))
	case keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS:
		return m.fillTLS(k)
	case keys.OPCEncryption:
		return m.fillOPCEncryption(k, now)
	case keys.OPCSigning:
		return m.fillOPCSigning(k, now)
	case keys.AuditCheckpoint:
		if _, ok := m.private.(ed25519.PrivateKey); ok {
			return m.fillPair(k)
		}
		return errUnfit("an audit-checkpoint key is an Ed25519 private key; the file holds " + m.kind())
	case keys.VTSPush, keys.WSD, keys.VTSAPI, keys.ClickToPayAPI, keys.ClickToPayLogin, keys.VaultKEK, keys.VaultIndex:
		return m.fillSecret(k)
	}
	return errUnfit("the purpose is unknown")
}

func (m material) fillSecret(k *Key) (err error) {
	k.Secret, k.Algorithm = m.secret, secretAlgorithm(k.Purpose)
	k.CheckValue, err = keys.CheckValueOf(k.Purpose, m.secret)
	return err
}

// fillTheirs takes the public key of a scheme. A private half has no business here:
// whoever holds it reads the cards that all issuers send, or signs as the scheme.
func (m material) fillTheirs(k *Key, scheme string) error {
	if m.private != nil {
		return errUnfit(fmt.Sprintf("the purpose %s takes the certificate or public key of %s; the file holds a private key, which only %[2]s has of its own", k.Purpose, scheme))
	}
	public := m.public
	if m.certificate != nil {
		public = m.certificate.PublicKey
		k.Certificate = m.certificate
	}
	theirs, ok := public.(*rsa.PublicKey)
	if !ok {
		return errUnfit(fmt.Sprintf("the purpose %s takes an RSA public key or certificate; the file holds %s", k.Purpose, m.kind()))
	}
	if err := checkRSAPublic(theirs); err != nil {
		return err
	}
	return k.setPublic(theirs)
}

func (m material) fillPair(k *Key) error {
	if m.certificate != nil {
		if !samePublic(m.private.Public(), m.certificate.PublicKey) {
			return errUnfit("the certificate belongs to another private key")
		}
		k.Certificate = m.certificate
	}
	k.Private = m.private
	return k.setPublic(m.private.Public())
}

func (k *Key) setPublic(public crypto.PublicKey) (err error) {
	k.Public, k.Algorithm = public, keys.AlgorithmOf(public)
	k.Fingerprint, err = keys.FingerprintOf(public)
	return err
}

func checkRSAPublic(k *rsa.PublicKey) error {
	if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return errUnfit(fmt.Sprintf("an RSA key has 2048 to 8192 bits; this one has %d", bits))
	}
	return nil
}

func checkRSAPrivate(k *rsa.PrivateKey) error {
	if err := checkRSAPublic(&k.PublicKey); err != nil {
		return err
	}
	k.Precompute()
	if err := k.Validate(); err != nil {
		return errMalformed("the RSA private key is not consistent")
	}
	return nil
}

// kind says what the material is, as the end of a sentence.
func (m material) kind() string {
	public, half := m.public, "public key and no private key"
	switch {
	case m.private != nil:
		public, half = m.private.Public(), "private key"
	case m.certificate != nil:
		public, half = m.certificate.PublicKey, "certificate and no private key"
	}
	switch k := public.(type) {
	case *rsa.PublicKey:
		return "an RSA " + half
	case *ecdsa.PublicKey:
		return "an elliptic curve (" + k.Curve.Params().Name + ") " + half
	case ed25519.PublicKey:
		return "an Ed25519 " + half
	}
	return "another kind of key"
}

// checkUse refuses what may serve but looks as if another key were meant, unless
// spec insists.
func checkUse(spec keys.Spec, m material) error {
	if spec.AsIs {
		return nil
	}
	if spec.Purpose == keys.WSD && m.typed {
		return checkParity(m.secret)
	}
	if isTLS(spec.Purpose) && !isForClients(m.certificate) {
		return errUnfit("the certificate's extended key usage does not allow TLS clients, so that it is hardly the one that the scheme expects: ask for that one, or insist with --as-is")
	}
	if m.certificate == nil || m.certificate.KeyUsage == 0 {
		return nil
	}
	const encrypts = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	const signs = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	usage := m.certificate.KeyUsage
	switch spec.Purpose {
	case keys.MDESEncryption, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption:
		if usage&encrypts == 0 {
			return errUnfit("the certificate's key usage does not allow encryption, so that it is hardly the scheme's encryption certificate or one for it: ask for that one, or insist with --as-is")
		}
	case keys.TAVSigning, keys.MDESOAuth, keys.VTSSigning, keys.VTSVerification, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS:
		if usage&signs == 0 {
			return errUnfit("the certificate's key usage does not allow signatures: the other side may refuse what it signs; use another, or insist with --as-is")
		}
	case keys.VTSPush, keys.WSD, keys.VTSAPI, keys.ClickToPayAPI, keys.ClickToPayLogin, keys.OPCEncryption, keys.OPCSigning, keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint: // have no certificate that says it
	}
	return nil
}

func errUnfit(message string) error {
	return walletport.Errorf(walletport.CodeInvalid, "key_unfit", "%s", message)
}

// errMalformed drops the parser's error, which may repeat bytes of the key.
func errMalformed(message string) error {
	return walletport.Errorf(walletport.CodeInvalid, "key_malformed", "%s", message)
}
