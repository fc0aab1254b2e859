package manualsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/manualsim"
)

const (
	mastercardPAN = "5555555555554444"
	visaPAN       = "4111111111111111"
)

// fakeScheme remembers what it was asked.
type fakeScheme struct {
	sim.Scheme
	got *sim.Enrolment
	err error
}

func (f *fakeScheme) Enrol(_ context.Context, e sim.Enrolment) (sim.Report, error) {
	f.got = &e
	return sim.Report{Kind: "enrolment", Verdict: sim.Verdict{Accepted: true, Checks: []sim.Check{{Name: "scheme", OK: true}}}, Token: "token"}, f.err
}

func open(t *testing.T) (h http.Handler, mastercard, visa *fakeScheme) {
	t.Helper()
	mastercard, visa = &fakeScheme{}, &fakeScheme{}
	h, err := manualsim.New(sim.Networks{
		walletport.Mastercard: {Scheme: mastercard, TokenRequestorID: "50110030273"},
		walletport.Visa:       {Scheme: visa, TokenRequestorID: "40010030273"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, mastercard, visa
}

func call(h http.Handler, method, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/wallets/manual/add", strings.NewReader(body)))
	return w
}

func TestTheSchemeJudges(t *testing.T) {
	h, mastercard, visa := open(t)
	for _, c := range []struct {
		name, pan, data, nonce, sent, trid string
		scheme                             *fakeScheme
	}{
		{"a Mastercard card", mastercardPAN, "eyJ9", "", `{"}`, "50110030273", mastercard},
		{"a Visa card with a nonce", visaPAN, "TUJQQUM=", "91ab95b8", "MBPAC", "40010030273", visa},
		{"text without base64 goes on as it is", visaPAN, "MBPAC-1", "", "MBPAC-1", "40010030273", visa},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call(h, http.MethodPost, `{"pan":"`+c.pan+`","expiryMonth":"12","expiryYear":"2031","activationData":"`+c.data+`","nonce":"`+c.nonce+`"}`)
			var report sim.Report
			if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || w.Code != http.StatusOK || !report.Accepted || report.Token != "token" || len(report.Checks) != 3 {
				t.Fatalf("status %d, %s, error %v", w.Code, w.Body, err)
			}
			got := c.scheme.got
			if got.Card.Number.Clear() != c.pan || got.Card.ExpiryMMYY != "1231" || string(got.ActivationData) != c.sent || got.Nonce != c.nonce ||
				got.TokenRequestorID != c.trid || got.Wallet != "manual" {
				t.Errorf("the scheme was asked for %+v", got)
			}
			if strings.Contains(w.Body.String(), c.pan) {
				t.Error("the answer shows the PAN")
			}
		})
	}
}

// TestAStepUp: without an app the scheme is asked to add the card with no activation data.
func TestAStepUp(t *testing.T) {
	h, _, visa := open(t)
	w := call(h, http.MethodPost, `{"pan":"`+visaPAN+`","expiryMonth":"12","expiryYear":"2031","stepUp":true}`)
	if w.Code != http.StatusOK || visa.got == nil || len(visa.got.ActivationData) != 0 {
		t.Errorf("status %d, %s, the scheme was asked for %+v", w.Code, w.Body, visa.got)
	}
}

func TestFaultsOfTheWallet(t *testing.T) {
	const rest = `"expiryMonth":"12","expiryYear":"2031","activationData":"eyJ9"}`
	for _, c := range []struct{ name, body, code string }{
		{"no number", `{` + rest, "typed_number"},
		{"a number of another scheme", `{"pan":"371449635398431",` + rest, "typed_number"},
		{"a number with spaces", `{"pan":"5555 5555 5555 4444",` + rest, "typed_number"},
		{"a month that is none", `{"pan":"` + visaPAN + `","expiryMonth":"13","expiryYear":"2031","activationData":"eyJ9"}`, "typed_expiry"},
		{"a year of two digits", `{"pan":"` + visaPAN + `","expiryMonth":"12","expiryYear":"31","activationData":"eyJ9"}`, "typed_expiry"},
		{"no activation data", `{"pan":"` + visaPAN + `","expiryMonth":"12","expiryYear":"2031"}`, "activation_data_missing"},
		{"activation data and a step-up", `{"pan":"` + visaPAN + `","stepUp":true,` + rest, "activation_data_and_step_up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, mastercard, visa := open(t)
			w := call(h, http.MethodPost, c.body)
			var report sim.Report
			if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || report.Accepted || report.FirstFault == nil || report.FirstFault.Code != c.code || report.FirstFault.Remedy == "" {
				t.Errorf("status %d, %s, want %s", w.Code, w.Body, c.code)
			}
			if mastercard.got != nil || visa.got != nil {
				t.Error("a scheme was asked")
			}
		})
	}
}

func TestWhatIsNoAddition(t *testing.T) {
	h, mastercard, _ := open(t)
	if w := call(h, http.MethodGet, ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost {
		t.Errorf("GET: status %d", w.Code)
	}
	if w := call(h, http.MethodPost, "[]"); w.Code != http.StatusBadRequest {
		t.Errorf("no object: status %d", w.Code)
	}
	mastercard.err = walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "down").WithCause(errors.New("secret"))
	w := call(h, http.MethodPost, `{"pan":"`+mastercardPAN+`","expiryMonth":"12","expiryYear":"2031","activationData":"eyJ9"}`)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a scheme that is down: status %d, %s", w.Code, w.Body)
	}
	if _, err := manualsim.New(nil); walletport.ReasonOf(err) != "config_incomplete" {
		t.Errorf("without schemes: %v", err)
	}
}
