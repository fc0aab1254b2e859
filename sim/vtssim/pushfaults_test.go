package vtssim_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport/sim/simtest"
	"github.com/walletport/walletport/sim/vtssim"
)

// mangledPush is a push payload with one fault, and the name that the fault must get.
type mangledPush struct {
	name, code string
	change     func(*pushRecipe)
}

func set(name string, value any) func(members) { return func(m members) { m[name] = value } }

func remove(names ...string) func(members) {
	return func(m members) {
		for _, name := range names {
			delete(m, name)
		}
	}
}

func rename(from, to string) func(members) {
	return func(m members) { m[to] = m[from]; delete(m, from) }
}

func inHeader(change func(members)) func(*pushRecipe) {
	return func(r *pushRecipe) { r.header = change }
}
func inPlain(change func(members)) func(*pushRecipe) { return func(r *pushRecipe) { r.plain = change } }
func inProvider(change func(members)) func(*pushRecipe) {
	return func(r *pushRecipe) { r.provider = change }
}

func inAddress(change func(members)) func(*pushRecipe) {
	return inPlain(func(m members) { change(m["billingAddress"].(members)) })
}

func expiry(month, year any) func(*pushRecipe) {
	return inPlain(set("expirationDate", members{"month": month, "year": year}))
}

func outer(change func(string) string) func(*pushRecipe) {
	return func(r *pushRecipe) { r.outer = change }
}
func inParts(change func(*parts)) func(*pushRecipe) { return func(r *pushRecipe) { r.parts = change } }

func inSegments(change func(s []string)) func(*pushRecipe) {
	return func(r *pushRecipe) { r.segments = change }
}

// kek wraps the content key with another key.
func kek(key []byte) func(*pushRecipe) { return func(r *pushRecipe) { r.kek = key } }

// secret makes the shared secret another one, and wraps with what is made of it.
func secret(text string, derive func(string) []byte) func(*pushRecipe) {
	return func(r *pushRecipe) {
		r.kek = derive(text)
		r.keys = func(k *vtssim.Keys) { k.Push[testKid] = []byte(text) }
	}
}

func fit32(data []byte) []byte { return append(bytes.Clone(data), make([]byte, 32)...)[:32] }

// withPlaintext encrypts other bytes, made of the right ones.
func withPlaintext(change func(string) string) func(*pushRecipe) {
	return func(r *pushRecipe) { r.plaintext = []byte(change(string(must(json.Marshal(r.card()))))) }
}

const (
	hexSecret    = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	base64Secret = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="
	javaIV       = "javax.crypto.spec.IvParameterSpec@1b2c3d4e"
)

func hexBytes(text string) []byte { return must(hex.DecodeString(text)) }

