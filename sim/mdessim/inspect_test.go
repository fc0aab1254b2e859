package mdessim_test

import (
	"bytes"
	"crypto/ed25519"
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
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

func TestTAVOnItsOwn(t *testing.T) {
	const tur = "DWSPMC000000000010906a349d9ca4eb1a4d53e3c90a11d9"
	card := func(pan, mmyy, tur string) *mdessim.ExpectedCard {
		return &mdessim.ExpectedCard{Number: sim.NewCardNumber(pan), ExpiryMMYY: mmyy, TokenUniqueReference: tur}
	}
	bound := func(r *recipe) {
		r.tav.version, r.tav.text = "2", testPAN+"Y1228Y"+tur
		r.tav.members = set("tokenUniqueReferenceIncluded", "true")
	}
	for _, c := range []struct {
		name, code string
		change     func(*recipe)
		card       *mdessim.ExpectedCard
		accepted   bool
	}{
		{"a TAV of the expected card is accepted", "", func(*recipe) {}, card(testPAN, "1228", ""), true},
		{"without a card the agreement is left open", "", func(*recipe) {}, nil, false},
		{"without a usable expiry the agreement is left open", "", func(*recipe) {}, card(testPAN, "12/2028", ""), false},
		{"a TAV of another expiry is named", "tav_other_expiry", func(*recipe) {}, card(testPAN, "1229", ""), false},
		{"a TAV of another card is named", "tav_other_card", func(*recipe) {}, card(otherPAN, "1228", ""), false},
		{"a v2 TAV bound to the expected token is accepted", "", bound, card(testPAN, "1228", tur), true},
		{"a v2 TAV bound to another token is refused", "tav_other_card", bound, card(testPAN, "1228", tur[:47]+"0"), false},
		{"a v2 TAV bound to a token needs one", "tav_needs_token", bound, card(testPAN, "1228", ""), false},
		{"a v3 TAV that signs the token is accepted", "", func(r *recipe) {
			r.tav.text = iso + "|" + testPAN + "|" + tur
			r.tav.members = set("includedFieldsInOrder", "dataValidUntilTimestamp|accountNumber|tokenUniqueReference")
		}, card(testPAN, "", tur), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			keys := simKeys()
			keys.Card = c.card
			// A key of another algorithm never verifies, and never disturbs.
			keys.TAV = append([]mdessim.TAVKey{{Public: ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))}}, keys.TAV...)
			report := mdessim.OpenTAV(base64.StdEncoding.EncodeToString(r.tavJSON()), keys)
			code := ""
			if report.FirstFault != nil {
				code = report.FirstFault.Code
			}
			if code != c.code || report.Accepted != c.accepted {
				t.Errorf("fault %q, accepted %v; want %q, %v", code, report.Accepted, c.code, c.accepted)
			}
		})
	}
}

func TestInspectNothingAndTooMuch(t *testing.T) {
	for payload, code := range map[string]string{
		"": "input_empty", " \n": "input_empty", `""`: "input_empty",
		strings.Repeat("x", 600_000): "input_too_large",
	} {
		report := mdessim.Inspect([]byte(payload), mdessim.Keys{})
		if report.Kind != mdessim.KindUnknown || report.FirstFault == nil || report.FirstFault.Code != code {
			t.Errorf("%d bytes: kind %s, fault %+v; want %s", len(payload), report.Kind, report.FirstFault, code)
		}
	}
}

func TestInspectNamesFaultsOfEveryWrapping(t *testing.T) {
	r := newRecipe()
	r.tav.until = "2026-11-24T11:00:00Z"
	answer := string(must(json.Marshal(members{"digitizationData": r.text()})))
	for name, payload := range map[string]string{"text": r.text(), "JSON": string(r.json()), "answer": answer, "TAV": string(r.tavJSON())} {
		t.Run(name, func(t *testing.T) {
			if f := mdessim.Inspect([]byte(payload), simKeys()).FirstFault; f == nil || f.Code != "tav_expired" {
				t.Errorf("fault %+v, want tav_expired", f)
			}
		})
	}
}

