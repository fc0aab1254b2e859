package mdes_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/mdes"
)

// foreignPayload encrypts text as another implementation would: OAEP SHA-256,
// AES-128-CBC, zero IV, and returns members by name.
func foreignPayload(t testing.TB, text string) map[string]any {
	t.Helper()
	key := []byte("0123456789abcdef")
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &mastercard().key.PublicKey, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 16 - len(text)%16
	data := append([]byte(text), bytes.Repeat([]byte{byte(n)}, n)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(data, data)
	return map[string]any{
		"publicKeyFingerprint": strings.Repeat("aB", 20),
		"encryptedKey":         hex.EncodeToString(wrapped),
		"oaepHashingAlgorithm": "SHA256",
		"encryptedData":        hex.EncodeToString(data),
	}
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParsePayloadIsTolerant(t *testing.T) {
	const text = `{"hello":"world"}`
	for _, c := range []struct {
		name   string
		change func(map[string]any)
	}{
		{"no iv means zero", func(map[string]any) {}},
		{"an iv of null", func(m map[string]any) { m["iv"] = nil }},
		{"an empty iv", func(m map[string]any) { m["iv"] = "" }},
		{"an iv of zeros", func(m map[string]any) { m["iv"] = strings.Repeat("0", 32) }},
		{"upper-case hex", func(m map[string]any) {
			m["encryptedKey"], m["encryptedData"] = strings.ToUpper(m["encryptedKey"].(string)), strings.ToUpper(m["encryptedData"].(string))
		}},
		{"unknown members", func(m map[string]any) {
			m["certificateFingerprint"], m["x"] = "y", map[string]any{"deep": []int{1}}
		}},
		{"the mode spelt out", func(m map[string]any) { m["algorithmCipherMode"] = "CBC" }},
		{"PascalCase", func(m map[string]any) {
			for name, value := range m {
				delete(m, name)
				m[strings.ToUpper(name[:1])+name[1:]] = value
			}
		}},
		{"PKCS#1 v1.5 when no hash is named", func(m map[string]any) {
			delete(m, "oaepHashingAlgorithm")
			wrapped, err := rsa.EncryptPKCS1v15(rand.Reader, &mastercard().key.PublicKey, []byte("0123456789abcdef")) //nolint:staticcheck // what is tested
			if err != nil {
				t.Fatal(err)
			}
			m["encryptedKey"] = hex.EncodeToString(wrapped)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			members := foreignPayload(t, text)
			c.change(members)
			p, err := mdes.ParsePayload(mustJSON(t, members))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Open(rand.Reader, mastercard().key)
			if err != nil || string(got) != text {
				t.Errorf("Open gave %q, error %v", got, err)
			}
		})
	}
}

func TestParsePayloadRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		field  string
	}{
		{"no fingerprint", func(m map[string]any) { delete(m, "publicKeyFingerprint") }, "publicKeyFingerprint"},
		{"a fingerprint in base64", func(m map[string]any) { m["publicKeyFingerprint"] = "j8ERUKdQjxS6yocoVwM5KjmcxXw+8/==abcd" }, "publicKeyFingerprint"},
		{"a fingerprint of 65 digits", func(m map[string]any) { m["publicKeyFingerprint"] = strings.Repeat("a", 65) }, "publicKeyFingerprint"},
		{"no key", func(m map[string]any) { delete(m, "encryptedKey") }, "encryptedKey"},
		{"a key in base64", func(m map[string]any) { m["encryptedKey"] = strings.Repeat("zz/+", 86) }, "encryptedKey"},
		{"a key of 1026 digits", func(m map[string]any) { m["encryptedKey"] = strings.Repeat("ab", 513) }, "encryptedKey"},
		{"no data", func(m map[string]any) { m["encryptedData"] = "" }, "encryptedData"},
		{"data with odd length", func(m map[string]any) { m["encryptedData"] = "abc" }, "encryptedData"},
		{"data of 256002 digits", func(m map[string]any) { m["encryptedData"] = strings.Repeat("ab", 128_001) }, "payload"},
		{"an iv of 12 bytes for CBC", func(m map[string]any) { m["iv"] = strings.Repeat("0", 24) }, "iv"},
		{"an iv in base64", func(m map[string]any) { m["iv"] = "VNm/scgd1jhWF0z4+Qh6MA==VNm/scgd" }, "iv"},
		{"a hash with a hyphen", func(m map[string]any) { m["oaepHashingAlgorithm"] = "SHA-256" }, "oaepHashingAlgorithm"},
		{"SHA-1", func(m map[string]any) { m["oaepHashingAlgorithm"] = "SHA1" }, "oaepHashingAlgorithm"},
		{"an unknown mode", func(m map[string]any) { m["algorithmCipherMode"] = "ECB" }, "algorithmCipherMode"},
		{"a tag with CBC", func(m map[string]any) { m["tag"] = strings.Repeat("0", 32) }, "tag"},
		{"aad with CBC", func(m map[string]any) { m["aad"] = "00" }, "aad"},
		{"GCM without tag", func(m map[string]any) { m["algorithmCipherMode"] = "GCM" }, "tag"},
		{"GCM with an iv of 16 bytes", func(m map[string]any) {
			m["algorithmCipherMode"], m["tag"], m["iv"] = "GCM", strings.Repeat("0", 32), strings.Repeat("0", 32)
		}, "iv"},
		{"GCM with aad of 19 bytes", func(m map[string]any) {
			m["algorithmCipherMode"], m["tag"], m["aad"] = "GCM", strings.Repeat("0", 32), strings.Repeat("0", 38)
		}, "aad"},
		{"a number for a string", func(m map[string]any) { m["iv"] = 7 }, "payload"},
	} {
		t.Run(c.name, func(t *testing.T) {
			members := foreignPayload(t, "{}")
			c.change(members)
			_, err := mdes.ParsePayload(mustJSON(t, members))
			mustRefuse(t, err, walletport.CodeInvalid, "payload_malformed")
			if field := faultyField(err); field != c.field {
				t.Errorf("the error names %q, want %q", field, c.field)
			}
		})
	}
}

