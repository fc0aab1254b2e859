package mdessim

import (
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport/sim"
)

// The limits of the encrypted payload, MDES Pre-Digitization API 2.0, in
// characters of hex.
const (
	minFingerprintChars  = 32
	maxFingerprintChars  = 64
	minEncryptedKeyChars = 32
	maxEncryptedKeyChars = 512
	maxDataChars         = 256_000
	maxAADChars          = 36
	gcmTagBytes          = 16
	gcmNonceBytes        = 12
	aesBlockBytes        = 16
)

// Cipher modes and OAEP hashes as the payload spells them.
const (
	modeCBC   = "CBC"
	modeGCM   = "GCM"
	labelNone = "" // RSA PKCS#1 v1.5
	label256  = "SHA256"
	label512  = "SHA512"
)

// sealed is an encrypted payload, decoded from hex.
type sealed struct {
	fingerprint string
	key         []byte
	data        []byte
	oaepHash    string // labelNone, label256 or label512
	mode        string // modeCBC or modeGCM
	iv          []byte // nil if absent
	tag, aad    []byte // GCM only
}

// readPayload checks the members of an encrypted payload and opens it if the
// keys are there.
func (r *reading) readPayload(p sim.Object) {
	if !r.readMembers(p) {
		return
	}
	s := sealed{}
	s.fingerprint = r.readFingerprint(p)
	s.key = r.readEncryptedKey(p)
	s.data = r.readEncryptedData(p)
	s.oaepHash = r.readOAEPHash(p)
	s.mode = r.readCipherMode(p)
	s.iv = r.readIV(p, s.mode)
	if s.mode == modeGCM {
		s.tag, s.aad = r.readGCM(p)
	}
	r.readDataLength(&s)
	if len(r.keys.Encryption) == 0 {
		r.Skip("needs the MDES encryption key", openedChecks...)
		r.Skip("needs the decrypted card", cardChecks...)
		return
	}
	if s.key != nil && s.data != nil {
		r.open(s)
	}
}

// readMembers checks presence and types; false if there is nothing to go on with.
func (r *reading) readMembers(p sim.Object) bool {
	if text, ok := p.Text("encryptedData"); ok && sim.LooksLikeJWE(text) {
		r.Fail(checkMembers, dataJWE, "encryptedData is a compact JWE")
		return false
	}
	for _, name := range []string{"publicKeyFingerprint", "encryptedKey", "encryptedData"} {
		if _, ok := p[name]; ok {
			continue
		}
		if other, ok := p.Fold(name); ok {
			r.Fail(checkMembers, memberCase, "%s is spelled %s", name, sim.Shown(other))
			p[name] = p[other]
			continue
		}
		r.Fail(checkMembers, memberMissing, "%s is missing", name)
		return false
	}
	names := []string{"publicKeyFingerprint", "encryptedKey", "encryptedData", "oaepHashingAlgorithm", "iv", "algorithmCipherMode", "tag", "aad"}
	for _, name := range names {
		r.readMemberType(p, name)
	}
	r.Pass(checkMembers, "encryptedData, encryptedKey and publicKeyFingerprint are there, all strings")
	return true
}

// mayBeEmpty are members whose empty string means the same as leaving them out:
// PKCS#1 v1.5 senders exist that write an empty oaepHashingAlgorithm, and no
// additional data is a legal GCM input.
var mayBeEmpty = map[string]bool{"oaepHashingAlgorithm": true, "aad": true}

func (r *reading) readMemberType(p sim.Object, name string) {
	raw, ok := p[name]
	if !ok {
		return
	}
	text, isText := p.Text(name)
	switch {
	case sim.IsNull(raw):
		r.Fail(checkMembers, memberNull, "%s is null", name)
	case !isText:
		r.Fail(checkMembers, memberNotString, "%s is not a string", name)
	case text == "" && !mayBeEmpty[name]:
		r.Fail(checkMembers, memberEmpty, "%s is empty", name)
	}
}

func (r *reading) readFingerprint(p sim.Object) string {
	text, ok := p.Text("publicKeyFingerprint")
	if !ok || text == "" {
		return ""
	}
	data, f := sim.ReadHex(text)
	switch {
	case f != nil && (f.Kind == sim.HexSeparators || f.Kind == sim.HexInvalid):
		r.Fail(checkFingerprint, fingerprintNotHex, "publicKeyFingerprint is not plain hex")
	case f != nil:
		r.Fail(checkFingerprint, f.Kind.Of("fingerprint_"), "%s", f.Detail)
	case len(text) < minFingerprintChars || len(text) > maxFingerprintChars:
		r.Fail(checkFingerprint, fingerprintLength, "publicKeyFingerprint has %d characters", len(text))
	default:
		r.facts.Fingerprint = shownHex(text)
		r.Pass(checkFingerprint, "%d hex characters", len(text))
	}
	return hex.EncodeToString(data)
}

