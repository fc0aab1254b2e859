package vtssim_test

import (
	"bytes"
	"crypto/des"
	"encoding/hex"
	"strings"
	"time"

	"github.com/walletport/walletport/sim/simtest"
	"github.com/walletport/walletport/sim/vtssim"
)

// mangledWSD is a string under a WSD key with one fault, and the name that the
// fault must get.
type mangledWSD struct {
	name, code string
	change     func(*wsdRecipe)
}

// part replaces a part of the string: 0 is the type, 6 the block.
func part(i int, text string) func(*wsdRecipe) {
	return func(r *wsdRecipe) { r.parts = func(p []string) []string { p[i] = text; return p } }
}

func clearText(text string) func(*wsdRecipe) { return func(r *wsdRecipe) { r.clear = text } }

func encrypted(by func(key, block []byte) []byte) func(*wsdRecipe) {
	return func(r *wsdRecipe) { r.encrypt = by }
}

func encoded(by func([]byte) string) func(*wsdRecipe) { return func(r *wsdRecipe) { r.encode = by } }

func wsdOuter(change func(string) string) func(*wsdRecipe) {
	return func(r *wsdRecipe) { r.outer = change }
}

func blockOf(make func(header, clear string) []byte) func(*wsdRecipe) {
	return func(r *wsdRecipe) { r.block = make }
}

// asNumber makes the recipe an MBPAD with another clear text.
func asNumber(clear string) func(*wsdRecipe) {
	return func(r *wsdRecipe) {
		more := *newMBPAD()
		more.clear = clear
		*r = more
	}
}

var zeroIV = make([]byte, 8)

