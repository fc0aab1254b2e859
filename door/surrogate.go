package door

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf16"
)

// escapeBytes is the length of an escape of JSON with four hexadecimal digits, such as \u00e9.
const escapeBytes = len(`\u0000`)

// hasHalfCharacter reports whether a JSON text has an escape that is half of a character: a
// UTF-16 surrogate without its other half (RFC 8259 section 8.2). Readers disagree about it,
// and ours would put another character in its place without saying so.
func hasHalfCharacter(text []byte) bool {
	for at := bytes.IndexByte(text, '\\'); at >= 0; at = bytes.IndexByte(text, '\\') {
		text = text[at:]
		first := escaped(text)
		if !utf16.IsSurrogate(first) {
			text = text[min(len(`\\`), len(text)):] // the digits of an escape need no look: they have no backslash
			continue
		}
		text = text[escapeBytes:]
		if utf16.DecodeRune(first, escaped(text)) == unicode.ReplacementChar {
			return true
		}
		text = text[escapeBytes:]
	}
	return false
}

// escaped returns what the escape at the beginning of text stands for; 0 if there is none.
func escaped(text []byte) rune {
	if len(text) < escapeBytes || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	code, err := strconv.ParseUint(string(text[2:escapeBytes]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(code)
}
