package samsungpay_test

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/samsungpay"
)

func mustNew(t *testing.T, change func(*samsungpay.Config)) *samsungpay.Encoder {
	t.Helper()
	c := samsungpay.DefaultConfig()
	if change != nil {
		change(&c)
	}
	e, err := samsungpay.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEncode(t *testing.T) {
	base64Visa := func(c *samsungpay.Config) { c.VisaForm = wallet.Base64 }
	short := func(c *samsungpay.Config) { c.MaxChars = 24 }
	for _, c := range []struct {
		name   string
		change func(*samsungpay.Config)
		scheme walletport.SchemeID
		shape  string
		sealed string
		want   string
		reason string
	}{
		{"Mastercard is base64", nil, walletport.Mastercard, "cardInfo", `{"cardInfo":{}}`, "eyJjYXJkSW5mbyI6e319", ""},
		{"another shape is not handed out", nil, walletport.Mastercard, "fundingAccountInfo", `{"fundingAccountInfo":{}}`, "", "samsung_needs_card_info"},
		{"nor one that nobody names", nil, walletport.Mastercard, "", `{"cardInfo":{}}`, "", "samsung_needs_card_info"},
		{"nor nothing", nil, walletport.Mastercard, "cardInfo", "", "", "internal"},
		{"Visa is the JWE itself", nil, walletport.Visa, "", "eyJ.a.b.c.d", "eyJ.a.b.c.d", ""},
		{"Visa in base64 by the switch", base64Visa, walletport.Visa, "", "f.", "Zi4=", ""},
		{"which leaves Mastercard alone", base64Visa, walletport.Mastercard, "cardInfo", `{"cardInfo":{}}`, "eyJjYXJkSW5mbyI6e319", ""},
		{"as long as may be", short, walletport.Visa, "", strings.Repeat("a", 24), strings.Repeat("a", 24), ""},
		{"a character too long", short, walletport.Visa, "", strings.Repeat("a", 25), "", "payload_too_long"},
		{"too long in base64", short, walletport.Mastercard, "cardInfo", `{"cardInfo":{"a":1}}`, "", "payload_too_long"},
		{"nothing sealed", nil, walletport.Visa, "", "", "", "internal"},
		{"another scheme", nil, "JCB", "", "f", "", "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustNew(t, c.change).Encode(wallet.Input{Sealed: []byte(c.sealed), Scheme: c.scheme, Shape: c.shape})
			if walletport.ReasonOf(err) != c.reason || got.DigitizationData != c.want {
				t.Errorf("Encode gave %q, error %v, want %q, %s", got.DigitizationData, err, c.want, c.reason)
			}
		})
	}
}

// What the MDES sealer really makes is taken in one shape and refused in the other.
func TestEncodeTakesTheGoldensOfMDES(t *testing.T) {
	for name, reason := range map[string]string{"default": "", "gcm": "", "funding-account": "samsung_needs_card_info"} {
		profile := mdes.DefaultProfile()
		if reason != "" {
			profile.Shape = mdes.FundingAccountInfo
		}
		sealer, err := mdes.NewSealer(profile)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := os.ReadFile("../../scheme/mdes/testdata/golden/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		got, err := mustNew(t, nil).Encode(wallet.Input{Sealed: sealed, Scheme: walletport.Mastercard, Shape: sealer.Shape()})
		if walletport.ReasonOf(err) != reason {
			t.Errorf("%s: error %v, want %q", name, err, reason)
		}
		if reason != "" {
			if walletport.CodeOf(err) != walletport.CodeUnsupported {
				t.Errorf("%s: code %s", name, walletport.CodeOf(err))
			}
			continue
		}
		if text, err := base64.StdEncoding.DecodeString(got.DigitizationData); err != nil || string(text) != string(sealed) {
			t.Errorf("%s: the text has changed, error %v", name, err)
		}
	}
}

func TestValidateNamesEveryProblem(t *testing.T) {
	_, err := samsungpay.New(samsungpay.Config{})
	if err == nil || !strings.Contains(err.Error(), "visa_form: ") || !strings.Contains(err.Error(), "max_chars: ") {
		t.Errorf("New gave error %v", err)
	}
	for _, limit := range []int{-1, 0, 256_001} {
		if (samsungpay.Config{VisaForm: wallet.Raw, MaxChars: limit}).Validate() == nil {
			t.Errorf("max_chars %d is taken", limit)
		}
	}
}
