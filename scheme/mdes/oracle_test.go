package mdes_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

// What openssl and Mastercard's own library (npm mastercard-client-encryption)
// read and write. These tests take the IIDD apart by themselves.

const (
	wantCardInfo = `{"accountNumber":"5204247750001471","expiryMonth":"12","expiryYear":"25","source":"CARD_ADDED_VIA_APPLICATION","cardholderName":"TEST CARDHOLDER"}`
	wantFunding  = `{"cardAccountData":{"accountNumber":"5204247750001471","expiryMonth":"12","expiryYear":"25"},"accountHolderData":{"accountHolderName":"TEST CARDHOLDER"},"source":"ACCOUNT_ADDED_VIA_APPLICATION"}`
)

// wirePayload is the payload object as a stranger would read it.
type wirePayload struct {
	EncryptedData        string `json:"encryptedData"`
	EncryptedKey         string `json:"encryptedKey"`
	IV                   string `json:"iv"`
	OAEPHashingAlgorithm string `json:"oaepHashingAlgorithm,omitempty"`
	PublicKeyFingerprint string `json:"publicKeyFingerprint"`
}

type wireIIDD struct {
	CardInfo           *wirePayload
	FundingAccountInfo *struct{ EncryptedPayload *wirePayload }
	TAV                string `json:"tokenizationAuthenticationValue"`
}

func (w wireIIDD) payload() *wirePayload {
	if w.CardInfo != nil {
		return w.CardInfo
	}
	return w.FundingAccountInfo.EncryptedPayload
}

func mustWire(t *testing.T, iidd []byte) wireIIDD {
	t.Helper()
	var wire wireIIDD
	if err := json.Unmarshal(iidd, &wire); err != nil {
		t.Fatalf("the IIDD is not JSON: %v", err)
	}
	return wire
}

func mustOpenSSL(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return oracle.Need(t, "openssl").Run(t, stdin, args...)
}

