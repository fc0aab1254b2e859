package mdessim_test

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
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim/mdessim"
)

// The builder below makes payloads from the format's description with the
// standard library, right ones and wrong ones. It shares nothing with the package
// under test and nothing with walletport's encoders.

const (
	testPAN  = "5204247750001471"
	otherPAN = "5555555555554444"
)

var testNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

type members = map[string]any

// recipe is a payload to be made. The zero hooks leave everything right.
type recipe struct {
	shape       string
	pan         string
	mm, yy      string
	plain       func(members) // changes the plaintext object
	plaintext   []byte        // replaces the plaintext
	padded      []byte        // replaces the padded plaintext
	aesKey, iv  []byte
	wrappedKey  []byte // what RSA wraps; nil is the AES key
	wrap        func(*rsa.PublicKey, []byte) []byte
	wrapTo      *rsa.PublicKey
	encrypt     func(r *recipe, padded []byte) []byte
	payload     func(members) // changes the encrypted payload's members
	noTAV       bool
	tav         tavRecipe
	iidd        func(members)            // changes the outer members
	encodeIIDD  func([]byte) []byte      // changes the JSON bytes
	encodeOuter func(json []byte) string // replaces the outer base64
	encodeTAV   func(json []byte) any    // replaces the TAV's base64
	keys        func(*mdessim.Keys)      // changes the simulator's keys
}

type tavRecipe struct {
	version   string
	pan, mmyy string // "" is the payload's
	order     []string
	until     string
	text      string // replaces the signed text
	sign      func(key *rsa.PrivateKey, text string) []byte
	key       *rsa.PrivateKey
	members   func(members)
}

func newRecipe() *recipe {
	return &recipe{
		shape: "cardInfo", pan: testPAN, mm: "12", yy: "28",
		aesKey: bytes.Repeat([]byte{0x2a, 0x91}, 8), iv: []byte("\x10\x9f\xc2\x13abcdEFGH\xfe\xdc\xba\x98"),
		wrap: wrapOAEP(crypto.SHA256, crypto.SHA256), wrapTo: &testKeys().mdes.PublicKey,
		tav: tavRecipe{version: "3", until: "2026-11-24T12:30:00Z",
			order: []string{"dataValidUntilTimestamp", "accountNumber", "accountExpiry"}, sign: signPKCS1(crypto.SHA256), key: testKeys().tav},
	}
}

func wrapOAEP(hash, mgf crypto.Hash) func(*rsa.PublicKey, []byte) []byte {
	return func(pub *rsa.PublicKey, key []byte) []byte {
		return must(rsa.EncryptOAEPWithOptions(rand.Reader, pub, key, &rsa.OAEPOptions{Hash: hash, MGFHash: mgf}))
	}
}

func wrapPKCS1(pub *rsa.PublicKey, key []byte) []byte {
	return must(rsa.EncryptPKCS1v15(rand.Reader, pub, key)) //nolint:staticcheck // part of the format
}

func signPKCS1(hash crypto.Hash) func(*rsa.PrivateKey, string) []byte {
	return func(key *rsa.PrivateKey, text string) []byte {
		h := hash.New()
		h.Write([]byte(text))
		return must(rsa.SignPKCS1v15(nil, key, hash, h.Sum(nil)))
	}
}

