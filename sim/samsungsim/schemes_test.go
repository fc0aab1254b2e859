package samsungsim_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/samsungsim"
	"github.com/walletport/walletport/sim/vtssim"
)

// The builders below make payloads from the formats' descriptions with the standard
// library. They share nothing with the simulators and nothing with walletport's
// encoders; the one for Visa is held to a published vector first.

const (
	visaPAN       = "4111111111111111"
	mastercardPAN = "5204247750001471"
	otherPAN      = "5555555555554444"
	canaryName    = "JANE CANARY"

	samsungAtVisa = "40010043095"
	googleAtVisa  = "40010075001"

	jweKid    = "TESTKEYID00000000000000000000000000000000000000001"
	jweSecret = "example-shared-secret-0123456789abcdefgh"
)

var testNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return testNow }

func sealGCM(key, iv, plaintext, aad []byte) (data, tag []byte) {
	out := must(cipher.NewGCM(must(aes.NewCipher(key)))).Seal(nil, iv, plaintext, aad)
	return out[:len(out)-16], out[len(out)-16:]
}

// jweOf seals a plaintext with the keys, IVs and header of vector V1.
func jweOf(plaintext string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	cek := must(hex.DecodeString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"))
	wrapIV := must(hex.DecodeString("101112131415161718191a1b"))
	iv := must(hex.DecodeString("202122232425262728292a2b"))
	kek := sha256.Sum256([]byte(jweSecret))
	key, wrapTag := sealGCM(kek[:], wrapIV, cek, nil)
	header := b64([]byte(`{"alg":"A256GCMKW","iv":"` + b64(wrapIV) + `","tag":"` + b64(wrapTag) + `","enc":"A256GCM","typ":"JOSE","kid":"` + jweKid +
		`","channelSecurityContext":"SHARED_SECRET","iat":"1700000000"}`))
	data, tag := sealGCM(cek, iv, []byte(plaintext), []byte(header))
	return strings.Join([]string{header, b64(key), b64(iv), b64(data), b64(tag)}, ".")
}

// visaCard is the plaintext of vector V1 with its changeable values.
func visaCard(name, requestor string, of ids, app string) string {
	return `{"accountNumber":"` + visaPAN + `","name":"` + name + `","expirationDate":{"month":"12","year":"2030"},"billingAddress":{"line1":"1 Test Street",` +
		`"city":"Helsinki","postalCode":"00100","country":"FI"},"provider":{"intent":"PUSH_PROV_MOBILE","clientWalletProvider":"` + requestor +
		`","clientWalletAccountID":"` + of.ClientWalletAccountID + `","clientDeviceID":"` + of.ClientDeviceID + `","clientAppID":"` + app + `","isIDnV":"true"}}`
}

// Vector V1 (made with published test data) was opened by joserfc, go-jose and node's
// jose; the hash is that of its 931 characters.
func TestTheVisaBuilderMakesTheVector(t *testing.T) {
	const want = "f4228adba8f46322e2f363ae2e352d5313ac6f05370ed8d8e1c2b0ea723cd7f7"
	jwe := jweOf(visaCard("JANE DOE", googleAtVisa, ids{"deviceHardwareId00000001", "walletAccount00000000001"}, "issuerapp"))
	if sum := sha256.Sum256([]byte(jwe)); hex.EncodeToString(sum[:]) != want || len(jwe) != 931 {
		t.Errorf("%d characters, SHA-256 %x", len(jwe), sum)
	}
}

// mdesFingerprint is the name under which the simulated MDES finds its key.
const mdesFingerprint = "0102030405060708090a0b0c0d0e0f1011121314"

type mdesKeys struct{ encryption, tav *rsa.PrivateKey }

var testMDES = sync.OnceValue(func() mdesKeys {
	return mdesKeys{must(rsa.GenerateKey(rand.Reader, 2048)), must(rsa.GenerateKey(rand.Reader, 2048))}
})

// cardInfo seals a card with AES-128-CBC under RSA-OAEP with SHA-256.
func cardInfo(pan string) members {
	plaintext := must(json.Marshal(members{"accountNumber": pan, "expiryMonth": "12", "expiryYear": "28",
		"source": "CARD_ADDED_VIA_APPLICATION", "cardholderName": canaryName}))
	n := aes.BlockSize - len(plaintext)%aes.BlockSize
	padded := append(plaintext, bytes.Repeat([]byte{byte(n)}, n)...)
	key, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	must(rand.Read(key))
	must(rand.Read(iv))
	cipher.NewCBCEncrypter(must(aes.NewCipher(key)), iv).CryptBlocks(padded, padded)
	wrapped := must(rsa.EncryptOAEP(sha256.New(), rand.Reader, &testMDES().encryption.PublicKey, key, nil))
	return members{"publicKeyFingerprint": mdesFingerprint, "encryptedKey": hex.EncodeToString(wrapped), "oaepHashingAlgorithm": "SHA256",
		"iv": hex.EncodeToString(iv), "encryptedData": hex.EncodeToString(padded)}
}

// tavOf signs a TAV version 3, good for half an hour.
func tavOf(pan string) string {
	const until = "2026-11-24T12:30:00Z"
	sum := sha256.Sum256([]byte(until + "|" + pan + "|1228"))
	signature := must(rsa.SignPKCS1v15(nil, testMDES().tav, crypto.SHA256, sum[:]))
	return base64.StdEncoding.EncodeToString(must(json.Marshal(members{"version": "3", "signatureAlgorithm": "RSA-SHA256", "dataValidUntilTimestamp": until,
		"includedFieldsInOrder": "dataValidUntilTimestamp|accountNumber|accountExpiry", "signature": base64.StdEncoding.EncodeToString(signature)})))
}

func iiddOf(pan, signedPAN string) string {
	return base64Text(string(must(json.Marshal(members{"cardInfo": cardInfo(pan), "tokenizationAuthenticationValue": tavOf(signedPAN)}))))
}

// openRealShop is a wallet in front of the simulated MDES and VTS as they are.
func openRealShop(t *testing.T) (s *shop, tokensOf func() (mastercard, visa int)) {
	t.Helper()
	mdes := must(mdessim.New(mdessim.Config{Dir: t.TempDir(), Rand: rand.Reader, Now: clock, Keys: func() mdessim.Keys {
		return mdessim.Keys{TAV: []mdessim.TAVKey{{Public: testMDES().tav.Public()}},
			Encryption: []mdessim.EncryptionKey{{Decrypter: testMDES().encryption, Fingerprints: []string{mdesFingerprint}}}}
	}}))
	vts := must(vtssim.New(vtssim.Config{Dir: t.TempDir(), Rand: rand.Reader, Now: clock, Keys: func() vtssim.Keys {
		return vtssim.Keys{Push: map[string][]byte{jweKid: []byte(jweSecret)}, TokenRequestors: []string{samsungAtVisa, googleAtVisa}}
	}}))
	t.Cleanup(func() {
		if err := mdes.Close(); err != nil {
			t.Error(err)
		}
		if err := vts.Close(); err != nil {
			t.Error(err)
		}
	})
	s = &shop{Handler: must(samsungsim.New(samsungsim.Config{Networks: networks(mdes, vts), Rand: rand.Reader, Now: clock}))}
	return s, func() (int, int) { return len(mdes.Vault().Tokens(nil)), len(vts.Vault().Tokens()) }
}

// addReal adds a card and looks for the canaries in the answer.
func (s *shop) addReal(t *testing.T, body members) (accepted bool, fault string, token members) {
	t.Helper()
	w := s.call(http.MethodPost, addPath, strings.NewReader(string(must(json.Marshal(body)))))
	for _, canary := range []string{visaPAN, mastercardPAN, otherPAN, canaryName, jweSecret} {
		if strings.Contains(w.Body.String(), canary) {
			t.Error("the answer shows a PAN, a name or a secret")
		}
	}
	if walletport.ContainsPAN(w.Body.String()) {
		t.Error("the answer shows what reads like a PAN")
	}
	var a struct {
		Accepted   bool
		FirstFault struct{ Code string }
		Token      members
	}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	return a.Accepted, a.FirstFault.Code, a.Token
}

const testApp = "issuerapp"

func visaBody(payload string, of ids) members {
	return members{"digitizationData": payload, "clientAppID": testApp, "clientDeviceID": of.ClientDeviceID, "clientWalletAccountID": of.ClientWalletAccountID}
}

func TestVTSOpensWhatTheWalletHandsOn(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		requestor   string
		mangle      func(body members, own, other ids)
	}{
		{"the device that it was made for", "", samsungAtVisa, func(members, ids, ids) {}},
		{"a payload made for Google Pay", "wallet_provider_other", googleAtVisa, func(members, ids, ids) {}},
		{"a payload made for another device", "client_id_other", samsungAtVisa, func(body members, _, other ids) {
			body["clientDeviceID"], body["clientWalletAccountID"] = other.ClientDeviceID, other.ClientWalletAccountID
		}},
		{"another app", "client_id_other", samsungAtVisa, func(body members, _, _ ids) { body["clientAppID"] = "x" }},
		{"the account of another device", "wallet_account_other", samsungAtVisa, func(body members, _, other ids) {
			body["clientWalletAccountID"] = other.ClientWalletAccountID
		}},
		{"base64 around the JWE", "jwe_in_base64", samsungAtVisa, func(body members, _, _ ids) {
			body["digitizationData"] = base64Text(body["digitizationData"].(string))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, tokensOf := openRealShop(t)
			own, other := s.device(t, http.MethodGet), s.device(t, http.MethodGet)
			body := visaBody(jweOf(visaCard(canaryName, c.requestor, own, testApp)), own)
			c.mangle(body, own, other)
			accepted, fault, token := s.addReal(t, body)
			mastercard, visa := tokensOf()
			if accepted != (c.fault == "") || fault != c.fault || accepted != (token != nil) || mastercard != 0 || accepted != (visa == 1) {
				t.Errorf("accepted %v, fault %q, want %q; token %v, %d and %d tokens", accepted, fault, c.fault, token, mastercard, visa)
			}
			if accepted && (token["tokenRequestorID"] != samsungAtVisa || token["tokenStatus"] != "ACTIVE" || token["deviceID"] != own.ClientDeviceID) {
				t.Errorf("token %v", token)
			}
		})
	}
}

