package applepay_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet/applepay"
)

func mustRSALeaf(t *testing.T, sub authority, changes ...change) authority {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return mustSign(t, leafTemplate(), key, &sub, changes...)
}

// mustSelfSigned is a leaf that is right but for its issuer: itself.
func mustSelfSigned(t *testing.T) authority {
	t.Helper()
	return mustSign(t, leafTemplate(), mustKey(t, elliptic.P256()), nil)
}

func unmarked(c *x509.Certificate) { c.ExtraExtensions = nil }

var (
	longAgo = validFrom(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))
	later   = validFrom(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC))
)

func TestCheckChain(t *testing.T) {
	c := mustChain(t)
	tolerant := mustLeaf(t, c.sub, func(l *x509.Certificate) { l.ExtraExtensions[0].Critical = false })
	onlyEncipherment := mustLeaf(t, c.sub, func(l *x509.Certificate) { l.KeyUsage = x509.KeyUsageKeyEncipherment })
	renamed := mustSubCA(t, c.root, func(s *x509.Certificate) { s.Subject.CommonName = "Some later generation" })
	unmarkedSub := mustSubCA(t, c.root, unmarked)
	foreign := mustRoot(t)
	for _, row := range []struct {
		name, form string
		texts      []string
		leaf       authority
	}{
		{"leaf and sub-CA", "DER, base64, leaf first", c.texts(), c.leaf},
		{"out of order", "DER, base64, sub-CA first", []string{c.sub.text(), c.leaf.text()}, c.leaf},
		{"with the root last", "DER, base64, leaf first, with root", []string{c.leaf.text(), c.sub.text(), c.root.text()}, c.leaf},
		{"with the root first", "DER, base64, root first", []string{c.root.text(), c.sub.text(), c.leaf.text()}, c.leaf},
		{"with a foreign root, which does not count", "DER, base64, leaf first, with root", []string{c.leaf.text(), c.sub.text(), foreign.text()}, c.leaf},
		{"a marker that is not critical", "DER, base64, leaf first", []string{tolerant.text(), c.sub.text()}, tolerant},
		{"a leaf for key encipherment only", "DER, base64, leaf first", []string{onlyEncipherment.text(), c.sub.text()}, onlyEncipherment},
		{"a sub-CA with marker and another name", "DER, base64, leaf first", chain{sub: renamed, leaf: mustLeaf(t, renamed)}.texts(), authority{}},
		{"a sub-CA with the name and no marker", "DER, base64, leaf first", chain{sub: unmarkedSub, leaf: mustLeaf(t, unmarkedSub)}.texts(), authority{}},
		{"forms mixed", "PEM and DER, base64, leaf first", []string{c.leaf.pem(), c.sub.text()}, c.leaf},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := mustEncoder(t, c.root).CheckChain(row.texts, testNow)
			if err != nil {
				t.Fatalf("CheckChain: %v", err)
			}
			if got.Form != row.form {
				t.Errorf("form %q, want %q", got.Form, row.form)
			}
			if row.leaf.key == nil {
				return
			}
			want, err := x509.MarshalPKIXPublicKey(row.leaf.key.Public())
			if err != nil {
				t.Fatal(err)
			}
			if point := got.Public.Bytes(); string(point) != string(want[len(want)-65:]) {
				t.Errorf("the key is %x, not the leaf's", point)
			}
		})
	}
}