func faultyField(err error) string {
	e, ok := errors.AsType[*walletport.Error](err)
	if !ok || len(e.Fields) != 1 {
		return ""
	}
	return e.Fields[0].Name
}

// Whatever is wrong once a key is in play must look the same.
func TestPayloadOpenHasOneError(t *testing.T) {
	texts := map[string]error{}
	for _, c := range []struct {
		name   string
		change func(map[string]any)
	}{
		{"another key", func(m map[string]any) { m["encryptedKey"] = strings.Repeat("ab", 256) }},
		{"a key of the wrong size", func(m map[string]any) { m["encryptedKey"] = strings.Repeat("ab", 384) }},
		{"OAEP with the other hash", func(m map[string]any) { m["oaepHashingAlgorithm"] = "SHA512" }},
		{"OAEP taken for PKCS#1 v1.5", func(m map[string]any) { delete(m, "oaepHashingAlgorithm") }},
		{"a wrong padding", func(m map[string]any) { m["encryptedData"] = strings.Repeat("00", 32) }},
		{"half a block", func(m map[string]any) { m["encryptedData"] = "abcd" }},
		{"a plaintext that is no object", func(m map[string]any) { m["encryptedData"] = foreignPayload(t, `"text"`)["encryptedData"] }},
		{"a plaintext that is no JSON", func(m map[string]any) { m["encryptedData"] = foreignPayload(t, `{"a":`)["encryptedData"] }},
	} {
		members := foreignPayload(t, "{}")
		c.change(members)
		p, err := mdes.ParsePayload(mustJSON(t, members))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := p.Open(rand.Reader, mastercard().key)
		mustRefuse(t, err, walletport.CodeInvalid, "cryptography_error")
		if got != nil || err == nil {
			t.Fatalf("%s: bytes came out", c.name)
		}
		texts[err.Error()] = err
	}
	if len(texts) != 1 {
		t.Errorf("the errors can be told apart: %v", texts)
	}
}