func TestMDESOpensWhatTheWalletHandsOn(t *testing.T) {
	for _, c := range []struct{ name, fault, payload string }{
		{"cardInfo and its TAV", "", iiddOf(mastercardPAN, mastercardPAN)},
		{"the TAV of another card", "tav_other_card", iiddOf(mastercardPAN, otherPAN)},
		{"base64 twice", "base64_twice", base64Text(iiddOf(mastercardPAN, mastercardPAN))},
		{"fundingAccountInfo", "samsung_needs_card_info",
			base64Text(string(must(json.Marshal(members{"fundingAccountInfo": members{"encryptedPayload": cardInfo(mastercardPAN)}}))))},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, tokensOf := openRealShop(t)
			accepted, fault, token := s.addReal(t, members{"digitizationData": c.payload})
			mastercard, visa := tokensOf()
			if accepted != (c.fault == "") || fault != c.fault || accepted != (token != nil) || visa != 0 || accepted != (mastercard == 1) {
				t.Errorf("accepted %v, fault %q, want %q; token %v, %d and %d tokens", accepted, fault, c.fault, token, mastercard, visa)
			}
			if accepted && (token["tokenRequestorId"] != "50139059239" || token["status"] != "ACTIVE") {
				t.Errorf("token %v", token)
			}
		})
	}
}
