package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
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
	if data := DecodeOrNil(base64.RawStdEncoding, text); data != nil {
		return Finding{Base64Unpadded, "the padding at the end is missing", data}
	}
	if data, err := hex.DecodeString(text); err == nil && len(data) > 0 {
		return Finding{Base64Hex, "the text is hex", data}
	}
	return Finding{Base64Invalid, "the text is not standard base64", nil}
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
