package applesim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/walletport/walletport/sim"
)

// The checks of a request.
const (
	checkCertificates = "certificates"
	checkDecoded      = "certificates_read"
	checkOrder        = "certificates_order"
	checkLeaf         = "leaf"
	checkLeafKey      = "leaf_key"
	checkLeafUsage    = "leaf_usage"
	checkLeafDates    = "leaf_dates"
	checkSubCA        = "sub_ca"
	checkSubCADates   = "sub_ca_dates"
	checkChain        = "chain"
	checkRoot         = "root"
)

var requestChecks = []string{checkCertificates, checkDecoded, checkLeaf, checkLeafKey, checkLeafUsage, checkLeafDates, checkSubCA, checkSubCADates,
	checkChain, checkRoot, checkOrder, checkNonce, checkNonceSignature, checkNoncePair, checkNonceUnused}

// PassKit gives the leaf and the authority above it; the root may be there too.
const (
	minCertificates = 2
	maxCertificates = 3
)

// OpenRequest checks the members of a request: that the certificates are one chain
// below the root, for issuer encryption, and that nonce and nonceSignature are there
// in the form of the API.
func OpenRequest(members sim.Object, keys Keys) Report {
	return openRequest(members, members.JSON(), keys)
}

func openRequest(members sim.Object, given []byte, keys Keys) Report {
	r := newReading(keys, requestChecks, given)
	r.readCertificates(members)
	r.readRequestNonces(members)
	return r.report(KindRequest)
}

// chain is what the certificates turned out to be.
type chain struct{ leaf, sub *x509.Certificate }

func (r *reading) readCertificates(members sim.Object) {
	var entries []string
	if !members.Has("certificates") || json.Unmarshal(members["certificates"], &entries) != nil || len(entries) == 0 {
		r.Fail(checkCertificates, certificatesMissing, "certificates is no array of strings, or an empty one")
		return
	}
	var all []*x509.Certificate
	for i, entry := range entries[:min(len(entries), maxCertificates)] {
		found := r.decodeCertificates(i, entry)
		if len(found) == 0 {
			r.countCertificates(len(entries))
			return
		}
		for _, certificate := range found {
			if slices.ContainsFunc(all, certificate.Equal) {
				r.Fail(checkDecoded, certificateDuplicate, "certificate %d is there before", i+1)
			}
			all = append(all, certificate)
		}
	}
	r.Pass(checkDecoded, "X.509 in base64 of DER")
	r.countCertificates(len(entries))
	r.judgeChain(all)
}

func (r *reading) countCertificates(n int) {
	if n < minCertificates || n > maxCertificates {
		r.Fail(checkCertificates, certificatesCount, "there are %d certificates", n)
	}
	r.Pass(checkCertificates, "%d certificates", n)
}

// decodeCertificates returns what an entry holds: one certificate, if it is right.
func (r *reading) decodeCertificates(i int, entry string) []*x509.Certificate {
	der, f := derOf(entry)
	if f != nil {
		r.Fail(checkDecoded, f.Kind.Of("certificate_"), "certificate %d: %s", i+1, f.Detail)
	}
	if isPEM(entry) {
		r.note("a certificate is PEM; PassKit's are bytes, which the API takes as base64")
	}
	all, err := x509.ParseCertificates(der)
	switch {
	case err != nil || len(all) == 0:
		r.Fail(checkDecoded, certificateMalformed, "entry %d is no X.509 certificate", i+1)
		return nil
	case len(all) > 1:
		r.Fail(checkCertificates, certificatesInOne, "entry %d has %d certificates", i+1, len(all))
	}
	return all
}

func isPEM(text string) bool { return strings.Contains(text, "-----BEGIN") }

// derOf takes PEM or base64 off, or both, as the API does.
func derOf(entry string) ([]byte, *sim.Finding) {
	if isPEM(entry) {
		return derOfPEM([]byte(entry)), nil
	}
	data, f := sim.ReadOneBase64(strings.TrimSpace(entry))
	if isPEM(string(data)) {
		return derOfPEM(data), f
	}
	return data, f
}

// derOfPEM joins the DER of all PEM blocks.
func derOfPEM(text []byte) []byte {
	var der []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		der = append(der, block.Bytes...)
	}
	return der
}

func hasExtension(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return true
		}
	}
	return false
}

func (r *reading) judgeChain(all []*x509.Certificate) {
	var c chain
	for _, certificate := range all {
		switch {
		case hasExtension(certificate, oidLeafMarker) && c.leaf != nil && !c.leaf.Equal(certificate):
			r.Fail(checkLeaf, leafAmbiguous, "two certificates are marked as leaf")
		case hasExtension(certificate, oidLeafMarker):
			c.leaf = certificate
		case certificate.IsCA && string(certificate.RawSubject) != string(certificate.RawIssuer):
			c.sub = certificate
		}
	}
	if c.leaf != nil {
		r.Pass(checkLeaf, "marked for issuer encryption")
		r.judgeLeaf(c.leaf)
	} else {
		r.Fail(checkLeaf, leafMissing, "no certificate is marked as leaf")
	}
	if c.sub != nil {
		r.judgeSubCA(c.sub)
	} else {
		r.Fail(checkSubCA, subCAMissing, "no certificate is an authority below a root")
	}
	r.judgeSignatures(c)
	if !all[0].Equal(c.leaf) && c.leaf != nil {
		r.Fail(checkOrder, certificatesSwapped, "the leaf is not the first certificate")
	}
	r.Pass(checkOrder, "the leaf comes first")
}