func TestWriteTextGolden(t *testing.T) {
	refused := newRecipe()
	refused.tav.pan = otherPAN
	for name, report := range map[string]mdessim.Report{
		"accepted": mdessim.Inspect([]byte(newRecipe().text()+"\n"), simKeys()),
		"refused":  mdessim.Inspect([]byte(refused.text()), simKeys()),
		"keyless":  mdessim.Inspect([]byte(newRecipe().text()), mdessim.Keys{Now: simKeys().Now}),
		"garbage":  mdessim.Inspect([]byte(" "), simKeys()),
		"token": {Kind: mdessim.KindDigitizationData, Verdict: sim.Verdict{Accepted: true, FirstFault: &sim.Fault{Code: "tav_missing", Detail: "detail", Remedy: "remedy"}},
			Token: &tokenvault.Token{TokenUniqueReference: "DWSPMC", Status: tokenvault.StatusInactive}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := mdessim.WriteText(&out, report); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(out.String(), testKeys().sha1Cert, "(SHA-1 of the certificate)")
			path := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(must(os.ReadFile(path))), got); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
	if err := mdessim.WriteText(brokenWriter{}, mdessim.Report{}); err == nil {
		t.Error("a write error is lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("closed") }

// A PAN in any place where a sender might put it never comes back whole.
func TestNoDetailRepeatsAPAN(t *testing.T) {
	const canary = "5123450000000008"
	places := []func(r *recipe, change func(members)){
		func(r *recipe, change func(members)) { r.iidd = change },
		func(r *recipe, change func(members)) { r.payload = change },
		func(r *recipe, change func(members)) { r.plain = change },
		func(r *recipe, change func(members)) { r.tav.members = change },
	}
	changes := map[string]func(members, string){
		"value":   func(m members, name string) { m[name] = canary },
		"number":  func(m members, name string) { m[name] = json.Number(canary) },
		"longer":  func(m members, name string) { m[name] = canary + canary + "12345678" },
		"name":    func(m members, name string) { m[canary] = m[name]; delete(m, name) },
		"wrapped": func(m members, name string) { m[name] = members{canary: canary} },
		"list":    func(m members, name string) { m[name] = []string{canary} },
	}
	for i, place := range places {
		var names []string
		r := newRecipe()
		place(r, func(m members) {
			for name := range m {
				names = append(names, name)
			}
		})
		r.text()
		for kind, change := range changes {
			for _, name := range names {
				t.Run(fmt.Sprint(i, " ", kind, " ", name), func(t *testing.T) {
					r := newRecipe()
					place(r, func(m members) { change(m, name) })
					raw := r.json()
					for _, payload := range [][]byte{[]byte(base64Text(raw)), raw, r.tavJSON()} {
						for _, keys := range []mdessim.Keys{simKeys(), {}} {
							mustNotShow(t, mdessim.Inspect(payload, keys), canary, testPAN)
						}
					}
				})
			}
		}
	}
}

func FuzzInspect(f *testing.F) {
	for _, c := range mangledPayloads {
		r := newRecipe()
		c.change(r)
		if text := r.text(); len(text) < 10_000 {
			f.Add([]byte(text))
		}
	}
	f.Add(newRecipe().json())
	f.Add(newRecipe().tavJSON())
	f.Fuzz(func(t *testing.T, payload []byte) {
		report := mdessim.Inspect(payload, simKeys())
		if report.Accepted && report.FirstFault != nil && report.FirstFault.Code != "tav_missing" {
			t.Errorf("accepted with %s", report.FirstFault.Code)
		}
		if !report.Accepted && report.FirstFault == nil && !bytes.Contains(must(json.Marshal(report)), []byte(`"skipped":true`)) {
			t.Errorf("refused without a fault")
		}
		for _, check := range report.Checks {
			if walletport.ContainsPAN(check.Detail) || check.Detail == "" {
				t.Errorf("check %s: its detail reads like a PAN, or is empty", check.Name)
			}
		}
		mustNotShow(t, report, testPAN, otherPAN)
	})
}