func (r *reading) readEncryptedKey(p sim.Object) []byte {
	text, ok := p.Text("encryptedKey")
	if !ok || text == "" {
		return nil
	}
	key := r.readHex(checkEncryptedKey, "encrypted_key_", text, encryptedKeyBase64, encryptedKeyNotHex)
	switch n := len(key); {
	case n == maxEncryptedKeyChars/2+1 && key[0] == 0:
		r.Fail(checkEncryptedKey, encryptedKeySign, "encryptedKey has %d bytes, the first of them zero", n)
		key = key[1:]
	case key != nil && (2*n < minEncryptedKeyChars || 2*n > maxEncryptedKeyChars):
		r.Fail(checkEncryptedKey, encryptedKeyLength, "encryptedKey has %d bytes", n)
	case n%8 == 7: // a modulus is a whole number of 64 bits
		r.Fail(checkEncryptedKey, encryptedKeyUnpadded, "encryptedKey has %d bytes, one less than a modulus", n)
	}
	r.Pass(checkEncryptedKey, "%d bytes in hex", len(key))
	return key
}

func (r *reading) readEncryptedData(p sim.Object) []byte {
	text, ok := p.Text("encryptedData")
	if !ok || text == "" {
		return nil
	}
	data := r.readHex(checkEncryptedData, "encrypted_data_", text, dataBase64, dataNotHex)
	if len(text) > maxDataChars {
		r.Fail(checkEncryptedData, dataLength, "encryptedData has %d characters", len(text))
	}
	if half, doubled := sim.Halved(text); doubled && len(data)%2 == 0 {
		r.Fail(checkEncryptedData, dataDoubled, "encryptedData is two times the same %d characters", len(half))
		return data[:len(data)/2]
	}
	return data
}

// readDataLength closes the check of encryptedData: a block cipher's output is
// whole blocks.
func (r *reading) readDataLength(s *sealed) {
	if s.data == nil {
		return
	}
	if rest := len(s.data) % aesBlockBytes; s.mode == modeCBC && rest != 0 {
		r.Fail(checkEncryptedData, dataTruncated, "encryptedData has %d bytes: %d too many for whole blocks of 16", len(s.data), rest)
	}
	r.Pass(checkEncryptedData, "%d bytes in hex", len(s.data))
}

// readHex decodes a hex member. What is wrong is named, and undone where it can be.
func (r *reading) readHex(check, layer, text string, isBase64, notHex sim.Kind) []byte {
	data, f := sim.ReadHex(text)
	if f == nil {
		return data
	}
	k := f.Kind.Of(layer)
	switch f.Kind {
	case sim.HexBase64:
		k = isBase64
	case sim.HexInvalid:
		k = notHex
	}
	r.Fail(check, k, "%s", f.Detail)
	return data
}

func (r *reading) readOAEPHash(p sim.Object) string {
	text, _ := p.Text("oaepHashingAlgorithm")
	switch plain := strings.ReplaceAll(strings.ToUpper(text), "-", ""); {
	case text == labelNone:
		r.Pass(checkOAEPHash, "absent: RSA PKCS#1 v1.5")
		return labelNone
	case text == label256, text == label512:
		r.Pass(checkOAEPHash, "RSA-OAEP with %s", text)
		return text
	case plain == label256, plain == label512:
		if strings.Contains(text, "-") {
			r.Fail(checkOAEPHash, oaepHashHyphen, "oaepHashingAlgorithm is %s", sim.Shown(text))
		}
		r.Fail(checkOAEPHash, oaepHashUnknown, "oaepHashingAlgorithm is %s", sim.Shown(text))
		return plain
	}
	r.Fail(checkOAEPHash, oaepHashUnknown, "oaepHashingAlgorithm is %s", sim.Shown(text))
	return labelNone
}

func (r *reading) readCipherMode(p sim.Object) string {
	text, ok := p.Text("algorithmCipherMode")
	switch {
	case !ok, text == "":
		r.Pass(checkCipherMode, "absent: CBC")
	case text == modeCBC:
		r.Pass(checkCipherMode, "CBC")
	case text == modeGCM:
		return modeGCM
	default:
		r.Fail(checkCipherMode, cipherModeUnknown, "algorithmCipherMode is %s", sim.Shown(text))
	}
	return modeCBC
}

func (r *reading) readIV(p sim.Object, mode string) []byte {
	text, ok := p.Text("iv")
	if !ok || text == "" {
		r.Pass(checkIV, "absent: all zero")
		return nil
	}
	want := aesBlockBytes
	if mode == modeGCM {
		want = gcmNonceBytes
	}
	iv := r.readHex(checkIV, "iv_", text, ivBase64, ivNotHex)
	if iv != nil && len(iv) != want {
		r.Fail(checkIV, ivLength, "the iv has %d bytes; %s takes %d", len(iv), mode, want)
	}
	r.Pass(checkIV, "%d bytes in hex", len(iv))
	return iv
}

func (r *reading) readGCM(p sim.Object) (tag, aad []byte) {
	tagText, _ := p.Text("tag")
	aadText, hasAAD := p.Text("aad")
	tag, errTag := hex.DecodeString(tagText)
	aad, errAAD := hex.DecodeString(aadText)
	switch {
	case tagText == "":
		r.Fail(checkCipherMode, gcmTagMissing, "the mode is GCM and there is no tag")
	case errTag != nil || len(tag) != gcmTagBytes:
		r.Fail(checkCipherMode, gcmTagForm, "tag is not 16 bytes in hex")
	case !hasAAD:
		r.Fail(checkCipherMode, gcmAADMissing, "the mode is GCM and there is no aad")
	case errAAD != nil || len(aadText) > maxAADChars:
		r.Fail(checkCipherMode, gcmAADForm, "aad is not hex of at most %d characters", maxAADChars)
	}
	r.Pass(checkCipherMode, "GCM with tag and aad")
	return tag, aad
}
