package walletport_test

import (
	"testing"

	"github.com/walletport/walletport"
)

func TestIsInvisible(t *testing.T) {
	for _, c := range []struct {
		name string
		r    rune
		want bool
	}{
		{"a letter", 'a', false},
		{"a letter with an accent", 'é', false},
		{"a blank", ' ', false},
		{"a blank that does not break", '\u00a0', false},
		{"a line feed", '\n', true},
		{"the zero character", 0, true},
		{"a zero-width space", '\u200b', true},
		{"a mark of direction", '\u202e', true},
		{"a separator of lines", '\u2028', true},
		{"a separator of paragraphs", '\u2029', true},
		{"a character of private use", '\ue000', true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := walletport.IsInvisible(c.r); got != c.want {
				t.Errorf("IsInvisible(%U) = %v, want %v", c.r, got, c.want)
			}
		})
	}
}
