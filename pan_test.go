package walletport_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"pgregory.net/rapid"
)

const testPAN = "5204247750001471" // Apple's published sandbox card

func mustPAN(t *testing.T, digits string) walletport.PAN {
	t.Helper()
	p, err := walletport.ParsePAN(digits)
	if err != nil {
		t.Fatalf("ParsePAN: %v", err)
	}
	return p
}

func TestParsePAN(t *testing.T) {
	for _, c := range []struct{ name, in, reason string }{
		{"a Mastercard test number is read", testPAN, ""},
		{"a Visa test number of 13 digits is read", "4222222222222", ""},
		{"a 19-digit number is read", "6304000000000000001", "pan_luhn"},
		{"a wrong check digit is refused", "5204247750001472", "pan_luhn"},
		{"spaces are refused", "5204 2477 5000 1471", "pan_not_digits"},
		{"digits of another script are refused", "52042477500014７1", "pan_not_digits"},
		{"eleven digits are refused", "52042477500", "pan_length"},
		{"twenty digits are refused", "52042477500014715204", "pan_length"},
		{"nothing is refused", "", "pan_length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := walletport.ParsePAN(c.in)
			if got := walletport.ReasonOf(err); got != c.reason {
				t.Fatalf("ParsePAN: reason %q, want %q", got, c.reason)
			}
			if err == nil && string(p.Reveal()) != c.in {
				t.Errorf("Reveal gives other digits than were parsed")
			}
			if err != nil && c.in != "" && strings.Contains(err.Error(), c.in) {
				t.Errorf("the error repeats the input: %v", err)
			}
		})
	}
}

// TestPANNeverPrints walks every way a value gets into text, also hidden in the
// unexported field of a struct, a map, a slice, a pointer, an error or a panic.
func TestPANNeverPrints(t *testing.T) {
	pan := mustPAN(t, testPAN)
	hidden := struct{ pan walletport.PAN }{pan}
	card := walletport.Card{PAN: pan, CardholderName: walletport.NewPrivate("ADA LOVELACE")}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%o", "%b", "%c", "%U", "%e", "%p"} {
		for _, value := range []any{pan, &pan, hidden, &hidden, card, &card, []walletport.PAN{pan}, map[string]walletport.PAN{"k": pan}, errors.Join(fmt.Errorf("card %v", pan))} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("card", "pan", pan, "card", card, "hidden", hidden, "ptr", &card, "group", slog.GroupValue(slog.Any("pan", pan)))
	}
	for _, value := range []any{pan, card, hidden, map[string]any{"pan": pan}} {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(card)
	}()

	text := out.String()
	for _, secret := range []string{testPAN, testPAN[6:12], fmt.Sprintf("%x", testPAN), "53 50 48 52", "0x35, 0x32", "LOVELACE"} {
		if strings.Contains(text, secret) {
			t.Errorf("output holds %q", secret)
		}
	}
	if !strings.Contains(text, "520424******1471") {
		t.Errorf("output lacks the masked form")
	}
}

func TestWipeClearsEveryCopy(t *testing.T) {
	pan := mustPAN(t, testPAN)
	digits, dup := pan.Reveal(), pan
	pan.Wipe()
	if !dup.IsZero() || !bytes.Equal(digits, make([]byte, len(digits))) {
		t.Errorf("digits remain after Wipe")
	}
}

func TestMaskShowsAtMostFirstSixAndLastFour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := luhnComplete(rapid.StringMatching(`[2-6][0-9]{10,17}`).Draw(t, "digits"))
		p, err := walletport.ParsePAN(digits)
		if err != nil {
			t.Fatalf("ParsePAN: %v", err)
		}
		masked := p.String()
		shown := len(masked) - strings.Count(masked, "*")
		if shown > 10 || masked[:6] != digits[:6] || masked[len(masked)-4:] != digits[len(digits)-4:] {
			t.Fatalf("mask %q shows %d digits", masked, shown)
		}
	})
}

// luhnComplete appends the check digit, computed from the right as ISO/IEC
// 7812-1 annex B words it.
func luhnComplete(digits string) string {
	sum := 0
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if (len(digits)-1-i)%2 == 0 {
			d = d/5 + d*2%10
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

func TestContainsPAN(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     bool
	}{
		{"a PAN alone", testPAN, true},
		{"a PAN inside words", "call about " + testPAN + " please", true},
		{"a PAN glued to letters is an identifier", "user" + testPAN + "x", false},
		{"a PAN in groups of four", "5204 2477 5000 1471", true},
		{"a PAN with hyphens", "5204-2477-5000-1471", true},
		{"a PAN with no-break spaces", "5204\u00a02477\u00a05000\u00a01471", true},
		{"a PAN in full-width digits", "５２０４２４７７５０００１４７１", true},
		{"a PAN in Arabic-Indic digits", "٥٢٠٤٢٤٧٧٥٠٠٠١٤٧١", true},
		{"a PAN in mathematical digits", "𝟝𝟚𝟘𝟜𝟚𝟜𝟟𝟟𝟝𝟘𝟘𝟘𝟙𝟜𝟟𝟙", true},
		{"digits before it make it another number", "0000" + testPAN, false},
		{"a PAN of 19 digits", luhnComplete("450000000000000000"), true},
		{"a number with a wrong check digit", "5204247750001472", false},
		{"a short number", "123456789012", false},
		{"a UUID", "0192f0c1-7a5b-7c3d-8e9f-0a1b2c3d4e5f", false},
		{"a time stamp", "2026-11-24T10:00:00Z", false},
		{"a name", "ada.lovelace@bank.example", false},
		{"words between the groups", "5204 and 2477 and 5000 and 1471", false},
		{"nothing", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := walletport.ContainsPAN(c.in); got != c.want {
				t.Errorf("ContainsPAN = %v, want %v", got, c.want)
			}
		})
	}
}

func TestSchemeOfPAN(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       walletport.SchemeID
	}{
		{"4 is Visa", "4761", walletport.Visa},
		{"51 is Mastercard", "5100", walletport.Mastercard},
		{"55 is Mastercard", "5599", walletport.Mastercard},
		{"2221 is the first of the 2-series", "2221", walletport.Mastercard},
		{"2720 is the last of the 2-series", "2720", walletport.Mastercard},
		{"2220 is nobody's", "2220", ""},
		{"2721 is nobody's", "2721", ""},
		{"56 is nobody's", "5600", ""},
		{"37 is not supported", "3700", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustPAN(t, luhnComplete(c.head+"00000000000")).Scheme()
			if got != c.want || (c.want == "") != (err != nil) {
				t.Errorf("Scheme = %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestBINKeepsEightOfSixteenElseSix(t *testing.T) {
	for digits, want := range map[string]string{testPAN: "52042477", "4222222222222": "422222"} {
		if got := mustPAN(t, digits).BIN(); got != want {
			t.Errorf("BIN of %d digits = %q, want %q", len(digits), got, want)
		}
	}
}
