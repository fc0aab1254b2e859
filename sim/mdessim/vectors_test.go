package mdessim_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport/sim/mdessim"

	"github.com/walletport/walletport/sim"
)

// The vectors hold what private keys unwrapped and signed, so that no private key
// is kept here. The tests named after published keys run the same cases with the
// keys themselves.

func mustVector[T any](t *testing.T, name string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type sealedVector struct{ IV, EncryptedData, EncryptedKey string }

// opener stands for the private key that the vector was sealed to.
func (s sealedVector) opener(aesKey string) recordedKey {
	return recordedKey{must(hex.DecodeString(s.EncryptedKey)), must(hex.DecodeString(aesKey))}
}

const (
	workedUntil           = "2030-01-31T12:00:00Z"
	vectorFingerprint     = "6c439bd78fdcb33652df0fe15150a225c1ad92eb"
	publishedSHA256       = "80810fc13a8319fcf0e2ec322c82a4c304b782cc3ce671176343cfe8160c2279"
	publishedSHA256OfSPKI = "761b003c1eade3a5490e5000d37887baa5e6ec0e226c07706e599451fc032a79"
)

var (
	vectorMidJanuary  = time.Date(2030, 1, 15, 0, 0, 0, 0, time.UTC)
	vectorHalfAnHour  = time.Date(2030, 1, 31, 11, 30, 0, 0, time.UTC)
	vectorYearsBefore = time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
)

type iiddVector struct{ DigitizationData, SHA256, AESKey, Plaintext, Signed string }

func mustIIDDVector(t *testing.T) iiddVector {
	t.Helper()
	v := mustVector[iiddVector](t, "iidd-openssl.json")
	if sum := sha256.Sum256([]byte(v.DigitizationData)); hex.EncodeToString(sum[:]) != v.SHA256 {
		t.Fatal("the vector's text is not the one described")
	}
	return v
}

func (v iiddVector) sealed(t *testing.T) sealedVector {
	t.Helper()
	var iidd struct{ CardInfo sealedVector }
	if err := json.Unmarshal(must(base64.StdEncoding.DecodeString(v.DigitizationData)), &iidd); err != nil {
		t.Fatal(err)
	}
	return iidd.CardInfo
}

// keys open the vector without its private key; its signature stays unverified.
func (v iiddVector) keys(t *testing.T, now time.Time) mdessim.Keys {
	t.Helper()
	return mdessim.Keys{Now: at(now), Encryption: []mdessim.EncryptionKey{{
		Decrypter: v.sealed(t).opener(v.AESKey), Fingerprints: []string{vectorFingerprint},
	}}}
}

func publishedPair(t *testing.T, now time.Time) mdessim.Keys {
	t.Helper()
	key := mustPublishedKey(t, "test_key_pkcs8-2048.der")
	block, _ := pem.Decode(publishedKeys(t, "test_certificate-2048.pem"))
	return mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: key, Certificate: must(x509.ParseCertificate(block.Bytes))}},
		TAV:        []mdessim.TAVKey{{Public: key.Public()}},
		Now:        at(now),
	}
}

func TestVectorMadeWithOpenSSL(t *testing.T) {
	v := mustIIDDVector(t)
	report := checkIIDDVector(t, v.DigitizationData, v.keys(t, vectorMidJanuary), vectorFingerprint)
	if skipped := skippedChecks(report); !slices.Equal(skipped, []string{"tav_key", "tav_signature", "tav_card"}) {
		t.Errorf("skipped checks %v, want only those that need the TAV key", skipped)
	}
}

func TestPublishedKeysOpenTheVectorMadeWithOpenSSL(t *testing.T) {
	report := checkIIDDVector(t, mustIIDDVector(t).DigitizationData, publishedPair(t, vectorMidJanuary), vectorFingerprint)
	if skipped := skippedChecks(report); len(skipped) > 0 {
		t.Errorf("skipped checks %v", skipped)
	}
}

