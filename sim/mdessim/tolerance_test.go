package mdessim_test

import (
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/walletport/walletport/sim/mdessim"

	"github.com/walletport/walletport/sim"
)

// Everything the public specifications allow has to be accepted.
func TestLegalPayloadsAreAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*recipe)
	}{
		{"cardInfo with OAEP SHA256 and TAV v3", func(*recipe) {}},
		{"fundingAccountInfo", func(r *recipe) { r.shape = "fundingAccountInfo" }},
		{"OAEP SHA512", func(r *recipe) {
			r.wrap = wrapOAEP(crypto.SHA512, crypto.SHA512)
			r.payload = set("oaepHashingAlgorithm", "SHA512")
		}},
		{"PKCS#1 v1.5 when oaepHashingAlgorithm is absent", func(r *recipe) {
			r.wrap, r.payload = wrapPKCS1, remove("oaepHashingAlgorithm")
		}},
		{"PKCS#1 v1.5 when oaepHashingAlgorithm is empty", func(r *recipe) {
			r.wrap, r.payload = wrapPKCS1, set("oaepHashingAlgorithm", "")
		}},
		{"no iv, which means zero", func(r *recipe) { r.iv, r.payload = nil, remove("iv") }},
		{"AES-256", func(r *recipe) { r.aesKey = append(r.aesKey, r.aesKey...) }},
		{"GCM with tag and aad", (*recipe).useGCM},
		{"upper-case hex", func(r *recipe) {
			r.payload = func(m members) {
				for _, name := range []string{"encryptedKey", "encryptedData", "iv", "publicKeyFingerprint"} {
					m[name] = strings.ToUpper(m[name].(string))
				}
			}
		}},
		{"members in another order, with blanks", func(r *recipe) {
			r.encodeIIDD = func(raw []byte) []byte {
				var outer struct {
					TAV  json.RawMessage            `json:"tokenizationAuthenticationValue"`
					Card map[string]json.RawMessage `json:"cardInfo"`
				}
				if err := json.Unmarshal(raw, &outer); err != nil {
					panic(err)
				}
				var text strings.Builder
				text.WriteString("{\n \"tokenizationAuthenticationValue\" : " + string(outer.TAV) + ", \"cardInfo\" : {")
				for _, name := range []string{"publicKeyFingerprint", "iv", "oaepHashingAlgorithm", "encryptedKey", "encryptedData"} {
					text.WriteString("\n  \"" + name + "\":\t" + string(outer.Card[name]) + ",")
				}
				return []byte(strings.TrimSuffix(text.String(), ",") + "}\n}")
			}
		}},
		{"unknown members at every level", func(r *recipe) {
			r.plain = set("future", members{"a": nil, "b": ""})
			r.payload = set("certificateFingerprint", "x")
			r.iidd = set("future", 7)
			r.tav.members = set("future", true)
		}},
		{"the other shape as null", func(r *recipe) { r.iidd = set("fundingAccountInfo", nil) }},
		{"no cardholder name", func(r *recipe) { r.plain = remove("cardholderName") }},
		{"a name of 27 characters beyond ASCII", func(r *recipe) { r.plain = set("cardholderName", strings.Repeat("Å", 27)) }},
		{"another legal source", func(r *recipe) { r.plain = set("source", "CARD_ON_FILE") }},
		{"a timestamp with zone and fraction", func(r *recipe) { r.plain = set("dataValidUntilTimestamp", "2026-11-24T14:30:00.123+02:00") }},
		{"a timestamp as the specification's examples write it", func(r *recipe) { r.plain = set("dataValidUntilTimestamp", "2026-11-24 12:30:00.123456Z") }},
		{"a PAN of 19 digits", func(r *recipe) { r.pan = "6799990100000000019" }},
		{"a card in its last month", func(r *recipe) { r.mm, r.yy = "11", "26" }},
		{"TAV v2 with string flags", func(r *recipe) { r.tav.version = "2" }},
		{"TAV v2 with boolean flags", func(r *recipe) {
			r.tav.version = "2"
			r.tav.members = func(m members) { m["expirationDateIncluded"], m["tokenUniqueReferenceIncluded"] = true, false }
		}},
		{"TAV v2 without expiry", func(r *recipe) {
			r.tav.version, r.tav.text = "2", testPAN+"NN"
			r.tav.members = set("expirationDateIncluded", "false")
		}},
		{"TAV v3 with the timestamp last", func(r *recipe) {
			r.tav.order = []string{"accountNumber", "accountExpiry", "dataValidUntilTimestamp"}
		}},
		{"TAV v3 without expiry", func(r *recipe) { r.tav.order = []string{"accountNumber", "dataValidUntilTimestamp"} }},
		{"TAV v4 with an alias", func(r *recipe) {
			r.tav.version, r.tav.members = "4", set("keyAlias", "U+002D")
			r.keys = func(k *mdessim.Keys) { k.TAV[0].Alias = "U+002D" }
		}},
		{"TAV v4 whose alias nobody configured", func(r *recipe) { r.tav.version, r.tav.members = "4", set("keyAlias", "U+002D") }},
		{"TAV v4 in PascalCase with an empty alias", func(r *recipe) {
			r.tav.version = "4"
			r.tav.members = func(m members) {
				m["keyAlias"] = ""
				for _, name := range []string{"version", "signatureAlgorithm", "signature", "keyAlias", "includedFieldsInOrder", "dataValidUntilTimestamp"} {
					m[strings.ToUpper(name[:1])+name[1:]] = m[name]
					delete(m, name)
				}
			}
		}},
		{"TAV valid for 30 days", func(r *recipe) { r.tav.until = "2026-12-24T12:00:00Z" }},
		{"TAV by the second of two keys", func(r *recipe) {
			r.tav.key = testKeys().otherTAV
			r.keys = func(k *mdessim.Keys) { k.TAV = append(k.TAV, mdessim.TAVKey{Public: testKeys().otherTAV.Public()}) }
		}},
		{"a fingerprint that MDES was told to expect", func(r *recipe) {
			told := hex.EncodeToString(sha256Of(testKeys().certificate.Raw))
			r.payload = set("publicKeyFingerprint", told)
			r.keys = func(k *mdessim.Keys) { k.Encryption[0].Fingerprints = []string{told} }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := mdessim.OpenDigitizationData(r.text(), keysOf(r))
			if !report.Accepted || report.FirstFault != nil {
				t.Fatalf("refused: %+v\n%+v", report.FirstFault, report.Checks)
			}
			for _, check := range report.Checks {
				if !check.OK || check.Detail == "" {
					t.Errorf("check %+v is not passed with a detail", check)
				}
			}
			mustNotShow(t, report, r.pan)
		})
	}
}

