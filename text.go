package walletport

import "unicode"

// IsInvisible reports whether a character shows nothing of itself: control, format and
// private characters, and Unicode's separators of lines and paragraphs. Two texts with
// such a character in one of them look alike and are not, so names and identifiers
// have none.
func IsInvisible(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }
