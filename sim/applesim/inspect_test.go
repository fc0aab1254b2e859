package applesim_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/applesim"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

func TestRightAnswers(t *testing.T) {
	enrolment := func(number, activation string) *sim.Enrolment {
		return &sim.Enrolment{Card: sim.Card{Number: sim.NewCardNumber(number), ExpiryMMYY: "1129"}, ActivationData: []byte(activation), Nonce: testNonce}
	}
	for _, c := range []struct {
		name   string
		change func(*recipe)
		scheme walletport.SchemeID
		want   *sim.Enrolment
	}{
		{"a Mastercard card", func(*recipe) {}, walletport.Mastercard, enrolment(testPAN, testTAV)},
		{"a Visa card", visa, walletport.Visa, enrolment(visaPAN, testMBPAC)},
		{"an encrypted number", encryptedPAN, walletport.Visa,
			&sim.Enrolment{EncryptedNumber: testMBPAD, NumberPrefix: "476112", ActivationData: []byte(testMBPAC), Nonce: testNonce}},
		{"upper-case hex outside", func(r *recipe) { r.encode = func(raw []byte) any { return fmt.Sprintf("%X", raw) } }, walletport.Mastercard, enrolment(testPAN, testTAV)},
		{"an escaped solidus", func(r *recipe) {
			r.plaintext = bytes.ReplaceAll(must(json.Marshal(r.pass)), []byte("/"), []byte(`\/`))
		}, walletport.Mastercard, enrolment(testPAN, testTAV)},
		{"version and product type", func(r *recipe) { r.pass["version"], r.pass["productType"] = "1", "DEFAULT_MASTERCARD" }, walletport.Mastercard, enrolment(testPAN, testTAV)},
		{"a secret that begins with zeros", func(r *recipe) { r.e = keyOf(379) }, walletport.Mastercard, enrolment(testPAN, testTAV)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			given := r.json()
			report := applesim.Inspect(given, simKeys())
			if !report.Accepted || report.FirstFault != nil {
				t.Fatalf("fault %+v\n%v", report.FirstFault, report.Checks)
			}
			if c.want.EncryptedNumber != "" {
				c.want.Answer = given // for the scheme to search
			}
			scheme, got, ok := report.Enrolment()
			sameNumber := cmp.Comparer(func(a, b sim.CardNumber) bool { return a.Clear() == b.Clear() })
			if diff := cmp.Diff(c.want, &got, sameNumber); diff != "" || scheme != c.scheme || !ok {
				t.Errorf("%s, ok %v, enrolment (-want +got):\n%s", scheme, ok, diff)
			}
			mustNotShow(t, report)
		})
	}
}

func TestInspectNamesWhatItIs(t *testing.T) {
	for _, c := range []struct {
		text, code string
		recognised bool
	}{
		{"", "input_empty", false}, {" \n", "input_empty", false}, {`""`, "input_empty", false},
		{strings.Repeat("x", 70_000), "input_too_large", false},
		{"hello", "json_invalid", false}, {"[]", "json_not_object", false},
		{`{"digitizationData":"x"}`, "input_unknown", false},
		{`{"ephemeralPublicKey":"x"}`, "encrypted_pass_data_missing", true},
		{`{"certificates":[]}`, "certificates_missing", true},
	} {
		report := applesim.Inspect([]byte(c.text), applesim.Keys{})
		if codeOf(report.Verdict) != c.code || applesim.Recognises([]byte(c.text)) != c.recognised {
			t.Errorf("%.40q: fault %q, recognised %v; want %q, %v", c.text, codeOf(report.Verdict), !c.recognised, c.code, c.recognised)
		}
		if _, _, ok := report.Enrolment(); ok {
			t.Errorf("%.40q: there is an enrolment", c.text)
		}
	}
	quoted := applesim.Inspect([]byte("\n'"+string(newRecipe().json())+"'\n"), simKeys())
	if !quoted.Accepted || len(quoted.Facts.Notes) != 2 {
		t.Errorf("quotes around: fault %q, notes %q", codeOf(quoted.Verdict), quoted.Facts.Notes)
	}
}

