package issuerwallet_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

func mustNew(t *testing.T, c issuerwallet.Config) *issuerwallet.Encoder {
	t.Helper()
	e, err := issuerwallet.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The example of MDES Token Connect's specification, and RFC 4648's own values.
func TestEncode(t *testing.T) {
	for _, c := range []struct{ name, sealed, want string }{
		{"the example of Token Connect",
			`{"fundingAccountInfo":{"pushAccountReceipt":"MCC-STL-496B63A8-6943-4E3F-8F36-C2543D898584"}}`,
			"eyJmdW5kaW5nQWNjb3VudEluZm8iOnsicHVzaEFjY291bnRSZWNlaXB0IjoiTUNDLVNUTC00OTZCNjNBOC02OTQzLTRFM0YtOEYzNi1DMjU0M0Q4OTg1ODQifX0="},
		{"two bytes of padding", "f", "Zg=="},
		{"the standard alphabet", "\xfb\xff\xfe", "+//+"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustNew(t, issuerwallet.Config{}).Encode(wallet.Input{Sealed: []byte(c.sealed)})
			if err != nil || got.DigitizationData != c.want {
				t.Errorf("Encode gave %s, error %v, want %s", got.DigitizationData, err, c.want)
			}
		})
	}
}

// The base64 command is another reader; it would stumble over other alphabets.
func TestTheBase64CommandReadsIt(t *testing.T) {
	if _, err := exec.LookPath("base64"); err != nil {
		t.Skip("there is no base64 command here")
	}
	sealed, err := json.Marshal(map[string]string{"cardInfo": strings.Repeat("0123456789abcdef", 150)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := mustNew(t, issuerwallet.Config{}).Encode(wallet.Input{Sealed: sealed})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("base64", "-d")
	cmd.Stdin = strings.NewReader(got.DigitizationData)
	if out, err := cmd.Output(); err != nil || !bytes.Equal(out, sealed) {
		t.Errorf("base64 -d gave %d bytes, error %v", len(out), err)
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name  string
		max   int
		bytes int
		fits  bool
	}{
		{"5000 characters by default", 0, 3750, true},
		{"and no more", 0, 3751, false},
		{"another limit", 8, 6, true},
		{"and no more than that", 8, 7, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustNew(t, issuerwallet.Config{MaxChars: c.max}).Encode(wallet.Input{Sealed: make([]byte, c.bytes)})
			if c.fits != (err == nil) {
				t.Fatalf("%d bytes: error %v", c.bytes, err)
			}
			if err != nil && (walletport.CodeOf(err) != walletport.CodeUnsupported || walletport.ReasonOf(err) != "payload_too_long" || got.DigitizationData != "") {
				t.Errorf("error %v with %d characters", err, len(got.DigitizationData))
			}
		})
	}
}

func TestNothingSealedIsOurFault(t *testing.T) {
	_, err := mustNew(t, issuerwallet.Config{}).Encode(wallet.Input{})
	if walletport.CodeOf(err) != walletport.CodeInternal {
		t.Errorf("error %v", err)
	}
}

func TestNewRefusesOtherLimits(t *testing.T) {
	for _, limit := range []int{-1, 256_001} {
		if _, err := issuerwallet.New(issuerwallet.Config{MaxChars: limit}); err == nil {
			t.Errorf("New took %d", limit)
		}
	}
	mustNew(t, issuerwallet.Config{MaxChars: 256_000})
}
