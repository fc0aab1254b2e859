package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/walletport/walletport/sim"
)

func TestCardNumberPrintsMasked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pan := rapid.StringMatching(`[0-9]{8,20}`).Draw(t, "pan")
		n := sim.NewCardNumber(pan)
		hidden := struct{ n sim.CardNumber }{n}
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "card", n)
		encoded, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{n.String(), fmt.Sprintf("%v %+v %#v %s %x %d", n, n, n, n, n, n), fmt.Sprintf("%v %+v %#v", hidden, hidden, hidden),
			string(encoded), logged.String()} {
			if strings.Contains(out, pan) {
				t.Fatalf("a whole PAN is printed")
			}
		}
		if digits := strings.ReplaceAll(n.String(), "*", ""); len(digits) > 10 || len(pan) < 13 && len(digits) > 4 {
			t.Fatalf("%d digits of %d are shown", len(digits), len(pan))
		}
	})
}

func TestMasks(t *testing.T) {
	for text, want := range map[string]string{"4111111111111111": "411111******1111", "411111111": "*****1111", "41111111": "****", "41111111111111111111": "****", "4111 1111": "****", "": "****"} {
		if got := sim.NewCardNumber(text).String(); got != want {
			t.Errorf("%d characters print as %s, want %s", len(text), got, want)
		}
	}
	if zero := (sim.CardNumber{}); zero.String() != "****" || zero.Clear() != "" || zero.LastFour() != "" {
		t.Errorf("no number is %v", zero)
	}
	if four := sim.NewCardNumber("4111111111111234").LastFour(); four != "1234" {
		t.Errorf("last four %s", four)
	}
}

func TestDigits(t *testing.T) {
	for text, want := range map[string]bool{"0": true, "0123456789": true, "": false, "12a": false, "1 2": false, "١": false, "/": false, ":": false} {
		if sim.IsDigits(text) != want {
			t.Errorf("IsDigits(%q) is %v", text, !want)
		}
	}
	for _, pan := range []string{"4111111111111111", "5555555555554444", "4222222222222", "0", ""} {
		if !sim.HasLuhnDigit(pan) {
			t.Errorf("%q has a right check digit", pan)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		right := []byte("4761120010000492")
		i, by := rapid.IntRange(0, 15).Draw(t, "digit"), rapid.IntRange(1, 9).Draw(t, "by")
		right[i] = '0' + (right[i]-'0'+byte(by))%10
		if sim.HasLuhnDigit(string(right)) {
			t.Fatal("one wrong digit is not noticed")
		}
	})
}

func TestMonths(t *testing.T) {
	for text, want := range map[string]bool{"01": true, "12": true, "00": false, "13": false, "1": false, "001": false, "1a": false, "": false} {
		if sim.IsMonth(text) != want {
			t.Errorf("IsMonth(%q) is %v", text, !want)
		}
	}
	for _, c := range []struct {
		month, year string
		want        time.Time
	}{
		{"12", "30", time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"02", "28", time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC)},
		{"x", "28", time.Time{}},
	} {
		if got := sim.EndOfMonth(c.month, c.year); !got.Equal(c.want) {
			t.Errorf("%s/%s ends before %s, want %s", c.month, c.year, got, c.want)
		}
	}
}

func TestShown(t *testing.T) {
	for text, want := range map[string]string{
		"SHA-256": `"SHA-256"`, "": `""`, "1234567": `"1234567"`, "12345678": "(withheld)", strings.Repeat("a", 41): "(withheld)",
		"a\nb": "(withheld)", "é": "(withheld)", `"`: `"\""`,
	} {
		if got := sim.Shown(text); got != want {
			t.Errorf("Shown(%q) is %s, want %s", text, got, want)
		}
	}
}

func TestHidesNumber(t *testing.T) {
	for text, want := range map[string]bool{
		"5555555555554444": true, "KEY5555555555554444": true, "a55555555555544440": true, "00005555555555554444ff": true,
		"5555-5555-5555-4444": false, "5555555555554445": false, "": false, "K0VF8MXAE7QP": false, "555555555555": false,
	} {
		if got := sim.HidesNumber(text); got != want {
			t.Errorf("HidesNumber(%q) = %v", text, got)
		}
	}
}
