package mdessim_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	_ "crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/simtest"
)

// mangled is a payload with one fault, and the name that the fault must get.
type mangled struct {
	name, code string
	change     func(*recipe)
}

func inPayload(change func(members)) func(*recipe) { return func(r *recipe) { r.payload = change } }
func inPlain(change func(members)) func(*recipe)   { return func(r *recipe) { r.plain = change } }
func inIIDD(change func(members)) func(*recipe)    { return func(r *recipe) { r.iidd = change } }
func inTAV(change func(members)) func(*recipe)     { return func(r *recipe) { r.tav.members = change } }

func outer(encode func(raw []byte) string) func(*recipe) {
	return func(r *recipe) { r.encodeOuter = encode }
}

func tavText(encode func(raw []byte) any) func(*recipe) {
	return func(r *recipe) { r.encodeTAV = encode }
}

func signed(text string) func(*recipe) { return func(r *recipe) { r.tav.text = text } }

// rehex turns the hex of a member into another spelling of its bytes.
func rehex(name string, encode func([]byte) any) func(*recipe) {
	return inPayload(func(m members) { m[name] = encode(must(hex.DecodeString(m[name].(string)))) })
}

// respell writes a member of the encrypted payload another way.
func respell(name string, spell func(string) string) func(*recipe) {
	return inPayload(func(m members) { m[name] = spell(m[name].(string)) })
}

// inside changes the plaintext, which is padded rightly then.
func inside(change func(plaintext []byte) []byte) func(*recipe) {
	return func(r *recipe) { r.plaintext = change(must(json.Marshal(r.card()))) }
}

func roundUp16(text []byte) []byte { return roundUp(text, byte(16-len(text)%16)) }

func toBase64(raw []byte) any      { return base64.StdEncoding.EncodeToString(raw) }
func base64Text(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }
func urlSafeText(raw []byte) string {
	// A + or / is certain: the blank in front shifts nothing, the tail holds both.
	return base64.URLEncoding.EncodeToString(append(bytes.TrimSuffix(raw, []byte("}")), []byte(`,"x":"ÿÿÿ>>>???"}`)...))
}

func inLines(raw []byte) string {
	var lines []string
	for chunk := range slices.Chunk([]byte(base64Text(raw)), 76) {
		lines = append(lines, string(chunk))
	}
	return strings.Join(lines, "\n")
}

func fingerprint(digest func(*x509.Certificate) []byte) func(*recipe) {
	return inPayload(func(m members) { m["publicKeyFingerprint"] = hex.EncodeToString(digest(testKeys().certificate)) })
}

func sha1Of(data []byte) []byte   { s := sha1.Sum(data); return s[:] }
func sha256Of(data []byte) []byte { s := sha256.Sum256(data); return s[:] }

func wrapped(wrap func(*rsa.PublicKey, []byte) []byte, label any) func(*recipe) {
	return func(r *recipe) {
		r.wrap = wrap
		r.payload = set("oaepHashingAlgorithm", label)
		if label == nil {
			r.payload = remove("oaepHashingAlgorithm")
		}
	}
}

// endAt pads the plaintext by a given function instead of PKCS#7.
func endAt(pad func(plaintext []byte) []byte) func(*recipe) {
	return func(r *recipe) { r.padded = pad(must(json.Marshal(r.card()))) }
}

func roundUp(text []byte, filler byte) []byte {
	return append(text, bytes.Repeat([]byte{filler}, 16-len(text)%16)...)
}

const iso = "2026-11-24T12:30:00Z"

