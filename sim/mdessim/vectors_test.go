package mdessim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim/mdessim"
)

type tavVector struct {
	PAN, Expiry string
	Rows        []struct{ Signed, Signature string }
}

func publishedKeys(now time.Time) mdessim.Keys {
	mdes, certificate := readVector[pairVector]("client-encryption-pair.json").open()
	return mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: mdes, Certificate: certificate}},
		TAV:        []mdessim.TAVKey{{Public: mdes.Public()}},
		Now:        func() time.Time { return now },
	}
}

func TestVectorMadeWithOpenSSL(t *testing.T) {
	vector := readVector[struct{ DigitizationData, SHA256 string }]("iidd-openssl.json")
	sum := sha256.Sum256([]byte(vector.DigitizationData))
	if hex.EncodeToString(sum[:]) != vector.SHA256 {
		t.Fatal("the vector's text is not the one described")
	}
	withinWindow := time.Date(2030, 1, 15, 0, 0, 0, 0, time.UTC)
	report := mdessim.OpenDigitizationData(vector.DigitizationData, publishedKeys(withinWindow))
	if failed := failedChecks(report); !slices.Equal(failed, []string{"pan_luhn", "not_expired"}) {
		t.Errorf("failed checks %v, want not_expired, for the card is of 12/25, and pan_luhn, for the vector's PAN has a wrong check digit", failed)
	}
	want := mdessim.Facts{Shape: "cardInfo", Fingerprint: "6c439bd78fdcb33652df0fe15150a225c1ad92eb", KeyWrap: "RSA-OAEP SHA256", Cipher: "AES-128-CBC",
		PAN: "512345******2345", Expiry: "12/25", Source: "CARD_ADDED_VIA_APPLICATION", HasCardholderName: true, TAVVersion: "3", TAVSignatureBits: 2048}
	got := report.Facts
	if got.TAVValidUntil == nil || !got.TAVValidUntil.Equal(time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("TAV valid until %v", got.TAVValidUntil)
	}
	got.TAVFields, got.TAVValidUntil = nil, nil
	if string(must(json.Marshal(got))) != string(must(json.Marshal(want))) {
		t.Errorf("facts %+v, want %+v", got, want)
	}
	mustNotShow(t, report, "5123456789012345")
}

func TestVectorLongBeforeItsTAVEnds(t *testing.T) {
	vector := readVector[struct{ DigitizationData string }]("iidd-openssl.json")
	keys := publishedKeys(time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC))
	report := mdessim.OpenDigitizationData(vector.DigitizationData, keys)
	if failed := failedChecks(report); !slices.Equal(failed, []string{"pan_luhn", "tav_window"}) {
		t.Errorf("failed checks %v, want tav_window, for it is years ahead, and pan_luhn", failed)
	}
}

func TestSandboxCapture(t *testing.T) {
	v := readVector[struct {
		PrivateKeyPKCS8                 []byte
		IV, EncryptedData, EncryptedKey string
		Plaintext                       string
	}]("sandbox-capture.json")
	payload := must(json.Marshal(members{"cardInfo": members{
		"publicKeyFingerprint": strings.Repeat("ab", 20), "oaepHashingAlgorithm": "SHA256",
		"iv": v.IV, "encryptedData": v.EncryptedData, "encryptedKey": v.EncryptedKey,
	}}))
	keys := mdessim.Keys{Now: func() time.Time { return time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC) }, Encryption: []mdessim.EncryptionKey{{
		Decrypter: parsePKCS8(v.PrivateKeyPKCS8), Fingerprints: []string{strings.Repeat("AB", 20)},
	}}}
	report := mdessim.Inspect(payload, keys)
	for _, name := range []string{"fingerprint_known", "key_unwrap", "aes_key", "decrypt", "plaintext", "expiry", "not_expired"} {
		if !checkOf(t, report, name).OK {
			t.Errorf("check %s failed on MDES's own capture", name)
		}
	}
	// The capture is of a token, whose number has another name, no source, and a null.
	if got := failedChecks(report); !slices.Equal(got, []string{"pan", "source", "valid_until", "tav_present"}) {
		t.Errorf("failed checks %v", got)
	}
	if report.Facts.Expiry != "12/22" || report.Facts.Cipher != "AES-128-CBC" {
		t.Errorf("facts %+v", report.Facts)
	}
}

func TestWorkedTAVs(t *testing.T) {
	vector := readVector[tavVector]("tav-worked.json")
	for _, row := range vector.Rows {
		t.Run(strings.ReplaceAll(row.Signed, vector.PAN, "PAN"), func(t *testing.T) {
			keys := publishedKeys(time.Date(2030, 1, 31, 11, 30, 0, 0, time.UTC))
			keys.Card = &mdessim.ExpectedCard{Number: mdessim.NewCardNumber(vector.PAN), ExpiryMMYY: vector.Expiry}
			report := mdessim.Inspect(workedTAV(row.Signed, row.Signature), keys)
			if report.Kind != mdessim.KindTAV || !report.Accepted {
				t.Errorf("kind %s, accepted %v, fault %+v", report.Kind, report.Accepted, report.FirstFault)
			}
			keys.Card.Number = mdessim.NewCardNumber(otherPAN)
			if report := mdessim.Inspect(workedTAV(row.Signed, row.Signature), keys); report.FirstFault == nil || report.FirstFault.Code != "tav_other_card" {
				t.Errorf("for another card: %+v", report.FirstFault)
			}
		})
	}
}

// workedTAV puts a signature into the JSON that its signed text asks for.
func workedTAV(signed, signature string) []byte {
	out := members{"version": "3", "signatureAlgorithm": "RSA-SHA256", "signature": signature, "dataValidUntilTimestamp": "2030-01-31T12:00:00Z"}
	switch {
	case !strings.Contains(signed, "|"):
		out = members{"version": "2", "signatureAlgorithm": "RSA-SHA256", "signature": signature,
			"expirationDateIncluded": "true", "tokenUniqueReferenceIncluded": "false"}
	case strings.HasPrefix(signed, "2030"):
		out["includedFieldsInOrder"] = "dataValidUntilTimestamp|accountNumber|accountExpiry"
	default:
		out["includedFieldsInOrder"] = "accountNumber|accountExpiry|dataValidUntilTimestamp"
	}
	return []byte(base64.StdEncoding.EncodeToString(must(json.Marshal(out))))
}

func checkOf(t *testing.T, r mdessim.Report, name string) mdessim.Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c mdessim.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	return r.Checks[i]
}

func failedChecks(r mdessim.Report) []string {
	var names []string
	for _, c := range r.Checks {
		if !c.OK && !c.Skipped {
			names = append(names, c.Name)
		}
	}
	return names
}