var mangledPushes = []mangledPush{
	// The text as a whole.
	{"nothing at all", "input_empty", outer(func(string) string { return "" })},
	{"far too much", "input_too_large", outer(func(string) string { return strings.Repeat("A", 70_000) })},
	{"base64 around the JWE", "outer_base64", outer(func(s string) string { return b64([]byte(s)) })},
	{"URL-safe base64 around the JWE", "outer_base64", outer(func(s string) string { return b64url([]byte(s)) })},
	{"base64 twice around the JWE", "outer_base64_twice", outer(func(s string) string { return b64([]byte(b64([]byte(s)))) })},
	{"a line break at the end", "outer_line_breaks", outer(func(s string) string { return s + "\n" })},
	{"line breaks inside", "outer_line_breaks", outer(func(s string) string { return s[:76] + "\r\n" + s[76:] })},
	{"the flattened JSON serialization", "outer_json_serialization", outer(func(s string) string {
		p := strings.Split(s, ".")
		return string(must(json.Marshal(members{"protected": p[0], "encrypted_key": p[1], "iv": p[2], "ciphertext": p[3], "tag": p[4]})))
	})},
	{"the general JSON serialization", "outer_json_serialization", outer(func(s string) string {
		p := strings.Split(s, ".")
		return string(must(json.Marshal(members{"protected": p[0], "recipients": []members{{"encrypted_key": p[1]}}, "iv": p[2], "ciphertext": p[3], "tag": p[4]})))
	})},
	{"quotes around the JWE", "outer_quotes", outer(func(s string) string { return `"` + s + `"` })},
	{"a byte order mark", "outer_byte_order_mark", outer(func(s string) string { return "\ufeff" + s })},
	{"the JWE twice", "segments_doubled", outer(func(s string) string { return s + s })},
	{"the card in clear", "not_encrypted", outer(func(string) string { return string(must(json.Marshal(newPush().card()))) })},
	{"Mastercard's digitizationData", "outer_other_scheme", outer(func(string) string { return b64([]byte(`{"cardInfo":{}}`)) })},
	{"Mastercard's object", "outer_other_scheme", outer(func(string) string { return `{"fundingAccountInfo":{}}` })},
	{"activation data", "outer_activation_data", outer(func(string) string { return newMBPAC().text() })},
	{"activation data in base64", "outer_activation_data", outer(func(string) string { return b64([]byte(newMBPAC().text())) })},
	{"8163 characters", "jwe_too_long", inPlain(set("future", strings.Repeat("x", 6000)))},
	{"a signed token", "segments_jws", inSegments(func(s []string) { s[2], s[4] = "(gone)", "(gone)" })},
	{"four segments", "segments_count", inSegments(func(s []string) { s[1] = "(gone)" })},
	{"one word", "segments_count", outer(func(string) string { return "hello" })},
	{"padding in a segment", "segment_padded", inSegments(func(s []string) { s[2] += "==" })},
	{"the standard alphabet", "segment_standard_base64", func(r *pushRecipe) {
		r.iv = bytes.Repeat([]byte{0xff}, 12)
		r.segments = func(s []string) { s[2] = b64(r.iv) }
	}},
	{"noise in a segment", "segment_not_base64url", inSegments(func(s []string) { s[3] = "§" + s[3] })},
	{"bits behind the last byte", "segment_not_base64url", inSegments(func(s []string) { s[4] = s[4][:21] + "B" })},

	// The header.
	{"a header that is no object", "header_json_not_object", inParts(func(p *parts) { p.header = []byte("[]") })},
	{"a header cut short", "header_json_truncated", inParts(func(p *parts) { p.header = p.header[:40] })},
	{"a header member twice", "header_json_duplicate_member", inParts(func(p *parts) {
		p.header = append(p.header[:len(p.header)-1], `,"kid":"x"}`...)
	})},
	{"a header that is not UTF-8", "header_json_not_utf8", inParts(func(p *parts) { p.header = []byte("{\"a\":\"\xff\"}") })},
	{"no alg", "alg_missing", inHeader(remove("alg"))},
	{"RSA-OAEP-256", "alg_rsa", inHeader(set("alg", "RSA-OAEP-256"))},
	{"RSA1_5", "alg_rsa", inHeader(set("alg", "RSA1_5"))},
	{"A128GCMKW", "alg_wrong", inHeader(set("alg", "A128GCMKW"))},
	{"AES key wrap", "alg_wrong", inHeader(set("alg", "A256KW"))},
	{"alg in small letters", "alg_wrong", inHeader(set("alg", "a256gcmkw"))},
	{"no enc", "enc_missing", inHeader(remove("enc"))},
	{"A128GCM", "enc_a128gcm", inHeader(set("enc", "A128GCM"))},
	{"CBC with HMAC", "enc_wrong", inHeader(set("enc", "A256CBC-HS512"))},
	{"compression", "zip_present", inHeader(set("zip", "DEF"))},
	{"typ JWT", "typ_wrong", inHeader(set("typ", "JWT"))},
	{"no kid", "kid_missing", inHeader(remove("kid"))},
	{"an empty kid", "kid_missing", inHeader(set("kid", ""))},
	{"a number as kid", "kid_not_string", inHeader(set("kid", 7))},
	{"the kid of another environment", "kid_unknown", inHeader(set("kid", "PRODUCTION"))},
	{"the key that signs requests", "kid_of_request_signing", inHeader(set("kid", requestKid))},
	{"RSA_PKI with a shared secret", "channel_rsa_pki", inHeader(set("channelSecurityContext", "RSA_PKI"))},
	{"another context", "channel_wrong", inHeader(set("channelSecurityContext", "shared_secret"))},
	{"no iat", "iat_missing", inHeader(remove("iat"))},
	{"iat in milliseconds", "iat_milliseconds", inHeader(set("iat", fmt.Sprint(testNow.UnixMilli())))},
	{"iat in milliseconds as a number", "iat_milliseconds", inHeader(set("iat", testNow.UnixMilli()))},
	{"iat as a date", "iat_malformed", inHeader(set("iat", "2026-11-24T12:00:00Z"))},
	{"iat with a fraction", "iat_malformed", inHeader(set("iat", 1795521600.5))},
	{"iat in microseconds", "iat_malformed", inHeader(set("iat", "1795521600000000"))},
	{"iat before time", "iat_malformed", inHeader(set("iat", 0))},
	{"iat of tomorrow", "iat_future", func(r *pushRecipe) {
		r.header = set("iat", testNow.AddDate(0, 0, 1).Unix())
		r.keys = func(k *vtssim.Keys) { k.MaxAge = time.Hour }
	}},
	{"iat of next week, and no window given", "iat_future", func(r *pushRecipe) {
		r.header = set("iat", testNow.AddDate(0, 0, 7).Unix())
	}},
	{"iat of yesterday", "iat_stale", func(r *pushRecipe) {
		r.header = set("iat", testNow.AddDate(0, 0, -1).Unix())
		r.keys = func(k *vtssim.Keys) { k.MaxAge = time.Hour }
	}},

	// IVs, tags and sizes.
	{"no IV in the header", "wrap_iv_missing", inHeader(remove("iv"))},
	{"a wrap IV of 16 bytes", "wrap_iv_16_bytes", func(r *pushRecipe) { r.wrapIV = seq(1, 16) }},
	{"a wrap IV of 8 bytes", "wrap_iv_length", func(r *pushRecipe) { r.wrapIV = seq(1, 8) }},
	{"a Java object as wrap IV", "wrap_iv_java_object", inHeader(set("iv", b64url([]byte(javaIV))))},
	{"a wrap IV in hex", "segment_hex", inHeader(set("iv", "101112131415161718191a1b"))},
	{"a content IV in hex", "segment_hex", inSegments(func(s []string) { s[2] = "202122232425262728292a2b" })},
	{"a padded wrap tag", "segment_padded", func(r *pushRecipe) { r.header = func(m members) { m["tag"] = m["tag"].(string) + "==" } }},
	{"no tag in the header", "wrap_tag_missing", inHeader(remove("tag"))},
	{"a wrap tag of 12 bytes", "wrap_tag_length", inHeader(func(m members) { m["tag"] = m["tag"].(string)[:16] })},
	{"the wrap tag behind the key", "wrap_tag_appended", func(r *pushRecipe) {
		var tag string
		r.header = func(m members) { tag = m["tag"].(string); delete(m, "tag") }
		r.parts = func(p *parts) { p.key = append(bytes.Clone(p.key), must(base64.RawURLEncoding.DecodeString(tag))...) }
	}},
	{"no wrapped key", "encrypted_key_empty", inParts(func(p *parts) { p.key = nil })},
	{"a content key of 16 bytes", "encrypted_key_length", func(r *pushRecipe) { r.cek = r.cek[:16] }},
	{"no content IV", "content_iv_missing", inParts(func(p *parts) { p.iv = nil })},
	{"a zero content IV of 16 bytes", "content_iv_16_bytes", func(r *pushRecipe) { r.iv = make([]byte, 16) }},
	{"a content IV of 13 bytes", "content_iv_length", func(r *pushRecipe) { r.iv = seq(1, 13) }},
	{"a Java object as IV", "content_iv_java_object", inParts(func(p *parts) { p.iv = []byte(javaIV) })},
	{"base64 of a Java object as IV", "content_iv_java_object", inParts(func(p *parts) { p.iv = []byte(b64([]byte(javaIV))) })},
	{"no ciphertext", "ciphertext_empty", inParts(func(p *parts) { p.data = nil })},
	{"no content tag", "content_tag_missing", inParts(func(p *parts) { p.data = append(p.data, p.tag...); p.tag = nil })},
	{"a content tag of 12 bytes", "content_tag_length", inParts(func(p *parts) { p.tag = p.tag[:12] })},
	{"the content tag twice", "content_tag_appended", inParts(func(p *parts) { p.data = append(p.data, p.tag...) })},

	// The key behind the shared secret.
	{"a secret decoded from base64, then hashed", "kek_from_base64_secret", secret(base64Secret, func(s string) []byte {
		return sha256Of(string(must(base64.StdEncoding.DecodeString(s))))
	})},
	{"a secret decoded from base64 as the key", "kek_from_base64_secret", secret(base64Secret, func(s string) []byte {
		return must(base64.StdEncoding.DecodeString(s))
	})},
	{"a secret decoded from hex, then hashed", "kek_from_hex_secret", secret(hexSecret, func(s string) []byte { return sha256Of(string(hexBytes(s))) })},
	{"a secret decoded from hex as the key", "kek_from_hex_secret", secret(hexSecret, hexBytes)},
	{"a secret of 32 characters as the key", "kek_raw_secret", secret("0123456789-bcdef0123456789-bcdef", func(s string) []byte { return []byte(s) })},
	{"the first 32 characters as the key", "kek_raw_secret", kek(fit32([]byte(testSecret)))},
	{"the secret hashed in UTF-16", "kek_utf16_secret", kek(sha256Of(string(simtest.UTF16(testSecret))))},
	{"a line break hashed with the secret", "kek_line_break", kek(sha256Of(testSecret + "\n"))},
	{"a line break in the secret of the scheme", "kek_line_break", secret(testSecret+"\n", func(string) []byte { return sha256Of(testSecret) })},
	{"hex of the digest as the key", "kek_digest_text", kek([]byte(hex.EncodeToString(sha256Of(testSecret))[:32]))},
	{"SHA-512", "kek_other_hash", kek(func() []byte { s := sha512.Sum512([]byte(testSecret)); return s[:32] }())},
	{"SHA-256 twice", "kek_other_hash", kek(sha256Of(string(sha256Of(testSecret))))},
	{"the secret of another kid", "kid_other_secret", kek(sha256Of(otherSecret))},
	{"a secret of nobody", "key_unwrap_failed", kek(sha256Of("nobody"))},
	{"the IVs exchanged", "ivs_swapped", inPartsAndHeader(func(r *pushRecipe, header members, p *parts) {
		if header != nil {
			header["iv"] = b64url(r.iv)
			return
		}
		p.iv = r.wrapIV
	})},
	{"the header's IV for the content too", "ivs_swapped", func(r *pushRecipe) {
		r.iv = r.wrapIV
		r.parts = func(p *parts) { p.iv = seq(0x66, 12) }
	}},
	{"another wrap IV", "key_unwrap_failed", inHeader(set("iv", b64url(seq(0x55, 12))))},
	{"another wrap tag", "wrap_tag_wrong", inHeader(set("tag", b64url(make([]byte, 16))))},
	{"the secret's key encrypts the content", "kek_encrypts_content", func(r *pushRecipe) {
		r.cek = r.kek
		r.parts = func(p *parts) { p.key = make([]byte, 32) }
	}},
	{"a content key of 24 bytes", "encrypted_key_length", func(r *pushRecipe) { r.cek = r.cek[:24] }},

	// The content.
	{"no additional data", "aad_missing", func(r *pushRecipe) { r.aad = func(string) []byte { return nil } }},
	{"the decoded header as additional data", "aad_decoded_header", func(r *pushRecipe) {
		r.aad = func(s string) []byte { return must(base64.RawURLEncoding.DecodeString(s)) }
	}},
	{"a header changed after encryption", "aad_mismatch", inParts(func(p *parts) {
		p.header = append(p.header[:len(p.header)-1], `,"exp":"1"}`...)
	})},
	{"another content tag", "aad_mismatch", inParts(func(p *parts) { p.tag = make([]byte, 16) })},
	{"another content IV", "ciphertext_corrupt", inParts(func(p *parts) { p.iv = seq(0x77, 12) })},
	{"a changed ciphertext", "ciphertext_corrupt", inParts(func(p *parts) { p.data[3] ^= 0x80 })},
	{"half of the ciphertext", "ciphertext_corrupt", inParts(func(p *parts) { p.data = p.data[:200] })},
}

// inPartsAndHeader lets one function change the header before sealing and the parts after.
func inPartsAndHeader(change func(r *pushRecipe, header members, p *parts)) func(*pushRecipe) {
	return func(r *pushRecipe) {
		r.header = func(m members) { change(r, m, nil) }
		r.parts = func(p *parts) { change(r, nil, p) }
	}
}
