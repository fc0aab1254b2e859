package scheme_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

func TestShownText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a name", " Ada phone ", "Ada phone"},
		{"ten characters of more", "試験試験試験試験試験試験", "試験試験試験試験試験"},
		{"a space where it is cut", "Ada's new phone", "Ada's new"},
		{"lines and marks of direction", "a\nb\u202ec\x00d", "abcd"},
		{"no UTF-8", "a\xffb", "ab"},
		{"a card number", "my 4111 1111 1111 1111", ""},
		{"a card number with marks in it", "4111\u200b1111\u200b1111\u200b1111", ""},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := scheme.ShownText(c.text, 10); got != c.want {
				t.Errorf("ShownText = %q, want %q", got, c.want)
			}
		})
	}
}

func TestLetterDigest(t *testing.T) {
	// printf ada | sha256sum | tr 0123456789abcdef a-p
	const want = "pnooedanealnfhno"
	if got := scheme.LetterDigest("ada", 16); got != want {
		t.Errorf("LetterDigest = %s, want %s", got, want)
	}
	if got := scheme.LetterDigest("ada", 64); !strings.HasPrefix(got, want) || len(got) != 64 {
		t.Errorf("LetterDigest of 64 letters = %s", got)
	}
}

func TestCheckNote(t *testing.T) {
	for _, c := range []struct{ name, note, reason string }{
		{"none", "", ""},
		{"the longest", strings.Repeat("ö", 20), ""},
		{"a longer one", strings.Repeat("ö", 21), "token_note_too_long"},
		{"lines", "a\nb", "token_note_malformed"},
		{"a card number", "4111111111111111", "token_note_contains_pan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := scheme.CheckNote(c.note, 20)
			if walletport.ReasonOf(err) != c.reason || err != nil && walletport.CodeOf(err) != walletport.CodeInvalid {
				t.Errorf("error %v, want %q", err, c.reason)
			}
		})
	}
}
