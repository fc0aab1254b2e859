package googlesim_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/walletport/walletport/sim/googlesim"
	"github.com/walletport/walletport/sim/simtest"
)

func TestCardDataInClearComesFirst(t *testing.T) {
	opc := newRecipe().text()
	for _, l := range simtest.Leaks(testPAN) {
		t.Run(l.Name, func(t *testing.T) {
			for place, answer := range map[string]members{
				"beside the opaque payment card":    l.In(members{"googleOpaquePaymentCard": opc}),
				"beside both payloads":              l.In(members{"googleOpaquePaymentCard": opc, "digitizationData": "e30="}),
				"in the push request around it all": {"googleOpaquePaymentCard": opc, "pushRequest": l.In(members{"network": 4})},
			} {
				for _, keys := range []googlesim.Keys{simKeys(), {Now: now}} {
					report := googlesim.Inspect(must(json.Marshal(answer)), keys)
					want := !l.OnlyOpened || keys.Google != nil
					if code := codeOf(report.Verdict); (code == "clear_card_data") != want || report.Accepted {
						t.Errorf("%s: fault %q, accepted %v\n%v", place, code, report.Accepted, report.Checks)
					}
					mustNotShow(t, report)
				}
			}
		})
	}
	for name, value := range simtest.NoLeaks() {
		report := googlesim.Inspect(must(json.Marshal(members{"googleOpaquePaymentCard": opc, name: value})), simKeys())
		if code := codeOf(report.Verdict); code != "" {
			t.Errorf("%s: %+v", name, report.FirstFault)
		}
	}
}

// An armor has headers, and a message may have packets that nobody reads.
func TestCardDataInClearInTheMessage(t *testing.T) {
	armored := string(armored(newRecipe().raw()))
	comment := "Comment: " + testPAN[:8] + " " + testPAN[8:] + "\n"
	inComment := armored[:len("-----BEGIN PGP MESSAGE-----\n")] + comment + armored[len("-----BEGIN PGP MESSAGE-----\n"):]
	inMarker := newRecipe()
	inMarker.message = func(message []byte) []byte { return append(raw(10, []byte(testPAN)), message...) }
	for name, text := range map[string]string{"in the armor": inComment, "in the armor, in base64": base64Text([]byte(inComment)), "in a marker packet": inMarker.text()} {
		if report := googlesim.OpenOPC(text, simKeys()); codeOf(report.Verdict) != "clear_card_data" {
			t.Errorf("%s: fault %q, %v", name, codeOf(report.Verdict), report.Checks)
		}
	}
}

func TestJSONWhereCiphertextBelongsIsNotEncrypted(t *testing.T) {
	for name, text := range simtest.Unencrypted(string(must(json.Marshal(newRecipe().card)))) {
		for _, keys := range []googlesim.Keys{simKeys(), {Now: now}} {
			for what, report := range map[string]googlesim.Report{
				"alone":        googlesim.OpenOPC(text, keys),
				"in an answer": googlesim.Inspect(must(json.Marshal(members{"googleOpaquePaymentCard": text})), keys),
			} {
				if code := codeOf(report.Verdict); code != "not_encrypted" {
					t.Errorf("%s, %s: fault %q\n%v", name, what, code, report.Checks)
				}
				mustNotShow(t, report)
			}
		}
	}
}

// The wallet knows the card from either payload.
func TestCardDataInClearBesideThePayloads(t *testing.T) {
	for _, l := range simtest.Leaks(testPAN) {
		s := openShop()
		o := s.session(t, http.MethodGet)
		for what, body := range map[string]members{
			"with both payloads":             {"googleOpaquePaymentCard": opcOf(o.ServerSessionID), "digitizationData": testJWE},
			"without an opaque payment card": {"digitizationData": testJWE},
		} {
			if a := s.add(t, l.In(body)); a.code() != "clear_card_data" || a.Accepted || s.visa.got != nil {
				t.Errorf("%s, %s: fault %q, accepted %v", what, l.Name, a.code(), a.Accepted)
			}
		}
	}
}
