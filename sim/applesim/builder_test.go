package applesim_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/applesim"
)

// The builder below makes answers from the format's description with the standard
// library, right ones and wrong ones. It shares nothing with the package under test
// and nothing with walletport's encoders.

const (
	testPAN       = "5204247750001471"
	visaPAN       = "4761120010000492"
	testName      = "Canary Cardholder"
	testNonce     = "75ebe155"
	testSignature = "40ea0aca07dabe17"
	testTAV       = `{"version":"3","signatureAlgorithm":"RSA-SHA256","signature":"AAAA"}`
	testMBPAC     = "MBPAC-1-FK-401200.1--TDEA-CE61063C0D4E99F146A442F1F7FF214B"
	testMBPAD     = "MBPAD-1-FK-401200.1--TDEA-CE61063C0D4E99F146A442F1F7FF214B"
)

var testNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func now() time.Time { return testNow }

type members = map[string]any

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var testAuthority = sync.OnceValue(func() *applesim.Authority { return must(applesim.NewAuthority(rand.Reader, testNow)) })

func leafKey() *ecdh.PrivateKey { return must(testAuthority().LeafKey.ECDH()) }

// recipe is an answer to be made. The zero hooks leave everything right.
type recipe struct {
	leaf       *ecdh.PublicKey
	e          *ecdh.PrivateKey
	pass       members
	plaintext  []byte                             // replaces the pass data's JSON
	key        func(z, point []byte) []byte       // replaces the derivation
	seal       func(key, plaintext []byte) []byte // replaces AES-256-GCM
	point      func(point []byte) []byte          // changes the ephemeral key
	encode     func([]byte) any                   // of both members
	encodeKey  func([]byte) any                   // of ephemeralPublicKey alone
	encodePass func([]byte) any                   // of encryptedPassData alone
	activation any
	answer     func(members)
}

func base64Text(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }
func toBase64(raw []byte) any      { return base64Text(raw) }
func toHex(raw []byte) any         { return hex.EncodeToString(raw) }

func newRecipe() *recipe {
	return &recipe{leaf: leafKey().PublicKey(), e: must(ecdh.P256().GenerateKey(rand.Reader)), encode: toHex, activation: base64Text([]byte(testTAV)),
		pass: members{"primaryAccountNumber": testPAN, "expiration": "11/29", "name": testName, "nonce": testNonce, "nonceSignature": testSignature}}
}

// visa makes the recipe one of a Visa card.
func visa(r *recipe) {
	r.encode, r.activation, r.pass["primaryAccountNumber"] = toBase64, base64Text([]byte(testMBPAC)), visaPAN
}

// encryptedPAN makes the recipe one of a Visa card whose number only Visa opens.
func encryptedPAN(r *recipe) {
	visa(r)
	r.pass = members{"encryptedPrimaryAccountNumber": base64Text([]byte(testMBPAD)), "networkName": "Visa", "primaryAccountNumberPrefix": "476112",
		"name": testName, "nonce": testNonce, "nonceSignature": testSignature}
}

func sha(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return sum[:]
}

func rightKey(z, point []byte) []byte {
	return sha([]byte{0, 0, 0, 1}, z, []byte("\x0did-aes256-GCMApple"), point)
}

func sealWithIV(iv []byte) func(key, plaintext []byte) []byte {
	return func(key, plaintext []byte) []byte {
		gcm := must(cipher.NewGCMWithNonceSize(must(aes.NewCipher(key)), len(iv)))
		return gcm.Seal(nil, iv, plaintext, nil)
	}
}

func rightSeal(key, plaintext []byte) []byte { return sealWithIV(make([]byte, 12))(key, plaintext) }

func (r *recipe) members() members {
	z := must(r.e.ECDH(r.leaf))
	point := r.e.PublicKey().Bytes()
	plaintext := r.plaintext
	if plaintext == nil {
		plaintext = must(json.Marshal(r.pass))
	}
	key, seal := rightKey, rightSeal
	if r.key != nil {
		key = r.key
	}
	if r.seal != nil {
		seal = r.seal
	}
	sealed := seal(key(z, point), plaintext)
	if r.point != nil {
		point = r.point(point)
	}
	encodeKey, encodePass := r.encode, r.encode
	if r.encodeKey != nil {
		encodeKey = r.encodeKey
	}
	if r.encodePass != nil {
		encodePass = r.encodePass
	}
	answer := members{"activationData": r.activation, "encryptedPassData": encodePass(sealed), "ephemeralPublicKey": encodeKey(point)}
	if r.answer != nil {
		r.answer(answer)
	}
	return answer
}

func (r *recipe) json() []byte { return must(json.Marshal(r.members())) }

// simKeys are those of a simulator that knows everything.
func simKeys() applesim.Keys {
	return applesim.Keys{Leaf: leafKey(), Nonce: testNonce, NonceSignature: testSignature, NonceUsed: func(string) bool { return false }, Now: now}
}

// mustNotShow fails if a whole PAN or the cardholder's name stands in the report, in
// JSON or for humans.
func mustNotShow(t *testing.T, report applesim.Report, secrets ...string) {
	t.Helper()
	var human bytes.Buffer
	if err := applesim.WriteText(&human, report); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{string(must(json.Marshal(report))), human.String()} {
		plain := strings.NewReplacer(" ", "", "-", "").Replace(out)
		if walletport.ContainsPAN(out) {
			t.Errorf("the report shows what reads like a PAN")
		}
		for _, secret := range append(secrets, testPAN, visaPAN, strings.ReplaceAll(testName, " ", "")) {
			if strings.Contains(plain, secret) {
				t.Errorf("the report shows a secret")
			}
		}
	}
}

func set(name string, value any) func(members) { return func(m members) { m[name] = value } }
func remove(name string) func(members)         { return func(m members) { delete(m, name) } }

func inPass(change func(members)) func(*recipe)   { return func(r *recipe) { change(r.pass) } }
func inAnswer(change func(members)) func(*recipe) { return func(r *recipe) { r.answer = change } }

func codeOf(v sim.Verdict) string {
	if v.FirstFault == nil {
		return ""
	}
	return v.FirstFault.Code
}
