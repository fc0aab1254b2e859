package vtssim_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim"
)

// The builders below make payloads from the format's description with the standard
// library, right ones and wrong ones. They share nothing with the package under
// test and nothing with walletport's encoders.

const (
	testPAN  = "4111111111111111"
	otherPAN = "4761120010000492"
	testName = "JANE CANARY"

	testKid     = "TESTKEYID00000000000000000000000000000000000000001"
	otherKid    = "TESTKEYID00000000000000000000000000000000000000002"
	requestKid  = "TESTREQUESTKEY000000000000000000000000000000000001"
	testSecret  = "example-shared-secret-0123456789abcdefgh"
	otherSecret = "another-shared-secret-0123456789abcdefgh"

	testKeySet  = "401200.1"
	otherKeySet = "401200.2"
	testTRID    = "40010075001"
	samsungTRID = "40010043095"
	testNonce   = "91ab95b8"
)

var (
	testNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

	testWSD  = must(hex.DecodeString("0123456789abcdeffedcba9876543210"))
	otherWSD = must(hex.DecodeString("a1a2a3a4a5a6a7a8b1b2b3b4b5b6b7b8"))

	testClient = sim.Client{AppID: "issuerapp", DeviceID: "deviceHardwareId00000001", WalletAccountID: "walletAccount00000000001"}
)

type members = map[string]any

func simKeys() vtssim.Keys {
	return vtssim.Keys{
		Push:            map[string][]byte{testKid: []byte(testSecret), otherKid: []byte(otherSecret)},
		WSD:             map[string][]byte{testKeySet: testWSD, otherKeySet: otherWSD},
		RequestKeys:     []string{requestKid},
		TokenRequestors: []string{testTRID, samsungTRID},
		Wallet:          &vtssim.Wallet{TokenRequestorID: testTRID, Client: testClient},
		Nonce:           testNonce,
		Now:             func() time.Time { return testNow },
	}
}

// pushRecipe is a push payload to be made. The zero hooks leave everything right.
type pushRecipe struct {
	header    func(members) // changes the protected header
	plain     func(members) // changes the plaintext object
	provider  func(members) // changes plaintext.provider
	plaintext []byte        // replaces the plaintext
	kek       []byte
	cek       []byte
	wrapIV    []byte
	iv        []byte
	wrapAAD   []byte
	aad       func(protected string) []byte // nil is the protected header
	parts     func(*parts)                  // changes what was made, before base64url
	segments  func([]string)                // changes the segments
	outer     func(string) string           // changes the whole
	keys      func(*vtssim.Keys)            // changes the simulator's keys
}

// parts are the binary parts of a JWE.
type parts struct {
	header             []byte
	key, iv, data, tag []byte
}

func newPush() *pushRecipe {
	return &pushRecipe{kek: sha256Of(testSecret), cek: seq(0, 32), wrapIV: seq(0x10, 12), iv: seq(0x20, 12)}
}

func seq(first byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = first + byte(i)
	}
	return out
}