func TestCheckChainRefuses(t *testing.T) {
	c := mustChain(t)
	other := mustChain(t)
	twelve := make([]string, 12)
	for i := range twelve {
		twelve[i] = mustLeaf(t, c.sub).text()
	}
	server := mustLeaf(t, c.sub, unmarked, func(l *x509.Certificate) { l.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	unknown := mustLeaf(t, c.sub, func(l *x509.Certificate) {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: null})
	})
	expiredSub := mustSubCA(t, c.root, longAgo)
	laterSub := mustSubCA(t, c.root, later)
	strangerSub := mustSubCA(t, c.root, unmarked, func(s *x509.Certificate) { s.Subject.CommonName = "Another CA of the same root" })
	noCA := mustSubCA(t, c.root, func(s *x509.Certificate) { s.IsCA, s.KeyUsage = false, x509.KeyUsageDigitalSignature })
	cannotSign := mustSubCA(t, c.root, func(s *x509.Certificate) { s.KeyUsage = x509.KeyUsageCRLSign })
	forgedSub := mustSubCA(t, other.root)
	for _, row := range []struct {
		name, reason, field string
		texts               []string
	}{
		{"none", "apple_certificates_missing", "certificates", nil},
		{"one", "apple_certificates_count", "certificates", []string{c.leaf.text()}},
		{"four", "apple_certificates_count", "certificates", []string{c.leaf.text(), c.sub.text(), c.root.text(), other.root.text()}},
		{"twelve", "apple_certificates_count", "certificates", twelve},
		{"1 MB", "apple_certificate_too_large", "certificates[1]", []string{c.leaf.text(), strings.Repeat("A", 1<<20)}},
		{"one character too many", "apple_certificate_too_large", "certificates[0]", []string{strings.Repeat("A", applepay.MaxEntryChars+1), c.sub.text()}},
		{"not base64", "apple_certificate_encoding", "certificates[1]", []string{c.leaf.text(), "Not base64, but a sentence!"}},
		{"an empty text", "apple_certificate_encoding", "certificates[0]", []string{"", c.sub.text()}},
		{"base64 of no certificate", "apple_certificate_malformed", "certificates[0]", []string{"bm8gY2VydGlmaWNhdGU=", c.sub.text()}},
		{"a certificate cut short", "apple_certificate_malformed", "certificates[0]", []string{c.leaf.text()[:400], c.sub.text()}},
		{"the leaf twice", "apple_certificate_duplicate", "certificates[1]", []string{c.leaf.text(), c.leaf.text()}},
		{"the leaf twice, in two forms", "apple_certificate_duplicate", "certificates[2]", []string{c.leaf.text(), c.sub.text(), c.leaf.pem()}},
		{"two leaves", "apple_leaf_ambiguous", "certificates[1]", []string{c.leaf.text(), mustLeaf(t, c.sub).text(), c.sub.text()}},
		{"a leaf of the wrong purpose", "apple_leaf_missing", "certificates", []string{server.text(), c.sub.text()}},
		{"sub-CA and root without a leaf", "apple_leaf_missing", "certificates", []string{c.sub.text(), c.root.text()}},
		{"an RSA leaf", "apple_leaf_rsa", "certificates[0]", []string{mustRSALeaf(t, c.sub).text(), c.sub.text()}},
		{"an RSA leaf without marker", "apple_leaf_rsa", "certificates[1]", []string{c.sub.text(), mustRSALeaf(t, c.sub, unmarked).text()}},
		{"a leaf on P-384", "apple_leaf_key", "certificates[0]", []string{mustSign(t, leafTemplate(), mustKey(t, elliptic.P384()), &c.sub).text(), c.sub.text()}},
		{"a leaf for signatures", "apple_leaf_usage", "certificates[0]", []string{mustLeaf(t, c.sub, func(l *x509.Certificate) { l.KeyUsage = x509.KeyUsageDigitalSignature }).text(), c.sub.text()}},
		{"a leaf that is a CA", "apple_leaf_usage", "certificates[0]", []string{mustLeaf(t, c.sub, func(l *x509.Certificate) { l.IsCA = true }).text(), c.sub.text()}},
		{"a leaf with an unknown critical extension", "apple_leaf_usage", "certificates[0]", []string{unknown.text(), c.sub.text()}},
		{"an expired leaf", "apple_leaf_expired", "certificates[0]", []string{mustLeaf(t, c.sub, longAgo).text(), c.sub.text()}},
		{"a leaf of the future", "apple_leaf_not_yet_valid", "certificates[1]", []string{c.sub.text(), mustLeaf(t, c.sub, later).text()}},
		{"leaf and root without sub-CA", "apple_sub_ca_missing", "certificates", []string{c.leaf.text(), c.root.text()}},
		{"an expired sub-CA", "apple_sub_ca_expired", "certificates[1]", []string{mustLeaf(t, expiredSub).text(), expiredSub.text()}},
		{"a sub-CA of the future", "apple_sub_ca_not_yet_valid", "certificates[1]", []string{mustLeaf(t, laterSub).text(), laterSub.text()}},
		{"another CA of Apple's", "apple_sub_ca_invalid", "certificates[1]", []string{mustLeaf(t, strangerSub).text(), strangerSub.text()}},
		{"a sub-CA that is no CA", "apple_sub_ca_invalid", "certificates[1]", []string{mustLeaf(t, noCA).text(), noCA.text()}},
		{"a sub-CA that may not sign", "apple_sub_ca_invalid", "certificates[1]", []string{mustLeaf(t, cannotSign).text(), cannotSign.text()}},
		{"another root", "apple_chain_untrusted", "certificates[1]", other.texts()},
		{"another root, sent along", "apple_chain_untrusted", "certificates[1]", []string{other.leaf.text(), other.sub.text(), other.root.text()}},
		{"a self-signed leaf", "apple_chain_untrusted", "certificates[1]", []string{mustSelfSigned(t).text(), c.sub.text()}},
		{"a leaf of another sub-CA with the same name", "apple_chain_untrusted", "certificates[0]", []string{other.leaf.text(), c.sub.text()}},
		{"a sub-CA that another root signed", "apple_chain_untrusted", "certificates[0]", []string{forgedSub.text(), c.leaf.text()}},
		{"a leaf that names another issuer", "apple_chain_untrusted", "certificates[1]", []string{c.leaf.text(), mustSubCA(t, c.root, func(s *x509.Certificate) { s.Subject.CommonName = "Someone else" }).text()}},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := mustEncoder(t, c.root)
			got, err := e.CheckChain(row.texts, testNow)
			mustFail(t, err, row.reason, row.field, row.texts...)
			if got.Public != nil || got.Form != "" {
				t.Error("a refusal gave a recipient")
			}
		})
	}
}