var mangledStrings = []mangledWSD{
	// The string.
	{"a line break at the end", "wsd_line_break", wsdOuter(func(s string) string { return s + "\n" })},
	{"eight parts", "wsd_form", wsdOuter(func(s string) string { return s + "-00" })},
	{"a word", "wsd_form", wsdOuter(func(string) string { return "MBPAC" })},
	{"MPAC", "wsd_prefix_short", part(0, "MPAC")},
	{"small letters", "wsd_prefix_case", part(0, "mbpac")},
	{"another type", "wsd_prefix", part(0, "MBPAX")},
	{"the other type", "wsd_other_type", part(0, "MBPAD")},
	{"version 2", "wsd_version", part(1, "2")},
	{"another key scheme", "wsd_key_scheme", part(2, "DK")},
	{"a key set without index", "wsd_key_set_form", part(3, "401200")},
	{"a key set of five digits", "wsd_key_set_form", part(3, "40120.1")},
	{"one hyphen", "wsd_single_hyphen", func(r *wsdRecipe) {
		r.parts = func(p []string) []string { return append(p[:4:4], p[5:]...) }
	}},
	{"an ephemeral key", "wsd_ephemeral_key", part(4, "00")},
	{"another algorithm", "wsd_algorithm", part(5, "3DES")},
	{"hex in small letters", "wsd_hex_lower_case", encoded(hex.EncodeToString)},
	{"hex cut by a digit", "wsd_hex_odd", encoded(func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b))[:79] })},
	{"hex with 0x", "wsd_hex_prefix", encoded(func(b []byte) string { return "0x" + strings.ToUpper(hex.EncodeToString(b)) })},
	{"hex with colons", "wsd_hex_separators", encoded(func(b []byte) string {
		text := strings.ToUpper(hex.EncodeToString(b))
		return text[:2] + ":" + text[2:4] + ":" + text[4:]
	})},
	{"the string twice", "wsd_doubled", func(r *wsdRecipe) { r.outer = func(s string) string { return s + s } }},
	{"no hex", "wsd_not_hex", part(6, "§§")},
	{"the block in base64", "wsd_block_base64", encoded(b64)},
	{"a block of 36 bytes", "wsd_block_length", encoded(func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b[:36])) })},
	{"a block of 8 bytes", "wsd_block_length", encoded(func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b[:8])) })},
	{"an unknown key set", "wsd_key_set_unknown", part(3, "999999.1")},

	// The cipher.
	{"the key of another set", "wsd_key_of_other_set", func(r *wsdRecipe) { r.key = otherWSD }},
	{"a key of nobody", "wsd_decrypt_failed", func(r *wsdRecipe) { r.key = seq(7, 16) }},
	{"ECB", "wsd_ecb", encrypted(func(key, block []byte) []byte {
		c, out := tdea(key[:8], key[8:], key[:8]), make([]byte, len(block))
		for i := 0; i < len(block); i += 8 {
			c.Encrypt(out[i:], block[i:i+8])
		}
		return out
	})},
	{"single DES", "wsd_single_des", encrypted(func(key, block []byte) []byte { return cbc(must(des.NewCipher(key[:8])), zeroIV, block) })},
	{"single DES in ECB", "wsd_single_des", encrypted(func(key, block []byte) []byte {
		c, out := must(des.NewCipher(key[:8])), make([]byte, len(block))
		for i := 0; i < len(block); i += 8 {
			c.Encrypt(out[i:], block[i:i+8])
		}
		return out
	})},
	{"K1 K2 K2, which is single DES", "wsd_single_des", encrypted(func(key, block []byte) []byte { return cbc(tdea(key[:8], key[8:], key[8:]), zeroIV, block) })},
	{"K1 K2 and zeros", "wsd_key_expansion", encrypted(func(key, block []byte) []byte { return cbc(tdea(key[:8], key[8:], zeroIV), zeroIV, block) })},
	{"the halves exchanged", "wsd_key_expansion", encrypted(func(key, block []byte) []byte { return cbc(tdea(key[8:], key[:8], key[8:]), zeroIV, block) })},
	{"the key's hex text, two keys", "wsd_key_text", encrypted(func(key, block []byte) []byte {
		text := []byte(strings.ToUpper(hex.EncodeToString(key)))
		return cbc(tdea(text[:8], text[8:16], text[:8]), zeroIV, block)
	})},
	{"the key's hex text, three keys", "wsd_key_text", encrypted(func(key, block []byte) []byte {
		text := []byte(hex.EncodeToString(key))
		return cbc(tdea(text[:8], text[8:16], text[16:24]), zeroIV, block)
	})},
	{"an IV", "wsd_iv", encrypted(func(key, block []byte) []byte { return cbc(tdea(key[:8], key[8:], key[:8]), seq(0x91, 8), block) })},

	// The block.
	{"no header", "wsd_header_missing", blockOf(func(_, clear string) []byte { return fill(clear, '!') })},
	{"zero bytes for the spaces", "wsd_header_spaces", blockOf(func(header, clear string) []byte { return fill("\x00\x00"+header[2:]+clear, '!') })},
	{"random bytes that do not print", "wsd_header_random", func(r *wsdRecipe) { r.random = "\x01\x02\xfe\xff" }},
	{"the length in hex", "wsd_length_form", func(r *wsdRecipe) { r.length = "1E" }},
	{"a length with the header", "wsd_length_wrong", func(r *wsdRecipe) { r.length = "38" }},
	{"a length too short", "wsd_length_wrong", func(r *wsdRecipe) { r.length = "28" }},
	{"a clear text in UTF-16", "wsd_utf16", blockOf(func(header, clear string) []byte { return fill(header+string(simtest.UTF16(clear)), '!') })},
	{"a block in UTF-16", "wsd_utf16", blockOf(func(header, clear string) []byte { return fill(string(simtest.UTF16(header+clear)), 0) })},
	{"a byte order mark", "wsd_byte_order_mark", blockOf(func(header, clear string) []byte { return fill(header+"\ufeff"+clear, '!') })},
	{"padding by ISO/IEC 7816-4", "wsd_padding_other", blockOf(func(header, clear string) []byte { return fill(header+clear+"\x80", 0) })},
	{"PKCS#5 padding", "wsd_padding_pkcs5", blockOf(func(header, clear string) []byte {
		return append([]byte(header+clear), bytes.Repeat([]byte{2}, 2)...)
	})},
	{"zero padding", "wsd_padding_zero", blockOf(func(header, clear string) []byte { return fill(header+clear, 0) })},
	{"padding with spaces", "wsd_padding_other", blockOf(func(header, clear string) []byte { return fill(header+clear, ' ') })},
	{"a block of padding", "wsd_padding_other", blockOf(func(header, clear string) []byte {
		return append(fill(header+clear, '!'), "!!!!!!!!"...)
	})},

	// The clear text of an MBPAC.
	{"JSON", "clear_text_json", clearText(`{"nonce":"91ab95b8","authcode":"A1B2C3"}`)},
	{"an ampersand", "clear_text_separator", clearText("nonce=91ab95b8&authcode=A1B2C3")},
	{"a semicolon at the end", "clear_text_separator", clearText("nonce=91ab95b8;authcode=A1B2C3;")},
	{"names in capitals", "clear_text_name_case", clearText("Nonce=91ab95b8;AuthCode=A1B2C3")},
	{"no authcode", "clear_text_incomplete", clearText("nonce=91ab95b8;other=A1B2C3")},
	{"another part", "clear_text_unknown_part", clearText("nonce=91ab95b8;authcode=A1B2C3;x=1")},
	{"another order", "clear_text_order", clearText("authcode=A1B2C3;nonce=91ab95b8")},
	{"a nonce in capitals", "nonce_upper_case", clearText("nonce=91AB95B8;authcode=A1B2C3")},
	{"a nonce with 0x", "nonce_hex_prefix", clearText("nonce=0x" + testNonce + ";authcode=A1B2C3")},
	{"a nonce in base64", "nonce_base64", clearText("nonce=kauVuA==;authcode=A1B2C3")},
	{"half a byte of nonce", "nonce_form", clearText("nonce=91ab95b;authcode=A1B2C3")},
	{"an empty nonce", "nonce_form", clearText("nonce=;authcode=A1B2C3")},
	{"the nonce of another callback", "nonce_other", clearText("nonce=91ab95b9;authcode=A1B2C3")},
	{"the hex of the nonce's hex", "nonce_of_text", clearText("nonce=3931616239356238;authcode=A1B2C3")},
	{"the hex of the nonce's base64", "nonce_of_text", clearText("nonce=6b617556" + "75413d3d;authcode=A1B2C3")},
	{"an authcode in small letters", "authcode_lower_case", clearText("nonce=91ab95b8;authcode=a1b2c3")},
	{"an authcode of five", "authcode_form", clearText("nonce=91ab95b8;authcode=A1B2C")},
	{"an authcode with a dash", "authcode_form", clearText("nonce=91ab95b8;authcode=A1B-C3")},

	// The clear text of an MBPAD.
	{"pan and expiry exchanged", "clear_text_order", asNumber("expiry=1230;pan=" + testPAN + ";datetime=20261124120000")},
	{"no datetime", "clear_text_incomplete", asNumber("pan=" + testPAN + ";expiry=1230")},
	{"no PAN in it", "pan_missing", asNumber("pan=;expiry=1230;datetime=20261124120000")},
	{"a PAN with hyphens", "pan_spaces", asNumber("pan=4111-1111-1111-1111;expiry=1230;datetime=20261124120000")},
	{"letters in the PAN", "pan_not_digits", asNumber("pan=4111x;expiry=1230;datetime=20261124120000")},
	{"a PAN of 12", "pan_length", asNumber("pan=411111111111;expiry=1230;datetime=20261124120000")},
	{"a check digit", "pan_luhn", asNumber("pan=4111111111111112;expiry=1230;datetime=20261124120000")},
	{"Mastercard's PAN", "pan_not_visa", asNumber("pan=5555555555554444;expiry=1230;datetime=20261124120000")},
	{"YYMM", "expiry_yymm", asNumber("pan=" + testPAN + ";expiry=3012;datetime=20261124120000")},
	{"MM/YY", "expiry_mmyy_form", asNumber("pan=" + testPAN + ";expiry=12/30;datetime=20261124120000")},
	{"no month at all", "expiry_malformed", asNumber("pan=" + testPAN + ";expiry=9999;datetime=20261124120000")},
	{"an expired card", "card_expired", asNumber("pan=" + testPAN + ";expiry=1026;datetime=20261124120000")},
	{"a date without time", "datetime_form", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261124")},
	{"no date", "datetime_form", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261324120000")},
	{"Helsinki's clock", "datetime_local_time", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261124140007")},
	{"New York's clock", "datetime_local_time", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261124070000")},
	{"a clock ten minutes ahead", "datetime_future", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261124121000")},
	{"a number of yesterday", "datetime_stale", func(r *wsdRecipe) {
		asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261123120000")(r)
		r.keys = func(k *vtssim.Keys) { k.MaxAge = time.Hour }
	}},
}
