package applepay

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// maxSubCAs bounds the memory of sub-CAs. Apple has one for this purpose at a time,
// and only what a pinned root signed is kept, so that no caller can fill it.
const maxSubCAs = 16

// findSubCA returns the certificate that the leaf names as its issuer.
func findSubCA(sent []entry, leaf entry) (entry, error) {
	for _, s := range sent {
		isIssuer := s.index != leaf.index && bytes.Equal(s.certificate.RawSubject, leaf.certificate.RawIssuer)
		if isIssuer && !isSelfIssued(s.certificate) {
			return s, nil
		}
	}
	for _, s := range sent {
		if s.index != leaf.index && !isSelfIssued(s.certificate) {
			return entry{}, errCertificate(s, "apple_chain_untrusted", "the leaf names another issuer")
		}
	}
	return entry{}, errField(fieldCertificates, "apple_sub_ca_missing", "the sub-CA that issued the leaf is missing: send all certificates that PassKit gave the app")
}

// checkSubCA checks all of the sub-CA but its signature.
func (e *Encoder) checkSubCA(sub entry, now time.Time) error {
	c := sub.certificate
	if !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return errCertificate(sub, "apple_sub_ca_invalid", "the certificate that issued the leaf is not that of a CA")
	}
	isMarked := e.config.SubCAMarker && hasExtension(c, oidSubCAMarker)
	if !isMarked && !slices.Contains(e.config.SubCANames, c.Subject.CommonName) {
		return errCertificate(sub, "apple_sub_ca_invalid", "the CA that issued the leaf is not Apple's for in-app provisioning")
	}
	if e.config.CheckDates && now.After(c.NotAfter) {
		return errCertificate(sub, "apple_sub_ca_expired", "the certificate of the sub-CA has expired")
	}
	if e.config.CheckDates && now.Before(c.NotBefore) {
		return errCertificate(sub, "apple_sub_ca_not_yet_valid", "the certificate of the sub-CA is not valid yet")
	}
	return nil
}

// subCAs remembers sub-CAs that a root has signed: Apple sends the same one each
// time, and its signature costs as much as the leaf's. What is remembered is the
// signature only: dates, marker and name are checked each time. Reading takes no
// lock. The zero value is empty.
type subCAs struct {
	known atomic.Pointer[map[[sha256.Size]byte]trustedSubCA] // by digest of the DER; the map never changes
}

// trustedSubCA is a sub-CA that a root has signed.
type trustedSubCA struct {
	anchor *x509.CertPool      // the sub-CA alone
	roots  []*x509.Certificate // one, or several certificates of the same root
}

// hasRootAt reports whether a root that signed is within its validity.
func (t trustedSubCA) hasRootAt(now time.Time) bool {
	return slices.ContainsFunc(t.roots, func(root *x509.Certificate) bool {
		return !now.Before(root.NotBefore) && !now.After(root.NotAfter)
	})
}

// trust verifies that one of roots signed sub, or remembers that.
func (m *subCAs) trust(sub *x509.Certificate, roots []*x509.Certificate) (trustedSubCA, bool) {
	digest := sha256.Sum256(sub.Raw)
	if known := m.known.Load(); known != nil {
		if trusted, ok := (*known)[digest]; ok {
			return trusted, true
		}
	}
	trusted := trustedSubCA{anchor: poolOf(sub)}
	for _, root := range roots {
		if signedBy(sub, root) {
			trusted.roots = append(trusted.roots, root)
		}
	}
	if len(trusted.roots) == 0 {
		return trustedSubCA{}, false
	}
	m.remember(digest, trusted)
	return trusted, true
}

// remember adds to a copy of the map. Whoever loses a race tries again.
func (m *subCAs) remember(digest [sha256.Size]byte, trusted trustedSubCA) {
	for {
		old := m.known.Load()
		next := map[[sha256.Size]byte]trustedSubCA{}
		if old != nil {
			next = maps.Clone(*old)
		}
		if len(next) >= maxSubCAs {
			return
		}
		next[digest] = trusted
		if m.known.CompareAndSwap(old, &next) {
			return
		}
	}
}

// signedBy verifies a sub-CA against one root, by Go's rules of path validation. A
// root whose path length is zero may issue leaves only; Verify cannot see that, as
// it takes the sub-CA for the end of the path.
func signedBy(sub, root *x509.Certificate) bool {
	if root.MaxPathLen == 0 && root.MaxPathLenZero {
		return false
	}
	_, err := undated(sub).Verify(verifyOptions(poolOf(root)))
	return err == nil
}

// verifyOptions leaves the purpose alone: Apple's leaf has no extended key usage.
// CurrentTime lies within the validity of each undated certificate.
func verifyOptions(roots *x509.CertPool) x509.VerifyOptions {
	return x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: time.Unix(0, 0),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
}

func poolOf(c *x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(undated(c))
	return pool
}

// undated returns a copy that is valid at any time, since Verify cannot be told to
// leave dates alone and no single moment need lie within all validities. Dates are
// checked beside it, each with its own reason. The signature covers the bytes as
// they came, which the copy shares.
func undated(c *x509.Certificate) *x509.Certificate {
	always := *c
	always.NotBefore = time.Unix(0, 0)
	always.NotAfter = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC) // RFC 5280 section 4.1.2.5
	return &always
}
