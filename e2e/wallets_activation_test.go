package e2e_test

import (
	"net/http"
	"testing"
)

// wantActivations makes activation data for cards that were typed into a wallet by
// hand.
func (s *sandbox) wantActivations(t *testing.T) {
	mastercard, visa := s.file.mustCard(t, mastercardCard), s.file.mustCard(t, visaCard)
	const token, nonce = "DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45", "75ebe155"
	ofToken := members{"tokenUniqueReference": token}
	call := s.caller().post
	for _, c := range []struct {
		name, path string
		body       any
		version    string
		token      string
		deprecated bool
	}{
		{"version 3", "/v3/1001/activate", nil, "3", "", false},
		{"version 3 with a token", "/v3/1001/activate", ofToken, "2", token, false},
		{"version 3 with a nonce that Mastercard does not need", "/v3/1001/activate", members{"nonce": nonce}, "3", "", false},
		{"version 2 is deprecated", "/v2/1001/activate/mdes/tav2", nil, "2", "", true},
		{"version 2 with a token", "/v2/1001/activate/mdes/tav2", ofToken, "2", token, true},
		{"version 1 is deprecated", "/v1/1001/activate/mdes/tav2", nil, "2", "", true},
		{"version 1 with a token", "/v1/1001/activate/mdes/tav2", ofToken, "2", token, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(c.path, c.body, requestIDOf("calls-"+c.name))
			s.file.wantTAV(t, a.mustMembers(t, "activationData").text("activationData"), c.version, mastercard, c.token)
			if got := a.header.Get("Deprecation") != "" && a.header.Get("Link") != ""; got != c.deprecated {
				t.Errorf("said to be deprecated: %t, want %t", got, c.deprecated)
			}
			wantInspected(t, s, a.body, mastercard)
		})
	}
	t.Run("Visa with a nonce", func(t *testing.T) {
		a := call("/v3/1006/activate", members{"nonce": nonce}, "calls-visa")
		s.wantMBPAC(t, a.mustMembers(t, "activationData").text("activationData"), nonce)
		wantInspected(t, s, a.body, visa)
	})
	for _, c := range []struct {
		name, path string
		body       any
		status     int
		code       string
	}{
		{"Visa without a nonce", "/v3/1006/activate", nil, http.StatusForbidden, "activation_needs_nonce"},
		{"Visa with the nonce again", "/v3/1006/activate", members{"nonce": nonce}, http.StatusConflict, "nonce_reused"},
		{"Visa in the deprecated version 2", "/v2/1006/activate/mdes/tav2", nil, http.StatusForbidden, "scheme_mismatch"},
		{"Visa in the deprecated version 1", "/v1/1006/activate/mdes/tav2", nil, http.StatusForbidden, "scheme_mismatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantRefused(t, call(c.path, c.body, requestIDOf(c.name)), badCall{status: c.status, code: c.code})
		})
	}
}
