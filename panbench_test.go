package walletport_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// usualTexts are what a call brings: none may cost an allocation or much time.
var usualTexts = []struct{ name, text string }{
	{"an e-mail address", "ada.lovelace@bank.example"},
	{"a UUID", "831fb558-d0b4-4566-8285-38049c915104"},
	{"24 hexadecimal digits", "3458604036415c7c4b1a24c6"},
	{"a name", "Åsa Öberg 李 (branch 12, desk 4)"},
	{"a PAN in groups", "5204 2477 5000 1471"},
	{"256 digits, each alone", strings.Repeat("4 ", 128)},
}

func BenchmarkPANGuard(b *testing.B) {
	pan, err := walletport.ParsePAN(testPAN)
	if err != nil {
		b.Fatal(err)
	}
	card := walletport.CardSummary{BIN: pan.BIN(), LastFour: pan.LastFour()}
	for _, rule := range []struct {
		name string
		run  func(string) bool
	}{
		{"ContainsPAN", walletport.ContainsPAN}, {"SuspectsPAN", walletport.SuspectsPAN}, {"IsPAN", walletport.IsPAN},
		{"NumberIn", card.NumberIn}, {"IsIn", pan.IsIn},
	} {
		for _, c := range usualTexts {
			b.Run(rule.name+" of "+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					rule.run(c.text)
				}
			})
		}
	}
}

func TestTheGuardDoesNotAllocate(t *testing.T) {
	pan := mustPAN(t, testPAN)
	card := walletport.CardSummary{BIN: pan.BIN(), LastFour: pan.LastFour()}
	for _, c := range usualTexts {
		allocated := testing.AllocsPerRun(10, func() {
			_ = walletport.ContainsPAN(c.text) || walletport.SuspectsPAN(c.text) || walletport.IsPAN(c.text) || card.NumberIn(c.text) || pan.IsIn(c.text)
		})
		if allocated > 0 {
			t.Errorf("%s: %v allocations", c.name, allocated)
		}
	}
}
