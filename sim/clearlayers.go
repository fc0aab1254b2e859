package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"html"
	"net/url"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers is how many encodings around a text are undone: base64 twice in a JSON
// string that is percent-encoded, with one to spare.
const maxLayers = 5

// layersOf undoes one encoding in every way that fits. It returns the texts that a
// reader would get.
func layersOf(text []byte) [][]byte {
	var all [][]byte
	add := func(inner []byte) {
		if len(inner) > 0 && !bytes.Equal(inner, text) {
			all = append(all, inner)
		}
	}
	add(bytes.TrimPrefix(text, []byte(byteOrderMark)))
	add(FromUTF16(text))
	if !isText(text) {
		return all
	}
	add(anyBase64(text))
	if data, f := ReadHex(string(text)); f == nil || f.Kind != HexBase64 { // base64 was undone
		add(data)
	}
	if bytes.ContainsRune(text, '%') {
		if plain, err := url.PathUnescape(string(text)); err == nil {
			add([]byte(plain))
		}
	}
	if bytes.ContainsRune(text, '&') {
		add([]byte(html.UnescapeString(string(text))))
	}
	if bytes.ContainsRune(text, '\\') {
		add(unescaped(text))
	}
	var inner string
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '"' && json.Unmarshal(trimmed, &inner) == nil {
		add([]byte(inner))
	}
	return all
}

const byteOrderMark = "\xef\xbb\xbf"

// FromUTF16 returns the UTF-8 of text in UTF-16, nil of what is none. Without a byte
// order mark it is told by the zero byte in each of its first ASCII characters.
func FromUTF16(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case len(data) < 4 || len(data)%2 != 0:
		return nil
	case data[0] == 0xff && data[1] == 0xfe:
		order, data = binary.LittleEndian, data[2:]
	case data[0] == 0xfe && data[1] == 0xff:
		order, data = binary.BigEndian, data[2:]
	case data[1] == 0 && data[3] == 0 && data[0] != 0:
		order = binary.LittleEndian
	case data[0] == 0 && data[2] == 0 && data[1] != 0:
		order = binary.BigEndian
	default:
		return nil
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// InUTF16 writes text as .NET's Encoding.Unicode (little endian) and Java's UTF_16BE
// do, without a mark.
func InUTF16(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// anyBase64 decodes base64 of either alphabet, padded or not, in lines or not.
func anyBase64(text []byte) []byte {
	plain := make([]byte, 0, len(text))
	for _, b := range text {
		switch b {
		case ' ', '\t', '\r', '\n', '=':
			continue
		case '-':
			b = '+'
		case '_':
			b = '/'
		}
		plain = append(plain, b)
	}
	data, err := base64.RawStdEncoding.AppendDecode(nil, plain)
	if err != nil {
		return nil
	}
	return data
}

// unescaped takes the backslashes of a JSON string off that lost its quotes.
func unescaped(text []byte) []byte {
	var plain string
	if json.Unmarshal(append(append([]byte(`"`), text...), '"'), &plain) != nil {
		return nil
	}
	return []byte(plain)
}

// isText reports whether bytes are UTF-8 that a human could have written.
func isText(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0x7f })
}

// minTokenChars is the shortest run of characters that could encode a PAN of 12 digits.
const minTokenChars = 16

// tokensOf returns the runs in a text that could each be encoded on their own: the
// segments of a compact JWE, a value behind its name.
func tokensOf(text []byte) [][]byte {
	if len(text) == 0 {
		return nil
	}
	tokens := [][]byte{text}
	seen := map[string]bool{string(text): true}
	for _, isPart := range []func(rune) bool{isBase64Rune, isLetterOrDigit} {
		for _, run := range bytes.FieldsFunc(text, func(r rune) bool { return !isPart(r) }) {
			if len(run) >= minTokenChars && !seen[string(run)] {
				seen[string(run)] = true
				tokens = append(tokens, run)
			}
		}
	}
	return tokens
}

func isBase64Rune(r rune) bool {
	return isLetterOrDigit(r) || r == '+' || r == '/' || r == '-' || r == '_'
}

func isLetterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
