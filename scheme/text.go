package scheme

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

// ShownText returns a text that a wallet or a person wrote as it may be stored and shown:
// cut after limit characters, without invisible ones, and nothing at all of one that holds
// a card number, for people type them anywhere.
func ShownText(text string, limit int) string {
	plain := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || walletport.IsInvisible(r) {
			return -1
		}
		return r
	}, text))
	if walletport.ContainsPAN(plain) {
		return ""
	}
	if chars := []rune(plain); len(chars) > limit {
		return strings.TrimSpace(string(chars[:limit]))
	}
	return plain
}

// ShownWord returns a code, a key id or the path of a member that a scheme wrote, as
// operators and callers may see it; "" unless it is one, of at most 64 characters.
func ShownWord(word string) string {
	const maxShown = 64
	if len(word) > maxShown || !walletport.IsAlnum(word, "._-/[]") || walletport.SuspectsPAN(word) {
		return ""
	}
	return word
}

// LetterDigest returns n letters from a to p, at most 64, which are the beginning of the
// SHA-256 of text, four bits each: by them two names that had to be cut stay two. It has no
// digits, so that it never reads as a part of a card number.
func LetterDigest(text string, n int) string {
	sum := sha256.Sum256([]byte(text))
	letters := make([]byte, 0, 2*len(sum))
	for _, b := range sum {
		letters = append(letters, 'a'+b>>4, 'a'+b&15)
	}
	return string(letters[:n])
}

// CheckNote refuses a note that may not go with a change, of which the scheme takes limit
// characters: CodeInvalid, token_note_too_long, token_note_malformed and
// token_note_contains_pan.
func CheckNote(note string, limit int) error {
	switch {
	case utf8.RuneCountInString(note) > limit:
		return walletport.ErrField("token_note_too_long", "note", fmt.Sprintf("has at most %d characters", limit))
	case !walletport.IsPlainText(note):
		return walletport.ErrField("token_note_malformed", "note", "has no control or invisible characters")
	case walletport.ContainsPAN(note):
		return walletport.ErrField("token_note_contains_pan", "note", "must not contain a card number")
	}
	return nil
}