func keysOf(r *recipe) mdessim.Keys {
	keys := simKeys()
	if r.keys != nil {
		r.keys(&keys)
	}
	return keys
}

func set(name string, value any) func(members) { return func(m members) { m[name] = value } }

func remove(names ...string) func(members) {
	return func(m members) {
		for _, name := range names {
			delete(m, name)
		}
	}
}

func TestInspectRecognises(t *testing.T) {
	r := newRecipe()
	text := r.text()
	tav := string(r.tavJSON())
	answer := string(must(json.Marshal(members{"digitizationData": text})))
	card := &mdessim.ExpectedCard{Number: sim.NewCardNumber(testPAN), ExpiryMMYY: "1228"}
	for _, c := range []struct {
		name, payload string
		kind          mdessim.Kind
		notes         int
	}{
		{"digitizationData", text, mdessim.KindDigitizationData, 0},
		{"digitizationData with a line break at its end", text + "\n", mdessim.KindDigitizationData, 1},
		{"digitizationData in quotes", ` "` + text + `" `, mdessim.KindDigitizationData, 2},
		{"digitizationData in single quotes", `'` + text + `'`, mdessim.KindDigitizationData, 1},
		{"the IIDD's JSON", string(r.json()), mdessim.KindDigitizationData, 1},
		{"a whole answer", answer, mdessim.KindDigitizationData, 1},
		{"a TAV in base64", base64.StdEncoding.EncodeToString([]byte(tav)), mdessim.KindTAV, 0},
		{"a TAV in JSON", tav + "\r\n", mdessim.KindTAV, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys := simKeys()
			keys.Card = card
			report := mdessim.Inspect([]byte(c.payload), keys)
			if report.Kind != c.kind || len(report.Facts.Notes) != c.notes || !report.Accepted {
				t.Errorf("kind %s, notes %q, accepted %v, fault %+v", report.Kind, report.Facts.Notes, report.Accepted, report.FirstFault)
			}
		})
	}
}

func TestInspectWithoutKeysChecksWhatNeedsNone(t *testing.T) {
	r := newRecipe()
	report := mdessim.Inspect([]byte(r.text()), mdessim.Keys{Now: simKeys().Now})
	if report.FirstFault != nil || report.Accepted {
		t.Errorf("fault %+v, accepted %v; want neither", report.FirstFault, report.Accepted)
	}
	for name, ok := range map[string]bool{
		"base64": true, "json": true, "shape": true, "members": true, "encrypted_key": true, "cipher_mode": true, "tav_json": true, "tav_window": true,
		"fingerprint_known": false, "key_unwrap": false, "decrypt": false, "pan": false, "tav_key": false, "tav_signature": false, "tav_card": false,
	} {
		c := checkOf(t, report, name)
		if c.OK != ok || c.Skipped == ok || !ok && !strings.Contains(c.Detail, "needs") {
			t.Errorf("check %+v, want ok %v", c, ok)
		}
	}
}

func TestInspectWithTAVKeyOnlyStillJudgesTheSigner(t *testing.T) {
	keys := simKeys()
	keys.Encryption = nil
	r := newRecipe()
	report := mdessim.Inspect([]byte(r.text()), keys)
	if !checkOf(t, report, "tav_signature").OK || !checkOf(t, report, "tav_card").Skipped {
		t.Errorf("checks %+v", report.Checks)
	}
	r.tav.key = testKeys().otherTAV
	if report := mdessim.Inspect([]byte(r.text()), keys); report.FirstFault == nil || report.FirstFault.Code != "tav_unknown_key" {
		t.Errorf("fault %+v, want tav_unknown_key", report.FirstFault)
	}
}
