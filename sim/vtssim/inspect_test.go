package vtssim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

func TestInspectRecognises(t *testing.T) {
	push, mbpac, mbpad := newPush().text(), newMBPAC().text(), newMBPAD().text()
	answer := func(member, text string) string { return string(must(json.Marshal(members{member: text, "other": 1}))) }
	for _, c := range []struct {
		name, payload, code string
		kind                vtssim.Kind
		notes               int
	}{
		{"a JWE", push, "", vtssim.KindPush, 0},
		{"a JWE with a line break at its end", push + "\n", "", vtssim.KindPush, 1},
		{"a JWE in quotes", ` "` + push + `" `, "", vtssim.KindPush, 2},
		{"a whole answer", answer("digitizationData", push), "", vtssim.KindPush, 1},
		{"what a wallet hands to VTS", answer("encPaymentInstrument", push), "", vtssim.KindPush, 1},
		{"a whole answer in base64 inside", answer("digitizationData", b64([]byte(push))), "outer_base64", vtssim.KindPush, 1},
		{"a JWE in base64", b64([]byte(push)), "outer_base64", vtssim.KindPush, 0},
		{"an MBPAC", mbpac, "", vtssim.KindMBPAC, 0},
		{"an MBPAC in base64", b64([]byte(mbpac)), "", vtssim.KindMBPAC, 1},
		{"an MBPAC in base64 twice", b64([]byte(b64([]byte(mbpac)))), "activation_data_base64_twice", vtssim.KindMBPAC, 0},
		{"Apple's answer", answer("activationData", b64([]byte(mbpac))), "", vtssim.KindMBPAC, 2},
		{"an MBPAD", mbpad, "", vtssim.KindMBPAD, 0},
		{"an MBPAD in base64", b64([]byte(mbpad)), "", vtssim.KindMBPAD, 1},
		{"an MBPAD in base64 twice", b64([]byte(b64([]byte(mbpad)))), "activation_data_base64_twice", vtssim.KindMBPAD, 0},
		{"an MBPAC under another name", strings.Replace(mbpac, "MBPAC", "MBPAX", 1), "wsd_prefix", vtssim.KindMBPAC, 0},
		{"an MBPAD in small letters", strings.Replace(mbpad, "MBPAD", "mpad", 1), "wsd_prefix_case", vtssim.KindMBPAD, 0},
		{"a flattened JWE", `{"protected":"eyJ","ciphertext":"x"}`, "outer_json_serialization", vtssim.KindPush, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := vtssim.Inspect([]byte(c.payload), simKeys())
			code := ""
			if report.FirstFault != nil {
				code = report.FirstFault.Code
			}
			if report.Kind != c.kind || len(report.Facts.Notes) != c.notes || code != c.code || report.Accepted != (code == "") {
				t.Errorf("kind %s, notes %q, fault %+v", report.Kind, report.Facts.Notes, report.FirstFault)
			}
			if !vtssim.Recognises([]byte(c.payload)) {
				t.Error("it is not recognised")
			}
		})
	}
	for _, other := range []string{"", "x", "{}", b64([]byte(`{"cardInfo":{}}`)), `{"digitizationData":"eyJjYXJkSW5mbyI6e319"}`, strings.Repeat("eyJ.", 20_000)} {
		if vtssim.Recognises([]byte(other)) {
			t.Errorf("%.20q is taken for Visa's", other)
		}
	}
}

func TestInspectNothingAndTooMuch(t *testing.T) {
	for payload, code := range map[string]string{"": "input_empty", " \n": "input_empty", `""`: "input_empty", strings.Repeat("x", 70_000): "input_too_large"} {
		report := vtssim.Inspect([]byte(payload), vtssim.Keys{})
		if report.Kind != vtssim.KindUnknown || report.FirstFault == nil || report.FirstFault.Code != code {
			t.Errorf("%d bytes: kind %s, fault %+v; want %s", len(payload), report.Kind, report.FirstFault, code)
		}
	}
}