func signPSS(key *rsa.PrivateKey, text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return must(rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// text returns the digitizationData.
func (r *recipe) text() string {
	raw := r.json()
	if r.encodeOuter != nil {
		return r.encodeOuter(raw)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (r *recipe) json() []byte {
	sealed := r.seal()
	outer := members{r.shape: sealed}
	if r.shape == "fundingAccountInfo" {
		outer[r.shape] = members{"encryptedPayload": sealed}
	}
	if !r.noTAV {
		outer["tokenizationAuthenticationValue"] = r.tavValue()
	}
	if r.iidd != nil {
		r.iidd(outer)
	}
	raw := must(json.Marshal(outer))
	if r.encodeIIDD != nil {
		raw = r.encodeIIDD(raw)
	}
	return raw
}

func (r *recipe) seal() members {
	padded := r.padded
	if padded == nil {
		plaintext := r.plaintext
		if plaintext == nil {
			plaintext = must(json.Marshal(r.card()))
		}
		n := 16 - len(plaintext)%16
		padded = append(bytes.Clone(plaintext), bytes.Repeat([]byte{byte(n)}, n)...)
	}
	encrypt := encryptCBC
	if r.encrypt != nil {
		encrypt = r.encrypt
	}
	wrapped := r.wrappedKey
	if wrapped == nil {
		wrapped = r.aesKey
	}
	sealed := members{
		"publicKeyFingerprint": testKeys().sha1Cert,
		"encryptedKey":         hex.EncodeToString(r.wrap(r.wrapTo, wrapped)),
		"oaepHashingAlgorithm": "SHA256",
		"iv":                   hex.EncodeToString(r.iv),
		"encryptedData":        hex.EncodeToString(encrypt(r, padded)),
	}
	if r.payload != nil {
		r.payload(sealed)
	}
	return sealed
}

func (r *recipe) card() members {
	card := members{"accountNumber": r.pan, "expiryMonth": r.mm, "expiryYear": r.yy}
	plain := members{"source": "CARD_ADDED_VIA_APPLICATION", "cardholderName": "TEST CARDHOLDER"}
	if r.shape == "fundingAccountInfo" {
		plain = members{"source": "ACCOUNT_ADDED_VIA_APPLICATION", "cardAccountData": card,
			"accountHolderData": members{"accountHolderName": "TEST CARDHOLDER"}}
	} else {
		maps.Copy(plain, card)
	}
	if r.plain != nil {
		r.plain(plain)
	}
	return plain
}

func encryptCBC(r *recipe, padded []byte) []byte {
	iv := r.iv
	if iv == nil {
		iv = make([]byte, 16)
	}
	out := make([]byte, len(padded))
	cipher.NewCBCEncrypter(must(aes.NewCipher(r.aesKey)), iv).CryptBlocks(out, padded)
	return out
}

// useGCM makes the recipe seal with AES-GCM.
func (r *recipe) useGCM() {
	plaintext, aad := must(json.Marshal(r.card())), []byte("header")
	gcm := must(cipher.NewGCM(must(aes.NewCipher(r.aesKey))))
	r.iv = r.iv[:12]
	var tag []byte
	r.encrypt = func(*recipe, []byte) []byte {
		out := gcm.Seal(nil, r.iv, plaintext, aad)
		tag = out[len(out)-16:]
		return out[:len(out)-16]
	}
	r.payload = func(m members) {
		m["algorithmCipherMode"] = "GCM"
		m["tag"] = hex.EncodeToString(tag)
		m["aad"] = hex.EncodeToString(aad)
	}
}

func (r *recipe) tavValue() any {
	raw := r.tavJSON()
	if r.encodeTAV != nil {
		return r.encodeTAV(raw)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (r *recipe) tavJSON() []byte {
	t := r.tav
	out := members{"version": t.version, "signatureAlgorithm": "RSA-SHA256",
		"signature": base64.StdEncoding.EncodeToString(t.sign(t.key, r.signedText()))}
	if t.version == "2" {
		out["expirationDateIncluded"] = "true"
		out["tokenUniqueReferenceIncluded"] = "false"
	} else {
		out["dataValidUntilTimestamp"] = t.until
		out["includedFieldsInOrder"] = strings.Join(t.order, "|")
	}
	if t.members != nil {
		t.members(out)
	}
	return must(json.Marshal(out))
}

// signedText is what the TAV should sign, from the recipe's card.
func (r *recipe) signedText() string {
	t := r.tav
	if t.text != "" {
		return t.text
	}
	pan, mmyy := r.pan, r.mm+r.yy
	if t.pan != "" {
		pan = t.pan
	}
	if t.mmyy != "" {
		mmyy = t.mmyy
	}
	if t.version == "2" {
		return pan + "Y" + mmyy + "N"
	}
	values := map[string]string{"accountNumber": pan, "accountExpiry": mmyy, "dataValidUntilTimestamp": t.until}
	var parts []string
	for _, field := range t.order {
		parts = append(parts, values[field])
	}
	return strings.Join(parts, "|")
}

// mustNotShow fails if a whole PAN stands in the report, in JSON or for humans.
func mustNotShow(t *testing.T, report mdessim.Report, pans ...string) {
	t.Helper()
	var human bytes.Buffer
	if err := mdessim.WriteText(&human, report); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{string(must(json.Marshal(report))), human.String()} {
		for _, pan := range pans {
			if strings.Contains(strings.NewReplacer(" ", "", "-", "").Replace(out), pan) {
				t.Errorf("the report shows a whole PAN")
			}
		}
	}
}

// asIfPKCS1 repeats an OAEP wrapping until it happens to open as PKCS#1 v1.5 too,
// which one in some 400 does.
func asIfPKCS1(wrap func(*rsa.PublicKey, []byte) []byte) func(*rsa.PublicKey, []byte) []byte {
	return func(pub *rsa.PublicKey, key []byte) []byte {
		for {
			wrapped := wrap(pub, key)
			if _, err := testKeys().mdes.Decrypt(rand.Reader, wrapped, &rsa.PKCS1v15DecryptOptions{}); err == nil { //nolint:staticcheck // what MDES may try
				return wrapped
			}
		}
	}
}
