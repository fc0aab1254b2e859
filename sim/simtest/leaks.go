package simtest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// Leak is a member with card data in clear, for a payload that is good but for it.
type Leak struct {
	Name   string // a sentence
	Member string
	Value  any
	// OnlyOpened leaks are found by the PAN that was opened, and not without keys.
	OnlyOpened bool
}

// In adds the leak to a copy of an object.
func (l Leak) In(object map[string]any) map[string]any {
	leaky := maps.Clone(object)
	leaky[l.Member] = l.Value
	return leaky
}

// Leaks are the ways to put a PAN of 16 digits, of Mastercard or Visa, and what belongs
// to it into the open.
func Leaks(pan string) []Leak {
	groups := func(mark string) string { return strings.Join([]string{pan[:4], pan[4:8], pan[8:12], pan[12:]}, mark) }
	plain := []byte(pan)
	b64, packed := base64.StdEncoding.EncodeToString, must(hex.DecodeString(pan))
	return []Leak{
		{Name: "the PAN under its own name", Member: "accountNumber", Value: pan},
		{Name: "the PAN under any name", Member: "comment", Value: pan},
		{Name: "the PAN in a sentence", Member: "comment", Value: "card " + pan + ", new"},
		{Name: "the PAN in groups", Member: "comment", Value: groups(" ")},
		{Name: "the PAN in groups with hyphens", Member: "comment", Value: groups("-")},
		{Name: "the PAN in groups with two hyphens", Member: "comment", Value: groups("--")},
		{Name: "the PAN in groups with spaced hyphens", Member: "comment", Value: groups(" - ")},
		{Name: "the PAN in groups with hard spaces", Member: "comment", Value: groups("\u00a0")},
		{Name: "the PAN in lines", Member: "comment", Value: groups("\n")},
		{Name: "the PAN in digits of another script", Member: "comment", Value: inScript(pan, '０')},
		{Name: "the PAN in pieces", Member: "comment", Value: []string{pan[:4], pan[4:8], pan[8:12], pan[12:]}, OnlyOpened: true},
		{Name: "the PAN with letters next to it", Member: "comment", Value: "PAN" + pan + "X", OnlyOpened: true},
		{Name: "the PAN as a number", Member: "comment", Value: json.Number(pan)},
		{Name: "the PAN as a number with an exponent", Member: "comment", Value: json.Number(pan[:1] + "." + pan[1:] + "e15")},
		{Name: "the PAN in base64", Member: "comment", Value: b64(plain)},
		{Name: "the PAN in base64url without padding", Member: "comment", Value: base64.RawURLEncoding.EncodeToString(plain)},
		{Name: "the PAN in base64 twice", Member: "comment", Value: b64([]byte(b64(plain)))},
		{Name: "the PAN in hex", Member: "comment", Value: hex.EncodeToString(plain)},
		{Name: "the PAN in hex with 0x", Member: "comment", Value: "0x" + strings.ToUpper(hex.EncodeToString(plain))},
		{Name: "the PAN in hex with marks", Member: "comment", Value: "0x" + strings.Join(pairs(hex.EncodeToString(plain)), ",0x")},
		{Name: "the PAN in a list of bytes", Member: "comment", Value: numbers(plain)},
		{Name: "the PAN in a Buffer", Member: "comment", Value: map[string]any{"type": "Buffer", "data": numbers(plain)}},
		{Name: "the PAN in percent-encoding", Member: "comment", Value: percent(plain)},
		{Name: "the PAN in HTML entities", Member: "comment", Value: "&#" + htmlDigits(pan)},
		{Name: "the PAN in UTF-16, in base64", Member: "comment", Value: b64(UTF16(pan))},
		{Name: "the PAN packed two digits to a byte, in base64", Member: "comment", Value: b64(packed), OnlyOpened: true},
		{Name: "the PAN in JSON in a string", Member: "comment", Value: `{"card":{"number":"` + pan + `"}}`},
		{Name: "the PAN in JSON in base64", Member: "comment", Value: b64([]byte(`{"card":["` + groups(" ") + `"]}`))},
		{Name: "the PAN in an object", Member: "card", Value: map[string]any{"x": []any{map[string]any{"y": pan}}}},
		{Name: "the PAN as a device's id", Member: "clientDeviceID", Value: pan, OnlyOpened: true},
		{Name: "the PAN as a member's name", Member: pan, Value: true},
		{Name: "a PAN with a wrong check digit under its own name", Member: "cardNumber", Value: "5555 5555 5555 4440"},
		{Name: "track data", Member: "track2", Value: pan + "=2911201"},
		{Name: "the expiry", Member: "expiryMonth", Value: "12"},
		{Name: "the expiry in one", Member: "expiry", Value: "12/28"},
		{Name: "the expiry as a number", Member: "expiryYear", Value: 2028},
		{Name: "the expiry as an object", Member: "expirationDate", Value: map[string]any{"month": "12", "year": "2028"}},
		{Name: "the expiry under another name", Member: "card_expiry_date", Value: "2028-12"},
		{Name: "the security code under another name", Member: "cardVerificationValue", Value: "123"},
		{Name: "the cardholder's name", Member: "cardholderName", Value: "A CARDHOLDER"},
		{Name: "the cardholder's name as the formats call it", Member: "name", Value: "A CARDHOLDER"},
		{Name: "the security code", Member: "cvc2", Value: "123"},
		{Name: "the security code under its long name", Member: "security_code", Value: 123},
	}
}

