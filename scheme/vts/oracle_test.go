package vts_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/scheme/vts"
)

// goJoseOpens decrypts with a library that shares no code with ours.
func goJoseOpens(t *testing.T, jwe string) string {
	t.Helper()
	parsed, err := jose.ParseEncryptedCompact(jwe, []jose.KeyAlgorithm{jose.A256GCMKW}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	key := sha256.Sum256([]byte(testSecret))
	text, err := parsed.Decrypt(key[:])
	if err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	return string(text)
}

type joseAnswer struct {
	Opened []struct {
		Header    map[string]any
		Plaintext string
	}
	Sealed []string
}

func askJose(t *testing.T, request map[string]any) joseAnswer {
	t.Helper()
	node := oracle.NeedNode(t, "jose")
	request["secret"] = testSecret
	input, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var answer joseAnswer
	if err := json.Unmarshal(node.Run(t, input, filepath.Join(oracle.Dir(t), "jwe.mjs")), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// pushForms are the forms of a push payload, with what another reader must find.
var pushForms = []struct {
	name      string
	profile   vts.Profile
	header    string // but for alg, enc, iv and tag
	plaintext string
}{
	{
		"default", vts.DefaultProfile(),
		`{"channelSecurityContext":"SHARED_SECRET","iat":"1700000000","kid":"` + testKeyID + `","typ":"JOSE"}`,
		strings.Replace(vectorPlaintext, vectorAddress, "", 1),
	},
	{
		"minimal header, two digits of the year, no name, no IDnV",
		profileWith(func(p *vts.Profile) {
			p.Header, p.YearDigits, p.CardholderName, p.IDnV = vts.MinimalHeader, 2, false, vts.IDnVAbsent
		}),
		`{"kid":"` + testKeyID + `"}`,
		`{"accountNumber":"4111111111111111","expirationDate":{"month":"12","year":"30"},"provider":{"intent":"PUSH_PROV_MOBILE","clientWalletProvider":"40010075001","clientWalletAccountID":"walletAccount00000000001","clientDeviceID":"deviceHardwareId00000001","clientAppID":"issuerapp"}}`,
	},
	{
		"iat as a number, IDnV as a boolean, card on file",
		profileWith(func(p *vts.Profile) {
			p.IssuedAt, p.IDnV, p.IDnVForm, p.Intent = vts.JSONNumber, vts.IDnVFalse, vts.JSONBoolean, vts.PushOnFile
		}),
		`{"channelSecurityContext":"SHARED_SECRET","iat":1700000000,"kid":"` + testKeyID + `","typ":"JOSE"}`,
		`{"accountNumber":"4111111111111111","name":"JANE DOE","expirationDate":{"month":"12","year":"2030"},"provider":{"intent":"PUSH_PROV_ONFILE","clientWalletProvider":"40010075001","clientWalletAccountID":"walletAccount00000000001","clientDeviceID":"deviceHardwareId00000001","clientAppID":"issuerapp","isIDnV":false}}`,
	},
}

func TestJoseOpensOurPushPayload(t *testing.T) {
	var payloads []string
	for _, form := range pushForms {
		payloads = append(payloads, mustSealCard(t, form.profile, testInput(t)))
	}
	answer := askJose(t, map[string]any{"open": payloads})
	for i, form := range pushForms {
		t.Run(form.name, func(t *testing.T) {
			header := answer.Opened[i].Header
			for _, member := range []string{"alg", "enc", "iv", "tag"} {
				delete(header, member)
			}
			got, err := json.Marshal(header)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != form.header {
				t.Errorf("jose read the header %s, want %s", got, form.header)
			}
			if answer.Opened[i].Plaintext != form.plaintext {
				t.Errorf("jose read something else than the card")
			}
		})
	}
}

func TestGoJoseOpensOurPushPayload(t *testing.T) {
	for _, form := range pushForms {
		t.Run(form.name, func(t *testing.T) {
			if goJoseOpens(t, mustSealCard(t, form.profile, testInput(t))) != form.plaintext {
				t.Error("go-jose read something else than the card")
			}
		})
	}
}

func TestOpenPushReadsWhatJoseSeals(t *testing.T) {
	answer := askJose(t, map[string]any{"seal": []string{pushForms[0].plaintext, pushForms[2].plaintext}})
	for i, jwe := range answer.Sealed {
		push, err := vts.OpenPush(sharedSecret{text: testSecret}, []byte(jwe))
		if err != nil {
			t.Fatalf("payload %d: %v", i, err)
		}
		if !push.PAN.Equal(mustPAN(t, testPAN)) || push.Client != testClient() || push.IDnV != (i == 0) {
			t.Errorf("payload %d: another card or wallet", i)
		}
	}
}

// opensslOpens decrypts the last part of a WSD string.
func opensslOpens(t *testing.T, wsd string) string {
	t.Helper()
	return string(oracle.Need(t, "openssl").Run(t, mustHex(wsd[strings.LastIndex(wsd, "-")+1:]), "enc", "-d", "-des-ede-cbc", "-nopad",
		"-K", testWSDKey, "-iv", "0000000000000000", "-provider", "legacy", "-provider", "default"))
}

func TestOpenSSLOpensOurWSDStrings(t *testing.T) {
	pkcs5 := profileWith(func(p *vts.Profile) { p.WSDPadding, p.WSDNames = vts.PadWithPKCS5, vts.NewWSDNames })
	other := profileWith(func(p *vts.Profile) { p.WSDMark = "~" })
	activate := func(p vts.Profile, nonce string) string {
		in := testActivation()
		in.Nonce = mustHex(nonce)
		return mustActivate(t, p, in)
	}
	const outer, header, code = `-1-FK-401200\.1--TDEA-[0-9A-F]+$`, `^  [!-~]{4}`, `;authcode=[A-Z0-9]{6}`
	const longest = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425"
	const number = `pan=4111111111111111;expiry=1230;datetime=20231114221320`
	for _, c := range []struct{ name, wsd, outer, block string }{
		{"MBPAC", activate(vts.DefaultProfile(), "91ab95b8"), `^MBPAC` + outer, header + `30nonce=91ab95b8` + code + `!!$`},
		{"MBPAC with another mark", activate(other, "91ab95b8"), `^MBPAC` + outer, header + `30nonce=91ab95b8` + code + `~~$`},
		{"MBPAC of the longest nonce", activate(vts.DefaultProfile(), longest), `^MBPAC` + outer, header + `98nonce=` + longest + code + `!!!!!!$`},
		{"MPAC with PKCS#5", activate(pkcs5, "91ab95b8"), `^MPAC` + outer, header + `30nonce=91ab95b8` + code + `\x02\x02$`},
		{"MBPAD", mustSealNumber(t, vts.DefaultProfile(), testNumber(t)), `^MBPAD` + outer, header + `56` + number + `$`},
		{"MPAD with PKCS#5", mustSealNumber(t, pkcs5, testNumber(t)), `^MPAD` + outer, header + `56` + number + `\x08{8}$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !regexp.MustCompile(c.outer).MatchString(c.wsd) {
				t.Errorf("the string is %s, want %s", c.wsd, c.outer)
			}
			if block := opensslOpens(t, c.wsd); !regexp.MustCompile(c.block).MatchString(block) {
				t.Errorf("openssl read %s, want %s", fmt.Sprintf("%q", block), c.block)
			}
		})
	}
}
