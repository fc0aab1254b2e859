package googlesim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/googlesim"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

func TestRightCards(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*recipe)
	}{
		{"as Google's page has it", func(*recipe) {}},
		{"the version as a string", in("protocolHeader", set("version", "1"))},
		{"unknown members", in("paymentCard", set("cardholderName", "x"))},
		{"sealed to a former key", func(r *recipe) {
			r.recipient = keys().otherEntity().Subkeys[0].PublicKey
			r.keys = func(k *googlesim.Keys) { k.Google = append(k.Google, keys().otherGoogle()) }
		}},
		{"a clock a minute ahead", func(r *recipe) { r.signedAt = testNow.Add(time.Minute) }},
		{"a marker in front", messageAs(func(m []byte) []byte { return append(raw(10, []byte("PGP")), m...) })},
		{"for two recipients", func(r *recipe) {
			other := newRecipe()
			other.recipient = keys().otherEntity().Subkeys[0].PublicKey
			r.message = func(m []byte) []byte { return append(outer(other.raw())[0], m...) }
		}},
		{"a hidden recipient", messageAs(func(m []byte) []byte {
			all := outer(m)
			copy(all[0][7:15], make([]byte, 8))
			return bytes.Join(all, nil)
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := googlesim.OpenOPC(r.text(), r.simKeys())
			card, ok := report.Card()
			if !report.Accepted || report.FirstFault != nil || !ok || card.Number.Clear() != testPAN || card.ExpiryMMYY != "1129" {
				t.Fatalf("fault %+v\n%v", report.FirstFault, report.Checks)
			}
			mustNotShow(t, report)
		})
	}
}

func TestInspectNamesWhatItIs(t *testing.T) {
	opc := newRecipe().text()
	answer := string(must(json.Marshal(members{"digitizationData": "x", "googleOpaquePaymentCard": opc})))
	for _, c := range []struct {
		name, text, code string
		recognised       bool
	}{
		{"nothing", "", "input_empty", false},
		{"blanks", " \n", "input_empty", false},
		{"too much", strings.Repeat("x", 70_000), "input_too_large", false},
		{"broken JSON", "{", "json_truncated", false},
		{"another answer", `{"digitizationData":"x"}`, "opc_missing", false},
		{"the card in clear", `{"paymentCard":{}}`, "not_encrypted", false},
		{"a word", "§", "opc_base64_invalid", false},
		{"an OPC", opc, "", true},
		{"an OPC in quotes", `"` + opc + `"`, "", true},
		{"a whole answer", answer, "", true},
		{"a binary message", string(newRecipe().raw()), "", true},
		{"an armored message", string(armored(newRecipe().raw())), "opc_armor_without_base64", true},
	} {
		report := googlesim.Inspect([]byte(c.text), simKeys())
		if codeOf(report.Verdict) != c.code || googlesim.Recognises([]byte(c.text)) != c.recognised {
			t.Errorf("%s: fault %q, recognised %v; want %q, %v", c.name, codeOf(report.Verdict), !c.recognised, c.code, c.recognised)
		}
		if c.code == "" && !report.Accepted {
			t.Errorf("%s: not accepted", c.name)
		}
	}
	k := simKeys()
	k.Issuers = nil
	if report := googlesim.Inspect([]byte(opc), k); report.Accepted || report.FirstFault != nil {
		t.Errorf("without issuers: accepted %v, fault %+v", report.Accepted, report.FirstFault)
	}
}

