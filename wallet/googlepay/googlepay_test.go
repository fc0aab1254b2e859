package googlepay_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/googlepay"
)

func TestEncode(t *testing.T) {
	base64Visa := func(c *googlepay.Config) { c.VisaForm = wallet.Base64 }
	short := func(c *googlepay.Config) { c.MaxChars = 8 }
	for _, c := range []struct {
		name   string
		change func(*googlepay.Config)
		scheme walletport.SchemeID
		sealed string
		want   string
		code   walletport.Code
	}{
		{"Mastercard is base64", nil, walletport.Mastercard, "\xfb\xff\xfef", "+//+Zg==", ""},
		{"Visa is the JWE itself", nil, walletport.Visa, "eyJ.a.b.c.d", "eyJ.a.b.c.d", ""},
		{"Visa in base64 by the switch", base64Visa, walletport.Visa, "f.", "Zi4=", ""},
		{"which leaves Mastercard alone", base64Visa, walletport.Mastercard, "f", "Zg==", ""},
		{"as long as may be", short, walletport.Visa, "12345678", "12345678", ""},
		{"a character too long", short, walletport.Visa, "123456789", "", walletport.CodeUnsupported},
		{"too long in base64", short, walletport.Mastercard, "1234567", "", walletport.CodeUnsupported},
		{"nothing sealed", nil, walletport.Visa, "", "", walletport.CodeInternal},
		{"another scheme", nil, "JCB", "f", "", walletport.CodeInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustNew(t, c.change).Encode(wallet.Input{Sealed: []byte(c.sealed), Scheme: c.scheme})
			if walletport.CodeOf(err) != c.code || got.DigitizationData != c.want {
				t.Errorf("Encode gave %q, error %v, want %q, %s", got.DigitizationData, err, c.want, c.code)
			}
		})
	}
}

func TestValidateNamesEveryProblem(t *testing.T) {
	if err := googlepay.DefaultConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	_, err := googlepay.New(googlepay.Config{})
	if err == nil {
		t.Fatal("New took nothing")
	}
	for _, field := range []string{"visa_form", "max_chars", "protocol_version", "protocol_version_form", "hash", "server_session_id"} {
		if !strings.Contains(err.Error(), field+": ") {
			t.Errorf("Validate does not name %s", field)
		}
	}
	for name, change := range map[string]func(*googlepay.Config){
		"no characters":       func(c *googlepay.Config) { c.MaxChars = 0 },
		"too many characters": func(c *googlepay.Config) { c.MaxChars = 256_001 },
		"version 0":           func(c *googlepay.Config) { c.ProtocolVersion = 0 },
		"version 1000":        func(c *googlepay.Config) { c.ProtocolVersion = 1000 },
		"SHA-1":               func(c *googlepay.Config) { c.Hash = "sha1" },
		"hex":                 func(c *googlepay.Config) { c.VisaForm = "hex" },
	} {
		c := googlepay.DefaultConfig()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
