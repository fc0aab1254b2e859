package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"strings"
)

// Finding is what is wrong with a text.
type Finding struct {
	Kind   Kind
	Detail string // never repeats input that could hold card data
	Data   []byte // what the text would be if it were mended; nil where it cannot be
}

// ReadBase64 decodes the base64 of a JSON object: RFC 4648 section 4, padded, in
// one line. What is wrong is named, and undone where that is unambiguous, so that
// the layers below can be checked too.
func ReadBase64(text string) ([]byte, *Finding) {
	data, f := ReadOneBase64(text)
	if f != nil && f.Kind == Base64Unpadded && isCutJSON(data) {
		return data, &Finding{Base64Truncated, "the base64 stops in the middle of the JSON", data}
	}
	if f != nil || LooksLikeJSON(data) {
		return data, f
	}
	if inner, err := base64.StdEncoding.DecodeString(string(data)); err == nil && LooksLikeJSON(inner) {
		return inner, &Finding{Base64Twice, "the decoded text is base64 again", inner}
	}
	if inner, err := hex.DecodeString(text); err == nil && LooksLikeJSON(inner) {
		return inner, &Finding{Base64Hex, "the text is hex of a JSON object", inner}
	}
	return data, nil
}

// isCutJSON reports whether data begin as a JSON object and stop before its end.
func isCutJSON(data []byte) bool {
	_, f := ReadObject(data)
	return f != nil && f.Kind == JSONTruncated
}

// ReadOneBase64 is ReadBase64 for bytes of any kind.
func ReadOneBase64(text string) ([]byte, *Finding) {
	// Go's decoder skips line breaks, so they are looked for first.
	if strings.ContainsAny(text, "\r\n\t") {
		data := DecodeOrNil(base64.StdEncoding, strings.Join(strings.Fields(text), ""))
		return data, &Finding{Base64LineBreaks, "there are line breaks or tabs inside the base64", data}
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil {
		return data, nil
	}
	f := base64FaultOf(text)
	return f.Data, &f
}

func base64FaultOf(text string) Finding {
	if f := surroundingsOf(text); f != nil {
		return *f
	}
	if strings.Contains(text, "%") {
		if plain, err := url.PathUnescape(text); err == nil {
			if data := DecodeOrNil(base64.StdEncoding, plain); data != nil {
				return Finding{Base64Percent, "the base64 is percent-encoded", data}
			}
		}
	}
	if strings.ContainsAny(text, "-_") {
		if data := DecodeOrNil(base64.RawURLEncoding, strings.TrimRight(text, "=")); data != nil {
			return Finding{Base64URLSafe, "the URL-safe alphabet was used", data}
		}
	}
	if strings.Contains(text, " ") {
		if data := DecodeOrNil(base64.StdEncoding, strings.ReplaceAll(text, " ", "+")); data != nil {
			return Finding{Base64Spaces, "there are spaces where + belongs", data}
		}
	}
	if f := hexFaultOf(text); f != nil && f.Data != nil {
		return Finding{Base64Hex, "the text is hex: " + f.Detail, f.Data}
	}
	if data := DecodeOrNil(base64.RawStdEncoding, text); data != nil {
		return Finding{Base64Unpadded, "the padding at the end is missing", data}
	}
	if data, err := hex.DecodeString(text); err == nil && len(data) > 0 {
		return Finding{Base64Hex, "the text is hex", data}
	}
	if n := len(strings.TrimRight(text, "=")); n%4 == 1 && n > 1 {
		if data := DecodeOrNil(base64.RawStdEncoding, text[:n-1]); data != nil {
			return Finding{Base64Truncated, "one character is left over: the base64 was cut", data}
		}
	}
	return Finding{Base64Invalid, "the text is not standard base64", nil}
}

// surroundingsOf finds base64 inside of what was put around it.
func surroundingsOf(text string) *Finding {
	decode := func(k Kind, detail, plain string) *Finding {
		if len(plain) >= len(text) {
			return nil
		}
		data, f := ReadOneBase64(plain)
		if data == nil || f != nil && f.Kind == Base64Invalid {
			return nil
		}
		return &Finding{k, detail, data}
	}
	for _, f := range []*Finding{
		decode(Base64Mark, "there is a byte order mark before the base64", strings.TrimPrefix(text, byteOrderMark)),
		decode(Base64Quoted, "there are quotes around the base64", unquoted(text)),
		decode(Base64HTML, "the base64 is escaped for HTML", html.UnescapeString(text)),
	} {
		if f != nil {
			return f
		}
	}
	if half, doubled := Halved(text); doubled {
		return decode(Base64Doubled, "the base64 stands there twice", half)
	}
	return nil
}

// minDoubledChars is the length from which a text that repeats itself is no chance.
const minDoubledChars = 32

// Halved returns the first half of a text that is the same as the second.
func Halved(text string) (half string, doubled bool) {
	half = text[:len(text)/2]
	return half, len(text) >= minDoubledChars && len(text)%2 == 0 && half == text[len(text)/2:]
}

// unquoted takes one pair of quotes off.
func unquoted(text string) string {
	for _, quote := range []string{`\"`, `"`, "'"} {
		if inner, ok := strings.CutPrefix(text, quote); ok && strings.HasSuffix(inner, quote) {
			return strings.TrimSuffix(inner, quote)
		}
	}
	return text
}

// DecodeOrNil returns nil for what the encoding does not decode, and for nothing.
func DecodeOrNil(enc *base64.Encoding, text string) []byte {
	data, err := enc.DecodeString(text)
	if err != nil || len(data) == 0 {
		return nil
	}
	return data
}

// LooksLikeJSON reports whether data begins as a JSON object does.
func LooksLikeJSON(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
}
