package applepay_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// inLines breaks text as a MIME or PEM encoder does.
func inLines(text, lineBreak string) string {
	var out strings.Builder
	for len(text) > 64 {
		out.WriteString(text[:64] + lineBreak)
		text = text[64:]
	}
	return out.String() + text + lineBreak
}

func TestFormsOfACertificate(t *testing.T) {
	c := mustChain(t)
	e := mustEncoder(t, c.root)
	der, armoured := c.leaf.certificate.Raw, c.leaf.pem()
	std, url := base64.StdEncoding, base64.URLEncoding
	body := inLines(std.EncodeToString(der), "\n")
	for _, row := range []struct{ name, text, form string }{
		{"base64", std.EncodeToString(der), "DER, base64"},
		{"base64 without padding", base64.RawStdEncoding.EncodeToString(der), "DER, base64"},
		{"base64 in lines", body, "DER, base64"},
		{"base64 in lines of Windows", inLines(std.EncodeToString(der), "\r\n"), "DER, base64"},
		{"base64 with blanks around", " \t" + std.EncodeToString(der) + "\n", "DER, base64"},
		{"base64url", url.EncodeToString(der), "DER, base64url"},
		{"base64url without padding", base64.RawURLEncoding.EncodeToString(der), "DER, base64url"},
		{"PEM", armoured, "PEM"},
		{"PEM that lost its line breaks", strings.ReplaceAll(armoured, "\n", ""), "PEM"},
		{"PEM with spaces for line breaks", strings.ReplaceAll(armoured, "\n", " "), "PEM"},
		{"PEM of Windows", strings.ReplaceAll(armoured, "\n", "\r\n"), "PEM"},
		{"PEM in base64", std.EncodeToString([]byte(armoured)), "PEM, base64"},
		{"PEM in base64url", base64.RawURLEncoding.EncodeToString([]byte(armoured)), "PEM, base64"},
		{"the body of PEM in base64", std.EncodeToString([]byte(body)), "PEM body, base64"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := e.CheckChain([]string{row.text, c.sub.text()}, testNow)
			if err != nil {
				t.Fatalf("CheckChain: %v", err)
			}
			want := row.form + " and DER, base64, leaf first"
			if row.form == "DER, base64" {
				want = "DER, base64, leaf first"
			}
			if got.Form != want {
				t.Errorf("form %q, want %q", got.Form, want)
			}
		})
	}
	for _, row := range []struct{ name, text, reason string }{
		{"two alphabets in one", "MIIB+_" + std.EncodeToString(der), "apple_certificate_encoding"},
		{"hex", strings.Repeat("30820112", 40), "apple_certificate_malformed"},
		{"white space only", " \n\t ", "apple_certificate_encoding"},
		{"padding only", "====", "apple_certificate_encoding"},
		{"armour without a body", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----", "apple_certificate_encoding"},
		{"armour of something else", strings.ReplaceAll(armoured, "CERTIFICATE", "PUBLIC KEY"), "apple_certificate_encoding"},
		{"two certificates in one PEM", armoured + c.sub.pem(), "apple_certificate_encoding"},
		{"data behind the certificate", std.EncodeToString(append(der[:len(der):len(der)], 0)), "apple_certificate_malformed"},
		{"a PEM body in base64, three times over", std.EncodeToString([]byte(std.EncodeToString([]byte(body)))), "apple_certificate_malformed"},
	} {
		t.Run(row.name+" is refused", func(t *testing.T) {
			_, err := e.CheckChain([]string{c.sub.text(), row.text}, testNow)
			mustFail(t, err, row.reason, "certificates[1]", row.text)
		})
	}
}

// mustFuzzChain reads a chain that mustChain once made. A fuzzer runs in several
// processes, whose seeds must be good under the same root.
func mustFuzzChain(t testing.TB) chain {
	t.Helper()
	rest, err := os.ReadFile("testdata/fuzz_chain.pem")
	if err != nil {
		t.Fatal(err)
	}
	var read [3]authority
	for i := range read {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			t.Fatalf("testdata/fuzz_chain.pem has %d certificates", i)
		}
		if read[i].certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	return chain{root: read[0], sub: read[1], leaf: read[2]}
}

// What is refused is refused as the caller's fault, with a field, and in words of
// ours: nothing of the texts comes back, not even by way of x509's errors.
func FuzzCheckChain(f *testing.F) {
	c := mustFuzzChain(f)
	e := mustEncoder(f, c.root, withoutDates)
	f.Add(c.leaf.text(), c.sub.text(), c.root.text())
	if _, err := e.CheckChain(c.texts(), testNow); err != nil {
		f.Fatalf("the seed is no good chain: %v", err)
	}
	f.Add(c.sub.text(), c.leaf.pem(), "")
	f.Add(appleTestLeaf, c.sub.text(), "")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(c.leaf.pem())), "", "MII=")
	f.Fuzz(func(t *testing.T, first, second, third string) {
		texts := []string{first, second, third}
		if third == "" {
			texts = texts[:2]
		}
		got, err := e.CheckChain(texts, testNow)
		if err == nil {
			if got.Public == nil || got.Form == "" {
				t.Error("a chain was accepted without a key or a form")
			}
			return
		}
		if got.Public != nil || walletport.CodeOf(err) != walletport.CodeInvalid {
			t.Fatalf("refused with code %s", walletport.CodeOf(err))
		}
		field := err.(*walletport.Error).Fields[0].Name //nolint:errorlint // CodeOf has seen that it is one
		mustFail(t, err, walletport.ReasonOf(err), field)
		for _, text := range texts {
			if len(text) > 30 && strings.Contains(err.Error(), text) {
				t.Error("the error repeats the input")
			}
		}
	})
}