func checkIIDDVector(t *testing.T, digitizationData string, keys mdessim.Keys, fingerprint string) mdessim.Report {
	t.Helper()
	keys.Now = at(vectorMidJanuary)
	report := mdessim.OpenDigitizationData(digitizationData, keys)
	if failed := failedChecks(report); !slices.Equal(failed, []string{"pan_luhn", "not_expired"}) {
		t.Errorf("failed checks %v, want not_expired, for the card is of 12/25, and pan_luhn, for the vector's PAN has a wrong check digit", failed)
	}
	until := must(time.Parse(time.RFC3339, workedUntil))
	want := mdessim.Facts{Shape: "cardInfo", Fingerprint: fingerprint, KeyWrap: "RSA-OAEP SHA256", Cipher: "AES-128-CBC",
		PAN: "512345******2345", Expiry: "12/25", Source: "CARD_ADDED_VIA_APPLICATION", HasCardholderName: true, TAVVersion: "3", TAVSignatureBits: 2048,
		TAVValidUntil: &until, TAVFields: []string{"dataValidUntilTimestamp", "accountNumber", "accountExpiry"}}
	if diff := cmp.Diff(want, report.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	mustNotShow(t, report, "5123456789012345")
	return report
}

func TestVectorLongBeforeItsTAVEnds(t *testing.T) {
	v := mustIIDDVector(t)
	report := mdessim.OpenDigitizationData(v.DigitizationData, v.keys(t, vectorYearsBefore))
	if failed := failedChecks(report); !slices.Equal(failed, []string{"pan_luhn", "tav_window"}) {
		t.Errorf("failed checks %v, want tav_window, for it is years ahead, and pan_luhn", failed)
	}
}

func TestVectorWithoutAnyKey(t *testing.T) {
	report := mdessim.OpenDigitizationData(mustIIDDVector(t).DigitizationData, mdessim.Keys{Now: at(vectorMidJanuary)})
	if failed := failedChecks(report); len(failed) > 0 || report.Accepted {
		t.Errorf("failed checks %v, accepted %v; want neither", failed, report.Accepted)
	}
	for _, name := range []string{"base64", "json", "shape", "members", "fingerprint", "encrypted_key", "encrypted_data", "oaep_hash", "iv", "tav_json", "tav_members", "tav_window"} {
		if !checkOf(t, report, name).OK {
			t.Errorf("check %s needs no key and is not passed", name)
		}
	}
}

func TestOtherDigestsOfThePublishedCertificateAreNamed(t *testing.T) {
	for fingerprint, code := range map[string]string{publishedSHA256: "fingerprint_sha256_certificate", publishedSHA256OfSPKI: "fingerprint_sha256_spki"} {
		t.Run(code, func(t *testing.T) {
			keys := publishedPair(t, vectorMidJanuary)
			iidd := string(must(base64.StdEncoding.DecodeString(mustIIDDVector(t).DigitizationData)))
			report := mdessim.Inspect([]byte(strings.Replace(iidd, vectorFingerprint, fingerprint, 1)), keys)
			if report.FirstFault == nil || report.FirstFault.Code != code {
				t.Errorf("fault %+v", report.FirstFault)
			}
		})
	}
}

type captureVector struct {
	sealedVector
	AESKey, Plaintext string
}

func TestSandboxCapture(t *testing.T) {
	v := mustVector[captureVector](t, "sandbox-capture.json")
	checkCapture(t, v, v.opener(v.AESKey))
}

func TestPublishedKeyOpensTheSandboxCapture(t *testing.T) {
	v := mustVector[captureVector](t, "sandbox-capture.json")
	checkCapture(t, v, mustPublishedKey(t, "digital-enablement-sandbox-decryption-key.key"))
}

func checkCapture(t *testing.T, v captureVector, key crypto.Decrypter) {
	t.Helper()
	payload := must(json.Marshal(members{"cardInfo": members{
		"publicKeyFingerprint": strings.Repeat("ab", 20), "oaepHashingAlgorithm": "SHA256",
		"iv": v.IV, "encryptedData": v.EncryptedData, "encryptedKey": v.EncryptedKey,
	}}))
	report := mdessim.Inspect(payload, mdessim.Keys{Now: at(time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)),
		Encryption: []mdessim.EncryptionKey{{Decrypter: key, Fingerprints: []string{strings.Repeat("AB", 20)}}}})
	for _, name := range []string{"fingerprint_known", "key_unwrap", "aes_key", "decrypt", "plaintext", "expiry", "not_expired"} {
		if !checkOf(t, report, name).OK {
			t.Errorf("check %s failed on MDES's own capture", name)
		}
	}
	// The capture is of a token, whose number has another name, no source, and a null.
	if got := failedChecks(report); !slices.Equal(got, []string{"pan", "source", "valid_until", "tav_present"}) {
		t.Errorf("failed checks %v", got)
	}
	if report.Facts.Expiry != "12/22" || report.Facts.Cipher != "AES-128-CBC" || report.Facts.KeyWrap != "RSA-OAEP SHA256" {
		t.Errorf("facts %+v", report.Facts)
	}
}

