package applesim_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim/applesim"
)

var (
	markerLeaf  = pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 39}, Critical: true, Value: []byte{5, 0}}
	markerSubCA = pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 15}, Value: []byte{5, 0}}
)

// ca is a certificate with its key, made here and not by the package under test.
type ca struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func (parent *ca) issue(key crypto.Signer, change func(*x509.Certificate)) *ca {
	template := &x509.Certificate{SerialNumber: big.NewInt(testNow.UnixNano()), Subject: pkix.Name{CommonName: "test"}, BasicConstraintsValid: true,
		NotBefore: testNow.AddDate(-1, 0, 0), NotAfter: testNow.AddDate(1, 0, 0)}
	change(template)
	signer := parent
	if parent == nil {
		signer = &ca{template, key}
	}
	der := must(x509.CreateCertificate(rand.Reader, template, signer.certificate, key.Public(), signer.key))
	return &ca{must(x509.ParseCertificate(der)), key}
}

func authority(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.KeyUsage = name, true, x509.KeyUsageCertSign
	}
}

func leafTemplate(c *x509.Certificate) {
	c.KeyUsage, c.ExtraExtensions = x509.KeyUsageKeyEncipherment, []pkix.Extension{markerLeaf}
}

func p256() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

// chain is what a request is made of.
type chain struct{ root, sub, leaf *ca }

func newChain() *chain {
	c := &chain{}
	c.root = (*ca)(nil).issue(p256(), authority("root"))
	c.sub = c.root.issue(p256(), func(t *x509.Certificate) {
		authority("Apple Worldwide Developer Relations CA - G2")(t)
		t.ExtraExtensions = []pkix.Extension{markerSubCA}
	})
	c.leaf = c.sub.issue(p256(), leafTemplate)
	return c
}

func entriesOf(all ...*ca) []any {
	var entries []any
	for _, c := range all {
		entries = append(entries, base64Text(c.certificate.Raw))
	}
	return entries
}

func pemOf(c *ca) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.certificate.Raw}))
}

func (c *chain) request() members {
	return members{"certificates": entriesOf(c.leaf, c.sub), "nonce": testNonce, "nonceSignature": testSignature}
}

func (c *chain) leafFrom(parent *ca, key crypto.Signer, change func(*x509.Certificate)) members {
	c.leaf = parent.issue(key, func(t *x509.Certificate) { leafTemplate(t); change(t) })
	return c.request()
}

func unchanged(*x509.Certificate) {}

func with(m members, name string, value any) members { m[name] = value; return m }

var mangledRequests = []struct {
	name, code string
	make       func(c *chain) members
}{
	{"no certificates", "certificates_missing", func(c *chain) members { return with(c.request(), "certificates", nil) }},
	{"certificates in one string", "certificates_missing", func(c *chain) members { return with(c.request(), "certificates", "x") }},
	{"the leaf alone", "certificates_count", func(c *chain) members { return with(c.request(), "certificates", entriesOf(c.leaf)) }},
	{"four certificates", "certificates_count", func(c *chain) members {
		return with(c.request(), "certificates", entriesOf(c.leaf, c.sub, c.root, c.root))
	}},
	{"all certificates in one entry", "certificates_in_one_entry", func(c *chain) members {
		return with(c.request(), "certificates", []any{pemOf(c.leaf) + pemOf(c.sub)})
	}},
	{"two certificates in an entry", "certificates_in_one_entry", func(c *chain) members {
		return with(c.request(), "certificates", []any{base64Text([]byte(pemOf(c.leaf) + pemOf(c.sub))), entriesOf(c.root)[0]})
	}},
	{"the DER of two certificates in an entry", "certificates_in_one_entry", func(c *chain) members {
		return with(c.request(), "certificates", []any{base64Text(append(bytes.Clone(c.leaf.certificate.Raw), c.sub.certificate.Raw...)), entriesOf(c.root)[0]})
	}},
	{"no certificate at all", "certificate_malformed", func(c *chain) members {
		return with(c.request(), "certificates", []any{base64Text([]byte("hello")), "e30="})
	}},
	{"base64 in lines", "certificate_base64_line_breaks", func(c *chain) members {
		entries := entriesOf(c.leaf, c.sub)
		entries[0] = entries[0].(string)[:64] + "\n" + entries[0].(string)[64:]
		return with(c.request(), "certificates", entries)
	}},
	{"the leaf twice", "certificate_duplicate", func(c *chain) members { return with(c.request(), "certificates", entriesOf(c.leaf, c.leaf)) }},
	{"the leaf behind", "certificates_swapped", func(c *chain) members { return with(c.request(), "certificates", entriesOf(c.sub, c.leaf)) }},
	{"no leaf", "leaf_missing", func(c *chain) members { return with(c.request(), "certificates", entriesOf(c.sub, c.root)) }},
	{"two leaves", "leaf_ambiguous", func(c *chain) members {
		other := c.sub.issue(p256(), leafTemplate)
		return with(c.request(), "certificates", entriesOf(c.leaf, other, c.sub))
	}},
	{"an RSA leaf", "leaf_rsa", func(c *chain) members { return c.leafFrom(c.sub, must(rsa.GenerateKey(rand.Reader, 2048)), unchanged) }},
	{"a leaf on P-384", "leaf_curve", func(c *chain) members {
		return c.leafFrom(c.sub, must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), unchanged)
	}},
	{"a leaf for signing", "leaf_usage", func(c *chain) members {
		return c.leafFrom(c.sub, p256(), func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageDigitalSignature })
	}},
	{"an old leaf", "leaf_expired", func(c *chain) members {
		return c.leafFrom(c.sub, p256(), func(t *x509.Certificate) { t.NotAfter = testNow.Add(-time.Hour) })
	}},
	{"a leaf of tomorrow", "leaf_not_yet_valid", func(c *chain) members {
		return c.leafFrom(c.sub, p256(), func(t *x509.Certificate) { t.NotBefore = testNow.Add(time.Hour) })
	}},
	{"the root where the sub-CA belongs", "sub_ca_missing", func(c *chain) members { return with(c.request(), "certificates", entriesOf(c.leaf, c.root)) }},
	{"another authority", "sub_ca_unmarked", func(c *chain) members {
		c.sub = c.root.issue(p256(), authority("another"))
		return c.leafFrom(c.sub, p256(), unchanged)
	}},
	{"an old authority", "sub_ca_expired", func(c *chain) members {
		c.sub = c.root.issue(p256(), func(t *x509.Certificate) {
			authority("Apple Worldwide Developer Relations CA - G2")(t)
			t.NotAfter = testNow.Add(-time.Hour)
		})
		return c.leafFrom(c.sub, p256(), unchanged)
	}},
	{"the authority of another chain", "chain_broken", func(c *chain) members {
		return with(c.request(), "certificates", entriesOf(c.leaf, newChain().sub))
	}},
	{"swapped, and of another chain", "chain_broken", func(c *chain) members {
		return with(c.request(), "certificates", entriesOf(newChain().sub, c.leaf))
	}},
	{"a chain of another root", "chain_untrusted", func(*chain) members { return newChain().request() }},
	{"no nonce", "nonce_missing", func(c *chain) members { return with(c.request(), "nonce", nil) }},
	{"no signature", "nonce_signature_missing", func(c *chain) members { return with(c.request(), "nonceSignature", "") }},
	{"a long nonce", "nonce_length", func(c *chain) members { return with(c.request(), "nonce", strings.Repeat("ab", 65)) }},
	{"a long signature", "nonce_signature_length", func(c *chain) members { return with(c.request(), "nonceSignature", strings.Repeat("ab", 513)) }},
	{"an upper-case nonce", "nonce_upper_case", func(c *chain) members { return with(c.request(), "nonce", "75EBE155") }},
	{"a nonce in base64", "nonce_base64", func(c *chain) members { return with(c.request(), "nonce", "devhVQ==") }},
	{"another nonce", "nonce_other", func(c *chain) members { return with(c.request(), "nonce", "b9ef8f31") }},
	{"a used nonce", "nonce_used", func(c *chain) members { return with(c.request(), "nonce", usedNonce) }},
}