// Neither the signature of the leaf nor that of the sub-CA may carry one flipped bit.
func TestCheckChainRefusesFlippedBits(t *testing.T) {
	c := mustChain(t)
	for name, at := range map[string]int{"of the leaf": 0, "of the sub-CA": 1} {
		t.Run(name, func(t *testing.T) {
			sent := []authority{c.leaf, c.sub}
			raw := append([]byte(nil), sent[at].certificate.Raw...)
			raw[len(raw)-1] ^= 1 // the last byte of the signature
			flipped := *sent[at].certificate
			flipped.Raw = raw
			sent[at].certificate = &flipped
			_, err := mustEncoder(t, c.root).CheckChain([]string{sent[0].text(), sent[1].text()}, testNow)
			mustFail(t, err, "apple_chain_untrusted", map[int]string{0: "certificates[0]", 1: "certificates[1]"}[at])
		})
	}
}

func TestDateSwitch(t *testing.T) {
	// The validities do not even meet: no single moment lies within two of them.
	root := mustRoot(t, validFrom(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)))
	sub := mustSubCA(t, root, longAgo)
	leaf := mustLeaf(t, sub, later)
	texts := []string{leaf.text(), sub.text()}
	t.Run("off takes them all", func(t *testing.T) {
		if _, err := mustEncoder(t, root, withoutDates).CheckChain(texts, testNow); err != nil {
			t.Errorf("CheckChain: %v", err)
		}
	})
	t.Run("off still wants the signatures", func(t *testing.T) {
		_, err := mustEncoder(t, mustRoot(t), withoutDates).CheckChain(texts, testNow)
		mustFail(t, err, "apple_chain_untrusted", "certificates[1]")
	})
	t.Run("on refuses", func(t *testing.T) {
		_, err := mustEncoder(t, root).CheckChain(texts, testNow)
		mustFail(t, err, "apple_leaf_not_yet_valid", "certificates[0]")
	})
}

func TestDatesOfTheRoot(t *testing.T) {
	root := mustRoot(t, longAgo)
	sub := mustSubCA(t, root)
	texts := chain{sub: sub, leaf: mustLeaf(t, sub)}.texts()
	_, err := mustEncoder(t, root).CheckChain(texts, testNow)
	if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "apple_root_expired" {
		t.Errorf("an expired root: %v", err)
	}
	renewed := mustSign(t, &x509.Certificate{Subject: root.certificate.Subject, SubjectKeyId: root.certificate.SubjectKeyId, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, root.key, nil)
	e, err := applepay.New(applepay.DefaultConfig(), []*x509.Certificate{root.certificate, renewed.certificate})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.CheckChain(texts, testNow); err != nil {
		t.Errorf("with a renewed certificate of the same root: %v", err)
	}
}

func TestDatesHoldAtTheSecond(t *testing.T) {
	c := mustChain(t)
	e := mustEncoder(t, c.root)
	from, to := c.leaf.certificate.NotBefore, c.leaf.certificate.NotAfter
	for _, row := range []struct {
		name, reason string
		now          time.Time
	}{
		{"before", "apple_leaf_not_yet_valid", from.Add(-time.Second)},
		{"at the start", "", from},
		{"at the end", "", to},
		{"after", "apple_leaf_expired", to.Add(time.Second)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := e.CheckChain(c.texts(), row.now); walletport.ReasonOf(err) != row.reason {
				t.Errorf("error %v, want reason %q", err, row.reason)
			}
		})
	}
}

