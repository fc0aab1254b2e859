package material

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// Byte order marks, which Windows' editors put in front of a text.
var (
	utf8Mark    = []byte{0xef, 0xbb, 0xbf}
	utf16Little = []byte{0xff, 0xfe}
	utf16Big    = []byte{0xfe, 0xff}
)

// encodingOf names what stands before or between the characters of a text that is
// not plain UTF-8; "" is plain.
func encodingOf(data []byte) string {
	switch {
	case bytes.HasPrefix(data, utf8Mark):
		return "a byte order mark"
	case bytes.HasPrefix(data, utf16Little), bytes.HasPrefix(data, utf16Big), hasZeros(data, 1), hasZeros(data, 0):
		return "UTF-16"
	}
	return ""
}

// plainText returns a text as UTF-8 without a mark, with line ends of Unix; what is
// no text stays as it is. The result may be data itself.
func plainText(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, utf8Mark):
		data = data[len(utf8Mark):]
	case bytes.HasPrefix(data, utf16Little):
		data = fromUTF16(data[len(utf16Little):], binary.LittleEndian)
	case bytes.HasPrefix(data, utf16Big):
		data = fromUTF16(data[len(utf16Big):], binary.BigEndian)
	case hasZeros(data, 1):
		data = fromUTF16(data, binary.LittleEndian)
	case hasZeros(data, 0):
		data = fromUTF16(data, binary.BigEndian)
	}
	if !bytes.ContainsRune(data, '\r') || !isText(data) {
		return data
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// hasZeros reports whether every second byte of the beginning is zero and the others
// are letters: UTF-16 without a mark.
func hasZeros(data []byte, from int) bool {
	const sample = 16
	if len(data) < sample {
		return false
	}
	for i, b := range data[:sample] {
		if zero := i%2 == from; zero != (b == 0) || b > '~' {
			return false
		}
	}
	return true
}

func fromUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	defer clear(units)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	runes := utf16.Decode(units)
	defer clear(runes)
	text := make([]byte, 0, len(units))
	for _, r := range runes {
		text = append(text, string(r)...)
	}
	return text
}

// isText reports whether data has printable ASCII characters, blanks and line ends
// only.
func isText(data []byte) bool {
	return !bytes.ContainsFunc(data, func(r rune) bool {
		return r > '~' || r < ' ' && r != '\n' && r != '\r' && r != '\t'
	})
}

// trimLineBreak drops one line break at the end.
func trimLineBreak(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}
