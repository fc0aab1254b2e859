package applesim_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/applesim"
	"github.com/walletport/walletport/sim/simtest"
)

// mangled is an answer with one fault, and the name that the fault must get.
type mangled struct {
	name, code string
	change     func(*recipe)
}

// keyOf returns the pair of a small scalar: its coordinates or secret begin with 00.
func keyOf(scalar uint16) *ecdh.PrivateKey {
	raw := make([]byte, 32)
	raw[30], raw[31] = byte(scalar>>8), byte(scalar)
	return must(ecdh.P256().NewPrivateKey(raw))
}

// countingKey is the leaf of the reference's vectors: bytes 01 02 … 20.
func countingKey() *ecdh.PrivateKey {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(i + 1)
	}
	return must(ecdh.P256().NewPrivateKey(raw))
}

func ecdsaOf(key *ecdh.PrivateKey) *ecdsa.PrivateKey {
	return must(ecdsa.ParseRawPrivateKey(elliptic.P256(), key.Bytes()))
}

func spkiOf(point []byte) []byte {
	return must(x509.MarshalPKIXPublicKey(must(ecdh.P256().NewPublicKey(point))))
}

func compressedOf(point []byte) []byte {
	return append([]byte{2 + point[64]&1}, point[1:33]...)
}

func deriving(key func(z, point []byte) []byte) func(*recipe) {
	return func(r *recipe) { r.key = key }
}

func pointAs(change func([]byte) []byte) func(*recipe) { return func(r *recipe) { r.point = change } }
func sealedBy(seal func(key, plaintext []byte) []byte) func(*recipe) {
	return func(r *recipe) { r.seal = seal }
}

func cutting(n int) func(*recipe) {
	return sealedBy(func(key, plaintext []byte) []byte { s := rightSeal(key, plaintext); return s[:len(s)-n] })
}

func flipping(change func(sealed []byte)) func(*recipe) {
	return sealedBy(func(key, plaintext []byte) []byte { s := rightSeal(key, plaintext); change(s); return s })
}

func keyAs(encode func([]byte) any) func(*recipe)  { return func(r *recipe) { r.encodeKey = encode } }
func passAs(encode func([]byte) any) func(*recipe) { return func(r *recipe) { r.encodePass = encode } }
func activationAs(text any) func(*recipe)          { return func(r *recipe) { r.activation = text } }

func plain(text string) func(*recipe) { return func(r *recipe) { r.plaintext = []byte(text) } }

func both(changes ...func(*recipe)) func(*recipe) {
	return func(r *recipe) {
		for _, change := range changes {
			change(r)
		}
	}
}

const head, apple = "\x0did-aes256-GCM", "Apple"

var one = []byte{0, 0, 0, 1}

