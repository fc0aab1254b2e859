package sim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// minHexDigits is how many hex digits in a row are not base64 by chance.
const minHexDigits = 16

// ReadHex decodes hex, in either case and in one piece. What is wrong is named, and
// undone where that is unambiguous.
func ReadHex(text string) ([]byte, *Finding) {
	data, err := hex.DecodeString(text)
	if err == nil {
		return data, nil
	}
	if f := hexFaultOf(text); f != nil {
		return f.Data, f
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		if data := DecodeOrNil(enc, text); data != nil {
			return data, &Finding{HexBase64, "the value is base64", data}
		}
	}
	return nil, &Finding{HexInvalid, "the value is not hex", nil}
}

// hexFaultOf names what keeps a text from being hex that was meant to be, nil if it
// was not.
func hexFaultOf(text string) *Finding {
	digits, kind, detail := text, HexOdd, ""
	for _, undo := range []struct {
		kind   Kind
		detail string
		apply  func(string) string
	}{
		{HexLineBreaks, "there is white space in the hex", func(s string) string { return strings.Join(strings.Fields(s), "") }},
		{HexPrefix, "there is 0x before the hex digits", trimHexPrefix},
		{HexSeparators, "there are marks between the hex digits", withoutHexMarks},
	} {
		if plain := undo.apply(digits); plain != digits {
			if detail == "" {
				kind, detail = undo.kind, undo.detail
			}
			digits = plain
		}
	}
	if !isHexText(digits) || len(digits) < minHexDigits && detail == "" && len(digits)%2 == 0 {
		return nil
	}
	data, err := hex.DecodeString(digits)
	switch {
	case err == nil:
		return &Finding{kind, detail, data}
	case detail == "":
		detail = "there is an odd number of hex digits"
	default:
		detail += ", and an odd number of them"
	}
	return &Finding{kind, detail, nil}
}

func trimHexPrefix(text string) string {
	if plain, ok := strings.CutPrefix(text, "0x"); ok {
		return plain
	}
	return strings.TrimPrefix(text, "0X")
}

// withoutHexMarks takes off what dumps put between bytes, 0x before each among it.
func withoutHexMarks(text string) string {
	return strings.NewReplacer(",0x", "", ", 0x", "", `\x`, "", ":", "", "-", "", ",", "", ".", "").Replace(text)
}

func isHexText(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}
