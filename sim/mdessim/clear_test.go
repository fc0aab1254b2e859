package mdessim_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/simtest"
)

// leakPlaces are where card data can stand in clear in or beside what MDES reads.
// Each inspects a good payload with a leak there.
var leakPlaces = map[string]func(*recipe, simtest.Leak, mdessim.Keys) mdessim.Report{
	"in cardInfo": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.payload = func(m members) { maps.Copy(m, l.In(m)) }
		return mdessim.OpenDigitizationData(r.text(), keys)
	},
	"beside cardInfo": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.iidd = func(m members) { maps.Copy(m, l.In(m)) }
		return mdessim.OpenDigitizationData(r.text(), keys)
	},
	"in encryptedPayload": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.shape = "fundingAccountInfo"
		r.payload = func(m members) { maps.Copy(m, l.In(m)) }
		return mdessim.OpenDigitizationData(r.text(), keys)
	},
	"in fundingAccountInfo": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.shape = "fundingAccountInfo"
		r.iidd = func(m members) { m["fundingAccountInfo"] = l.In(m["fundingAccountInfo"].(members)) }
		return mdessim.OpenDigitizationData(r.text(), keys)
	},
	"in JSON that is not encoded": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.iidd = func(m members) { maps.Copy(m, l.In(m)) }
		return mdessim.Inspect(r.json(), keys)
	},
	"in a payload in base64url": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.iidd = func(m members) { maps.Copy(m, l.In(m)) }
		r.encodeOuter = func(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
		return mdessim.OpenDigitizationData(r.text(), keys)
	},
	"beside the answer's digitizationData": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		return mdessim.Inspect(must(json.Marshal(l.In(members{"digitizationData": r.text()}))), keys)
	},
	"in the TAV, version 2": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report { return leakyTAV("2", r, l, keys) },
	"in the TAV, version 3": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report { return leakyTAV("3", r, l, keys) },
	"in the TAV, version 4": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report { return leakyTAV("4", r, l, keys) },
	"in a TAV on its own": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.tav.members = func(m members) { maps.Copy(m, l.In(m)) }
		return mdessim.OpenTAV(r.tavValue().(string), expecting(r, keys))
	},
	"in a TAV as JSON": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		r.tav.members = func(m members) { maps.Copy(m, l.In(m)) }
		return mdessim.Inspect(r.tavJSON(), expecting(r, keys))
	},
	"beside the answer's activationData": func(r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
		return mdessim.Inspect(must(json.Marshal(l.In(members{"activationData": r.tavValue()}))), expecting(r, keys))
	},
}

func leakyTAV(version string, r *recipe, l simtest.Leak, keys mdessim.Keys) mdessim.Report {
	r.tav.version = version
	r.tav.members = func(m members) { maps.Copy(m, l.In(m)) }
	return mdessim.OpenDigitizationData(r.text(), keys)
}

// expecting are keys that say which card a TAV is for, unless there are none.
func expecting(r *recipe, keys mdessim.Keys) mdessim.Keys {
	if len(keys.TAV) > 0 {
		keys.Card = &mdessim.ExpectedCard{Number: sim.NewCardNumber(r.pan), ExpiryMMYY: r.mm + r.yy}
	}
	return keys
}

// quickRecipe and quickKeys do each RSA operation once, for there are a thousand
// payloads of one card.
func quickRecipe() *recipe {
	r := newRecipe()
	sign, wrap := r.tav.sign, r.wrap
	r.tav.sign = func(key *rsa.PrivateKey, text string) []byte {
		return once("sign "+text, func() []byte { return sign(key, text) })
	}
	r.wrap = func(to *rsa.PublicKey, key []byte) []byte {
		return once("wrap "+string(key), func() []byte { return wrap(to, key) })
	}
	return r
}

func quickKeys() mdessim.Keys {
	keys := simKeys()
	keys.Encryption = slices.Clone(keys.Encryption)
	for i := range keys.Encryption {
		keys.Encryption[i].Decrypter = quickDecrypter{keys.Encryption[i].Decrypter}
	}
	return keys
}

// quickDecrypter remembers what it decrypted.
type quickDecrypter struct{ crypto.Decrypter }

func (d quickDecrypter) Decrypt(random io.Reader, wrapped []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	var err error
	plain := once(fmt.Sprintf("unwrap %T %x", opts, wrapped), func() []byte {
		var plain []byte
		plain, err = d.Decrypter.Decrypt(random, wrapped, opts)
		return plain
	})
	return plain, err
}

var results = map[string][]byte{}

func once(operation string, do func() []byte) []byte {
	if results[operation] == nil {
		results[operation] = do()
	}
	return bytes.Clone(results[operation])
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
				report := inspect(quickRecipe(), l, quickKeys())
				if code := codeOf(report.Verdict); code != "clear_card_data" || report.Accepted {
					t.Errorf("fault %q, accepted %v\n%v", code, report.Accepted, report.Checks)
				}
				mustNotShow(t, report, testPAN)
				if found := codeOf(inspect(quickRecipe(), l, mdessim.Keys{Now: simKeys().Now}).Verdict) == "clear_card_data"; found == l.OnlyOpened {
					t.Errorf("without keys: found is %v", found)
				}
			})
		}
		t.Run(place+", nothing that is card data", func(t *testing.T) {
			for name, value := range simtest.NoLeaks() {
				report := inspect(quickRecipe(), simtest.Leak{Member: name, Value: value}, quickKeys())
				if code := codeOf(report.Verdict); code == "clear_card_data" || code == "not_encrypted" {
					t.Errorf("%s: fault %q, %+v", name, code, report.FirstFault)
				}
			}
		})
	}
}

// Whatever else is wrong, that the card is out is said first.
func TestCardDataInClearComesBeforeEveryFault(t *testing.T) {
	for _, c := range mangledPayloads {
		r := newRecipe()
		c.change(r)
		if r.encodeIIDD != nil || r.encodeOuter != nil {
			continue // the JSON cannot be read, or not by everyone
		}
		iidd := r.iidd
		r.iidd = func(m members) {
			if iidd != nil {
				iidd(m)
			}
			m["comment"] = testPAN
		}
		if report := mdessim.OpenDigitizationData(r.text(), keysOf(r)); codeOf(report.Verdict) != "clear_card_data" {
			t.Errorf("%s: fault %q", c.name, codeOf(report.Verdict))
		}
	}
}

func TestJSONWhereCiphertextBelongsIsNotEncrypted(t *testing.T) {
	card := string(must(json.Marshal(newRecipe().card())))
	for _, shape := range []string{"cardInfo", "fundingAccountInfo"} {
		for name, text := range simtest.Unencrypted(card) {
			t.Run(shape+", "+name, func(t *testing.T) {
				r := newRecipe()
				r.shape = shape
				r.payload = set("encryptedData", text)
				for _, keys := range []mdessim.Keys{simKeys(), {Now: simKeys().Now}} {
					report := mdessim.OpenDigitizationData(r.text(), keys)
					if code := codeOf(report.Verdict); code != "not_encrypted" {
						t.Errorf("fault %q\n%v", code, report.Checks)
					}
					mustNotShow(t, report, testPAN)
				}
			})
		}
		r := newRecipe()
		r.shape = shape
		r.payload = set("encryptedData", newRecipe().card())
		if code := codeOf(mdessim.OpenDigitizationData(r.text(), simKeys()).Verdict); code != "not_encrypted" {
			t.Errorf("%s, an object: fault %q", shape, code)
		}
	}
}
