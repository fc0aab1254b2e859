package vts_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport/scheme/vts"
)

func TestDefaultProfileIsValid(t *testing.T) {
	if err := vts.DefaultProfile().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateNamesEachField(t *testing.T) {
	for field, change := range map[string]func(*vts.Profile){
		"header":                  func(p *vts.Profile) { p.Header = "" },
		"issued_at":               func(p *vts.Profile) { p.IssuedAt = vts.JSONBoolean },
		"intent":                  func(p *vts.Profile) { p.Intent = "PUSH" },
		"year_digits":             func(p *vts.Profile) { p.YearDigits = 3 },
		"idnv":                    func(p *vts.Profile) { p.IDnV = "1" },
		"idnv_form":               func(p *vts.Profile) { p.IDnVForm = vts.JSONNumber },
		"app_id_marks":            func(p *vts.Profile) { p.AppIDMarks = `-"` },
		"wallet_account_id_chars": func(p *vts.Profile) { p.WalletAccountIDChars = 0 },
		"wsd_names":               func(p *vts.Profile) { p.WSDNames = "" },
		"wsd_padding":             func(p *vts.Profile) { p.WSDPadding = "zero" },
		"wsd_mark":                func(p *vts.Profile) { p.WSDMark = "" },
	} {
		t.Run(field, func(t *testing.T) {
			p := profileWith(change)
			if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("Validate gave %v, want one problem of %s", err, field)
			}
			if _, err := vts.NewSealer(p); err == nil {
				t.Error("NewSealer took the profile")
			}
			if _, err := vts.NewActivator(p); err == nil {
				t.Error("NewActivator took the profile")
			}
			if _, err := vts.NewNumberSealer(p); err == nil {
				t.Error("NewNumberSealer took the profile")
			}
		})
	}
}

func TestValidateNamesAllProblems(t *testing.T) {
	if err := (vts.Profile{}).Validate(); err == nil || strings.Count(err.Error(), "\n") < 8 {
		t.Errorf("the zero profile has the problems %v", err)
	}
	two := profileWith(func(p *vts.Profile) { p.WSDMark = "ab" })
	if two.Validate() == nil {
		t.Error("a padding mark of two characters is taken")
	}
}