var mangledAnswers = []mangled{
	// Members.
	{"no encryptedPassData", "encrypted_pass_data_missing", inAnswer(remove("encryptedPassData"))},
	{"a null ephemeralPublicKey", "ephemeral_public_key_missing", inAnswer(set("ephemeralPublicKey", nil))},
	{"an empty activationData", "activation_data_missing", inAnswer(set("activationData", ""))},
	{"wrappedKey", "wrapped_key_instead_of_ephemeral", inAnswer(func(m members) { m["wrappedKey"] = m["ephemeralPublicKey"]; delete(m, "ephemeralPublicKey") })},
	{"a member in PascalCase", "member_case", inAnswer(func(m members) { m["EncryptedPassData"] = m["encryptedPassData"]; delete(m, "encryptedPassData") })},
	{"a number as activationData", "member_not_string", inAnswer(set("activationData", 7))},

	// Encodings.
	{"base64 for Mastercard", "base64_for_mastercard", func(r *recipe) { r.encode = toBase64 }},
	{"hex for Visa", "hex_for_visa", both(visa, func(r *recipe) { r.encode = toHex })},
	{"two encodings", "encodings_mixed", keyAs(toBase64)},
	{"base64 of hex", "ephemeral_key_base64_of_hex", keyAs(func(raw []byte) any { return base64Text([]byte(hex.EncodeToString(raw))) })},
	{"base64 twice", "pass_data_encoded_twice", passAs(func(raw []byte) any { return base64Text([]byte(base64Text(raw))) })},
	{"hex of base64", "pass_data_encoded_twice", passAs(func(raw []byte) any { return hex.EncodeToString([]byte(base64Text(raw))) })},
	{"base64 in lines", "pass_data_base64_line_breaks", passAs(func(raw []byte) any {
		text := base64Text(raw)
		return text[:76] + "\r\n" + text[76:]
	})},
	{"URL-safe base64", "ephemeral_key_base64_url_safe", both(
		func(r *recipe) {
			for !strings.ContainsAny(base64Text(r.e.PublicKey().Bytes()), "+/") {
				r.e = must(ecdh.P256().GenerateKey(rand.Reader))
			}
		}, keyAs(func(raw []byte) any { return base64.URLEncoding.EncodeToString(raw) }))},
	{"hex with 0x", "pass_data_hex_prefix", passAs(func(raw []byte) any { return "0x" + hex.EncodeToString(raw) })},
	{"hex in lines", "pass_data_hex_line_breaks", passAs(func(raw []byte) any { t := hex.EncodeToString(raw); return t[:64] + "\n" + t[64:] })},
	{"hex with colons", "ephemeral_key_hex_separators", keyAs(func(raw []byte) any { t := hex.EncodeToString(raw); return t[:2] + ":" + t[2:4] + ":" + t[4:] })},
	{"hex twice in a row", "pass_data_doubled", passAs(func(raw []byte) any { return hex.EncodeToString(append(raw, raw...)) })},
	{"a key twice in a row", "ephemeral_key_doubled", keyAs(func(raw []byte) any { return hex.EncodeToString(append(raw, raw...)) })},
	{"a hex digit lost", "ephemeral_key_hex_odd_length", keyAs(func(raw []byte) any { return strings.TrimPrefix(hex.EncodeToString(raw), "0") })},
	{"no encoding at all", "pass_data_base64_invalid", passAs(func([]byte) any { return "§§§" })},

	// The ephemeral public key.
	{"PEM", "ephemeral_key_pem", keyAs(func(raw []byte) any {
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spkiOf(raw)}))
	})},
	{"base64 of PEM", "ephemeral_key_pem", keyAs(func(raw []byte) any {
		return base64Text(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spkiOf(raw)}))
	})},
	{"broken PEM", "ephemeral_key_pem", keyAs(func([]byte) any { return "-----BEGIN PUBLIC KEY-----" })},
	{"SPKI", "ephemeral_key_spki", pointAs(spkiOf)},
	{"a certificate", "ephemeral_key_certificate", pointAs(func([]byte) []byte { return testAuthority().Leaf.Raw })},
	{"a SEC 1 private key", "ephemeral_key_private", func(r *recipe) {
		r.point = func([]byte) []byte { return must(x509.MarshalECPrivateKey(ecdsaOf(r.e))) }
	}},
	{"a PKCS#8 private key", "ephemeral_key_private", func(r *recipe) {
		r.point = func([]byte) []byte { return must(x509.MarshalPKCS8PrivateKey(ecdsaOf(r.e))) }
	}},
	{"a compressed point", "ephemeral_key_compressed", pointAs(compressedOf)},
	{"X only", "ephemeral_key_x_only", pointAs(func(point []byte) []byte { return point[1:33] })},
	{"no 04", "ephemeral_key_without_prefix", pointAs(func(point []byte) []byte { return point[1:] })},
	{"X without its zero", "ephemeral_key_unpadded", both(func(r *recipe) { r.e = keyOf(379) },
		pointAs(func(point []byte) []byte { return append([]byte{4}, point[2:]...) }))},
	{"Y without its zero", "ephemeral_key_unpadded", both(func(r *recipe) { r.e = keyOf(43) },
		pointAs(func(point []byte) []byte { return append(bytes.Clone(point[:33]), point[34:]...) }))},
	{"a sign byte", "ephemeral_key_sign_byte", pointAs(func(point []byte) []byte {
		return slices.Concat([]byte{4, 0}, point[1:33], []byte{0}, point[33:])
	})},
	{"half a key", "ephemeral_key_length", pointAs(func(point []byte) []byte { return point[:40] })},
	{"a changed point", "ephemeral_key_off_curve", pointAs(func(point []byte) []byte { p := bytes.Clone(point); p[64] ^= 1; return p })},
	{"the leaf's own key", "ephemeral_key_is_leaf", func(r *recipe) { r.e = leafKey() }},

	// The envelope.
	{"an IV of 16 bytes", "pass_data_iv_16_bytes", sealedBy(sealWithIV(make([]byte, 16)))},
	{"an IV sent in front", "pass_data_iv_prefixed", sealedBy(func(key, plaintext []byte) []byte {
		iv := []byte("random twelv")
		return append(bytes.Clone(iv), sealWithIV(iv)(key, plaintext)...)
	})},
	{"X9.63", "pass_data_kdf_x963", deriving(func(z, p []byte) []byte { return sha(z, one, []byte(head+apple), p) })},
	{"PartyV is the leaf", "pass_data_party_v_leaf", deriving(func(z, _ []byte) []byte {
		return sha(one, z, []byte(head+apple), leafKey().PublicKey().Bytes())
	})},
	{"no PartyV", "pass_data_party_v_missing", deriving(func(z, _ []byte) []byte { return sha(one, z, []byte(head+apple)) })},
	{"PartyV is an SPKI", "pass_data_party_v_spki", deriving(func(z, p []byte) []byte { return sha(one, z, []byte(head+apple), spkiOf(p)) })},
	{"PartyV is X and Y", "pass_data_party_v_without_prefix", deriving(func(z, p []byte) []byte { return sha(one, z, []byte(head+apple), p[1:]) })},
	{"PartyV is hashed", "pass_data_party_v_hashed", deriving(func(z, p []byte) []byte { return sha(one, z, []byte(head+apple), sha(p)) })},
	{"no PartyU", "pass_data_party_u_missing", deriving(func(z, p []byte) []byte { return sha(one, z, []byte(head), p) })},
	{"no length byte", "pass_data_algorithm_without_length", deriving(func(z, p []byte) []byte { return sha(one, z, []byte(head[1:]+apple), p) })},
	{"no counter", "pass_data_kdf_without_counter", deriving(func(z, p []byte) []byte { return sha(z, []byte(head+apple), p) })},
	{"no derivation", "pass_data_without_kdf", deriving(func(z, _ []byte) []byte { return z })},
	{"a bare hash", "pass_data_key_is_hash_of_secret", deriving(func(z, _ []byte) []byte { return sha(z) })},
	{"hex hashed", "pass_data_kdf_over_hex", deriving(func(z, p []byte) []byte {
		return sha([]byte(hex.EncodeToString(slices.Concat(one, z, []byte(head+apple), p))))
	})},
	{"upper-case hex hashed", "pass_data_kdf_over_hex", deriving(func(z, p []byte) []byte {
		return sha([]byte(strings.ToUpper(hex.EncodeToString(slices.Concat(one, z, []byte(head+apple), p)))))
	})},
	{"AES-128", "pass_data_aes128", deriving(func(z, p []byte) []byte { return rightKey(z, p)[:16] })},
	{"two mistakes at once", "pass_data_kdf_x963", both(sealedBy(sealWithIV(make([]byte, 16))),
		deriving(func(z, p []byte) []byte { return sha(z, one, []byte(head+apple), p) }))},
	{"the tag in front", "pass_data_tag_first", sealedBy(func(key, plaintext []byte) []byte {
		s := rightSeal(key, plaintext)
		return append(bytes.Clone(s[len(s)-16:]), s[:len(s)-16]...)
	})},
	{"no tag", "pass_data_tag_missing", cutting(16)},
	{"half a tag", "pass_data_tag_short", cutting(4)},
	{"another tag", "pass_data_tag_mismatch", flipping(func(sealed []byte) { sealed[len(sealed)-1] ^= 1 })},
	{"additional data", "pass_data_tag_mismatch", sealedBy(func(key, plaintext []byte) []byte {
		return must(cipher.NewGCM(must(aes.NewCipher(key)))).Seal(nil, make([]byte, 12), plaintext, []byte("Apple"))
	})},
	{"a cut ciphertext", "pass_data_truncated", cutting(40)},
	{"a changed ciphertext", "pass_data_corrupt", flipping(func(sealed []byte) { sealed[20] ^= 0xff; sealed[21] ^= 0xff; sealed[2] ^= 0x80 })},
	{"a second tag", "pass_data_corrupt", sealedBy(func(key, plaintext []byte) []byte {
		s := rightSeal(key, plaintext)
		return append(s, s[len(s)-16:]...)
	})},
	{"next to nothing", "pass_data_too_short", sealedBy(func([]byte, []byte) []byte { return make([]byte, 16) })},
	{"another leaf", "pass_data_not_for_this_leaf", func(r *recipe) { r.leaf = countingKey().PublicKey() }},

	// The pass data.
	{"UTF-16 inside", "pass_data_plaintext_utf16", inPlaintext(func(p []byte) []byte { return simtest.UTF16(string(p)) })},
	{"a byte order mark inside", "pass_data_plaintext_byte_order_mark", inPlaintext(func(p []byte) []byte { return append([]byte("\ufeff"), p...) })},
	{"padding by PKCS#7", "pass_data_plaintext_padded", inPlaintext(func(p []byte) []byte { return append(p, 3, 3, 3) })},
	{"zero bytes behind", "pass_data_plaintext_padded_zero", inPlaintext(func(p []byte) []byte { return append(p, 0, 0) })},
	{"padding by ISO/IEC 7816-4", "pass_data_plaintext_padded_iso7816", inPlaintext(func(p []byte) []byte { return append(p, 0x80, 0) })},
	{"hex inside", "pass_data_plaintext_hex", inPlaintext(func(p []byte) []byte { return []byte(hex.EncodeToString(p)) })},
	{"a JSON string inside", "pass_data_plaintext_json_in_string", inPlaintext(func(p []byte) []byte { return must(json.Marshal(string(p))) })},
	{"base64 inside", "pass_data_plaintext_base64", func(r *recipe) { r.plaintext = []byte(base64Text(must(json.Marshal(r.pass)))) }},
	{"no JSON inside", "pass_data_json_invalid", plain(`hello`)},
	{"a member twice", "pass_data_json_duplicate_member", plain(`{"name":"a","name":"b"}`)},
	{"primaryAccountNuber", "pan_member_typo", inPass(func(m members) {
		m["primaryAccountNuber"] = m["primaryAccountNumber"]
		delete(m, "primaryAccountNumber")
	})},
	{"accountNumber", "pan_member_name", inPass(func(m members) { m["accountNumber"] = m["primaryAccountNumber"]; delete(m, "primaryAccountNumber") })},
	{"PrimaryAccountNumber", "pan_member_name", inPass(func(m members) {
		m["PrimaryAccountNumber"] = m["primaryAccountNumber"]
		delete(m, "primaryAccountNumber")
	})},
	{"no PAN", "pass_member_missing", inPass(remove("primaryAccountNumber"))},
	{"no expiration", "pass_member_missing", inPass(remove("expiration"))},
	{"no nonce", "pass_member_missing", inPass(remove("nonce"))},
	{"a number as PAN", "pass_member_not_string", inPass(set("primaryAccountNumber", 5204247750001471))},
	{"an empty nonce", "pass_member_empty", inPass(set("nonce", ""))},
	{"no name", "name_missing", inPass(remove("name"))},
	{"a blank name", "name_missing", inPass(set("name", " "))},
	{"two PANs", "pan_twice", both(encryptedPAN, inPass(set("primaryAccountNumber", visaPAN)))},
	{"a PAN in groups", "pan_spaces", inPass(set("primaryAccountNumber", "5204 2477 5000 1471"))},
	{"letters in the PAN", "pan_not_digits", inPass(set("primaryAccountNumber", "5204x"))},
	{"a short PAN", "pan_length", inPass(set("primaryAccountNumber", "52042477"))},
	{"a wrong check digit", "pan_luhn", inPass(set("primaryAccountNumber", "5204247750001472"))},
	{"another scheme", "pan_scheme_unknown", inPass(set("primaryAccountNumber", "378282246310005"))},
	{"an MBPAD in clear", "encrypted_pan_not_base64", both(encryptedPAN, inPass(set("encryptedPrimaryAccountNumber", testMBPAD)))},
	{"no MBPAD", "encrypted_pan_malformed", both(encryptedPAN, inPass(set("encryptedPrimaryAccountNumber", base64Text([]byte("hello")))))},
	{"an MBPAD without padding", "encrypted_pan_base64_unpadded", both(encryptedPAN, inPass(set("encryptedPrimaryAccountNumber",
		base64.RawStdEncoding.EncodeToString([]byte(testMBPAD[:len(testMBPAD)-2])))))},
	{"an encrypted Mastercard", "network_name", both(encryptedPAN, inPass(set("networkName", "MasterCard")))},
	{"a long prefix", "pan_prefix", both(encryptedPAN, inPass(set("primaryAccountNumberPrefix", "4761120010")))},
	{"a prefix of another scheme", "pan_scheme_unknown", both(encryptedPAN, inPass(set("primaryAccountNumberPrefix", "376112")))},
	{"MM/YYYY", "expiration_year_four_digits", inPass(set("expiration", "11/2029"))},
	{"MMYY", "expiration_mmyy", inPass(set("expiration", "1129"))},
	{"YYMM", "expiration_yymm", inPass(set("expiration", "2911"))},
	{"YY/MM", "expiration_swapped", inPass(set("expiration", "29/11"))},
	{"MM-YY", "expiration_form", inPass(set("expiration", "11-29"))},
	{"YYYY-MM", "expiration_form", inPass(set("expiration", "2029-11"))},
	{"month 13", "expiration_form", inPass(set("expiration", "13/29"))},
	{"words", "expiration_form", inPass(set("expiration", "November"))},
	{"last month", "card_expired", inPass(set("expiration", "10/26"))},
	{"an upper-case nonce", "nonce_upper_case", inPass(set("nonce", "75EBE155"))},
	{"a nonce in base64", "nonce_base64", inPass(set("nonce", "devhVQ=="))},
	{"a nonce with 0x", "nonce_hex_prefix", inPass(set("nonce", "0x"+testNonce))},
	{"a nonce that lost a digit", "nonce_hex_odd", inPass(set("nonce", testNonce[1:]))},
	{"a signature with colons", "nonce_signature_hex_separators", inPass(set("nonceSignature", "40:ea:0a:ca:07:da:be:17"))},
	{"a signature that lost a digit", "nonce_signature_hex_odd", inPass(set("nonceSignature", testSignature[1:]))},
	{"a nonce that is neither", "nonce_not_hex", inPass(set("nonce", "§"))},
	{"another nonce", "nonce_other", inPass(set("nonce", "b9ef8f31"))},
	{"nonce and signature swapped", "nonce_swapped", inPass(func(m members) { m["nonce"], m["nonceSignature"] = m["nonceSignature"], m["nonce"] })},
	{"an upper-case signature", "nonce_signature_upper_case", inPass(set("nonceSignature", strings.ToUpper(testSignature)))},
	{"a signature in base64", "nonce_signature_base64", inPass(set("nonceSignature", "QOoKygfavhc="))},
	{"a signature that is neither", "nonce_signature_not_hex", inPass(set("nonceSignature", "§"))},
	{"another signature", "nonce_signature_other", inPass(set("nonceSignature", "40ea0aca07dabe18"))},

	// Activation data.
	{"a TAV as JSON", "activation_data_plain_json", activationAs(testTAV)},
	{"an MBPAC as it is", "activation_data_plain_mbpac", both(visa, activationAs(testMBPAC))},
	{"base64 twice", "activation_data_base64_twice", activationAs(base64Text([]byte(base64Text([]byte(testTAV)))))},
	{"an MBPAC in base64 twice", "activation_data_base64_twice", both(visa, activationAs(base64Text([]byte(base64Text([]byte(testMBPAC))))))},
	{"hex", "activation_data_hex_instead_of_base64", activationAs(hex.EncodeToString([]byte(testTAV)))},
	{"no base64", "activation_data_base64_invalid", activationAs("§")},
	{"an MBPAD", "activation_data_is_mbpad", both(visa, activationAs(base64Text([]byte(testMBPAD))))},
	{"digitization data", "activation_data_is_iidd", activationAs(base64Text([]byte(`{"cardInfo":{}}`)))},
	{"a JWE", "activation_data_is_jwe", both(visa, activationAs(base64Text([]byte("eyJ.a.b.c.d"))))},
	{"something else", "activation_data_unknown", activationAs(base64Text([]byte("hello")))},
	{"a TAV for Visa", "activation_data_other_scheme", both(visa, activationAs(base64Text([]byte(testTAV))))},
	{"an MBPAC for Mastercard", "activation_data_other_scheme", activationAs(base64Text([]byte(testMBPAC)))},
}

