package vtssim_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/simtest"
	"github.com/walletport/walletport/sim/vtssim"
)

// leakPlaces are where card data can stand in clear in or beside what Visa reads. Each
// inspects a good payload with a leak there.
var leakPlaces = map[string]func(simtest.Leak, vtssim.Keys) vtssim.Report{
	"in the JWE's header": func(l simtest.Leak, keys vtssim.Keys) vtssim.Report {
		r := newPush()
		r.header = func(m members) { maps.Copy(m, l.In(m)) }
		return vtssim.OpenPush(r.text(), keys)
	},
	"in the header of a JWE in base64": func(l simtest.Leak, keys vtssim.Keys) vtssim.Report {
		r := newPush()
		r.header = func(m members) { maps.Copy(m, l.In(m)) }
		return vtssim.Inspect([]byte(b64([]byte(r.text()))), keys)
	},
	"beside the answer's digitizationData": func(l simtest.Leak, keys vtssim.Keys) vtssim.Report {
		return vtssim.Inspect(must(json.Marshal(l.In(members{"digitizationData": newPush().text()}))), keys)
	},
	"in a JWE in JSON": func(l simtest.Leak, keys vtssim.Keys) vtssim.Report {
		s := strings.Split(newPush().text(), ".")
		whole := members{"protected": s[0], "encrypted_key": s[1], "iv": s[2], "ciphertext": s[3], "tag": s[4]}
		whole["unprotected"] = l.In(members{})
		return vtssim.OpenPush(string(must(json.Marshal(whole))), keys)
	},
}

func codeOf(v sim.Verdict) string {
	if v.FirstFault == nil {
		return ""
	}
	return v.FirstFault.Code
}

func TestCardDataInClearComesFirst(t *testing.T) {
	for place, inspect := range leakPlaces {
		for _, l := range simtest.Leaks(testPAN) {
			t.Run(place+", "+l.Name, func(t *testing.T) {
				report := inspect(l, simKeys())
				if code := codeOf(report.Verdict); code != "clear_card_data" || report.Accepted {
					t.Errorf("fault %q, accepted %v\n%v", code, report.Accepted, report.Checks)
				}
				mustNotShow(t, report, testPAN)
				if found := codeOf(inspect(l, vtssim.Keys{Now: simKeys().Now}).Verdict) == "clear_card_data"; found == l.OnlyOpened {
					t.Errorf("without keys: found is %v", found)
				}
			})
		}
		for name, value := range simtest.NoLeaks() {
			if name == "iat" {
				continue // the header has its own
			}
			report := inspect(simtest.Leak{Member: name, Value: value}, simKeys())
			if code := codeOf(report.Verdict); code == "clear_card_data" || code == "not_encrypted" {
				t.Errorf("%s, %s: %+v", place, name, report.FirstFault)
			}
		}
	}
}

// The strings under a WSD key are said in clear but for their block; beside them stands
// what the answer has.
func TestCardDataInClearInAndBesideAWSDString(t *testing.T) {
	inString := func(at int, text string) func([]string) []string {
		return func(parts []string) []string { parts[at] += text; return parts }
	}
	groups := testPAN[:4] + "-" + testPAN[4:8] + "-" + testPAN[8:12] + "-" + testPAN[12:]
	for _, newString := range []func() *wsdRecipe{newMBPAC, newMBPAD} {
		for name, spoil := range map[string]func([]string) []string{
			"for an ephemeral key": inString(4, testPAN), "behind the key set": inString(3, "."+testPAN), "behind it all": inString(6, "-"+testPAN),
			"in groups behind it all": inString(6, "-"+groups), "in hex": inString(4, hex.EncodeToString([]byte(testPAN))),
		} {
			r := newString()
			r.parts = spoil
			if report := r.report(); codeOf(report.Verdict) != "clear_card_data" {
				t.Errorf("%s: fault %q", name, codeOf(report.Verdict))
			}
		}
		for _, l := range simtest.Leaks(testPAN) {
			report := vtssim.Inspect(must(json.Marshal(l.In(members{"activationData": b64([]byte(newString().text()))}))), simKeys())
			opened := newString().number
			if found := codeOf(report.Verdict) == "clear_card_data"; found != (opened || !l.OnlyOpened) {
				t.Errorf("beside the answer's activationData, %s: fault %q", l.Name, codeOf(report.Verdict))
			}
			mustNotShow(t, report, testPAN)
		}
	}
}

func TestAWSDStringThatWasNeverEncryptedIsNamed(t *testing.T) {
	for _, newString := range []func() *wsdRecipe{newMBPAC, newMBPAD} {
		for name, block := range map[string]func(header, clear string) []byte{
			"with its header": func(header, clear string) []byte { return fill(header+clear, '!') },
			"without header":  func(_, clear string) []byte { return fill(clear, '!') },
			"as JSON":         func(string, string) []byte { return fill(`{"pan":"`+testPAN+`"}`, ' ') },
		} {
			for _, keys := range []func(*vtssim.Keys){nil, func(k *vtssim.Keys) { *k = vtssim.Keys{Now: k.Now} }} {
				r := newString()
				r.block, r.keys = block, keys
				r.encrypt = func(_, block []byte) []byte { return block }
				report := r.report()
				if codeOf(report.Verdict) != "not_encrypted" {
					t.Errorf("%s: fault %q", name, codeOf(report.Verdict))
				}
				mustNotShow(t, report, testPAN)
			}
		}
	}
}

func TestJSONWhereCiphertextBelongsIsNotEncrypted(t *testing.T) {
	card := string(must(json.Marshal(newPush().card())))
	for name, text := range simtest.Unencrypted(card) {
		t.Run(name, func(t *testing.T) {
			inSegment := newPush()
			inSegment.segments = func(s []string) { s[3] = base64.RawURLEncoding.EncodeToString([]byte(text)) }
			signed := newPush()
			signed.segments = func(s []string) {
				s[1], s[2], s[4] = "(gone)", base64.RawURLEncoding.EncodeToString([]byte(text)), "(gone)"
			}
			for what, payload := range map[string]string{"as the ciphertext": inSegment.text(), "as the payload": text, "in a signed token": signed.text()} {
				for _, keys := range []vtssim.Keys{simKeys(), {Now: simKeys().Now}} {
					report := vtssim.OpenPush(payload, keys)
					if code := codeOf(report.Verdict); code != "not_encrypted" {
						t.Errorf("%s: fault %q\n%v", what, code, report.Checks)
					}
					mustNotShow(t, report, testPAN)
				}
			}
		})
	}
}
