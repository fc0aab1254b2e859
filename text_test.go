package walletport_test

import (
	"slices"
	"testing"
	"time"

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

func TestRulesOfTexts(t *testing.T) {
	for _, c := range []struct {
		text                         string
		plain, printable, alnum, isa bool // isa: a name of at most 5 characters
	}{
		{"", true, true, true, false},
		{"Ada1", true, true, true, true},
		{"a.b_-", true, true, true, true},
		{"a.b_-c", true, true, true, false},
		{"a b", true, true, false, false},
		{"a|b", true, false, false, false},
		{"a~!", true, true, false, false},
		{"Ål", true, false, false, false},
		{"a\x7f", false, false, false, false},
		{"a\tb", false, false, false, false},
		{"a\u200bb", false, false, false, false},
		{"a\xff", false, false, false, false},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := []bool{walletport.IsPlainText(c.text), walletport.IsPrintable(c.text, "|"), walletport.IsAlnum(c.text, "._-"), walletport.IsName(c.text, 5)}
			if want := []bool{c.plain, c.printable, c.alnum, c.isa}; !slices.Equal(got, want) {
				t.Errorf("plain, printable, alphanumeric, a name: %v, want %v", got, want)
			}
			if bytes := []byte(c.text); walletport.IsPrintable(bytes, "|") != c.printable || walletport.IsAlnum(bytes, "._-") != c.alnum {
				t.Errorf("bytes have other rules than the text")
			}
		})
	}
}

func TestIsDigits(t *testing.T) {
	for text, want := range map[string]bool{"": false, "0": true, "0123456789": true, "1 2": false, "/": false, ":": false, "-1": false, "\u0663": false, "\uff11": false} {
		if walletport.IsDigits(text) != want || walletport.IsDigits([]byte(text)) != want {
			t.Errorf("IsDigits(%q) is not %t", text, want)
		}
	}
}

func TestNameRule(t *testing.T) {
	for name, want := range map[string]string{
		"":                "",
		"ADA LOVELACE":    "",
		"Åsa O\u2019Hara": "",
		"ADA\xff":         "the cardholder's name is UTF-8",
		"ADA\u202e":       "the cardholder's name has no control or invisible characters",
		"ADA\n":           "the cardholder's name has no control or invisible characters",
	} {
		if got := walletport.NameRule([]byte(name)); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestYearMonth(t *testing.T) {
	for want, expiry := range map[string]walletport.Expiry{"": {}, "2030-05": {Year: 2030, Month: time.May}, "2031-12": {Year: 2031, Month: time.December}} {
		if got := expiry.YearMonth(); got != want {
			t.Errorf("%+v is %q, want %q", expiry, got, want)
		}
	}
}

func TestPrivateEqual(t *testing.T) {
	ada, wiped := walletport.NewPrivate("ada"), walletport.NewPrivate("ada")
	wiped.Wipe()
	for _, c := range []struct {
		name string
		a, b walletport.Private
		want bool
	}{
		{"itself", ada, ada, true},
		{"another of the same text", ada, walletport.NewPrivate("ada"), true},
		{"another text", ada, walletport.NewPrivate("adb"), false},
		{"a longer one", ada, walletport.NewPrivate("adam"), false},
		{"none", ada, walletport.Private{}, false},
		{"one that was wiped and none", wiped, walletport.Private{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.a.Equal(c.b) != c.want || c.b.Equal(c.a) != c.want {
				t.Errorf("equal: %v", !c.want)
			}
		})
	}
}

func TestExpiryRule(t *testing.T) {
	for _, c := range []struct {
		expiry walletport.Expiry
		want   string
	}{
		{walletport.Expiry{Year: 2000, Month: time.January}, ""},
		{walletport.Expiry{Year: 2099, Month: time.December}, ""},
		{walletport.Expiry{Year: 2030}, "the expiry month is 01 to 12"},
		{walletport.Expiry{Year: 2030, Month: 13}, "the expiry month is 01 to 12"},
		{walletport.Expiry{Year: 1999, Month: time.May}, "the expiry year is 2000 to 2099"},
		{walletport.Expiry{Year: 2100, Month: time.May}, "the expiry year is 2000 to 2099"},
	} {
		if got := c.expiry.Rule(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.expiry, got, c.want)
		}
	}
	for _, year := range []string{"1999", "2100", "203", "20300", "2o30", "", "2", "２０３０"} {
		if e, err := walletport.ParseExpiry("05", year); walletport.ReasonOf(err) != "expiry_year" {
			t.Errorf("ParseExpiry of year %q = %v, %v", year, e, err)
		}
	}
	if e, err := walletport.ParseExpiry("12", "2099"); err != nil || e != (walletport.Expiry{Year: 2099, Month: time.December}) {
		t.Errorf("ParseExpiry = %v, %v", e, err)
	}
}

func TestErrField(t *testing.T) {
	err := walletport.ErrField("nonce_malformed", "nonce", "must be hex")
	if err.Code != walletport.CodeInvalid || err.Error() != "nonce_malformed: nonce must be hex" || !slices.Equal(err.Fields, []walletport.Field{{Name: "nonce", Reason: "must be hex"}}) {
		t.Errorf("%+v", err)
	}
}
