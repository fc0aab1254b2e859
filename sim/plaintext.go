package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
)

// MendPlaintext names what keeps a plaintext from being the bare JSON object that
// should have been encrypted, and undoes it: an encoding too many, another character
// encoding, padding behind the end. The finding is the first of several; it is nil
// where nothing is wrong that can be undone.
func MendPlaintext(text []byte) (mended []byte, first *Finding) {
	for range maxLayers {
		f := plaintextFault(text)
		if f == nil {
			break
		}
		if first == nil {
			first = f
		}
		text = f.Data
	}
	return text, first
}

func plaintextFault(text []byte) *Finding {
	if plain := FromUTF16(text); len(plain) > 0 {
		return &Finding{PlainUTF16, "the plaintext is UTF-16", bytes.TrimPrefix(plain, []byte(byteOrderMark))}
	}
	if plain, found := bytes.CutPrefix(text, []byte(byteOrderMark)); found {
		return &Finding{PlainMark, "the plaintext starts with a byte order mark", plain}
	}
	if document, rest := LeadingObject(text); document != nil {
		k, detail := PaddingFault(rest)
		if k.Code == "" || k == PaddedSpaces { // JSON may end with spaces
			return nil
		}
		return &Finding{k, detail, document}
	}
	return plaintextEncoding(text)
}

// plaintextEncoding finds an encoding too many.
func plaintextEncoding(text []byte) *Finding {
	text = bytes.TrimSpace(text)
	var inner string
	if len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &inner) == nil && LooksLikeJSON([]byte(inner)) {
		return &Finding{PlainString, "the plaintext is a JSON string of a JSON object", []byte(inner)}
	}
	if data := DecodeOrNil(base64.StdEncoding, string(text)); LooksLikeJSON(data) {
		return &Finding{PlainBase64, "the plaintext is base64 of a JSON object", data}
	}
	if data, err := hex.DecodeString(string(text)); err == nil && LooksLikeJSON(data) {
		return &Finding{PlainHex, "the plaintext is hex of a JSON object", data}
	}
	return nil
}

// LeadingObject returns the JSON object that the bytes begin with, and what follows it;
// the object is nil without one.
func LeadingObject(text []byte) (document, rest []byte) {
	if !LooksLikeJSON(text) {
		return nil, text
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	var object json.RawMessage
	if dec.Decode(&object) != nil {
		return nil, text
	}
	end := dec.InputOffset()
	return text[:end], text[end:]
}

// PaddingFault names the padding that stands behind the end of a plaintext; the zero
// Kind is none that it knows, or none at all.
func PaddingFault(rest []byte) (k Kind, detail string) {
	n := len(rest)
	if n == 0 {
		return Kind{}, "nothing follows the JSON"
	}
	last := rest[n-1]
	switch {
	case len(bytes.Trim(rest, " \t\r\n")) == 0 && bytes.ContainsRune(rest, ' '):
		return PaddedSpaces, "spaces follow the JSON"
	case int(last) == n && bytes.Equal(rest, bytes.Repeat([]byte{last}, n)):
		return PaddedPKCS7, "padding by PKCS#7 follows the JSON"
	case last == 0 && len(bytes.Trim(rest, "\x00")) == 0:
		return PaddedZero, "zero bytes follow the JSON"
	case rest[0] == 0x80 && len(bytes.Trim(rest[1:], "\x00")) == 0:
		return PaddedISO, "padding by ISO/IEC 7816-4 follows the JSON: 80 and zero bytes"
	case int(last) == n && len(bytes.Trim(rest[:n-1], "\x00")) == 0:
		return PaddedX923, "padding by ANSI X9.23 follows the JSON: zero bytes and their number"
	}
	return Kind{}, "other bytes follow the JSON"
}