func TestInspectWithoutKeysChecksWhatNeedsNone(t *testing.T) {
	for name, payload := range map[string]string{"push": newPush().text(), "MBPAC": newMBPAC().text(), "MBPAD": newMBPAD().text()} {
		t.Run(name, func(t *testing.T) {
			report := vtssim.Inspect([]byte(payload), vtssim.Keys{Now: simKeys().Now})
			if report.FirstFault != nil || report.Accepted {
				t.Errorf("fault %+v, accepted %v; want neither", report.FirstFault, report.Accepted)
			}
			passed := 0
			for _, c := range report.Checks {
				if c.OK {
					passed++
				} else if !c.Skipped || !strings.Contains(c.Detail, "needs") {
					t.Errorf("check %+v", c)
				}
			}
			if passed < 7 {
				t.Errorf("only %d checks passed", passed)
			}
		})
	}
}

// What only the wallet knows is left open without it, and nothing else.
func TestInspectWithoutTheWalletLeavesItsIDsOpen(t *testing.T) {
	keys := simKeys()
	keys.Wallet, keys.Nonce = nil, ""
	for payload, open := range map[string][]string{
		newPush().text():  {"client_account_id", "client_device_id", "client_app_id"},
		newMBPAC().text(): {"mbpac_nonce_match"},
	} {
		report := vtssim.Inspect([]byte(payload), keys)
		for _, c := range report.Checks {
			if c.OK == slices.Contains(open, c.Name) {
				t.Errorf("check %+v", c)
			}
		}
		if report.Accepted || report.FirstFault != nil {
			t.Errorf("accepted %v, fault %+v; want neither", report.Accepted, report.FirstFault)
		}
	}
}

func TestAKeyOfAnotherLengthOpensNothing(t *testing.T) {
	keys := simKeys()
	keys.WSD = map[string][]byte{testKeySet: testWSD[:8], otherKeySet: nil}
	if report := vtssim.Inspect([]byte(newMBPAC().text()), keys); !checkOf(t, report, "mbpac_decrypt").Skipped || report.Accepted {
		t.Errorf("checks %+v", report.Checks)
	}
}

