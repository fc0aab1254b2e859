package walletport

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsInvisible reports whether a character shows nothing of itself: control, format and
// private characters, and Unicode's separators of lines and paragraphs. Two texts with
// such a character in one of them look alike and are not, so names and identifiers
// have none.
func IsInvisible(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }

// IsPlainText reports whether text is UTF-8 without invisible characters.
func IsPlainText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, IsInvisible)
}

// IsPrintable reports whether text has printable ASCII characters only, the space among
// them, and none of those in but.
func IsPrintable[T string | []byte](text T, but string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || strings.IndexByte(but, c) >= 0 {
			return false
		}
	}
	return true
}

// IsDigits reports whether text has ASCII digits only, and at least one.
func IsDigits[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return len(text) > 0
}

// IsAlnum reports whether text has ASCII letters, digits and characters of also only.
func IsAlnum[T string | []byte](text T, also string) bool {
	for i := range len(text) {
		if c := text[i]; !isAlnum(c) && strings.IndexByte(also, c) < 0 {
			return false
		}
	}
	return true
}

// IsName reports whether text is 1 to limit letters, digits, ".", "_" and "-".
func IsName(text string, limit int) bool {
	return text != "" && len(text) <= limit && IsAlnum(text, "._-")
}
