package vtssim_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

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

type pushVector struct{ SharedSecret, JWE, SHA256, Plaintext string }

func TestPushVector(t *testing.T) {
	v := mustVector[pushVector](t, "push-v1.json")
	if sum := sha256.Sum256([]byte(v.JWE)); hex.EncodeToString(sum[:]) != v.SHA256 {
		t.Fatal("the vector's text is not the one described")
	}
	issued := time.Unix(1700000000, 0)
	keys := simKeys()
	keys.Push = map[string][]byte{testKid: []byte(v.SharedSecret)}
	keys.MaxAge, keys.Now = time.Minute, func() time.Time { return issued.Add(time.Second) }
	report := vtssim.OpenPush(v.JWE, keys)
	if !report.Accepted || report.FirstFault != nil {
		t.Errorf("refused: %+v", report.FirstFault)
	}
	want := vtssim.Facts{KeyManagement: "A256GCMKW", ContentEncryption: "A256GCM", KeyID: testKid, IssuedAt: &issued, PAN: "411111******1111", Expiry: "12/2030",
		HasName: true, HasBillingAddress: true, Intent: "PUSH_PROV_MOBILE", WalletProvider: testTRID, IDnV: "true"}
	if diff := cmp.Diff(want, report.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	mustNotShow(t, report, testPAN, "JANE DOE")
	checkNamed(t, vtssim.OpenPush(v.JWE, keysOf(func(k *vtssim.Keys) { k.Push[testKid] = []byte("another secret") })), "key_unwrap_failed")
}

type wsdVector struct {
	KeySet, Key string
	Strings     []wsdRow
}

type wsdRow struct{ Name, Text, Base64, Block, Nonce string }

// keys open the vector, at the moment that its MBPAD was made.
func (v wsdVector) keys(nonce string) vtssim.Keys {
	made := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	return vtssim.Keys{WSD: map[string][]byte{v.KeySet: hexBytes(v.Key)}, Nonce: nonce, MaxAge: time.Minute, Now: func() time.Time { return made }}
}

func TestWSDVectors(t *testing.T) {
	v := mustVector[wsdVector](t, "wsd.json")
	for _, row := range v.Strings {
		t.Run(row.Name, func(t *testing.T) {
			checkWSDRow(t, v.keys(row.Nonce), row.Text)
			if row.Base64 != "" {
				checkWSDRow(t, v.keys(row.Nonce), row.Base64)
			}
			other := v.keys(row.Nonce)
			other.WSD = map[string][]byte{v.KeySet: otherWSD}
			checkNamed(t, vtssim.Inspect([]byte(row.Text), other), "wsd_decrypt_failed")
		})
	}
}

func checkWSDRow(t *testing.T, keys vtssim.Keys, text string) {
	t.Helper()
	report := vtssim.Inspect([]byte(text), keys)
	if !report.Accepted || report.FirstFault != nil || report.Facts.KeySet != testKeySet {
		t.Errorf("refused: %+v\n%+v", report.FirstFault, report.Checks)
	}
	if report.Kind == vtssim.KindMBPAD && report.Facts.PAN != "411111******1111" {
		t.Errorf("facts %+v", report.Facts)
	}
	if report.Kind == vtssim.KindMBPAC && !report.Facts.HasAuthCode {
		t.Errorf("facts %+v", report.Facts)
	}
	mustNotShow(t, report, testPAN)
}

// The vectors' card and nonce also go together as one enrolment.
func TestVectorsAsEnrolment(t *testing.T) {
	v := mustVector[wsdVector](t, "wsd.json")
	s, err := vtssim.New(vtssim.Config{Dir: t.TempDir(), Keys: func() vtssim.Keys { return v.keys("") }, Rand: zeros{}, Now: v.keys("").Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	report := must(s.Enrol(t.Context(), sim.Enrolment{TokenRequestorID: "40010030273", Wallet: "applepay", EncryptedNumber: v.Strings[2].Text,
		NumberPrefix: "41111111", ActivationData: []byte(v.Strings[0].Text), Nonce: v.Strings[0].Nonce}))
	if !report.Accepted || report.Token.(*tokenvault.Token).Status != tokenvault.StatusActive {
		t.Errorf("refused: %+v", report.FirstFault)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