func TestPayloadOpenNeedsAnRSAKey(t *testing.T) {
	p, err := mdes.ParsePayload(mustJSON(t, foreignPayload(t, "{}")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Open(rand.Reader, noRSA{})
	mustRefuse(t, err, walletport.CodeUnavailable, "key_unusable")
}

type noRSA struct{ recordedKey }

func (noRSA) Public() crypto.PublicKey { return nil }

func TestAFlippedBitNeverOpensToTheSameCard(t *testing.T) {
	for _, mode := range []mdes.CipherMode{mdes.CBC, mdes.GCM} {
		t.Run(string(mode), func(t *testing.T) {
			iidd := mustSealCard(t, profileWith(func(p *mdes.Profile) { p.CipherMode = mode }), testInput(t))
			parsed, err := mdes.ParseIIDD(iidd)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(r *rapid.T) {
				p := *parsed.Payload
				part := rapid.SampledFrom([]*[]byte{&p.Envelope.Ciphertext, &p.Envelope.IV, &p.Envelope.WrappedKey}).Draw(r, "part")
				*part = bytes.Clone(*part)
				(*part)[rapid.IntRange(0, len(*part)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
				got, err := p.Open(rand.Reader, mastercard().key)
				if err == nil && (mode == mdes.GCM || string(got) == wantCardInfo) {
					r.Fatal("a changed payload opened")
				}
			})
		})
	}
}

func TestParseIIDD(t *testing.T) {
	payload := string(mustJSON(t, foreignPayload(t, wantCardInfo)))
	for _, c := range []struct {
		name, text string
		shape      mdes.Shape
		want       string // the member that is set
	}{
		{"cardInfo", `{"cardInfo":` + payload + `}`, mdes.CardInfo, "payload"},
		{"cardInfo beside a null", `{"fundingAccountInfo":null,"cardInfo":` + payload + `,"tokenizationAuthenticationValue":null,"x":1}`, mdes.CardInfo, "payload"},
		{"fundingAccountInfo", `{"fundingAccountInfo":{"encryptedPayload":` + payload + `}}`, mdes.FundingAccountInfo, "payload"},
		{"a receipt", `{"fundingAccountInfo":{"pushAccountReceipt":"MCC-STL-1"}}`, mdes.FundingAccountInfo, "MCC-STL-1"},
		{"a PAN's reference", `{"fundingAccountInfo":{"panUniqueReference":"FWSPMC1","encryptedPayload":null}}`, mdes.FundingAccountInfo, "FWSPMC1"},
		{"a token's reference", `{"fundingAccountInfo":{"tokenUniqueReference":"DWSPMC1"}}`, mdes.FundingAccountInfo, "DWSPMC1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			iidd, err := mdes.ParseIIDD([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			got := iidd.PushAccountReceipt + iidd.PANUniqueReference + iidd.TokenUniqueReference
			if iidd.Payload != nil {
				got += "payload"
			}
			if iidd.Shape != c.shape || got != c.want {
				t.Errorf("shape %s with %s, want %s with %s", iidd.Shape, got, c.shape, c.want)
			}
			if _, err := iidd.Open(rand.Reader, mastercard().key, testNow); iidd.Payload == nil {
				mustRefuse(t, err, walletport.CodeInvalid, "payload_malformed")
			}
		})
	}
}

func TestParseIIDDRefuses(t *testing.T) {
	payload := string(mustJSON(t, foreignPayload(t, "{}")))
	for _, c := range []struct{ name, text, field string }{
		{"nothing", "", "digitizationData"},
		{"null", "null", "digitizationData"},
		{"base64 of base64", "eyJjYXJkSW5mbyI6e319", "digitizationData"},
		{"neither shape", `{"tokenizationAuthenticationValue":"AAAA"}`, "digitizationData"},
		{"both shapes", `{"cardInfo":` + payload + `,"fundingAccountInfo":{"pushAccountReceipt":"x"}}`, "digitizationData"},
		{"cardInfo that is no object", `{"cardInfo":"text"}`, "payload"},
		{"fundingAccountInfo that is empty", `{"fundingAccountInfo":{}}`, "fundingAccountInfo"},
		{"two alternatives", `{"fundingAccountInfo":{"pushAccountReceipt":"x","encryptedPayload":` + payload + `}}`, "fundingAccountInfo"},
		{"a TAV of 2049 characters", `{"cardInfo":` + payload + `,"tokenizationAuthenticationValue":"` + strings.Repeat("A", 2049) + `"}`, "tokenizationAuthenticationValue"},
		{"256001 bytes", `{"cardInfo":` + payload + strings.Repeat(" ", 256_000) + `}`, "digitizationData"},
		{"a faulty payload", `{"cardInfo":{"publicKeyFingerprint":"` + strings.Repeat("a", 40) + `"}}`, "encryptedKey"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mdes.ParseIIDD([]byte(c.text))
			mustRefuse(t, err, walletport.CodeInvalid, "payload_malformed")
			if field := faultyField(err); field != c.field {
				t.Errorf("the error names %q, want %q", field, c.field)
			}
		})
	}
}

func TestIIDDOpenTellsNoDetail(t *testing.T) {
	for name, text := range map[string]string{
		"a wrong check digit": strings.Replace(wantCardInfo, testPAN, "5204247750001472", 1),
		"no expiry":           strings.Replace(wantCardInfo, `"expiryMonth":"12",`, "", 1),
		"ended at this second": strings.Replace(wantCardInfo, `"source"`,
			`"dataValidUntilTimestamp":"`+testNow.Format(time.RFC3339)+`","source"`, 1),
		"the other shape": wantFunding,
	} {
		iidd, err := mdes.ParseIIDD(fmt.Appendf(nil, `{"cardInfo":%s}`, mustJSON(t, foreignPayload(t, text))))
		if err != nil {
			t.Fatal(err)
		}
		card, err := iidd.Open(rand.Reader, mastercard().key, testNow)
		mustRefuse(t, err, walletport.CodeInvalid, "cryptography_error")
		if !card.PAN.IsZero() || faultyField(err) != "" {
			t.Errorf("%s: card or detail came out", name)
		}
	}
}

func TestParseCardData(t *testing.T) {
	const card = `{"accountNumber":"5204247750001471","expiryMonth":"12","expiryYear":"25","source":"CARD_ON_FILE"}`
	for _, c := range []struct {
		name, old, replacement string
		shape                  mdes.Shape
		field                  string // empty: read
	}{
		{"as it is", "", "", mdes.CardInfo, ""},
		{"a PAN of 12 digits", "5204247750001471", "676770000008", mdes.CardInfo, "accountNumber"},
		{"a PAN with spaces", "5204247750001471", "5204 2477 5000 1471", mdes.CardInfo, "accountNumber"},
		{"a PAN with an escape", "5204247750001471", `520424775000147\u0031`, mdes.CardInfo, "plaintext"},
		{"a PAN that is a number", `"5204247750001471"`, `5204247750001471`, mdes.CardInfo, "plaintext"},
		{"no PAN", `"accountNumber":"5204247750001471",`, ``, mdes.CardInfo, "accountNumber"},
		{"month and year in the other order", `"12","expiryYear":"25"`, `"25","expiryYear":"12"`, mdes.CardInfo, "expiryMonth, expiryYear"},
		{"a year of four digits", `"25"`, `"2025"`, mdes.CardInfo, "expiryMonth, expiryYear"},
		{"no source", `,"source":"CARD_ON_FILE"`, ``, mdes.CardInfo, "source"},
		{"the other shape", "", "", mdes.FundingAccountInfo, "cardAccountData.expiryMonth, cardAccountData.expiryYear"},
		{"a validity of null", `,"source"`, `,"dataValidUntilTimestamp":null,"source"`, mdes.CardInfo, ""},
		{"a validity with a space and six digits", `,"source"`, `,"dataValidUntilTimestamp":"2026-03-01 10:20:31.123456Z","source"`, mdes.CardInfo, ""},
		{"a validity without zone", `,"source"`, `,"dataValidUntilTimestamp":"2026-03-01T10:20:31","source"`, mdes.CardInfo, "dataValidUntilTimestamp"},
		{"something after it", `}`, `}{}`, mdes.CardInfo, "plaintext"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mdes.ParseCardData(c.shape, []byte(strings.Replace(card, c.old, c.replacement, 1)))
			if c.field != "" {
				mustRefuse(t, err, walletport.CodeInvalid, "card_data_malformed")
				if field := faultyField(err); field != c.field {
					t.Errorf("the error names %q, want %q", field, c.field)
				}
				return
			}
			if err != nil || string(got.PAN.Reveal()) != testPAN || got.Expiry.MMYY() != "1225" || got.ExpiredAt(testNow) {
				t.Errorf("card %v, error %v", got, err)
			}
		})
	}
}