const usedNonce = "00000000"

func requestKeys(c *chain) applesim.Keys {
	return applesim.Keys{Roots: []*x509.Certificate{c.root.certificate}, NonceUsed: func(nonce string) bool { return nonce == usedNonce }, Now: now}
}

func TestEveryFaultOfARequestIsNamed(t *testing.T) {
	for _, c := range mangledRequests {
		t.Run(c.name, func(t *testing.T) {
			chain := newChain()
			keys := requestKeys(chain)
			if c.code == "nonce_other" {
				keys.Nonce, keys.NonceSignature = testNonce, testSignature
			}
			report := applesim.Inspect(must(json.Marshal(c.make(chain))), keys)
			if codeOf(report.Verdict) != c.code || report.Kind != applesim.KindRequest {
				t.Fatalf("%s, first fault %+v, want %s\n%v", report.Kind, report.FirstFault, c.code, report.Checks)
			}
			if report.FirstFault.Detail == "" || report.FirstFault.Remedy == "" {
				t.Errorf("the fault has no detail or no remedy: %+v", report.FirstFault)
			}
			if report.Accepted != slices.Contains([]string{"certificates_swapped", "nonce_upper_case"}, c.code) {
				t.Errorf("accepted is %v\n%v", report.Accepted, report.Checks)
			}
			mustNotShow(t, report)
		})
	}
}

func TestRightRequests(t *testing.T) {
	c := newChain()
	own := testAuthority()
	var pemEntries []any
	for _, certificate := range []*ca{c.leaf, c.sub} {
		pemEntries = append(pemEntries, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.certificate.Raw})))
	}
	for _, r := range []struct {
		name string
		body members
		root *x509.Certificate
	}{
		{"leaf and authority", c.request(), c.root.certificate},
		{"with the root", with(c.request(), "certificates", entriesOf(c.leaf, c.sub, c.root)), c.root.certificate},
		{"in PEM", with(c.request(), "certificates", pemEntries), c.root.certificate},
		{"of the simulator's own authority", with(c.request(), "certificates", own.Certificates()), own.Root},
	} {
		t.Run(r.name, func(t *testing.T) {
			keys := requestKeys(c)
			keys.Roots = []*x509.Certificate{r.root}
			report := applesim.Inspect(must(json.Marshal(r.body)), keys)
			if !report.Accepted || report.FirstFault != nil {
				t.Errorf("fault %+v\n%v", report.FirstFault, report.Checks)
			}
			keyless := applesim.Inspect(must(json.Marshal(r.body)), applesim.Keys{Now: now})
			if keyless.Accepted || keyless.FirstFault != nil {
				t.Errorf("without a root: accepted %v, fault %+v", keyless.Accepted, keyless.FirstFault)
			}
		})
	}
}
