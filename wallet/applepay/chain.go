package applepay

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport/wallet"
)

// Apple's extensions. Both hold a NULL that says nothing.
var (
	oidLeafMarker  = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 39}    // CryptoServicesExtEncryption [SEC]
	oidSubCAMarker = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 15} // of the sub-CA, G2
)

// CheckChain verifies the certificates that PassKit gave the app and returns the
// leaf's key. It wants the leaf and the sub-CA that issued it, in either order; a
// root among them is not looked at, for only pinned roots count. This is the policy
// of Apple's devices for the same chain [SEC], but for dates, which are checked at
// now where the configuration says so.
//
// Errors are CodeInvalid and name the certificate at fault ("certificates[1]"), one
// reason a fault; their texts hold nothing of what was sent. A pinned root outside
// its validity is CodeUnavailable, reason apple_root_expired.
func (e *Encoder) CheckChain(certificates []string, now time.Time) (wallet.PassRecipient, error) {
	sent, err := parseEntries(certificates)
	if err != nil {
		return wallet.PassRecipient{}, err
	}
	leaf, err := findLeaf(sent)
	if err != nil {
		return wallet.PassRecipient{}, err
	}
	public, err := e.checkLeaf(leaf, now)
	if err != nil {
		return wallet.PassRecipient{}, err
	}
	sub, err := findSubCA(sent, leaf)
	if err != nil {
		return wallet.PassRecipient{}, err
	}
	if err := e.checkSubCA(sub, now); err != nil {
		return wallet.PassRecipient{}, err
	}
	if err := e.verify(leaf, sub, now); err != nil {
		return wallet.PassRecipient{}, err
	}
	return wallet.PassRecipient{Public: public, Form: describe(sent)}, nil
}

// findLeaf returns the certificate with Apple's marker; the order does not count.
func findLeaf(sent []entry) (entry, error) {
	var leaf entry
	for _, s := range sent {
		if !hasExtension(s.certificate, oidLeafMarker) {
			continue
		}
		if leaf.certificate != nil {
			return entry{}, errCertificate(s, "apple_leaf_ambiguous", "two certificates are marked as Apple's leaf")
		}
		leaf = s
	}
	if leaf.certificate != nil {
		return leaf, nil
	}
	for _, s := range sent {
		if _, isRSA := s.certificate.PublicKey.(*rsa.PublicKey); isRSA && !s.certificate.IsCA {
			return entry{}, errLeafRSA(s)
		}
	}
	return entry{}, errField(fieldCertificates, "apple_leaf_missing",
		"no certificate is marked as Apple's leaf for in-app provisioning (extension 1.2.840.113635.100.6.39)")
}

// checkLeaf checks all of the leaf but its signature, and returns its key.
func (e *Encoder) checkLeaf(leaf entry, now time.Time) (*ecdh.PublicKey, error) {
	c := leaf.certificate
	if _, isRSA := c.PublicKey.(*rsa.PublicKey); isRSA {
		return nil, errLeafRSA(leaf)
	}
	key, isEC := c.PublicKey.(*ecdsa.PublicKey)
	if !isEC || key.Curve != elliptic.P256() {
		return nil, errCertificate(leaf, "apple_leaf_key", "Apple's leaf has a key on the curve P-256")
	}
	public, err := key.ECDH()
	if err != nil {
		return nil, errCertificate(leaf, "apple_leaf_key", "the key of Apple's leaf is no point on P-256")
	}
	if c.IsCA || c.KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
		return nil, errCertificate(leaf, "apple_leaf_usage", "Apple's leaf is for key encipherment and not a CA")
	}
	if e.config.CheckDates && now.After(c.NotAfter) {
		return nil, errCertificate(leaf, "apple_leaf_expired", "Apple's leaf has expired")
	}
	if e.config.CheckDates && now.Before(c.NotBefore) {
		return nil, errCertificate(leaf, "apple_leaf_not_yet_valid", "Apple's leaf is not valid yet")
	}
	return public, nil
}

// verify checks the signatures from the leaf up to a pinned root, and the dates of
// that root: the operator's affair, not the caller's.
func (e *Encoder) verify(leaf, sub entry, now time.Time) error {
	trusted, ok := e.subCAs.trust(sub.certificate, e.roots)
	if !ok {
		return errCertificate(sub, "apple_chain_untrusted", "the chain does not end in Apple's root certificate")
	}
	if e.config.CheckDates && !trusted.hasRootAt(now) {
		return errRootExpired()
	}
	unhandled := unhandledExtensions(leaf.certificate)
	if len(unhandled) > 0 {
		return errCertificate(leaf, "apple_leaf_usage", "Apple's leaf has a critical extension that is not known here")
	}
	checked := undated(leaf.certificate)
	checked.UnhandledCriticalExtensions = unhandled // empty: without the marker
	if _, err := checked.Verify(verifyOptions(trusted.anchor)); err != nil {
		return errCertificate(leaf, "apple_chain_untrusted", "the leaf was not issued by the sub-CA beside it")
	}
	return nil
}

// unhandledExtensions returns the leaf's unknown critical extensions. The marker is
// critical, Go does not know it, and findLeaf has dealt with it.
func unhandledExtensions(leaf *x509.Certificate) []asn1.ObjectIdentifier {
	return slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), oidLeafMarker.Equal)
}

func hasExtension(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, extension := range c.Extensions {
		if extension.Id.Equal(id) {
			return true
		}
	}
	return false
}

func isSelfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// describe says how the certificates came: "DER, base64, leaf first".
func describe(sent []entry) string {
	var forms []string
	hasRoot := false
	for _, s := range sent {
		if !slices.Contains(forms, s.form) {
			forms = append(forms, s.form)
		}
		hasRoot = hasRoot || isSelfIssued(s.certificate)
	}
	text := strings.Join(forms, " and ")
	switch first := sent[0].certificate; {
	case hasExtension(first, oidLeafMarker):
		text += ", leaf first"
	case isSelfIssued(first):
		return text + ", root first"
	default:
		text += ", sub-CA first"
	}
	if hasRoot {
		text += ", with root"
	}
	return text
}