func FuzzParseIIDD(f *testing.F) {
	payload := string(mustJSON(f, foreignPayload(f, wantCardInfo)))
	f.Add([]byte(`{"cardInfo":` + payload + `,"tokenizationAuthenticationValue":"AAAA"}`))
	f.Add([]byte(`{"fundingAccountInfo":{"encryptedPayload":` + payload + `}}`))
	f.Add([]byte(`{"fundingAccountInfo":{"pushAccountReceipt":"MCC"}}`))
	f.Add([]byte(`{"cardInfo":{"algorithmCipherMode":"GCM","tag":"` + strings.Repeat("0", 32) + `"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		iidd, err := mdes.ParseIIDD(text)
		if err != nil {
			if walletport.ReasonOf(err) != "payload_malformed" {
				t.Errorf("error %v is not the sender's fault", err)
			}
			return
		}
		card, err := iidd.Open(rand.Reader, mastercard().key, testNow)
		if err == nil && len(card.PAN.Reveal()) < 12 {
			t.Error("opened without a card")
		}
	})
}

func FuzzParseCardData(f *testing.F) {
	f.Add([]byte(wantCardInfo), false)
	f.Add([]byte(wantFunding), true)
	f.Fuzz(func(t *testing.T, text []byte, funding bool) {
		shape := mdes.CardInfo
		if funding {
			shape = mdes.FundingAccountInfo
		}
		card, err := mdes.ParseCardData(shape, text)
		if (err == nil) == card.PAN.IsZero() {
			t.Errorf("error %v, card there: %v", err, !card.PAN.IsZero())
		}
	})
}