func mustFile(t *testing.T, content []byte) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "*")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// opensslOpens decrypts a payload with the openssl command.
func opensslOpens(t *testing.T, p *wirePayload, wrap mdes.KeyWrapping) string {
	t.Helper()
	args := []string{"pkeyutl", "-decrypt", "-inkey", mustFile(t, mastercard().privatePEM()), "-pkeyopt"}
	if wrap == mdes.PKCS1v15 {
		args = append(args, "rsa_padding_mode:pkcs1")
	} else {
		md := strings.ToLower(string(wrap))
		args = append(args, "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+md, "-pkeyopt", "rsa_mgf1_md:"+md)
	}
	key := mustOpenSSL(t, mustHex(t, p.EncryptedKey), args...)
	return string(mustOpenSSL(t, mustHex(t, p.EncryptedData),
		"enc", "-d", fmt.Sprintf("-aes-%d-cbc", len(key)*8), "-K", hex.EncodeToString(key), "-iv", p.IV))
}

func TestOpenSSLOpensOurPayload(t *testing.T) {
	for _, shape := range []mdes.Shape{mdes.CardInfo, mdes.FundingAccountInfo} {
		for _, wrap := range []mdes.KeyWrapping{mdes.SHA256, mdes.SHA512, mdes.PKCS1v15} {
			for _, bits := range []int{128, 256} {
				t.Run(fmt.Sprintf("%s %s AES-%d", shape, wrap, bits), func(t *testing.T) {
					profile := profileWith(func(p *mdes.Profile) { p.Shape, p.OAEPHash, p.AESBits, p.HexCase = shape, wrap, bits, mdes.UpperHex })
					wire := mustWire(t, mustSealCard(t, profile, testInput(t)))
					want, wantOAEP := wantCardInfo, string(wrap)
					if shape == mdes.FundingAccountInfo {
						want = wantFunding
					}
					if wrap == mdes.PKCS1v15 {
						wantOAEP = ""
					}
					if got := opensslOpens(t, wire.payload(), wrap); got != want {
						t.Errorf("openssl read something else than the card")
					}
					if got := wire.payload().OAEPHashingAlgorithm; got != wantOAEP {
						t.Errorf("oaepHashingAlgorithm %q, want %q", got, wantOAEP)
					}
				})
			}
		}
	}
}

func TestOpenSSLVerifiesOurTAV(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(&issuer().key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicKey := mustFile(t, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	const until = "2026-03-01T10:50:30Z"
	for _, c := range []struct {
		name, message string
		profile       mdes.Profile
		tokenRef      string
	}{
		{"version 2", testPAN + "Y1225N", profileWith(func(p *mdes.Profile) { p.TAVVersion = 2 }), ""},
		{"version 2 about a token", testPAN + "Y1225YDWSPMC00000000", profileWith(func(p *mdes.Profile) { p.TAVVersion = 2 }), "DWSPMC00000000"},
		{"version 3", until + "|" + testPAN + "|1225", mdes.DefaultProfile(), ""},
		{"version 3, timestamp last", testPAN + "|1225|" + until, profileWith(func(p *mdes.Profile) {
			p.TAVFieldOrder = []string{"accountNumber", "accountExpiry", "dataValidUntilTimestamp"}
		}), ""},
		{"version 3 without expiry", until + "|" + testPAN, profileWith(func(p *mdes.Profile) {
			p.TAVFieldOrder = []string{"dataValidUntilTimestamp", "accountNumber"}
		}), ""},
		{"version 4", until + "|" + testPAN + "|1225", profileWith(func(p *mdes.Profile) { p.TAVVersion = 4 }), ""},
		{"version 4 about a token", until + "|" + testPAN + "|DWSPMC00000000", profileWith(func(p *mdes.Profile) {
			p.TAVVersion, p.TAVFieldOrder = 4, []string{"dataValidUntilTimestamp", "accountNumber", "tokenUniqueReference"}
		}), "DWSPMC00000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			in.TokenUniqueReference = c.tokenRef
			object, err := base64.StdEncoding.DecodeString(mustSignTAV(t, c.profile, in))
			if err != nil {
				t.Fatal(err)
			}
			var tav struct{ Signature []byte }
			if err := json.Unmarshal(object, &tav); err != nil {
				t.Fatal(err)
			}
			out := mustOpenSSL(t, []byte(c.message), "dgst", "-sha256", "-verify", publicKey, "-signature", mustFile(t, tav.Signature))
			if string(out) != "Verified OK\n" {
				t.Errorf("openssl says %q", out)
			}
		})
	}
}

func TestOpenSSLComputesTheSameFingerprints(t *testing.T) {
	certificate := mustFile(t, mastercard().certificatePEM())
	certificateDER := mustOpenSSL(t, nil, "x509", "-in", certificate, "-outform", "DER")
	spki := mustOpenSSL(t, mustOpenSSL(t, nil, "x509", "-in", certificate, "-pubkey", "-noout"), "pkey", "-pubin", "-outform", "DER")
	digest := func(name string, data []byte) string {
		return string(mustOpenSSL(t, data, "dgst", "-r", name))[:map[string]int{"-sha1": 40, "-sha256": 64}[name]]
	}
	want := map[mdes.FingerprintMode]string{
		mdes.SHA1Certificate:   digest("-sha1", certificateDER),
		mdes.SHA256Certificate: digest("-sha256", certificateDER),
		mdes.SHA1PublicKey:     digest("-sha1", spki),
		mdes.SHA256PublicKey:   digest("-sha256", spki),
	}
	for mode, fingerprint := range want {
		profile := profileWith(func(p *mdes.Profile) { p.Fingerprint = mode })
		if got := mustWire(t, mustSealCard(t, profile, testInput(t))).payload().PublicKeyFingerprint; got != fingerprint {
			t.Errorf("%s: %s, openssl says %s", mode, got, fingerprint)
		}
	}
	bare := scheme.Recipient{Public: &mastercard().key.PublicKey}
	for _, mode := range []mdes.FingerprintMode{mdes.SHA1PublicKey, mdes.SHA256PublicKey} {
		if got, err := mdes.Fingerprint(mode, bare); err != nil || got != want[mode] {
			t.Errorf("%s of a bare key: %s, error %v, want %s", mode, got, err, want[mode])
		}
	}
}

// libraryAnswer is one answer of oracle/field-level.js.
type libraryAnswer struct {
	Data    json.RawMessage
	Payload json.RawMessage
	Error   string
}

// askLibrary hands requests to Mastercard's library in one run of node.
func askLibrary(t *testing.T, requests ...map[string]any) []libraryAnswer {
	t.Helper()
	node := oracle.NeedNode(t, "mastercard-client-encryption")
	input, err := json.Marshal(map[string]any{
		"certificate": string(mastercard().certificatePEM()),
		"privateKey":  string(mastercard().privatePEM()),
		"requests":    requests,
	})
	if err != nil {
		t.Fatal(err)
	}
	var answers []libraryAnswer
	if err := json.Unmarshal(node.Run(t, input, filepath.Join(oracle.Dir(t), "field-level.js")), &answers); err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		if a.Error != "" {
			t.Fatalf("request %d: the library says %s", i, a.Error)
		}
	}
	return answers
}

func TestMastercardsLibraryOpensOurPayload(t *testing.T) {
	var requests []map[string]any
	var wants []string
	for _, shape := range []mdes.Shape{mdes.CardInfo, mdes.FundingAccountInfo} {
		for _, wrap := range []mdes.KeyWrapping{mdes.SHA256, mdes.SHA512} {
			for _, bits := range []int{128, 256} {
				profile := profileWith(func(p *mdes.Profile) { p.Shape, p.OAEPHash, p.AESBits = shape, wrap, bits })
				wire := mustWire(t, mustSealCard(t, profile, testInput(t)))
				requests = append(requests, map[string]any{"op": "decrypt", "payload": wire.payload()})
				wants = append(wants, map[mdes.Shape]string{mdes.CardInfo: wantCardInfo, mdes.FundingAccountInfo: wantFunding}[shape])
			}
		}
	}
	for i, answer := range askLibrary(t, requests...) {
		if string(answer.Data) != wants[i] {
			t.Errorf("request %d: the library read something else than the card", i)
		}
	}
}

func TestWeOpenWhatMastercardsLibrarySeals(t *testing.T) {
	data := json.RawMessage(`{"accountNumber":"5555555555554444","expiryMonth":"02","expiryYear":"28","source":"CARD_ON_FILE","cardholderName":"DOE/JANE"}`)
	answers := askLibrary(t,
		map[string]any{"op": "encrypt", "oaep": "SHA-256", "data": data},
		map[string]any{"op": "encrypt", "oaep": "SHA-512", "data": data})
	wantFingerprint, err := mdes.Fingerprint(mdes.SHA256Certificate, mastercard().recipient())
	if err != nil {
		t.Fatal(err)
	}
	for i, answer := range answers {
		iidd, err := mdes.ParseIIDD(fmt.Appendf(nil, `{"cardInfo":%s}`, answer.Payload))
		if err != nil {
			t.Fatal(err)
		}
		if iidd.Payload.Fingerprint != wantFingerprint {
			t.Errorf("request %d: fingerprint %s, want the library's %s", i, iidd.Payload.Fingerprint, wantFingerprint)
		}
		card, err := iidd.Open(rand.Reader, mastercard().key, testNow)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{string(card.PAN.Reveal()), card.Expiry.MMYY(), card.Source, string(card.CardholderName.Reveal())}
		if diff := cmp.Diff([]string{"5555555555554444", "0228", "CARD_ON_FILE", "DOE/JANE"}, got); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", i, diff)
		}
	}
}
