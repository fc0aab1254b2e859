package mdessim

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// base64Fault is a base64 fault and what the text would be if it were mended;
// data is nil where it cannot be.
type base64Fault struct {
	kind   kind
	detail string
	data   []byte
}

// readBase64 decodes the base64 of a JSON object: RFC 4648 section 4, padded, in
// one line. What is wrong is named, and undone where that is unambiguous, so that
// the layers below can be checked too.
func readBase64(text string) ([]byte, *base64Fault) {
	data, f := readOneBase64(text)
	if f != nil || looksLikeJSON(data) {
		return data, f
	}
	if inner, err := base64.StdEncoding.DecodeString(string(data)); err == nil && looksLikeJSON(inner) {
		return inner, &base64Fault{base64Twice, "the decoded text is base64 again", inner}
	}
	if inner, err := hex.DecodeString(text); err == nil && looksLikeJSON(inner) {
		return inner, &base64Fault{base64Hex, "the text is hex of a JSON object", inner}
	}
	return data, nil
}

func readOneBase64(text string) ([]byte, *base64Fault) {
	// Go's decoder skips line breaks, so they are looked for first.
	if strings.ContainsAny(text, "\r\n\t") {
		data := decodeOrNil(base64.StdEncoding, strings.Join(strings.Fields(text), ""))
		return data, &base64Fault{base64LineBreaks, "there are line breaks or tabs inside the base64", data}
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil {
		return data, nil
	}
	f := base64FaultOf(text)
	return f.data, &f
}

func base64FaultOf(text string) base64Fault {
	if strings.Contains(text, "%") {
		if plain, err := url.PathUnescape(text); err == nil {
			if data := decodeOrNil(base64.StdEncoding, plain); data != nil {
				return base64Fault{base64Percent, "the base64 is percent-encoded", data}
			}
		}
	}
	if strings.ContainsAny(text, "-_") {
		if data := decodeOrNil(base64.RawURLEncoding, strings.TrimRight(text, "=")); data != nil {
			return base64Fault{base64URLSafe, "the URL-safe alphabet was used", data}
		}
	}
	if strings.Contains(text, " ") {
		if data := decodeOrNil(base64.StdEncoding, strings.ReplaceAll(text, " ", "+")); data != nil {
			return base64Fault{base64Spaces, "there are spaces where + belongs", data}
		}
	}
	if data := decodeOrNil(base64.RawStdEncoding, text); data != nil {
		return base64Fault{base64Unpadded, "the padding at the end is missing", data}
	}
	if data, err := hex.DecodeString(text); err == nil && len(data) > 0 {
		return base64Fault{base64Hex, "the text is hex", data}
	}
	return base64Fault{base64Invalid, "the text is not standard base64", nil}
}

func decodeOrNil(enc *base64.Encoding, text string) []byte {
	data, err := enc.DecodeString(text)
	if err != nil || len(data) == 0 {
		return nil
	}
	return data
}

func looksLikeJSON(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
}
