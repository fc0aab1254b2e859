package applesim_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/walletport/walletport/sim/applesim"
	"github.com/walletport/walletport/sim/simtest"
)

// leakPlaces are where card data can stand in clear in or beside an answer for Apple.
// Each changes a good recipe so that a leak stands there.
var leakPlaces = map[string]func(*recipe, simtest.Leak){
	"beside the answer": func(r *recipe, l simtest.Leak) { r.answer = func(m members) { maps.Copy(m, l.In(m)) } },
	"in an object beside the answer": func(r *recipe, l simtest.Leak) {
		r.answer = func(m members) { m["card"] = l.In(members{}) }
	},
	"in JSON in the activation data": func(r *recipe, l simtest.Leak) {
		r.activation = base64Text(must(json.Marshal(l.In(members{"version": "3", "signature": "AAAA"}))))
	},
}

func TestCardDataInClearComesFirst(t *testing.T) {
	for scheme, c := range map[string]struct {
		change func(*recipe)
		pan    string
	}{"Mastercard": {func(*recipe) {}, testPAN}, "Visa": {visa, visaPAN}} {
		for place, leak := range leakPlaces {
			for _, l := range simtest.Leaks(c.pan) {
				t.Run(scheme+", "+place+", "+l.Name, func(t *testing.T) {
					for _, keys := range []applesim.Keys{simKeys(), {Now: now}} {
						r := newRecipe()
						c.change(r)
						leak(r, l)
						report := applesim.Inspect(r.json(), keys)
						want := !l.OnlyOpened || keys.Leaf != nil
						if code := codeOf(report.Verdict); (code == "clear_card_data") != want || report.Accepted {
							t.Errorf("with keys %v: fault %q, accepted %v\n%v", keys.Leaf != nil, code, report.Accepted, report.Checks)
						}
						mustNotShow(t, report)
					}
				})
			}
			for name, value := range simtest.NoLeaks() {
				r := newRecipe()
				c.change(r)
				leak(r, simtest.Leak{Member: name, Value: value})
				report := applesim.Inspect(r.json(), simKeys())
				if code := codeOf(report.Verdict); code == "clear_card_data" || code == "not_encrypted" {
					t.Errorf("%s, %s: %+v", place, name, report.FirstFault)
				}
			}
		}
	}
}

// Only Visa opens an encrypted number. What reads like one is seen all the same.
func TestCardDataInClearBesideAnEncryptedNumber(t *testing.T) {
	for _, l := range simtest.Leaks(visaPAN) {
		r := newRecipe()
		encryptedPAN(r)
		r.answer = func(m members) { maps.Copy(m, l.In(m)) }
		report := applesim.Inspect(r.json(), simKeys())
		if found := codeOf(report.Verdict) == "clear_card_data"; found == l.OnlyOpened {
			t.Errorf("%s: fault %q", l.Name, codeOf(report.Verdict))
		}
	}
}

func TestCardDataInClearInARequest(t *testing.T) {
	for _, l := range simtest.Leaks(testPAN) {
		report := applesim.Inspect(must(json.Marshal(l.In(members{"certificates": testAuthority().Certificates(), "nonce": testNonce, "nonceSignature": testSignature}))), simKeys())
		if found := codeOf(report.Verdict) == "clear_card_data"; found == l.OnlyOpened {
			t.Errorf("%s: fault %q", l.Name, codeOf(report.Verdict))
		}
	}
}

func TestJSONWhereCiphertextBelongsIsNotEncrypted(t *testing.T) {
	pass := string(must(json.Marshal(newRecipe().pass)))
	for name, text := range simtest.Unencrypted(pass) {
		for _, keys := range []applesim.Keys{simKeys(), {Now: now}} {
			report := applesim.Inspect(newRecipeWith("encryptedPassData", text), keys)
			if code := codeOf(report.Verdict); code != "not_encrypted" {
				t.Errorf("%s: fault %q\n%v", name, code, report.Checks)
			}
			mustNotShow(t, report)
		}
	}
	if code := codeOf(applesim.Inspect(newRecipeWith("encryptedPassData", newRecipe().pass), simKeys()).Verdict); code != "not_encrypted" {
		t.Errorf("an object: fault %q", code)
	}
}

func TestActivationDataThatWereNeverEncryptedAreNamed(t *testing.T) {
	r := newRecipe()
	visa(r)
	r.activation = base64Text([]byte("nonce=" + testNonce + ";authcode=A1B2C3"))
	if code := codeOf(applesim.Inspect(r.json(), simKeys()).Verdict); code != "not_encrypted" {
		t.Errorf("fault %q", code)
	}
}

func newRecipeWith(member string, value any) []byte {
	r := newRecipe()
	r.answer = set(member, value)
	return r.json()
}

func TestCardDataInClearBesideWhatTheAppHandsOn(t *testing.T) {
	for _, l := range simtest.Leaks(testPAN) {
		s := openShop(t)
		_, r := s.request(t, http.MethodGet)
		r.answer = func(m members) { maps.Copy(m, l.In(m)) }
		if a := s.add(t, r); a.code() != "clear_card_data" || a.Accepted || s.mastercard.got != nil {
			t.Errorf("%s: fault %q, accepted %v", l.Name, a.code(), a.Accepted)
		}
	}
}
