package applepay_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
)

// encodedPass is a pass and the encoding that it should have.
type encodedPass struct {
	Encoding           string `json:"encoding"`
	EncryptedPassData  string `json:"encryptedPassData"`
	EphemeralPublicKey string `json:"ephemeralPublicKey"`
}

// nodeOpens opens passes that were made to countingLeaf, in one run of node.
func nodeOpens(t *testing.T, passes []encodedPass) []string {
	t.Helper()
	input, err := json.Marshal(map[string]any{"leafPrivateKey": hex.EncodeToString(countingLeaf(t).Bytes()), "passes": passes})
	if err != nil {
		t.Fatal(err)
	}
	out := oracle.NeedNode(t).Run(t, input, filepath.Join("testdata", "open.js"))
	var opened []string
	if err := json.Unmarshal(out, &opened); err != nil || len(opened) != len(passes) {
		t.Fatalf("node opened %d of %d passes, error %v", len(opened), len(passes), err)
	}
	return opened
}

// testNowUnix is testNow as openssl takes it.
const testNowUnix = "1772360430"

// opensslVerifies has openssl judge a chain; it returns what it prints as well.
func opensslVerifies(t *testing.T, root, sub, leaf authority, args ...string) (bool, string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, a authority) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(a.pem()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args = append([]string{"verify"}, args...)
	args = append(args, "-CAfile", write("root.pem", root), "-untrusted", write("sub.pem", sub), write("leaf.pem", leaf))
	out, complaint, err := oracle.Need(t, "openssl").Try(nil, args...)
	return err == nil, string(out) + complaint
}

// OpenSSL and we agree about signatures, dates and roots. It refuses the critical
// marker as every verifier does that was not told of it.
func TestOpenSSLJudgesAsWeDo(t *testing.T) {
	c := mustChain(t)
	other := mustChain(t)
	expiredSub := mustSubCA(t, c.root, longAgo)
	rootWithoutSubCAs := mustRoot(t, func(r *x509.Certificate) { r.MaxPathLenZero = true })
	subOfIt := mustSubCA(t, rootWithoutSubCAs)
	if ok, out := opensslVerifies(t, c.root, c.sub, c.leaf, "-attime", testNowUnix); ok || !strings.Contains(out, "error 34 ") {
		t.Errorf("openssl takes the critical marker, or has another objection: %s", out)
	}
	for _, row := range []struct {
		name            string
		root, sub, leaf authority
		good            bool
	}{
		{"a good chain", c.root, c.sub, c.leaf, true},
		{"an expired leaf", c.root, c.sub, mustLeaf(t, c.sub, longAgo), false},
		{"a leaf of the future", c.root, c.sub, mustLeaf(t, c.sub, later), false},
		{"an expired sub-CA", c.root, expiredSub, mustLeaf(t, expiredSub), false},
		{"another root", other.root, c.sub, c.leaf, false},
		{"a leaf of another sub-CA", c.root, c.sub, other.leaf, false},
		{"a root of path length zero", rootWithoutSubCAs, subOfIt, mustLeaf(t, subOfIt), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			theirs, out := opensslVerifies(t, row.root, row.sub, row.leaf, "-attime", testNowUnix, "-ignore_critical", "-x509_strict")
			_, err := mustEncoder(t, row.root).CheckChain([]string{row.leaf.text(), row.sub.text()}, testNow)
			if theirs != row.good || (err == nil) != row.good {
				t.Errorf("want good %v; we say %v, openssl says %s", row.good, err, out)
			}
		})
	}
	t.Run("dates off", func(t *testing.T) {
		leaf := mustLeaf(t, expiredSub, later)
		theirs, out := opensslVerifies(t, c.root, expiredSub, leaf, "-ignore_critical", "-x509_strict", "-no_check_time")
		if _, err := mustEncoder(t, c.root, withoutDates).CheckChain([]string{leaf.text(), expiredSub.text()}, testNow); err != nil || !theirs {
			t.Errorf("we say %v, openssl says %s", err, out)
		}
	})
}

// The leaf's curve is ours alone to check: openssl has no opinion.
func TestOpenSSLTakesAnyCurve(t *testing.T) {
	c := mustChain(t)
	leaf := mustSign(t, leafTemplate(), mustKey(t, elliptic.P384()), &c.sub)
	if ok, out := opensslVerifies(t, c.root, c.sub, leaf, "-attime", testNowUnix, "-ignore_critical"); !ok {
		t.Errorf("openssl says %s", out)
	}
}