func TestWriteTextGolden(t *testing.T) {
	fixed := func(r *recipe) []byte { r.leaf, r.e = countingKey().PublicKey(), keyOf(379); return r.json() }
	keys := simKeys()
	keys.Leaf = countingKey()
	refused := newRecipe()
	refused.key = func(z, p []byte) []byte { return sha(z, one, []byte(head+apple), p) }
	encrypted := newRecipe()
	encryptedPAN(encrypted)
	chain := newChain()
	for name, report := range map[string]applesim.Report{
		"accepted":  applesim.Inspect(fixed(newRecipe()), keys),
		"refused":   applesim.Inspect(fixed(refused), keys),
		"encrypted": applesim.Inspect(fixed(encrypted), keys),
		"keyless":   applesim.Inspect(fixed(newRecipe()), applesim.Keys{Now: now}),
		"request":   applesim.Inspect(must(json.Marshal(chain.request())), requestKeys(chain)),
		"garbage":   applesim.Inspect([]byte(" "), keys),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := applesim.WriteText(&out, report); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(must(os.ReadFile(path))), out.String()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
	if err := applesim.WriteText(brokenWriter{}, applesim.Report{}); err == nil {
		t.Error("a write error is lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("closed") }

// A PAN in any place where a sender might put it never comes back whole.
func TestNoDetailRepeatsAPAN(t *testing.T) {
	const canary = "5123450000000008"
	changes := map[string]func(members, string){
		"value":   func(m members, name string) { m[name] = canary },
		"number":  func(m members, name string) { m[name] = json.Number(canary) },
		"name":    func(m members, name string) { m[canary] = m[name]; delete(m, name) },
		"base64":  func(m members, name string) { m[name] = base64Text([]byte(canary)) },
		"wrapped": func(m members, name string) { m[name] = members{canary: canary} },
		"list":    func(m members, name string) { m[name] = []string{canary} },
	}
	places := map[string]func(r *recipe, change func(members)){
		"pass":   func(r *recipe, change func(members)) { change(r.pass) },
		"answer": func(r *recipe, change func(members)) { r.answer = change },
	}
	for where, place := range places {
		for kind, change := range changes {
			for _, name := range []string{"primaryAccountNumber", "expiration", "name", "nonce", "nonceSignature", "encryptedPrimaryAccountNumber", "networkName",
				"primaryAccountNumberPrefix", "activationData", "encryptedPassData", "ephemeralPublicKey"} {
				r := newRecipe()
				place(r, func(m members) { change(m, name) })
				for _, keys := range []applesim.Keys{simKeys(), {}} {
					mustNotShow(t, applesim.Inspect(r.json(), keys), canary)
				}
				if t.Failed() {
					t.Fatal(where, kind, name)
				}
			}
		}
	}
}

func TestAuthoritySurvivesItsBundle(t *testing.T) {
	a := testAuthority()
	bundle := must(a.PEM())
	again, err := applesim.ParseAuthority(bundle.Join())
	if err != nil || !again.Leaf.Equal(a.Leaf) || !again.SubCA.Equal(a.SubCA) || !again.Root.Equal(a.Root) || !again.LeafKey.Equal(a.LeafKey) {
		t.Fatalf("read back: %v", err)
	}
	reversed := bundle.LeafPrivateKey + bundle.LeafCertificate + bundle.SubCACertificate + bundle.RootCertificate
	if _, err := applesim.ParseAuthority([]byte(reversed)); err != nil {
		t.Errorf("in another order: %v", err)
	}
	other := must(must(applesim.NewAuthority(rand.Reader, testNow)).PEM())
	rsaKey := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for name, text := range map[string]string{
		"nothing":              "",
		"no key":               bundle.RootCertificate + bundle.SubCACertificate + bundle.LeafCertificate,
		"another key":          bundle.RootCertificate + bundle.SubCACertificate + bundle.LeafCertificate + other.LeafPrivateKey,
		"another root":         other.RootCertificate + bundle.SubCACertificate + bundle.LeafCertificate + bundle.LeafPrivateKey,
		"another sub-CA":       bundle.RootCertificate + other.SubCACertificate + bundle.LeafCertificate + bundle.LeafPrivateKey,
		"a broken key":         rsaKey,
		"a broken certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	} {
		if _, err := applesim.ParseAuthority([]byte(text)); walletport.CodeOf(err) != walletport.CodeInvalid || walletport.ReasonOf(err) != "apple_bundle" {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// The chain is as the reference describes Apple's, but for its names.
func TestAuthorityLooksLikeApples(t *testing.T) {
	a := testAuthority()
	if a.Root.PublicKeyAlgorithm != x509.ECDSA || a.Root.SignatureAlgorithm != x509.ECDSAWithSHA384 || !a.Root.IsCA {
		t.Errorf("root: %s, %s", a.Root.PublicKeyAlgorithm, a.Root.SignatureAlgorithm)
	}
	if a.SubCA.Subject.CommonName != "Apple Worldwide Developer Relations CA - G2" || !a.SubCA.IsCA {
		t.Errorf("sub-CA: %s", a.SubCA.Subject)
	}
	for _, c := range []*x509.Certificate{a.Root, a.SubCA, a.Leaf} {
		if !strings.Contains(c.Subject.String(), "sandbox") {
			t.Errorf("%s does not say that it is a sandbox's", c.Subject)
		}
	}
	var marker, usage string
	for _, e := range a.Leaf.Extensions {
		switch e.Id.String() {
		case "1.2.840.113635.100.6.39":
			marker = fmt.Sprintf("%v %x", e.Critical, e.Value)
		case "2.5.29.15":
			usage = fmt.Sprintf("%v %x", e.Critical, e.Value)
		}
	}
	if marker != "true 0500" || usage != "true 03020328" || a.Leaf.IsCA {
		t.Errorf("leaf: marker %s, key usage %s, CA %v", marker, usage, a.Leaf.IsCA)
	}
	if der, err := base64.StdEncoding.DecodeString(a.Certificates()[0]); err != nil || !bytes.Equal(der, a.Leaf.Raw) || len(a.Certificates()) != 2 {
		t.Errorf("the leaf does not come first")
	}
}

func FuzzInspect(f *testing.F) {
	for _, c := range mangledAnswers {
		r := newRecipe()
		c.change(r)
		f.Add(r.json())
	}
	f.Add(must(json.Marshal(newChain().request())))
	f.Fuzz(func(t *testing.T, payload []byte) {
		report := applesim.Inspect(payload, simKeys())
		if !report.Accepted && report.FirstFault == nil && !bytes.Contains(must(json.Marshal(report)), []byte(`"skipped":true`)) {
			t.Errorf("refused without a fault")
		}
		for _, check := range report.Checks {
			if walletport.ContainsPAN(check.Detail) || check.Detail == "" {
				t.Errorf("check %s: its detail reads like a PAN, or is empty", check.Name)
			}
		}
		mustNotShow(t, report)
	})
}

// FuzzPassData sees the layer that a fuzzer cannot reach through the encryption.
func FuzzPassData(f *testing.F) {
	f.Add(must(json.Marshal(newRecipe().pass)), []byte(testTAV))
	f.Add([]byte(`{"primaryAccountNumber":"4","expiration":"9999"}`), []byte(testMBPAC))
	f.Fuzz(func(t *testing.T, plaintext, activation []byte) {
		r := newRecipe()
		r.plaintext, r.activation = plaintext, base64Text(activation)
		report := applesim.Inspect(r.json(), simKeys())
		if _, e, ok := report.Enrolment(); report.Accepted && (!ok || e.Nonce != testNonce) {
			t.Errorf("accepted without an enrolment")
		}
		for _, check := range report.Checks {
			if walletport.ContainsPAN(check.Detail) {
				t.Errorf("check %s: its detail reads like a PAN", check.Name)
			}
		}
	})
}