var mangledPayloads = []mangled{
	// The text as a whole.
	{"nothing at all", "input_empty", outer(func([]byte) string { return "" })},
	{"far too much", "input_too_large", outer(func([]byte) string { return strings.Repeat("A", 600_000) })},
	{"base64 twice", "base64_twice", outer(func(raw []byte) string { return base64Text([]byte(base64Text(raw))) })},
	{"base64 in lines", "base64_line_breaks", outer(inLines)},
	{"URL-safe base64", "base64_url_safe", outer(urlSafeText)},
	{"no padding", "base64_unpadded", outer(func(raw []byte) string {
		return base64.RawStdEncoding.EncodeToString(append(raw, bytes.Repeat([]byte(" "), 4-len(raw)%3)...))
	})},
	{"plus signs turned into spaces", "base64_spaces", outer(func(raw []byte) string {
		return strings.ReplaceAll(base64Text(append(raw[:len(raw)-1], []byte(`,"x":">>>>>>>>"}`)...)), "+", " ")
	})},
	{"percent-encoded base64", "base64_percent_encoded", outer(func(raw []byte) string {
		return strings.ReplaceAll(url.QueryEscape(base64Text(append(raw, bytes.Repeat([]byte(" "), 4-len(raw)%3)...))), "%3D", "%3D")
	})},
	{"hex", "hex_instead_of_base64", outer(func(raw []byte) string { return hex.EncodeToString(raw) })},
	{"no base64 at all", "base64_invalid", outer(func([]byte) string { return "§§§" })},
	{"base64 cut short", "json_truncated", outer(func(raw []byte) string { return base64Text(raw[:600]) })},
	{"a JSON array", "json_not_object", outer(func([]byte) string { return base64Text([]byte("[]")) })},
	{"broken JSON", "json_invalid", outer(func([]byte) string { return base64Text([]byte(`{"cardInfo":{},}`)) })},
	{"text after the JSON", "json_invalid", outer(func(raw []byte) string { return base64Text(append(raw, "{}"...)) })},
	{"the JSON twice", "json_doubled", outer(func(raw []byte) string { return base64Text(append(raw, raw...)) })},
	{"JSON in UTF-16", "json_utf16", outer(func(raw []byte) string { return base64Text(simtest.UTF16(string(raw))) })},
	{"base64 in quotes", "base64_quoted", outer(func(raw []byte) string { return `"` + base64Text(raw) + `"` })},
	{"base64 escaped for HTML", "base64_html_escaped", outer(func(raw []byte) string {
		return strings.ReplaceAll(base64Text(append(raw, bytes.Repeat([]byte(" "), 4-len(raw)%3)...)), "=", "&#61;")
	})},
	{"a byte order mark before the base64", "base64_byte_order_mark", outer(func(raw []byte) string { return "\ufeff" + base64Text(raw) })},
	{"base64 twice in a row", "base64_doubled", outer(func(raw []byte) string { return base64Text(raw) + base64Text(raw) })},
	{"base64 that was cut", "base64_truncated", outer(func(raw []byte) string { return base64Text(raw)[:1003] })},
	{"a byte order mark", "json_invalid", outer(func(raw []byte) string { return base64Text(append([]byte("\xef\xbb\xbf"), raw...)) })},
	{"JSON in Latin-1", "json_not_utf8", outer(func(raw []byte) string { return base64Text(append(raw[:len(raw)-1], ",\"x\":\"\xe5\"}"...)) })},
	{"a member twice", "json_duplicate_member", outer(func(raw []byte) string {
		return base64Text(append(raw[:len(raw)-1], `,"cardInfo":{}}`...))
	})},

	// Shape and members.
	{"both shapes", "shape_both", inIIDD(set("fundingAccountInfo", members{"pushAccountReceipt": "MCC-1"}))},
	{"no shape", "shape_none", inIIDD(remove("cardInfo"))},
	{"a shape that is null", "shape_none", inIIDD(set("cardInfo", nil))},
	{"a shape in PascalCase", "shape_member_case", inIIDD(func(m members) { m["CardInfo"] = m["cardInfo"]; delete(m, "cardInfo") })},
	{"a shape as a string", "shape_not_object", inIIDD(set("cardInfo", "{}"))},
	{"an empty fundingAccountInfo", "funding_account_choice", func(r *recipe) { r.shape = "fundingAccountInfo"; r.iidd = set("fundingAccountInfo", members{}) }},
	{"payload and receipt", "funding_account_choice", func(r *recipe) {
		r.shape = "fundingAccountInfo"
		r.iidd = func(m members) { m["fundingAccountInfo"].(members)["pushAccountReceipt"] = "MCC-1" }
	}},
	{"fundingAccountInfo without encryptedPayload", "funding_account_flat", func(r *recipe) {
		r.shape = "fundingAccountInfo"
		r.iidd = func(m members) { m["fundingAccountInfo"] = m["fundingAccountInfo"].(members)["encryptedPayload"] }
	}},
	{"cardInfo with encryptedPayload", "card_info_nested", inIIDD(func(m members) { m["cardInfo"] = members{"encryptedPayload": m["cardInfo"]} })},
	{"no fingerprint", "member_missing", inPayload(remove("publicKeyFingerprint"))},
	{"no encryptedKey", "member_missing", inPayload(remove("encryptedKey"))},
	{"a member in PascalCase", "member_case", inPayload(func(m members) { m["EncryptedData"] = m["encryptedData"]; delete(m, "encryptedData") })},
	{"a null iv", "member_null", inPayload(set("iv", nil))},
	{"an empty iv", "member_empty", inPayload(set("iv", ""))},
	{"a number as iv", "member_not_string", inPayload(set("iv", 12))},
	{"a fingerprint with colons", "fingerprint_not_hex", inPayload(func(m members) {
		m["publicKeyFingerprint"] = strings.Join(regexp.MustCompile("..").FindAllString(m["publicKeyFingerprint"].(string), -1), ":")
	})},
	{"a short fingerprint", "fingerprint_length", inPayload(func(m members) { m["publicKeyFingerprint"] = m["publicKeyFingerprint"].(string)[:30] })},
	{"a fingerprint with 0x", "fingerprint_hex_prefix", inPayload(func(m members) { m["publicKeyFingerprint"] = "0x" + m["publicKeyFingerprint"].(string) })},
	{"a fingerprint in base64", "fingerprint_base64_instead_of_hex", rehex("publicKeyFingerprint", toBase64)},
	{"encryptedKey with 0x", "encrypted_key_hex_prefix", respell("encryptedKey", func(s string) string { return "0x" + s })},
	{"encryptedKey in lines", "encrypted_key_hex_line_breaks", respell("encryptedKey", func(s string) string { return s[:64] + "\n" + s[64:] })},
	{"encryptedKey with colons", "encrypted_key_hex_separators", respell("encryptedKey", func(s string) string { return s[:2] + ":" + s[2:4] + ":" + s[4:] })},
	{"encryptedKey without a digit", "encrypted_key_hex_odd", respell("encryptedKey", func(s string) string { return s[1:] })},
	{"encryptedKey without its leading zero", "encrypted_key_unpadded", func(r *recipe) {
		r.wrap = func(pub *rsa.PublicKey, key []byte) []byte {
			for {
				if out := wrapOAEP(crypto.SHA256, crypto.SHA256)(pub, key); out[0] == 0 {
					return out[1:]
				}
			}
		}
	}},
	{"encryptedKey with a sign byte", "encrypted_key_sign_byte", respell("encryptedKey", func(s string) string { return "00" + s })},
	{"half of encryptedKey", "encrypted_key_modulus", respell("encryptedKey", func(s string) string { return s[:256] })},
	{"a JWE of Mastercard's library", "encrypted_data_jwe", func(r *recipe) {
		r.iidd = set("cardInfo", members{"encryptedData": "eyJlbmMiOiJBMjU2R0NNIn0.a.b.c.d"})
	}},
	{"encryptedData with 0x", "encrypted_data_hex_prefix", respell("encryptedData", func(s string) string { return "0x" + s })},
	{"encryptedData in lines", "encrypted_data_hex_line_breaks", respell("encryptedData", func(s string) string { return s[:64] + "\n" + s[64:] })},
	{"encryptedData with spaces", "encrypted_data_hex_line_breaks", respell("encryptedData", func(s string) string { return s[:2] + " " + s[2:4] + " " + s[4:] })},
	{"encryptedData with hyphens", "encrypted_data_hex_separators", respell("encryptedData", func(s string) string { return s[:2] + "-" + s[2:4] + "-" + s[4:] })},
	{"encryptedData without a digit", "encrypted_data_hex_odd", respell("encryptedData", func(s string) string { return s[:len(s)-1] })},
	{"encryptedData twice in a row", "encrypted_data_doubled", respell("encryptedData", func(s string) string { return s + s })},
	{"iv with 0x", "iv_hex_prefix", respell("iv", func(s string) string { return "0x" + s })},
	{"iv without a digit", "iv_hex_odd", respell("iv", func(s string) string { return s[1:] })},
	{"encryptedKey in base64", "encrypted_key_base64", rehex("encryptedKey", toBase64)},
	{"encryptedKey with noise", "encrypted_key_not_hex", inPayload(set("encryptedKey", "~~"))},
	{"encryptedKey of 10 bytes", "encrypted_key_length", inPayload(set("encryptedKey", strings.Repeat("ab", 10)))},
	{"encryptedData in base64", "encrypted_data_base64", rehex("encryptedData", toBase64)},
	{"encryptedData with an odd digit", "encrypted_data_not_hex", inPayload(func(m members) { m["encryptedData"] = "~" + m["encryptedData"].(string)[:9] })},
	{"encryptedData too long", "encrypted_data_length", inPayload(set("encryptedData", strings.Repeat("ab", 128_016)))},
	{"encryptedData cut inside a block", "ciphertext_truncated", inPayload(func(m members) {
		m["encryptedData"] = m["encryptedData"].(string)[:200]
	})},
	{"iv in base64", "iv_base64", rehex("iv", toBase64)},
	{"iv with noise", "iv_not_hex", inPayload(set("iv", "~~"))},
	{"an iv of 12 bytes with CBC", "iv_length", inPayload(set("iv", strings.Repeat("ab", 12)))},
	{"an iv of 16 bytes with GCM", "iv_length", func(r *recipe) {
		r.useGCM()
		more := r.payload
		r.payload = func(m members) { more(m); m["iv"] = strings.Repeat("ab", 16) }
	}},
	{"SHA-256 with a hyphen", "oaep_hash_hyphen", inPayload(set("oaepHashingAlgorithm", "SHA-256"))},
	{"the hash in lower case", "oaep_hash_unknown", inPayload(set("oaepHashingAlgorithm", "sha256"))},
	{"SHA1 as the hash", "oaep_hash_unknown", inPayload(set("oaepHashingAlgorithm", "SHA1"))},
	{"an unknown cipher mode", "cipher_mode_unknown", inPayload(set("algorithmCipherMode", "CTR"))},
	{"GCM without tag", "gcm_tag_missing", withGCM(remove("tag"))},
	{"GCM without aad", "gcm_aad_missing", withGCM(remove("aad"))},
	{"a GCM tag of 8 bytes", "gcm_tag_form", withGCM(set("tag", strings.Repeat("ab", 8)))},
	{"aad in base64", "gcm_aad_form", withGCM(set("aad", "aGVhZGVy"))},
	{"another GCM tag", "gcm_tag_mismatch", withGCM(set("tag", strings.Repeat("ab", 16)))},

	// Fingerprint and RSA.
	{"SHA-256 of the certificate", "fingerprint_sha256_certificate", fingerprint(func(c *x509.Certificate) []byte { return sha256Of(c.Raw) })},
	{"SHA-256 of the public key", "fingerprint_sha256_spki", fingerprint(func(c *x509.Certificate) []byte { return sha256Of(c.RawSubjectPublicKeyInfo) })},
	{"SHA-1 of the public key", "fingerprint_sha1_spki", fingerprint(func(c *x509.Certificate) []byte { return sha1Of(c.RawSubjectPublicKeyInfo) })},
	{"SHA-1 of the PKCS#1 key", "fingerprint_pkcs1_key", fingerprint(func(c *x509.Certificate) []byte {
		return sha1Of(x509.MarshalPKCS1PublicKey(c.PublicKey.(*rsa.PublicKey)))
	})},
	{"SHA-1 of the PEM text", "fingerprint_of_pem", fingerprint(func(c *x509.Certificate) []byte {
		return sha1Of(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	})},
	{"SHA-1 where MDES was told of another name", "fingerprint_sha1_certificate", func(r *recipe) {
		r.keys = func(k *mdessim.Keys) { k.Encryption[0].Fingerprints = []string{strings.Repeat("ab", 32)} }
	}},
	{"a fingerprint nobody knows", "fingerprint_unknown", inPayload(set("publicKeyFingerprint", strings.Repeat("ab", 20)))},
	{"PKCS#1 v1.5 labelled SHA256", "key_wrapped_pkcs1v15", wrapped(wrapPKCS1, "SHA256")},
	{"MGF1 with SHA-1", "key_wrapped_mgf1_sha1", wrapped(wrapOAEP(crypto.SHA256, crypto.SHA1), "SHA256")},
	{"MGF1 with SHA-1 that looks like PKCS#1 v1.5", "key_wrapped_mgf1_sha1", wrapped(asIfPKCS1(wrapOAEP(crypto.SHA256, crypto.SHA1)), "SHA256")},
	{"OAEP without a label that looks like PKCS#1 v1.5", "key_wrapped_oaep_unlabelled", wrapped(asIfPKCS1(wrapOAEP(crypto.SHA256, crypto.SHA256)), nil)},
	{"OAEP with SHA-1 labelled SHA256", "key_wrapped_sha1", wrapped(wrapOAEP(crypto.SHA1, crypto.SHA1), "SHA256")},
	{"SHA-512 labelled SHA256", "key_wrapped_other_hash", wrapped(wrapOAEP(crypto.SHA512, crypto.SHA512), "SHA256")},
	{"SHA-256 labelled SHA512", "key_wrapped_other_hash", wrapped(wrapOAEP(crypto.SHA256, crypto.SHA256), "SHA512")},
	{"OAEP without a label", "key_wrapped_oaep_unlabelled", wrapped(wrapOAEP(crypto.SHA256, crypto.SHA256), nil)},
	{"the key of another certificate", "key_wrapped_for_other_key", func(r *recipe) {
		r.wrapTo = &testKeys().otherMDES.PublicKey
		r.keys = func(k *mdessim.Keys) {
			k.Encryption = append(k.Encryption, mdessim.EncryptionKey{Decrypter: testKeys().otherMDES, Fingerprints: []string{strings.Repeat("cd", 20)}})
		}
	}},
	{"a key of nobody", "key_unwrap_failed", func(r *recipe) { r.wrapTo = &testKeys().otherMDES.PublicKey }},
	{"an AES key of 24 bytes", "aes_key_length", func(r *recipe) { r.aesKey = append(r.aesKey, r.aesKey[:8]...) }},
	{"the AES key as hex text", "aes_key_text", func(r *recipe) { r.wrappedKey = []byte(hex.EncodeToString(r.aesKey)) }},
	{"the AES key as base64 text", "aes_key_text", func(r *recipe) { r.wrappedKey = []byte(base64Text(r.aesKey)) }},

	// AES.
	{"ciphertext without its last block", "ciphertext_truncated", inPayload(func(m members) {
		text := m["encryptedData"].(string)
		m["encryptedData"] = text[:len(text)-64]
	})},
	{"padding with zero bytes", "plaintext_padded_zero", endAt(func(p []byte) []byte { return roundUp(p, 0) })},
	{"no padding", "ciphertext_padding", func(r *recipe) {
		r.plain = set("cardholderName", "A")
		text := must(json.Marshal(r.card()))
		r.padded = append(text[:len(text)-1], append(bytes.Repeat([]byte(" "), (16-len(text)%16)%16), '}')...)
	}},
	{"padding with zero bytes, and PKCS#7", "plaintext_padded_zero", inside(func(p []byte) []byte { return roundUp(p, 0) })},
	{"padding with spaces", "plaintext_padded_spaces", endAt(func(p []byte) []byte { return roundUp(p, ' ') })},
	{"padding by ISO/IEC 7816-4", "plaintext_padded_iso7816", endAt(func(p []byte) []byte { return roundUp(append(p, 0x80), 0) })},
	{"padding by ISO/IEC 7816-4, and PKCS#7", "plaintext_padded_iso7816", inside(func(p []byte) []byte { return roundUp(append(p, 0x80), 0) })},
	{"padding by PKCS#7 twice", "plaintext_padded_twice", inside(func(p []byte) []byte { return roundUp(p, byte(16-len(p)%16)) })},
	{"padding by PKCS#7 to eight bytes, and to sixteen", "plaintext_padded_twice", inside(func(p []byte) []byte {
		n := 8 - len(p)%8
		return append(p, bytes.Repeat([]byte{byte(n)}, n)...)
	})},
	{"padding under GCM", "plaintext_padded", func(r *recipe) {
		r.useGCM()
		plaintext, aad := roundUp16(must(json.Marshal(r.card()))), []byte("header")
		sealed := must(cipher.NewGCM(must(aes.NewCipher(r.aesKey)))).Seal(nil, r.iv, plaintext, aad)
		r.encrypt = func(*recipe, []byte) []byte { return sealed[:len(sealed)-16] }
		r.payload = func(m members) {
			m["algorithmCipherMode"], m["tag"], m["aad"] = "GCM", hex.EncodeToString(sealed[len(sealed)-16:]), hex.EncodeToString(aad)
		}
	}},
	{"padding by ISO 10126", "ciphertext_padding", endAt(func(p []byte) []byte {
		p = roundUp(append(p, 7, 7), 9)
		p[len(p)-1] = byte(len(p) - bytes.LastIndexByte(p, '}') - 1)
		return p
	})},
	{"UTF-16 inside", "plaintext_utf16", inside(func(p []byte) []byte { return simtest.UTF16(string(p)) })},
	{"UTF-16 inside, padded with zero bytes", "plaintext_utf16", endAt(func(p []byte) []byte { return roundUp(simtest.UTF16(string(p)), 0) })},
	{"UTF-16 with its mark inside", "plaintext_utf16", inside(func(p []byte) []byte { return simtest.UTF16("\ufeff" + string(p)) })},
	{"padding by ANSI X9.23", "plaintext_padded_x923", endAt(func(p []byte) []byte {
		p = roundUp(append(p, 0), 0)
		p[len(p)-1] = byte(len(p) - bytes.LastIndexByte(p, '}') - 1)
		return p
	})},
	{"a changed byte in the middle", "ciphertext_corrupt", inPayload(func(m members) {
		data := []byte(m["encryptedData"].(string))
		copy(data[64:], "00000000000000000000000000000000")
		m["encryptedData"] = string(data)
	})},
	{"another AES key", "ciphertext_corrupt", func(r *recipe) { r.wrappedKey = bytes.Repeat([]byte{7}, 16) }},
	{"ECB", "cipher_ecb", func(r *recipe) {
		r.encrypt = func(r *recipe, padded []byte) []byte {
			block, out := must(aes.NewCipher(r.aesKey)), make([]byte, len(padded))
			for i := 0; i < len(out); i += 16 {
				block.Encrypt(out[i:], padded[i:i+16])
			}
			return out
		}
	}},
	{"the iv in front of the data", "iv_prefixed", func(r *recipe) {
		r.encrypt = func(r *recipe, padded []byte) []byte { return append(bytes.Clone(r.iv), encryptCBC(r, padded)...) }
	}},
	{"another iv", "iv_mismatch", inPayload(set("iv", strings.Repeat("f7", 16)))},
	{"a zero iv where another is named", "iv_mismatch", func(r *recipe) { r.iv = nil; r.payload = set("iv", strings.Repeat("f7", 16)) }},

	// The plaintext.
	{"a byte order mark inside", "plaintext_byte_order_mark", inside(func(p []byte) []byte { return append([]byte("\xef\xbb\xbf"), p...) })},
	{"hex inside", "plaintext_hex", inside(func(p []byte) []byte { return []byte(hex.EncodeToString(p)) })},
	{"a JSON string inside", "plaintext_json_in_string", inside(func(p []byte) []byte { return must(json.Marshal(string(p))) })},
	{"the plaintext twice", "plaintext_json_doubled", inside(func(p []byte) []byte { return append(p, p...) })},
	{"base64 inside", "plaintext_base64", func(r *recipe) { r.plaintext = []byte(base64Text(must(json.Marshal(r.card())))) }},
	{"a member around the card", "plaintext_wrapped", func(r *recipe) { r.plaintext = must(json.Marshal(members{"cardInfoData": r.card()})) }},
	{"the other shape's plaintext", "plaintext_other_shape", func(r *recipe) {
		r.plaintext = must(json.Marshal(members{"cardAccountData": r.card(), "source": "CARD_ADDED_VIA_APPLICATION"}))
	}},
	{"cardInfo's plaintext in fundingAccountInfo", "plaintext_other_shape", func(r *recipe) {
		r.plaintext = must(json.Marshal(r.card()))
		r.shape = "fundingAccountInfo"
	}},
	{"an array inside", "plaintext_json_not_object", func(r *recipe) { r.plaintext = []byte(`["x"]`) }},
	{"no JSON inside", "plaintext_json_invalid", func(r *recipe) { r.plaintext = []byte(testPAN + "=2812") }},
	{"Latin-1 inside", "plaintext_json_not_utf8", func(r *recipe) {
		r.plaintext = bytes.Replace(must(json.Marshal(r.card())), []byte("TEST"), []byte("\xc5SA"), 1)
	}},
	{"primaryAccountNumber", "pan_member_name", inPlain(func(m members) { m["primaryAccountNumber"] = m["accountNumber"]; delete(m, "accountNumber") })},
	{"cardNumber", "pan_member_name", inPlain(func(m members) { m["cardNumber"] = m["accountNumber"]; delete(m, "accountNumber") })},
	{"no PAN", "pan_missing", inPlain(remove("accountNumber"))},
	{"a null PAN", "pan_not_string", inPlain(set("accountNumber", 5))},
	{"an empty PAN", "pan_missing", inPlain(set("accountNumber", ""))},
	{"no cardAccountData", "pan_missing", func(r *recipe) {
		r.shape = "fundingAccountInfo"
		r.plain = func(m members) { m["financialAccountData"] = members{}; delete(m, "cardAccountData") }
	}},
	{"cardAccountData as a string", "field_not_object", func(r *recipe) { r.shape = "fundingAccountInfo"; r.plain = set("cardAccountData", "x") }},
	{"the PAN as a number", "pan_not_string", inPlain(set("accountNumber", json.Number(testPAN)))},
	{"the PAN in groups", "pan_spaces", inPlain(set("accountNumber", "5204 2477 5000 1471"))},
	{"a masked PAN", "pan_not_digits", inPlain(set("accountNumber", "520424******1471"))},
	{"a PAN of 8 digits", "pan_length", inPlain(set("accountNumber", "52042477"))},
	{"a wrong check digit", "pan_luhn", func(r *recipe) { r.pan = "5204247750001472" }},
	{"no expiry", "expiry_missing", inPlain(remove("expiryMonth", "expiryYear"))},
	{"one expiry member", "expiry_combined", inPlain(func(m members) { m["expiryDate"] = "1228"; remove("expiryMonth", "expiryYear")(m) })},
	{"all of the expiry in the month", "expiry_combined", inPlain(func(m members) { m["expiryMonth"] = "1228"; delete(m, "expiryYear") })},
	{"month and year swapped", "expiry_yymm", inPlain(func(m members) { m["expiryMonth"], m["expiryYear"] = "28", "12" })},
	{"a year of four digits", "expiry_year_four_digits", inPlain(set("expiryYear", "2028"))},
	{"a month of one digit", "expiry_form", inPlain(set("expiryMonth", "1"))},
	{"the month as a number", "expiry_form", inPlain(set("expiryMonth", 12))},
	{"an expired card", "card_expired", func(r *recipe) { r.mm, r.yy = "10", "26" }},
	{"no source", "source_missing", inPlain(remove("source"))},
	{"the other shape's source", "source_wrong_shape", inPlain(set("source", "ACCOUNT_ADDED_VIA_APPLICATION"))},
	{"an unknown source", "source_unknown", inPlain(set("source", "PUSH"))},
	{"data that is no longer valid", "data_valid_until_past", inPlain(set("dataValidUntilTimestamp", "2026-11-24T12:00:00Z"))},
	{"a validity without zone", "data_valid_until_malformed", inPlain(set("dataValidUntilTimestamp", "2026-11-24T12:30:00"))},
	{"a null validity", "field_null", inPlain(set("dataValidUntilTimestamp", nil))},
	{"an empty validity", "field_empty", inPlain(set("dataValidUntilTimestamp", ""))},
	{"a null name", "field_null", inPlain(set("cardholderName", nil))},
	{"an empty name", "field_empty", inPlain(set("cardholderName", ""))},
	{"a name of 28 characters", "field_too_long", inPlain(set("cardholderName", strings.Repeat("A", 28)))},
	{"a long city in the address", "field_too_long", inPlain(set("billingAddress", members{"city": strings.Repeat("A", 33)}))},
	{"a name that is a number", "field_wrong_type", inPlain(set("cardholderName", 1))},
	{"a security code of four digits", "security_code_form", inPlain(set("securityCode", "1234"))},

	// The TAV.
	{"no TAV", "tav_missing", func(r *recipe) { r.noTAV = true }},
	{"a null TAV", "tav_missing", inIIDD(set("tokenizationAuthenticationValue", nil))},
	{"an empty TAV", "tav_empty", tavText(func([]byte) any { return "" })},
	{"the TAV under another name", "tav_member_name", inIIDD(func(m members) {
		m["TAV"] = m["tokenizationAuthenticationValue"]
		delete(m, "tokenizationAuthenticationValue")
	})},
	{"the TAV inside cardInfo", "tav_member_name", inIIDD(func(m members) {
		m["cardInfo"].(members)["tokenizationAuthenticationValue"] = m["tokenizationAuthenticationValue"]
		delete(m, "tokenizationAuthenticationValue")
	})},
	{"the TAV as an object", "tav_not_string", tavText(func(raw []byte) any { return json.RawMessage(raw) })},
	{"the TAV as JSON text", "tav_raw_json", tavText(func(raw []byte) any { return string(raw) })},
	{"the TAV in base64 twice", "tav_base64_twice", tavText(func(raw []byte) any { return base64Text([]byte(base64Text(raw))) })},
	{"the TAV in lines", "tav_base64_line_breaks", tavText(func(raw []byte) any { return inLines(raw) })},
	{"the TAV in URL-safe base64", "tav_base64_url_safe", tavText(func(raw []byte) any { return urlSafeText(raw) })},
	{"the specification's dummy TAV", "tav_json_invalid", tavText(func([]byte) any { return "RHVtbXkgYmFzZSA2NCBkYXRhIC0gdGhpcyBpcyBub3QgYSByZWFsIFRBViBleGFtcGxl" })},
	{"a TAV of 2049 characters", "tav_too_long", inTAV(set("future", strings.Repeat("x", 1100)))},
	{"a TAV member in two spellings", "tav_json_duplicate_member", inTAV(set("Version", "3"))},
	{"the version as a number", "tav_version_number", inTAV(set("version", 3))},
	{"no version", "tav_version_missing", inTAV(remove("version"))},
	{"version 1", "tav_version_unknown", inTAV(set("version", "1"))},
	{"another algorithm", "tav_algorithm", inTAV(set("signatureAlgorithm", "SHA256withRSA"))},
	{"no signature", "tav_member_missing", inTAV(remove("signature"))},
	{"no field list", "tav_member_missing", inTAV(remove("includedFieldsInOrder"))},
	{"no flags in v2", "tav_member_missing", func(r *recipe) { r.tav.version = "2"; r.tav.members = remove("expirationDateIncluded") }},
	{"a flag spelled Y", "tav_flag_form", func(r *recipe) { r.tav.version = "2"; r.tav.members = set("expirationDateIncluded", "Y") }},
	{"the field list as a number", "tav_member_type", inTAV(set("includedFieldsInOrder", 1))},
	{"the field list as an array", "tav_fields_form", inTAV(set("includedFieldsInOrder", []string{"dataValidUntilTimestamp", "accountNumber", "accountExpiry"}))},
	{"the field list with commas", "tav_fields_form", inTAV(set("includedFieldsInOrder", "dataValidUntilTimestamp,accountNumber,accountExpiry"))},
	{"an unknown field", "tav_field_unknown", inTAV(set("includedFieldsInOrder", "accountNumber|expiryDate|dataValidUntilTimestamp"))},
	{"a field twice", "tav_field_repeated", inTAV(set("includedFieldsInOrder", "accountNumber|accountNumber|dataValidUntilTimestamp"))},
	{"no PAN in the signature", "tav_fields_without_pan", func(r *recipe) { r.tav.order = []string{"dataValidUntilTimestamp", "accountExpiry"} }},
	{"no timestamp in the signature", "tav_fields_without_timestamp", func(r *recipe) { r.tav.order = []string{"accountNumber", "accountExpiry"} }},
	{"a TAV without zone", "tav_timestamp_malformed", func(r *recipe) { r.tav.until = "2026-11-24T12:30:00" }},
	{"an expired TAV", "tav_expired", func(r *recipe) { r.tav.until = "2026-11-24T11:59:59Z" }},
	{"a TAV in the moment of its end", "tav_expired", func(r *recipe) { r.tav.until = "2026-11-24T12:00:00Z" }},
	{"a TAV without zone or T", "tav_timestamp_malformed", func(r *recipe) { r.tav.until = "24.11.2026 12:30" }},
	{"a TAV until a Unix time", "tav_timestamp_malformed", func(r *recipe) { r.tav.until = "1795523400" }},
	{"a TAV until a very long text", "tav_timestamp_malformed", func(r *recipe) { r.tav.until = strings.Repeat("2", 41) }},
	{"a TAV until some words", "tav_timestamp_malformed", func(r *recipe) { r.tav.until = "in half an hour" }},
	{"a TAV for 31 days", "tav_too_far_ahead", func(r *recipe) { r.tav.until = "2026-12-25T12:00:00Z" }},
	{"an unknown alias", "tav_alias_unknown", func(r *recipe) {
		r.tav.version, r.tav.members = "4", set("keyAlias", "U+002D")
		r.keys = func(k *mdessim.Keys) { k.TAV[0].Alias = "U+002E" }
	}},
	{"an alias of 11 characters", "tav_alias_length", func(r *recipe) { r.tav.version, r.tav.members = "4", set("keyAlias", "U+002D-LONG") }},
	{"a TAV for a token in a digitization", "tav_needs_token", func(r *recipe) {
		r.tav.version, r.tav.text = "2", testPAN+"Y1228YDWSPMC"
		r.tav.members = set("tokenUniqueReferenceIncluded", "true")
	}},

	// The TAV's signature.
	{"a signature in hex", "tav_signature_hex", inTAV(func(m members) {
		m["signature"] = hex.EncodeToString(must(base64.StdEncoding.DecodeString(m["signature"].(string))))
	})},
	{"a signature without padding", "tav_signature_form", inTAV(func(m members) { m["signature"] = strings.TrimRight(m["signature"].(string), "=") })},
	{"a signature of 128 bytes", "tav_signature_length", inTAV(set("signature", base64Text(make([]byte, 128))))},
	{"PSS", "tav_signature_pss", func(r *recipe) { r.tav.sign = signPSS }},
	{"SHA-1", "tav_signature_sha1", func(r *recipe) { r.tav.sign = signPKCS1(crypto.SHA1) }},
	{"SHA-512", "tav_signature_other_hash", func(r *recipe) { r.tav.sign = signPKCS1(crypto.SHA512) }},
	{"MD5", "tav_signature_other_hash", func(r *recipe) { r.tav.sign = signPKCS1(crypto.MD5) }},
	{"no DigestInfo", "tav_signature_without_digest_info", func(r *recipe) {
		r.tav.sign = func(key *rsa.PrivateKey, text string) []byte {
			return must(rsa.SignPKCS1v15(nil, key, 0, sha256Of([]byte(text))))
		}
	}},
	{"noise that ends like PSS", "tav_unknown_key", func(r *recipe) {
		r.tav.sign = func(key *rsa.PrivateKey, _ string) []byte {
			return rawSign(key, append(bytes.Repeat([]byte{0x11}, 255), 0xbc))
		}
	}},
	{"a hash that is not at the end", "tav_signature_without_digest_info", func(r *recipe) {
		r.tav.sign = func(key *rsa.PrivateKey, text string) []byte {
			info := append(must(hex.DecodeString("3031300d060960864801650304020105000420")), sha256Of([]byte(text))...)
			message := append([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, info...)
			return rawSign(key, append(message, make([]byte, 256-len(message))...))
		}
	}},
	{"an unknown key", "tav_unknown_key", func(r *recipe) { r.tav.key = testKeys().otherTAV }},
	{"a signature of zeros", "tav_unknown_key", inTAV(set("signature", base64Text(make([]byte, 256))))},
	{"YYMM in the signature", "tav_expiry_yymm", signed(iso + "|" + testPAN + "|2812")},
	{"YYMM in a v2 signature", "tav_expiry_yymm", func(r *recipe) { r.tav.version, r.tav.text = "2", testPAN+"Y2812N" }},
	{"MM/YY in the signature", "tav_expiry_slash", signed(iso + "|" + testPAN + "|12/28")},
	{"MMYYYY in the signature", "tav_expiry_form", signed(iso + "|" + testPAN + "|122028")},
	{"the PAN in groups in the signature", "tav_pan_spaced", signed(iso + "|5204 2477 5000 1471|1228")},
	{"no separators in the signature", "tav_separator", signed(iso + testPAN + "1228")},
	{"commas in the signature", "tav_separator", signed(iso + "," + testPAN + ",1228")},
	{"another order in the signature", "tav_field_order", signed(testPAN + "|1228|" + iso)},
	{"another timestamp spelling in the signature", "tav_timestamp_reformatted", signed("2026-11-24T12:30:00.000Z|" + testPAN + "|1228")},
	{"a line break in the signature", "tav_line_break", signed(iso + "|" + testPAN + "|1228\n")},
	{"a hash signed as text", "tav_hashed_twice", signed(hex.EncodeToString(sha256Of([]byte(iso + "|" + testPAN + "|1228"))))},
	{"the text signed in UTF-16", "tav_signed_utf16", signed(string(simtest.UTF16(iso + "|" + testPAN + "|1228")))},
	{"three mistakes in the signature at once", "tav_expiry_yymm", signed(testPAN + "2812" + iso)},
	{"a v2 signature without letters", "tav_flags_not_signed", func(r *recipe) { r.tav.version, r.tav.text = "2", testPAN+"1228" }},
	{"a TAV of the card's predecessor", "tav_other_expiry", func(r *recipe) { r.tav.mmyy = "1225" }},
	{"a TAV of another card", "tav_other_card", func(r *recipe) { r.tav.pan = otherPAN }},
	{"a timestamp changed after signing", "tav_other_card", inTAV(set("dataValidUntilTimestamp", "2026-11-24T12:45:00Z"))},
}

// rawSign applies the private RSA operation to an encoded message as it is.
func rawSign(key *rsa.PrivateKey, message []byte) []byte {
	m := new(big.Int).SetBytes(message)
	return m.Exp(m, key.D, key.N).FillBytes(make([]byte, key.Size()))
}

func withGCM(change func(members)) func(*recipe) {
	return func(r *recipe) {
		r.useGCM()
		more := r.payload
		r.payload = func(m members) { more(m); change(m) }
	}
}
