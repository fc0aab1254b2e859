package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
)

// TestAnIssuerTurnsActivationOff: its list of wallets does not.
func TestAnIssuerTurnsActivationOff(t *testing.T) {
	for _, c := range []struct {
		section          string
		pushed, activate int
		detail           string
	}{
		{"{wallets: [none]}", http.StatusForbidden, http.StatusOK, "the card's issuer does not offer this wallet"},
		{"{no_activation: true}", http.StatusOK, http.StatusForbidden, "the card's issuer does not offer activation"},
	} {
		t.Run(c.section, func(t *testing.T) {
			box := runSandbox(t, folderWith(t, "issuers: {acme: "+c.section+"}\n"))
			for path, want := range map[string]int{"v1/1001/provision/issuerwallet/acme-wallet": c.pushed, "v3/1001/activate": c.activate} {
				status, answer := post(t, box, box.File.BaseURL+"/"+path+"?auditUser=ada", nil)
				if status != want || status == http.StatusForbidden && (answer["code"] != "card_not_eligible" || answer["detail"] != c.detail) {
					t.Errorf("%s: status %d, %v; want %d", path, status, answer, want)
				}
			}
		})
	}
}

// TestAnIssuersSectionCountsInBothFlows has a card that expires at the end of the month.
func TestAnIssuersSectionCountsInBothFlows(t *testing.T) {
	box := runSandbox(t, folderWith(t, "issuers:\n  acme: {days_before_expiry: 60, wallets: [googlepay, acme-wallet]}\n"))
	const lasting, ending = 1001, 1042
	pan, err := walletport.ParsePAN("4012888888881881")
	must(t, err)
	must(t, storeCard(t.Context(), box.Vault, ending, pan, time.Now().UTC()))
	session := func(wallet, first string) object { return maps.Clone(askWallet(t, box, wallet+"/"+first)) }
	for _, c := range []struct {
		name, path string
		card       int
		request    object
		status     int
		detail     string
	}{
		{"a wallet that the issuer offers", "provision/googlepay", lasting, session("googlepay", "session"), http.StatusOK, ""},
		{"its own wallet", "provision/issuerwallet/acme-wallet", lasting, nil, http.StatusOK, ""},
		{"a wallet that it does not offer", "provision/samsungpay", lasting, session("samsungpay", "device"), http.StatusForbidden, "the card's issuer does not offer this wallet"},
		{"a card that ends soon", "provision/googlepay", ending, session("googlepay", "session"), http.StatusForbidden, "the card expires within 60 days"},
		{"activation", "activate", lasting, nil, http.StatusOK, ""},
		{"activation of a card that ends soon", "activate", ending, object{"nonce": "aaaaaaaa"}, http.StatusForbidden, "the card expires within 60 days"},
	} {
		t.Run(c.name, func(t *testing.T) {
			version := "v1"
			if c.path == "activate" {
				version = "v3"
			}
			status, answer := post(t, box, fmt.Sprintf("%s/%s/%d/%s?auditUser=ada", box.File.BaseURL, version, c.card, c.path), c.request)
			detail, _ := answer["detail"].(string)
			if status != c.status || !strings.HasPrefix(detail, c.detail) || status == http.StatusForbidden && answer["code"] != "card_not_eligible" {
				t.Errorf("status %d, %v; want %d, %q", status, answer, c.status, c.detail)
			}
		})
	}
	box.InspectCondition(t.Context())
	for _, w := range box.Warnings() {
		if w.Code == "offer_unavailable" {
			t.Errorf("warned of %s", w.Message)
		}
	}
}