type tavVector struct {
	PAN, Expiry string
	Rows        []tavRow
}

type tavRow struct{ Signed, SHA256, Signature string }

func (r tavRow) name(pan string) string { return strings.ReplaceAll(r.Signed, pan, "PAN") }

func TestPublishedKeyVerifiesTheWorkedTAVs(t *testing.T) {
	public := mustPublishedKey(t, "test_key_pkcs8-2048.der").Public()
	vector := mustVector[tavVector](t, "tav-worked.json")
	for _, row := range vector.Rows {
		t.Run(row.name(vector.PAN), func(t *testing.T) { checkWorkedTAV(t, vector, row, public) })
	}
}

func checkWorkedTAV(t *testing.T, vector tavVector, row tavRow, public crypto.PublicKey) {
	t.Helper()
	keys := mdessim.Keys{Now: at(vectorHalfAnHour), TAV: []mdessim.TAVKey{{Public: public}},
		Card: &mdessim.ExpectedCard{Number: sim.NewCardNumber(vector.PAN), ExpiryMMYY: vector.Expiry}}
	tav := []byte(workedTAV(workedUntil, row.Signed, row.Signature))
	report := mdessim.Inspect(tav, keys)
	if report.Kind != mdessim.KindTAV || !report.Accepted {
		t.Errorf("kind %s, accepted %v, fault %+v", report.Kind, report.Accepted, report.FirstFault)
	}
	keys.Card.Number = sim.NewCardNumber(otherPAN)
	if report := mdessim.Inspect(tav, keys); report.FirstFault == nil || report.FirstFault.Code != "tav_other_card" {
		t.Errorf("for another card: %+v", report.FirstFault)
	}
}

// Without the published key the worked TAVs are well formed, and signed by a stranger.
func TestWorkedTAVsOfAnUnknownKey(t *testing.T) {
	vector := mustVector[tavVector](t, "tav-worked.json")
	for _, row := range vector.Rows {
		t.Run(row.name(vector.PAN), func(t *testing.T) {
			if sum := sha256.Sum256([]byte(row.Signed)); hex.EncodeToString(sum[:]) != row.SHA256 {
				t.Error("the vector contradicts itself")
			}
			tav := []byte(workedTAV(workedUntil, row.Signed, row.Signature))
			keyless := mdessim.Inspect(tav, mdessim.Keys{Now: at(vectorHalfAnHour)})
			if keyless.Kind != mdessim.KindTAV || keyless.FirstFault != nil || keyless.Facts.TAVSignatureBits != 2048 {
				t.Errorf("without a key: kind %s, fault %+v, facts %+v", keyless.Kind, keyless.FirstFault, keyless.Facts)
			}
			keys := simKeys()
			keys.Now = at(vectorHalfAnHour)
			if report := mdessim.Inspect(tav, keys); report.FirstFault == nil || report.FirstFault.Code != "tav_unknown_key" {
				t.Errorf("with another key: %+v", report.FirstFault)
			}
		})
	}
}

// workedTAV puts a signature into the JSON that its signed text asks for, in base64.
func workedTAV(until, signed, signature string) string {
	out := members{"version": "3", "signatureAlgorithm": "RSA-SHA256", "signature": signature, "dataValidUntilTimestamp": until}
	switch {
	case !strings.Contains(signed, "|"):
		out = members{"version": "2", "signatureAlgorithm": "RSA-SHA256", "signature": signature,
			"expirationDateIncluded": "true", "tokenUniqueReferenceIncluded": "false"}
	case strings.HasPrefix(signed, until):
		out["includedFieldsInOrder"] = "dataValidUntilTimestamp|accountNumber|accountExpiry"
	default:
		out["includedFieldsInOrder"] = "accountNumber|accountExpiry|dataValidUntilTimestamp"
	}
	return base64Text(must(json.Marshal(out)))
}

func checkOf(t *testing.T, r mdessim.Report, name string) sim.Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c sim.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	return r.Checks[i]
}

func failedChecks(r mdessim.Report) []string {
	return namesOf(r, func(c sim.Check) bool { return !c.OK && !c.Skipped })
}

func skippedChecks(r mdessim.Report) []string {
	return namesOf(r, func(c sim.Check) bool { return c.Skipped })
}

func namesOf(r mdessim.Report, chosen func(sim.Check) bool) []string {
	var names []string
	for _, c := range r.Checks {
		if chosen(c) {
			names = append(names, c.Name)
		}
	}
	return names
}
