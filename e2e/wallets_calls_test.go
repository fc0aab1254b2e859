package e2e_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const clientAppID = "acme-bank-app"

// wantPassOf opens an answer of the Apple Pay call.
func (s *sandbox) wantPassOf(t *testing.T, card sampleCard, request, got members) {
	t.Helper()
	decode := mustLowerHex
	if card.Scheme == "VISA" {
		decode = func(t *testing.T, text string) []byte { return mustBase64(t, base64.StdEncoding, text) }
	}
	pass := s.file.mustOpenPass(t, decode(t, got.text("encryptedPassData")), decode(t, got.text("ephemeralPublicKey")))
	for name, want := range map[string]any{
		"primaryAccountNumber": card.PAN, "expiration": card.ExpiryMonth + "/" + card.ExpiryYear[2:], "name": card.CardholderName,
		"nonce": request["nonce"], "nonceSignature": request["nonceSignature"],
	} {
		if pass[name] != want {
			t.Errorf("the pass has another %s", name)
		}
	}
	if len(pass) != 5 {
		t.Errorf("the pass has %d members", len(pass))
	}
	activation := got.text("activationData")
	if card.Scheme == "VISA" {
		s.wantMBPAC(t, activation, request.text("nonce"))
		return
	}
	s.file.wantTAV(t, activation, "3", card, "")
}

func (s *sandbox) wantMBPAC(t *testing.T, activationData, nonce string) {
	t.Helper()
	clear := s.file.mustOpenMBPAC(t, string(mustBase64(t, base64.StdEncoding, activationData)))
	if !regexp.MustCompile(`^nonce=` + nonce + `;authcode=[0-9A-Z]{6}$`).MatchString(clear) {
		t.Errorf("the MBPAC holds %q", clear)
	}
}

// wantPushOf opens digitizationData for either scheme.
func (s *sandbox) wantPushOf(t *testing.T, card sampleCard, request members, requestor, data string) {
	t.Helper()
	if card.Scheme == "MASTERCARD" {
		opened, tav := s.file.mustOpenIIDD(t, data)
		if opened.text("accountNumber") != card.PAN || opened.text("expiryMonth") != card.ExpiryMonth || opened.text("expiryYear") != card.ExpiryYear[2:] {
			t.Error("the digitization data are of another card")
		}
		s.file.wantTAV(t, tav, "3", card, "")
		return
	}
	header, opened := s.file.mustOpenPush(t, data)
	if header.text("kid") != s.file.VTS.PushKeyID || header.text("channelSecurityContext") != "SHARED_SECRET" || header.text("typ") != "JOSE" {
		t.Errorf("header %v", header)
	}
	expiry, _ := opened["expirationDate"].(map[string]any)
	provider, _ := opened["provider"].(map[string]any)
	if opened.text("accountNumber") != card.PAN || expiry["month"] != card.ExpiryMonth || expiry["year"] != card.ExpiryYear {
		t.Error("the push is of another card")
	}
	for name, want := range map[string]any{
		"clientWalletProvider": requestor, "intent": "PUSH_PROV_MOBILE",
		"clientAppID": request["clientAppID"], "clientDeviceID": request["clientDeviceID"], "clientWalletAccountID": request["clientWalletAccountID"],
	} {
		if provider[name] != want {
			t.Errorf("provider.%s is %v, want %v", name, provider[name], want)
		}
	}
}

// TestEveryWalletCall makes each call for each scheme that it serves, opens what comes
// back, hands it to the wallet, and spoils it for inspect. One sandbox serves all, for
// its keys take long to make.
func TestEveryWalletCall(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, t.TempDir(), "")
	for _, id := range []int64{mastercardCard, visaCard, -1, -2, -3, -4, -5, -6} {
		t.Run(fmt.Sprintf("Apple Pay, card %d", id), func(t *testing.T) { s.wantApplePay(t, id) })
	}
	for _, id := range []int64{mastercardCard, visaCard} {
		t.Run(fmt.Sprintf("Google Pay, card %d", id), func(t *testing.T) { s.wantGooglePay(t, id, false) })
		t.Run(fmt.Sprintf("Google Pay with the opaque card, card %d", id), func(t *testing.T) { s.wantGooglePay(t, id, true) })
		t.Run(fmt.Sprintf("Samsung Pay, card %d", id), func(t *testing.T) { s.wantSamsungPay(t, id) })
	}
	t.Run("an issuer wallet has no opaque card", func(t *testing.T) {
		s.caller().provision(mastercardCard, wallet, "calls-issuerwallet").mustMembers(t, "digitizationData")
	})
	t.Run("activation", s.wantActivations)
	tr := mustExport(t, s.at())
	if n := tr.count("calls-"); n != 15+8 {
		t.Errorf("%d records of good calls, want 23", n)
	}
	for _, r := range tr.records {
		if good := strings.HasPrefix(r.RequestID, "calls-"); good && (r.Outcome != "ok" || len(r.KeyVersions) == 0) {
			t.Errorf("record %+v", r)
		}
	}
	mustVerify(t, s.at(), tr)
	t.Run("faults", s.wantFaultsNamed)
}

func (s *sandbox) wantApplePay(t *testing.T, id int64) {
	card, request := s.file.mustCard(t, id), s.mustAsk(t, "applepay")
	a := s.caller().post(provisionPath(id, "applepay"), request, fmt.Sprintf("calls-applepay%d", id))
	got := a.mustMembers(t, "activationData", "encryptedPassData", "ephemeralPublicKey")
	s.wantPassOf(t, card, request, got)
	s.mustHandOn(t, "applepay", got, card)
	wantInspected(t, s, a.body, card)
}

func (s *sandbox) wantGooglePay(t *testing.T, id int64, opaque bool) {
	card, request := s.file.mustCard(t, id), s.mustAsk(t, "googlepay")
	request["clientAppID"] = clientAppID
	names := []string{"digitizationData"}
	if opaque {
		request["googleOpaquePaymentCardRequested"] = true
		names = append(names, "googleOpaquePaymentCard")
	}
	a := s.caller().post(provisionPath(id, "googlepay"), request, fmt.Sprintf("calls-googlepay%d-%t", id, opaque))
	got := a.mustMembers(t, names...)
	requestor := "40010075001" // Google Pay's at Visa
	s.wantPushOf(t, card, request, requestor, got.text("digitizationData"))
	if opaque {
		wantOpaqueCard(t, mustOpenOpaque(t, s.file, got.text("googleOpaquePaymentCard")), card, request.text("serverSessionId"))
	}
	s.mustHandOn(t, "googlepay", got.with(request), card)
	wantInspected(t, s, a.body, card)
}

func (s *sandbox) wantSamsungPay(t *testing.T, id int64) {
	card, request := s.file.mustCard(t, id), s.mustAsk(t, "samsungpay")
	request["clientAppID"] = clientAppID
	a := s.caller().post(provisionPath(id, "samsungpay"), request, fmt.Sprintf("calls-samsungpay%d", id))
	got := a.mustMembers(t, "digitizationData")
	requestor := "40010043095" // Samsung Pay's at Visa
	s.wantPushOf(t, card, request, requestor, got.text("digitizationData"))
	s.mustHandOn(t, "samsungpay", got.with(request), card)
	wantInspected(t, s, a.body, card)
}
