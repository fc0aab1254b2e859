package config

import (
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/scheme/mdes/customerservice"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
	"github.com/walletport/walletport/tokens"
)

func TestInterfacesOfSchemesAreOffWithoutAURL(t *testing.T) {
	settings, err := loaded(t, "")
	must(t, err)
	if settings.Schemes.MDES.CustomerService.Enabled() || settings.Schemes.VTS.TokenAPI.Enabled() {
		t.Error("an empty file switches an interface on")
	}
	if settings.Tokens != (tokens.Settings{}).WithDefaults() {
		t.Errorf("tokens: %+v, want what is in force by default", settings.Tokens)
	}
}

// TestOldFilesWithShortCallsAreTaken: the wait for a scheme is nothing to a server that
// asks none.
func TestOldFilesWithShortCallsAreTaken(t *testing.T) {
	if _, err := loaded(t, "api: {limits: {request_time: 2s}}"); err != nil {
		t.Error(err)
	}
}

func TestSchemesAreReadOverTheirDefaults(t *testing.T) {
	t.Setenv("WALLETPORT_SCHEMES__VTS__TOKEN_API__URL", "http://127.0.0.1:9/vts")
	settings, err := loaded(t, `
schemes:
  mdes:
    customer_service:
      url: https://api.mastercard.example/mdes/csapi
      organization: Acme Bank
      profile: {cipher_mode: GCM}
  vts:
    token_api: {profile: {device_names: base64}}
tokens: {max_age: 30s}
`)
	must(t, err)
	mdes, vts := settings.Schemes.MDES.CustomerService, settings.Schemes.VTS.TokenAPI
	wantMDES, wantVTS := customerservice.DefaultProfile(), tokenapi.DefaultProfile()
	wantMDES.CipherMode, wantVTS.DeviceNames = "GCM", tokenapi.NamesInBase64
	if !mdes.Enabled() || mdes.Organization != "Acme Bank" || mdes.Profile != wantMDES {
		t.Errorf("customer service: %+v", mdes)
	}
	if !vts.Enabled() || vts.BaseURL != "http://127.0.0.1:9/vts" || vts.Profile != wantVTS {
		t.Errorf("token API: %+v", vts)
	}
	if settings.Tokens.MaxAge != 30*time.Second || settings.Tokens.ChangeTimeout != 5*time.Second {
		t.Errorf("tokens: %+v", settings.Tokens)
	}
}

func TestWhatSchemesCannotBe(t *testing.T) {
	const on = "url: https://api.mastercard.example/mdes/csapi, organization: Acme Bank"
	for _, c := range []struct{ name, yaml, problem string }{
		{"plain HTTP to another machine", "schemes: {mdes: {customer_service: {url: 'http://api.mastercard.example', organization: Acme Bank}}}", "schemes.mdes.customer_service.url: https, or http on loopback"},
		{"plain HTTP to Visa", "schemes: {vts: {token_api: {url: 'http://api.visa.example'}}}", "schemes.vts.token_api.url: https, or http on loopback"},
		{"no URL", "schemes: {mdes: {customer_service: {url: api.mastercard.example, organization: Acme Bank}}}", "schemes.mdes.customer_service.url: not an absolute http or https URL"},
		{"a password in it", "schemes: {vts: {token_api: {url: 'https://u:p@api.visa.example'}}}", "schemes.vts.token_api.url: has neither query, fragment nor user"},
		{"nobody who asks", "schemes: {mdes: {customer_service: {url: 'https://api.mastercard.example'}}}", "schemes.mdes.customer_service.organization: 4 to 200 characters"},
		{"a short phone", "schemes: {mdes: {customer_service: {" + on + ", phone: '1'}}}", "schemes.mdes.customer_service.phone: 4 to 20 characters"},
		{"a profile of what is off", "schemes: {mdes: {customer_service: {profile: {page_size: 21}}}}", "schemes.mdes.customer_service.profile.page_size: 1 to 20"},
		{"a profile of Visa's", "schemes: {vts: {token_api: {profile: {activation: NOW}}}}", "schemes.vts.token_api.profile.activation: "},
		{"an old word for ever", "tokens: {max_age: 25h}", "tokens.max_age: up to 24h"},
		{"a wait of a minute", "tokens: {change_timeout: 1m}", "tokens.change_timeout: up to 30s"},
		{"a wait that no call has", "schemes: {mdes: {customer_service: {" + on + "}}}\napi: {limits: {request_time: 5s}}", "tokens.change_timeout: 5s, which is not below api.limits.request_time, 5s"},
		{"a scheme that is none", "schemes: {amex: {}}", "schemes.amex: there is no such setting"},
		{"a slip", "schemes: {mdes: {customer_servce: {}}}", "did you mean customer_service?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loaded(t, c.yaml)
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %s", err, c.problem)
			}
		})
	}
}
