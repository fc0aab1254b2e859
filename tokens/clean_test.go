package tokens

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// FuzzTextsAreFitForTheStore: it takes whatever is left of a text, whoever wrote it.
func FuzzTextsAreFitForTheStore(f *testing.F) {
	card := walletport.CardSummary{ID: 1001, BIN: "52042477", LastFour: "1471"}
	spaces := strings.Repeat(" ", storage.MaxOutsideText-16)
	for _, seed := range []string{
		"Ada's phone", "5555555555554444", spaces + "5555555555554444x", spaces + "5555555555554444", "a5204247750001471b", strings.Repeat("€", 200), "a\xff\x00",
		"5555\x0055\xff5555554444",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kept := cleaner{card: card}.text(text)
		if len(kept) > storage.MaxOutsideText || !utf8.ValidString(kept) || strings.Contains(kept, "\x00") {
			t.Errorf("%q is kept of %q", kept, text)
		}
		if walletport.ContainsPAN(kept) || card.NumberIn(kept) {
			t.Errorf("%q is kept of %q and holds a card number", kept, text)
		}
	})
}