func TestWriteTextGolden(t *testing.T) {
	refused := newPush()
	refused.plain = rename("accountNumber", "primaryAccountNumber")
	for name, report := range map[string]vtssim.Report{
		"accepted": vtssim.Inspect([]byte(newPush().text()+"\n"), simKeys()),
		"refused":  vtssim.Inspect([]byte(refused.text()), simKeys()),
		"keyless":  vtssim.Inspect([]byte(newPush().text()), vtssim.Keys{Now: simKeys().Now}),
		"mbpac":    vtssim.Inspect([]byte(newMBPAC().text()), simKeys()),
		"mbpad":    vtssim.Inspect([]byte(newMBPAD().text()), simKeys()),
		"garbage":  vtssim.Inspect([]byte(" "), simKeys()),
		"token":    {Kind: vtssim.KindEnrolment, Token: &tokenvault.Token{TokenReferenceID: "DNITHE", Status: tokenvault.StatusInactive}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := vtssim.WriteText(&out, report); err != nil {
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
	if err := vtssim.WriteText(brokenWriter{}, vtssim.Report{}); err == nil {
		t.Error("a write error is lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("closed") }

// canaries are a PAN and a name that a sender may put anywhere.
const canaryPAN = "4000056655665556"

// mangle puts the canaries into a member in every way.
var mangle = map[string]func(m members, name string){
	"value":   func(m members, name string) { m[name] = canaryPAN },
	"name":    func(m members, name string) { m[name] = testName },
	"number":  func(m members, name string) { m[name] = json.Number(canaryPAN) },
	"longer":  func(m members, name string) { m[name] = canaryPAN + canaryPAN + "12345678" },
	"member":  func(m members, name string) { m[canaryPAN] = m[name]; delete(m, name) },
	"wrapped": func(m members, name string) { m[name] = members{canaryPAN: testName} },
	"list":    func(m members, name string) { m[name] = []string{canaryPAN, testName} },
}

// A PAN or a name in any place where a sender might put it never comes back.
func TestNoDetailRepeatsAPANOrAName(t *testing.T) {
	places := map[string]func(r *pushRecipe, change func(members)){
		"header":   func(r *pushRecipe, change func(members)) { r.header = change },
		"plain":    func(r *pushRecipe, change func(members)) { r.plain = change },
		"provider": func(r *pushRecipe, change func(members)) { r.provider = change },
		"address":  func(r *pushRecipe, change func(members)) { inAddress(change)(r) },
		"expiry": func(r *pushRecipe, change func(members)) {
			inPlain(func(m members) { change(m["expirationDate"].(members)) })(r)
		},
	}
	for where, place := range places {
		var names []string
		r := newPush()
		place(r, func(m members) {
			for name := range m {
				names = append(names, name)
			}
		})
		r.text()
		for kind, change := range mangle {
			for _, name := range names {
				t.Run(fmt.Sprint(where, " ", kind, " ", name), func(t *testing.T) {
					r := newPush()
					place(r, func(m members) { change(m, name) })
					for _, keys := range []vtssim.Keys{simKeys(), {}} {
						mustNotShow(t, vtssim.Inspect([]byte(r.text()), keys), canaryPAN, testPAN)
					}
				})
			}
		}
	}
	for i := range 7 {
		for _, canary := range []string{canaryPAN, testName} {
			r := newMBPAC()
			part(i, canary)(r)
			mustNotShow(t, r.report(), canaryPAN)
		}
	}
	for _, clear := range []string{"nonce=" + canaryPAN + ";authcode=" + testName, canaryPAN + "=" + testName, "pan=" + canaryPAN + ";expiry=" + canaryPAN + ";datetime=" + canaryPAN} {
		for _, r := range []*wsdRecipe{newMBPAC(), newMBPAD()} {
			r.clear = clear
			mustNotShow(t, r.report(), canaryPAN)
		}
	}
}

func FuzzInspect(f *testing.F) {
	for _, c := range slices.Concat(mangledPushes, mangledCards) {
		r := newPush()
		c.change(r)
		if text := r.text(); len(text) < 10_000 {
			f.Add([]byte(text))
		}
	}
	for _, c := range mangledStrings {
		r := newMBPAC()
		c.change(r)
		f.Add([]byte(r.text()))
		f.Add([]byte(b64([]byte(r.text()))))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		checkSound(t, vtssim.Inspect(payload, simKeys()))
		vtssim.Recognises(payload)
	})
}

// FuzzClearText reaches what stands behind the keys.
func FuzzClearText(f *testing.F) {
	f.Add([]byte(newMBPAC().clear), must(json.Marshal(newPush().card())))
	f.Add([]byte(newMBPAD().clear), []byte(`{"expirationDate":{"month":"1"}}`))
	f.Fuzz(func(t *testing.T, clear, plaintext []byte) {
		for _, r := range []*wsdRecipe{newMBPAC(), newMBPAD()} {
			r.block = func(string, string) []byte { return append(fill(string(clear), '!'), "!!!!!!!!!!!!!!!!"...) }
			checkSound(t, r.report())
		}
		r := newPush()
		r.plaintext = plaintext
		if len(plaintext) > 0 {
			checkSound(t, vtssim.OpenPush(r.text(), simKeys()))
		}
	})
}

// checkSound holds of the report on anything.
func checkSound(t *testing.T, report vtssim.Report) {
	t.Helper()
	if report.Accepted && report.FirstFault != nil && !slices.Contains(tolerated, report.FirstFault.Code) {
		t.Errorf("accepted with %s", report.FirstFault.Code)
	}
	if !report.Accepted && report.FirstFault == nil && !slices.ContainsFunc(report.Checks, func(c sim.Check) bool { return c.Skipped }) {
		t.Error("refused without a fault")
	}
	for _, check := range report.Checks {
		if walletport.ContainsPAN(check.Detail) || check.Detail == "" {
			t.Errorf("check %s: its detail reads like a PAN, or is empty", check.Name)
		}
	}
	mustNotShow(t, report, testPAN, otherPAN)
}