func (r *reading) judgeLeaf(leaf *x509.Certificate) {
	key, isEC := leaf.PublicKey.(*ecdsa.PublicKey)
	_, isRSA := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case isRSA:
		r.Fail(checkLeafKey, leafRSA, "the leaf has an RSA key")
	case !isEC || key.Curve != elliptic.P256():
		r.Fail(checkLeafKey, leafCurve, "the leaf's key is not on P-256")
	}
	r.Pass(checkLeafKey, "on P-256")
	if leaf.IsCA || leaf.KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
		r.Fail(checkLeafUsage, leafUsage, "the leaf is an authority, or its key usage lacks key encipherment")
	}
	r.Pass(checkLeafUsage, "key encipherment, no authority")
	r.facts.LeafValidUntil = &leaf.NotAfter
	switch {
	case r.now.After(leaf.NotAfter):
		r.Fail(checkLeafDates, leafExpired, "the leaf was valid until %s", utc(&leaf.NotAfter))
	case r.now.Before(leaf.NotBefore):
		r.Fail(checkLeafDates, leafNotYetValid, "the leaf is valid from %s", utc(&leaf.NotBefore))
	}
	r.Pass(checkLeafDates, "valid until %s", utc(&leaf.NotAfter))
}

func (r *reading) judgeSubCA(sub *x509.Certificate) {
	if !hasExtension(sub, oidSubCAMarker) && sub.Subject.CommonName != subCAName {
		r.Fail(checkSubCA, subCAUnmarked, "the authority has neither Apple's marker nor its name")
	}
	r.Pass(checkSubCA, "Worldwide Developer Relations, by marker or name")
	r.facts.SubCAValidUntil = &sub.NotAfter
	if r.now.After(sub.NotAfter) || r.now.Before(sub.NotBefore) {
		r.Fail(checkSubCADates, subCAExpired, "the authority is valid from %s until %s", utc(&sub.NotBefore), utc(&sub.NotAfter))
	}
	r.Pass(checkSubCADates, "valid until %s", utc(&sub.NotAfter))
}

// judgeSignatures follows the signatures from leaf to root. Root certificates that
// were sent prove nothing.
func (r *reading) judgeSignatures(c chain) {
	if c.leaf != nil && c.sub != nil {
		if c.leaf.CheckSignatureFrom(c.sub) != nil {
			r.Fail(checkChain, chainBroken, "the authority did not sign the leaf")
		}
		r.Pass(checkChain, "the authority signed the leaf")
	}
	if len(r.keys.Roots) == 0 {
		r.Skip("needs the root", checkRoot)
		return
	}
	if c.sub == nil {
		return
	}
	signed := func(root *x509.Certificate) bool { return c.sub.CheckSignatureFrom(root) == nil }
	if !slices.ContainsFunc(r.keys.Roots, signed) {
		r.Fail(checkRoot, chainUntrusted, "no root signed the authority")
	}
	r.Pass(checkRoot, "the root signed the authority")
}

// The most that a nonce and its signature may have, in hex digits. The limits are
// inferred: Apple's have 8 and 162.
const (
	maxNonceDigits     = 2 * 64
	maxSignatureDigits = 2 * 512
)

func (r *reading) readRequestNonces(members sim.Object) {
	if r.explainSwapped(members) {
		return
	}
	nonce := r.readRequestHex(members, passNonce, nonceMember, nonceMissing, nonceLength, maxNonceDigits)
	signature := r.readRequestHex(members, passSignature, signatureMember, signatureMissing, signatureLength, maxSignatureDigits)
	r.facts.NonceBytes, r.facts.SignatureBytes = len(nonce)/2, len(signature)/2
	if r.keys.Nonce == "" {
		r.Drop(checkNoncePair)
	} else if nonce != "" && signature != "" {
		r.comparePair(nonce, signature, strings.ToLower(r.keys.Nonce), strings.ToLower(r.keys.NonceSignature))
	}
	if nonce != "" {
		r.checkUnused(nonce)
	}
}

// explainSwapped names nonce and signature in each other's place, before one of them is
// too long.
func (r *reading) explainSwapped(members sim.Object) bool {
	nonce, _ := members.Text(passNonce)
	signature, _ := members.Text(passSignature)
	if !areSwapped(nonce, signature) {
		return false
	}
	r.Fail(checkNoncePair, nonceSwapped, "the nonce is longer than its signature: they stand in each other's place")
	r.Skip("nonce and signature are exchanged", checkNonce, checkNonceSignature)
	return true
}

func (r *reading) readRequestHex(members sim.Object, name string, m hexMember, missing, length sim.Kind, maxDigits int) string {
	text, ok := members.Text(name)
	if !ok || text == "" {
		r.Fail(m.check, missing, "%s is missing, empty or no JSON string", name)
		return ""
	}
	if len(text) > maxDigits {
		r.Fail(m.check, length, "%s has %d characters", name, len(text))
		return ""
	}
	return r.readHex(m, text)
}