func TestWriteTextGolden(t *testing.T) {
	refused := newRecipe()
	refused.signers = nil
	for name, report := range map[string]googlesim.Report{
		"accepted": googlesim.Inspect([]byte(newRecipe().text()), simKeys()),
		"refused":  googlesim.Inspect([]byte(refused.text()), simKeys()),
		"keyless":  googlesim.Inspect([]byte(newRecipe().text()), googlesim.Keys{Now: now}),
		"garbage":  googlesim.Inspect([]byte(" "), simKeys()),
	} {
		t.Run(name, func(t *testing.T) {
			report.Facts.Recipient, report.Facts.Signer = mask(report.Facts.Recipient), mask(report.Facts.Signer)
			for i := range report.Checks {
				if report.Checks[i].Name == "opc_base64" && report.Checks[i].OK { // the length varies with leading zeros
					report.Checks[i].Detail = "standard base64"
				}
			}
			var out bytes.Buffer
			check(googlesim.WriteText(&out, report))
			path := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				check(os.WriteFile(path, out.Bytes(), 0o600))
			}
			if diff := cmp.Diff(string(must(os.ReadFile(path))), out.String()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
	if err := googlesim.WriteText(brokenWriter{}, googlesim.Report{}); err == nil {
		t.Error("a write error is lost")
	}
}

// mask hides an id of a key that each run makes anew.
func mask(id string) string {
	if id == "" {
		return ""
	}
	return "0123…cdef"
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
		"wrapped": func(m members, name string) { m[name] = members{canary: canary} },
	}
	places := map[string][]string{"": {"protocolHeader", "validationContext", "paymentCard"}, "protocolHeader": {"version"},
		"validationContext": {"serverSessionId"}, "paymentCard": {"accountNumber", "expiryMonth", "expiryYear"}}
	for object, names := range places {
		for kind, change := range changes {
			for _, name := range names {
				r := newRecipe()
				target := r.card
				if object != "" {
					target = r.card[object].(members)
				}
				change(target, name)
				mustNotShow(t, googlesim.OpenOPC(r.text(), simKeys()), canary)
				if t.Failed() {
					t.Fatal(object, kind, name)
				}
			}
		}
	}
}

func TestKeySurvivesItsText(t *testing.T) {
	k := keys().google()
	again, err := googlesim.ParseKey(must(k.Private()))
	if err != nil {
		t.Fatal(err)
	}
	simulator := simKeys()
	simulator.Google = []*googlesim.Key{again}
	if report := googlesim.OpenOPC(newRecipe().text(), simulator); !report.Accepted {
		t.Errorf("the key that was read back does not open: %+v", report.FirstFault)
	}
	public := must(k.Public())
	if strings.Contains(public, "PRIVATE") {
		t.Error("the certificate is private")
	}
	for name, text := range map[string]string{"nothing": "", "noise": "-----BEGIN", "a certificate": public} {
		if _, err := googlesim.ParseKey(text); walletport.ReasonOf(err) != "google_key" || walletport.CodeOf(err) != walletport.CodeInvalid {
			t.Errorf("%s: error %v", name, err)
		}
	}
	e := must(googlesim.ParseCertificates(public))[0]
	bits := must(e.Subkeys[0].PublicKey.BitLength())
	self, _ := e.PrimarySelfSignature()
	if bits != 2048 || !self.FlagSign || !self.FlagCertify || !e.Subkeys[0].Sig.FlagEncryptStorage || *self.KeyLifetimeSecs != 2*365*24*3600 ||
		!strings.Contains(e.PrimaryIdentity().Name, "sandbox") {
		t.Errorf("key of %d bits, for %d seconds, %s", bits, *self.KeyLifetimeSecs, e.PrimaryIdentity().Name)
	}
}

// fuzzKeys are two, since each fuzzing process makes its own.
func fuzzKeys() googlesim.Keys {
	return googlesim.Keys{Google: []*googlesim.Key{keys().google()}, Issuers: issuers(), ServerSessionID: testSession, SessionUsed: func(string) bool { return false }, Now: now}
}

func judge(t *testing.T, report googlesim.Report) {
	t.Helper()
	if !report.Accepted && report.FirstFault == nil {
		t.Errorf("refused without a fault")
	}
	for _, check := range report.Checks {
		if walletport.ContainsPAN(check.Detail) || check.Detail == "" {
			t.Errorf("check %s: its detail reads like a PAN, or is empty", check.Name)
		}
	}
	mustNotShow(t, report)
}

func FuzzInspect(f *testing.F) {
	message := newRecipe().raw()
	f.Add(message)
	f.Add([]byte(base64Text(message)))
	f.Add(armored(message))
	f.Add(compressed(newRecipe().signed([]byte("{}"))))
	f.Add(raw(20, []byte{1, 9, 2, 16}))
	f.Fuzz(func(t *testing.T, payload []byte) { judge(t, googlesim.Inspect(payload, fuzzKeys())) })
}

// A hash without a name is told by its number.
func TestASignatureWithAnyHashIsNamed(t *testing.T) {
	for id := range 256 {
		r := newRecipe()
		r.inside = func([]byte) []byte {
			return slices.Concat(literal(must(json.Marshal(r.card))), raw(2, []byte{4, 0, 1, byte(id), 0, 0, 0, 0, 0, 0}))
		}
		report := googlesim.OpenOPC(r.text(), simKeys())
		judge(t, report)
		if codeOf(report.Verdict) == "" {
			t.Errorf("hash %d: no fault", id)
		}
	}
}

// FuzzInside sees the packets and the JSON below the encryption.
func FuzzInside(f *testing.F) {
	text := must(json.Marshal(newRecipe().card))
	f.Add(newRecipe().signed(text))
	f.Add(compressed(newRecipe().signed(text)))
	f.Add(literal(text))
	f.Add(slices.Concat(literal(text), raw(2, []byte{4, 0, 1, 200, 0, 0, 0, 0, 0, 0}))) // a hash that has no name
	f.Fuzz(func(t *testing.T, inside []byte) {
		r := newRecipe()
		r.inside = func([]byte) []byte { return inside }
		judge(t, googlesim.OpenOPC(r.text(), fuzzKeys()))
	})
}