// NoLeaks are members beside a payload that hold no card data, though digits of all
// kinds.
func NoLeaks() map[string]any {
	return map[string]any{
		"deviceId": "4012888888881881", "clientDeviceID": "5555555555554444", "clientWalletAccountID": "401288888888188140128888",
		"requestId": "01a22591-4c3b-78d5-bd65-80581728677a", "trace": "831fb558-d0b4-4566-8285-38049c915104", "span": "3458604036415c7c4b1a24c6",
		"imei": "490154203237518", "at": "2026-11-24T12:00:00Z", "iat": 1795608000, "micros": 1795608000123456, "lastFour": "1471", "maskedPan": "520424******1471",
		"pan": "************1471", "bin": "520424", "primaryAccountNumberPrefix": "52042477", "phone": "+358401234567", "phoneNumber": "4915112345678", "contact": "+4915112345678", "tokenUniqueReference": "DWSPMC000000000010906a349d9ca4eb1a4d53e3c90a11d9",
		"tokenRequestorId": "50139059239", "expires": "2026-11-24T12:30:00Z", "expiration": 1795608000, "displayName": "Gold Card", "cardName": "Gold Card", "number": "358401234567", "verified": 123, "verificationMethod": "SMS", "expirationDateIncluded": true,
		"userAddress": map[string]any{"name": "A CARDHOLDER", "postalCode": "00100"}, "rounded": json.Number("5.5e3"),
		"order": "4012888888881882", "long": "40128888888818814012888888881881", "code": 200, "hash": strings.Repeat("5204247750001479", 4),
	}
}

// UTF16 writes text in UTF-16, little-endian, without a byte order mark.
func UTF16(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return out
}

// Unencrypted are the ways in which a JSON text stands where ciphertext belongs.
func Unencrypted(text string) map[string]string {
	b64 := base64.StdEncoding.EncodeToString
	raw := []byte(text)
	return map[string]string{
		"plain":                text,
		"plain, with spaces":   " \n" + text,
		"base64":               b64(raw),
		"base64url":            base64.URLEncoding.EncodeToString(raw),
		"base64url, unpadded":  base64.RawURLEncoding.EncodeToString(raw),
		"base64 in lines":      b64(raw)[:16] + "\n" + b64(raw)[16:],
		"base64 twice":         b64([]byte(b64(raw))),
		"base64 of hex":        b64([]byte(hex.EncodeToString(raw))),
		"hex":                  hex.EncodeToString(raw),
		"hex in capitals":      strings.ToUpper(hex.EncodeToString(raw)),
		"hex with 0x":          "0x" + hex.EncodeToString(raw),
		"hex twice":            hex.EncodeToString([]byte(hex.EncodeToString(raw))),
		"hex of base64":        hex.EncodeToString([]byte(b64(raw))),
		"hex of UTF-16":        hex.EncodeToString(UTF16(text)),
		"base64 of UTF-16":     b64(UTF16(text)),
		"base64 of UTF-16 BE":  b64(swapped(UTF16("\ufeff" + text))),
		"base64 behind a mark": b64([]byte("\ufeff" + text)),
		"percent-encoding":     percent(raw),
		"HTML":                 html.EscapeString(text),
		"a string in a string": string(must(json.Marshal(text))),
	}
}

func pairs(text string) []string {
	var all []string
	for i := 0; i < len(text); i += 2 {
		all = append(all, text[i:i+2])
	}
	return all
}

// numbers are bytes as JSON lists them.
func numbers(data []byte) []int {
	var all []int
	for _, b := range data {
		all = append(all, int(b))
	}
	return all
}

func swapped(units []byte) []byte {
	out := slices.Clone(units)
	for i := 0; i+1 < len(out); i += 2 {
		out[i], out[i+1] = out[i+1], out[i]
	}
	return out
}

func inScript(digits string, zero rune) string {
	return strings.Map(func(r rune) rune { return zero + r - '0' }, digits)
}

func percent(text []byte) string {
	var out strings.Builder
	for _, b := range text {
		out.WriteString("%" + hex.EncodeToString([]byte{b}))
	}
	return out.String()
}

func htmlDigits(digits string) string {
	var all []string
	for _, b := range []byte(digits) {
		all = append(all, string(rune('0'+b/10))+string(rune('0'+b%10)))
	}
	return strings.Join(all, ";&#") + ";"
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