func TestRootOfPathLengthZeroIssuesNoSubCA(t *testing.T) {
	root := mustRoot(t, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	sub := mustSubCA(t, root)
	_, err := mustEncoder(t, root).CheckChain(chain{sub: sub, leaf: mustLeaf(t, sub)}.texts(), testNow)
	mustFail(t, err, "apple_chain_untrusted", "certificates[1]")
}

func TestSubCAByMarkerOrName(t *testing.T) {
	root := mustRoot(t)
	marked := mustSubCA(t, root, func(s *x509.Certificate) { s.Subject.CommonName = "Renamed" })
	named := mustSubCA(t, root, unmarked)
	namesOnly := func(c *applepay.Config) { c.SubCAMarker = false }
	markerOnly := func(c *applepay.Config) { c.SubCANames = nil }
	renamed := func(c *applepay.Config) { c.SubCAMarker, c.SubCANames = false, []string{"Other", "Renamed"} }
	for _, row := range []struct {
		name, reason string
		config       func(*applepay.Config)
		sub          authority
	}{
		{"marked, by marker only", "", markerOnly, marked},
		{"named, by marker only", "apple_sub_ca_invalid", markerOnly, named},
		{"marked, by name only", "apple_sub_ca_invalid", namesOnly, marked},
		{"named, by name only", "", namesOnly, named},
		{"marked, by another configured name", "", renamed, marked},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := mustEncoder(t, root, row.config).CheckChain(chain{sub: row.sub, leaf: mustLeaf(t, row.sub)}.texts(), testNow)
			if walletport.ReasonOf(err) != row.reason {
				t.Errorf("error %v, want reason %q", err, row.reason)
			}
		})
	}
}

func TestRememberedSubCA(t *testing.T) {
	c := mustChain(t)
	e := mustEncoder(t, c.root)
	check := func(t *testing.T, want string, now time.Time, texts ...string) {
		t.Helper()
		if _, err := e.CheckChain(texts, now); walletport.ReasonOf(err) != want {
			t.Errorf("error %v, want reason %q", err, want)
		}
	}
	for range 3 {
		check(t, "", testNow, c.texts()...)
	}
	if n := e.SubCAsKept(); n != 1 {
		t.Errorf("%d sub-CAs kept, want 1", n)
	}
	t.Run("its date still counts", func(t *testing.T) {
		sub := mustSubCA(t, c.root, func(s *x509.Certificate) { s.NotAfter = testNow.Add(time.Hour) })
		leaf := mustLeaf(t, sub)
		check(t, "", testNow, leaf.text(), sub.text())
		check(t, "apple_sub_ca_expired", testNow.Add(2*time.Hour), leaf.text(), sub.text())
	})
	t.Run("another one of its name is not it", func(t *testing.T) {
		forged := mustSubCA(t, mustRoot(t))
		check(t, "apple_chain_untrusted", testNow, mustLeaf(t, forged).text(), forged.text())
		check(t, "apple_chain_untrusted", testNow, mustLeaf(t, forged).text(), c.sub.text())
	})
	t.Run("a refused one is not kept, and the number is bounded", func(t *testing.T) {
		before := e.SubCAsKept()
		forged := mustSubCA(t, mustRoot(t))
		check(t, "apple_chain_untrusted", testNow, mustLeaf(t, forged).text(), forged.text())
		if n := e.SubCAsKept(); n != before {
			t.Errorf("%d sub-CAs kept, want %d", n, before)
		}
		for range applepay.MaxSubCAs + 3 {
			sub := mustSubCA(t, c.root)
			check(t, "", testNow, mustLeaf(t, sub).text(), sub.text())
		}
		if n := e.SubCAsKept(); n != applepay.MaxSubCAs {
			t.Errorf("%d sub-CAs kept, want %d", n, applepay.MaxSubCAs)
		}
	})
}

// For the race detector: one encoder, several callers, old and new sub-CAs.
func TestConcurrentUse(t *testing.T) {
	c := mustChain(t)
	e := mustEncoder(t, c.root)
	chains := make([]chain, 8)
	for i := range chains {
		sub := mustSubCA(t, c.root)
		chains[i] = chain{c.root, sub, mustLeaf(t, sub)}
	}
	in := testInput(t, "5204247750001471")
	var all sync.WaitGroup
	for i := range 4 * len(chains) {
		all.Go(func() {
			recipient, err := e.CheckChain(chains[i%len(chains)].texts(), testNow)
			if err != nil {
				t.Errorf("CheckChain: %v", err)
				return
			}
			mine := in
			mine.Recipient = recipient
			if _, err := e.EncodePass(mine); err != nil {
				t.Errorf("EncodePass: %v", err)
			}
		})
	}
	all.Wait()
	if n := e.SubCAsKept(); n != len(chains) {
		t.Errorf("%d sub-CAs kept, want %d", n, len(chains))
	}
}