// inPlaintext changes the pass data's JSON before it is sealed.
func inPlaintext(change func([]byte) []byte) func(*recipe) {
	return func(r *recipe) { r.plaintext = change(must(json.Marshal(r.pass))) }
}

// Without the nonce that was handed out the sizes tell which is which.
func TestSwappedNoncesAreToldByTheirSizes(t *testing.T) {
	r := newRecipe()
	r.pass["nonce"], r.pass["nonceSignature"] = testSignature, testNonce
	keys := applesim.Keys{Leaf: leafKey(), Now: now}
	if code := codeOf(applesim.Inspect(r.json(), keys).Verdict); code != "nonce_swapped" {
		t.Errorf("an answer: fault %q", code)
	}
	long := "40" + strings.Repeat("ab", 80)
	request := members{"certificates": testAuthority().Certificates(), "nonce": long, "nonceSignature": testNonce}
	if code := codeOf(applesim.Inspect(must(json.Marshal(request)), keys).Verdict); code != "nonce_swapped" {
		t.Errorf("a request: fault %q", code)
	}
}

var toleratedCodes = []string{"base64_for_mastercard", "hex_for_visa", "encodings_mixed", "encoding_other", "nonce_upper_case", "nonce_signature_upper_case"}

func TestEveryFaultIsNamed(t *testing.T) {
	for _, c := range mangledAnswers {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := applesim.Inspect(r.json(), simKeys())
			f := report.FirstFault
			if f == nil || f.Code != c.code {
				t.Fatalf("first fault %+v, want %s\n%v", f, c.code, report.Checks)
			}
			if f.Detail == "" || f.Remedy == "" || report.Kind != applesim.KindAnswer {
				t.Errorf("the fault has no detail or no remedy, or the kind is %s: %+v", report.Kind, f)
			}
			if report.Accepted != slices.Contains(toleratedCodes, c.code) {
				t.Errorf("accepted is %v\n%v", report.Accepted, report.Checks)
			}
			mustNotShow(t, report)
		})
	}
}

