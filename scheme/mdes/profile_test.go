package mdes_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/mdes"
)

func TestTheDefaultProfileIsValid(t *testing.T) {
	if err := mdes.DefaultProfile().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateNamesEachProblem(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*mdes.Profile)
		field  string // empty: no problem
	}{
		{"the other shape", func(p *mdes.Profile) { p.Shape = mdes.FundingAccountInfo }, ""},
		{"an unknown shape", func(p *mdes.Profile) { p.Shape = "pushAccountInfo" }, "shape"},
		{"PKCS#1 v1.5", func(p *mdes.Profile) { p.OAEPHash = mdes.PKCS1v15 }, ""},
		{"a hash with a hyphen", func(p *mdes.Profile) { p.OAEPHash = "SHA-256" }, "oaep_hash"},
		{"AES-256", func(p *mdes.Profile) { p.AESBits = 256 }, ""},
		{"AES-192", func(p *mdes.Profile) { p.AESBits = 192 }, "aes_bits"},
		{"an unknown mode", func(p *mdes.Profile) { p.CipherMode = "CTR" }, "cipher_mode"},
		{"an unknown fingerprint", func(p *mdes.Profile) { p.Fingerprint = "md5" }, "fingerprint"},
		{"an unknown case", func(p *mdes.Profile) { p.HexCase = "Upper" }, "hex_case"},
		{"TAV 1", func(p *mdes.Profile) { p.TAVVersion = 1 }, "tav_version"},
		{"TAV 5", func(p *mdes.Profile) { p.TAVVersion = 5 }, "tav_version"},
		{"TAV 4 about a token", func(p *mdes.Profile) { p.TokenTAVVersion = 4 }, ""},
		{"no TAV about a token", func(p *mdes.Profile) { p.TokenTAVVersion = 0 }, "token_tav_version"},
		{"unknown flags", func(p *mdes.Profile) { p.TAVFlags = "" }, "tav_flags"},
		{"no field order", func(p *mdes.Profile) { p.TAVFieldOrder = nil }, "tav_field_order"},
		{"a repeated field", func(p *mdes.Profile) { p.TAVFieldOrder = append(p.TAVFieldOrder, "accountNumber") }, "tav_field_order"},
		{"a token in the TAV", func(p *mdes.Profile) { p.TAVFieldOrder = append(p.TAVFieldOrder, "tokenUniqueReference") }, ""},
		{"no validity", func(p *mdes.Profile) { p.TAVValidity = 0 }, "tav_validity"},
		{"30 days", func(p *mdes.Profile) { p.TAVValidity = 720 * time.Hour }, ""},
		{"more than 30 days", func(p *mdes.Profile) { p.TAVValidity = 720*time.Hour + 1 }, "tav_validity"},
		{"data validity", func(p *mdes.Profile) { p.DataValidity = 30 * time.Minute }, ""},
		{"data validity in the past", func(p *mdes.Profile) { p.DataValidity = -time.Minute }, "data_validity"},
		{"data validity of more than 30 days", func(p *mdes.Profile) { p.DataValidity = 721 * time.Hour }, "data_validity"},
		{"a source of the shape", func(p *mdes.Profile) { p.Source = "CARD_ON_FILE" }, ""},
		{"a source of the other shape", func(p *mdes.Profile) { p.Source = "ACCOUNT_ON_FILE" }, "source"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := profileWith(c.change).Validate()
			if c.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.field+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("Validate gave %v, want one problem with %s", err, c.field)
			}
			if _, err := mdes.NewSealer(profileWith(c.change)); err == nil {
				t.Error("NewSealer took the profile")
			}
		})
	}
}

func TestValidateReportsAllProblemsTogether(t *testing.T) {
	err := mdes.Profile{}.Validate()
	if got := len(strings.Split(err.Error(), "\n")); got != 11 {
		t.Errorf("the zero profile has %d problems, want 11:\n%v", got, err)
	}
}

func TestEveryChoiceOfAProfileHasANameInTheConfiguration(t *testing.T) {
	for field := range reflect.TypeFor[mdes.Profile]().Fields() {
		if field.Tag.Get("setting") == "" {
			t.Errorf("%s has no name in the configuration", field.Name)
		}
	}
}

// A later change of the caller's slice must not reach a sealer in use.
func TestASealerKeepsItsProfile(t *testing.T) {
	profile := mdes.DefaultProfile()
	sealer := mustSealer(t, profile)
	profile.TAVFieldOrder[0] = "overwritten"
	text, err := sealer.SignTAV(testInput(t))
	if err != nil {
		t.Fatal(err)
	}
	mustParseTAV(t, string(text))
	if sealer.Scheme() != walletport.Mastercard {
		t.Errorf("scheme %s", sealer.Scheme())
	}
}