func sha256Of(text string) []byte { s := sha256.Sum256([]byte(text)); return s[:] }
func b64(data []byte) string      { return base64.StdEncoding.EncodeToString(data) }
func b64url(data []byte) string   { return base64.RawURLEncoding.EncodeToString(data) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// card is the plaintext object.
func (r *pushRecipe) card() members {
	provider := members{"intent": "PUSH_PROV_MOBILE", "clientWalletProvider": testTRID, "clientWalletAccountID": testClient.WalletAccountID,
		"clientDeviceID": testClient.DeviceID, "clientAppID": testClient.AppID, "isIDnV": "true"}
	plain := members{"accountNumber": testPAN, "name": testName, "expirationDate": members{"month": "12", "year": "2030"},
		"billingAddress": members{"line1": "1 Test Street", "city": "Helsinki", "postalCode": "00100", "country": "FI"}, "provider": provider}
	if r.provider != nil {
		r.provider(provider)
	}
	if r.plain != nil {
		r.plain(plain)
	}
	return plain
}

func (r *pushRecipe) text() string {
	plaintext := r.plaintext
	if plaintext == nil {
		plaintext = must(json.Marshal(r.card()))
	}
	key, wrapTag := sealGCM(r.kek, r.wrapIV, r.cek, r.wrapAAD)
	header := members{"alg": "A256GCMKW", "enc": "A256GCM", "iv": b64url(r.wrapIV), "tag": b64url(wrapTag), "typ": "JOSE", "kid": testKid,
		"channelSecurityContext": "SHARED_SECRET", "iat": fmt.Sprint(testNow.Unix())}
	if r.header != nil {
		r.header(header)
	}
	p := parts{header: must(json.Marshal(header)), key: key, iv: r.iv}
	aad := []byte(b64url(p.header))
	if r.aad != nil {
		aad = r.aad(b64url(p.header))
	}
	p.data, p.tag = sealGCM(r.cek, r.iv, plaintext, aad)
	if r.parts != nil {
		r.parts(&p)
	}
	segments := []string{b64url(p.header), b64url(p.key), b64url(p.iv), b64url(p.data), b64url(p.tag)}
	if r.segments != nil {
		r.segments(segments)
	}
	text := strings.Join(slices.DeleteFunc(segments, func(s string) bool { return s == "(gone)" }), ".")
	if r.outer != nil {
		text = r.outer(text)
	}
	return text
}

func sealGCM(key, iv, plaintext, aad []byte) (data, tag []byte) {
	gcm := must(cipher.NewGCMWithNonceSize(must(aes.NewCipher(key)), len(iv)))
	out := gcm.Seal(nil, iv, plaintext, aad)
	return out[:len(out)-16], out[len(out)-16:]
}

func keysOf(change func(*vtssim.Keys)) vtssim.Keys {
	keys := simKeys()
	if change != nil {
		change(&keys)
	}
	return keys
}

// wsdRecipe is a string under a WSD key to be made.
type wsdRecipe struct {
	clear   string
	random  string // four characters
	length  string // replaces the two digits
	block   func(header, clear string) []byte
	encrypt func(key, block []byte) []byte
	key     []byte
	encode  func([]byte) string
	parts   func([]string) []string // changes type, version, … block
	outer   func(string) string
	keys    func(*vtssim.Keys)
	number  bool // MBPAD
}

func newMBPAC() *wsdRecipe {
	return &wsdRecipe{clear: "nonce=" + testNonce + ";authcode=A1B2C3", random: "abcd", key: testWSD}
}

func newMBPAD() *wsdRecipe {
	return &wsdRecipe{clear: "pan=" + testPAN + ";expiry=1230;datetime=20261124120000", random: "WXYZ", key: testWSD, number: true}
}

func (r *wsdRecipe) text() string {
	length := r.length
	if length == "" {
		length = fmt.Sprintf("%02d", len(r.clear))
	}
	block := fill("  "+r.random+length+r.clear, '!')
	if r.block != nil {
		block = r.block("  "+r.random+length, r.clear)
	}
	encrypt := r.encrypt
	if encrypt == nil {
		encrypt = func(key, block []byte) []byte { return cbc(tdea(key[:8], key[8:], key[:8]), make([]byte, 8), block) }
	}
	encode := r.encode
	if encode == nil {
		encode = func(block []byte) string { return strings.ToUpper(hex.EncodeToString(block)) }
	}
	all := []string{map[bool]string{true: "MBPAD", false: "MBPAC"}[r.number], "1", "FK", testKeySet, "", "TDEA", encode(encrypt(r.key, block))}
	if r.parts != nil {
		all = r.parts(all)
	}
	text := strings.Join(all, "-")
	if r.outer != nil {
		text = r.outer(text)
	}
	return text
}

func (r *wsdRecipe) report() vtssim.Report {
	if r.number {
		return vtssim.OpenMBPAD(r.text(), keysOf(r.keys))
	}
	return vtssim.OpenMBPAC(r.text(), keysOf(r.keys))
}

func fill(text string, with byte) []byte {
	return append([]byte(text), bytes.Repeat([]byte{with}, (8-len(text)%8)%8)...)
}

func tdea(k1, k2, k3 []byte) cipher.Block {
	return must(des.NewTripleDESCipher(slices.Concat(k1, k2, k3)))
}

func cbc(c cipher.Block, iv, block []byte) []byte {
	out := make([]byte, len(block))
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(out, block)
	return out
}

// mustNotShow fails if a whole PAN or the cardholder's name stands in the report,
// in JSON or for humans.
func mustNotShow(t *testing.T, report vtssim.Report, canaries ...string) {
	t.Helper()
	var human bytes.Buffer
	if err := vtssim.WriteText(&human, report); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{string(must(json.Marshal(report))), human.String()} {
		for _, canary := range append(canaries, testName) {
			if strings.Contains(strings.NewReplacer(" ", "", "-", "").Replace(out), strings.ReplaceAll(canary, " ", "")) {
				t.Errorf("the report shows a whole PAN or a name")
			}
		}
	}
}
