package scheme_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

func TestFaultsOfAnError(t *testing.T) {
	faults := []scheme.Fault{
		{Kind: scheme.FaultInvalid, Code: "VIDC-1001", Field: "emails[0]", Text: walletport.NewPrivate("ada@example.com is wrong")},
		{Kind: scheme.FaultUnknown, Text: walletport.NewPrivate("Ada")},
	}
	err := fmt.Errorf("enrol: %w", scheme.ErrRefused().WithCause(fmt.Errorf("HTTP 400: %w", &scheme.Refusal{Faults: faults})))
	if got := scheme.FaultsOf(err); len(got) != 2 || got[0].Code != "VIDC-1001" {
		t.Errorf("FaultsOf = %+v", got)
	}
	if text := err.Error(); !strings.HasSuffix(text, "HTTP 400: VIDC-1001 at emails[0], unknown") || strings.Contains(text, "ada@") {
		t.Errorf("error %s", text)
	}
	for _, other := range []error{nil, errors.New("x"), scheme.ErrRefused()} {
		if got := scheme.FaultsOf(other); got != nil {
			t.Errorf("FaultsOf(%v) = %+v", other, got)
		}
	}
}

func TestIsJSON(t *testing.T) {
	for contentType, want := range map[string]bool{
		"": true, "application/json": true, "Application/JSON;charset=UTF-8": true, "application/problem+json": true,
		"text/html": false, "text/json": false, "application/json;;": false, "json": false,
	} {
		if got := (scheme.Answer{ContentType: contentType}).IsJSON(); got != want {
			t.Errorf("%q: %t", contentType, got)
		}
	}
}

func TestShownWord(t *testing.T) {
	for word, want := range map[string]string{
		"VIDC-2000": "VIDC-2000", "paymentInstruments[0].accountNumber": "paymentInstruments[0].accountNumber", "": "",
		"of Ada": "", "ada@example.com": "", "4111111111111111": "", "card4111111111111111": "", strings.Repeat("a", 65): "",
	} {
		if got := scheme.ShownWord(word); got != want {
			t.Errorf("ShownWord(%q) = %q", word, got)
		}
	}
}