// Without the leaf's key the outer faults get the same names, and nothing that needs
// it is guessed at.
func TestFaultsSeenWithoutKeys(t *testing.T) {
	named := 0
	for _, c := range mangledAnswers {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := applesim.Inspect(r.json(), applesim.Keys{Now: now})
			// Of a card and activation data that disagree, only the latter is seen.
			if f := report.FirstFault; f != nil && f.Code != c.code && c.code != "activation_data_other_scheme" {
				t.Errorf("first fault %s, want %s or none", f.Code, c.code)
			}
			if report.Accepted {
				t.Error("accepted without a key")
			}
			if report.FirstFault != nil {
				named++
			}
			mustNotShow(t, report)
		})
	}
	if named < 35 {
		t.Errorf("only %d faults are named without a key", named)
	}
}

// A secret that begins with 00 is rare: the reference has a scalar for it.
func TestAnUnpaddedSecretIsNamed(t *testing.T) {
	r := newRecipe()
	r.leaf, r.e = countingKey().PublicKey(), keyOf(242)
	r.key = func(z, p []byte) []byte { return rightKey(bytes.TrimLeft(z, "\x00"), p) }
	keys := simKeys()
	keys.Leaf = countingKey()
	if code := codeOf(applesim.Inspect(r.json(), keys).Verdict); code != "pass_data_secret_unpadded" {
		t.Errorf("fault %q", code)
	}
}

func TestTheEnvelopeIsNamedBehindTheForm(t *testing.T) {
	r := newRecipe()
	r.point = compressedOf
	r.key = func(z, p []byte) []byte { return sha(one, z, []byte(head+apple), compressedOf(p)) }
	report := applesim.Inspect(r.json(), simKeys())
	if codeOf(report.Verdict) != "ephemeral_key_compressed" || report.Facts.PAN == "" {
		t.Errorf("fault %q, PAN %q: the first fault is the form, and the rest is still read", codeOf(report.Verdict), report.Facts.PAN)
	}
	details := map[string]string{}
	for _, check := range report.Checks {
		details[check.Name] = check.Detail
	}
	if want := "it opens once that mistake is made: pass_data_party_v_as_sent"; details["pass_data_open"] != want {
		t.Errorf("the envelope: %q, want %q", details["pass_data_open"], want)
	}
}

func TestEncodingsAreASwitch(t *testing.T) {
	keys := simKeys()
	keys.Encodings = map[walletport.SchemeID]applesim.Encoding{walletport.Mastercard: applesim.Base64, walletport.Visa: applesim.Hex}
	r := newRecipe()
	r.encode = toBase64
	if report := applesim.Inspect(r.json(), keys); !report.Accepted || report.FirstFault != nil {
		t.Errorf("base64 where it is documented: fault %q", codeOf(report.Verdict))
	}
	if report := applesim.Inspect(newRecipe().json(), keys); codeOf(report.Verdict) != "encoding_other" || !report.Accepted {
		t.Errorf("hex where base64 is documented: fault %q", codeOf(report.Verdict))
	}
}

// shownElsewhere are faults that tests outside the tables show.
var shownElsewhere = []string{
	"input_empty", "input_too_large", "input_unknown", // TestInspectNamesWhatItIs
	"pass_data_secret_unpadded",   // TestAnUnpaddedSecretIsNamed
	"pass_data_party_v_as_sent",   // TestTheEnvelopeIsNamedBehindTheForm
	"encoding_other",              // TestEncodingsAreASwitch
	"nonce_used", "nonce_expired", // TestNonces
}

// Every fault has its own code in snake_case, a remedy, and an answer or a request
// that shows it.
func TestFaultsAreDistinctAndTested(t *testing.T) {
	shownByTest := map[string]bool{}
	for _, code := range shownElsewhere {
		shownByTest[code] = true
	}
	for _, c := range mangledAnswers {
		for _, layer := range []string{"", "ephemeral_key_", "pass_data_"} {
			shownByTest[strings.TrimPrefix(c.code, layer)] = true
		}
	}
	for _, c := range mangledRequests {
		shownByTest[c.code] = true
	}
	simtest.CheckFaults(t, shownByTest, 90, "faults_answer.go", "faults_pass.go", "faults_request.go")
}
