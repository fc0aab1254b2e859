package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/walletport/walletport"
)

// httpCall is one call of the API with what it costs in RSA.
type httpCall struct {
	name   string // as -only matches it
	title  string
	path   string // below /wallet, with the card's id
	scheme walletport.SchemeID
	body   func(material) any // nil sends none
	work   rsaWork
}

var httpCalls = []httpCall{
	{"call/issuerwallet-mastercard", "Issuer wallet, Mastercard", "v1/%d/provision/issuerwallet/bench-wallet", walletport.Mastercard, nil, pushWork},
	{"call/applepay-mastercard", "Apple Pay, Mastercard", "v1/%d/provision/applepay", walletport.Mastercard, passRequest, tavWork},
	{"call/applepay-visa", "Apple Pay, Visa", "v1/%d/provision/applepay", walletport.Visa, passRequest, noRSA},
	{"call/googlepay-mastercard", "Google Pay, Mastercard, with opaque card", "v1/%d/provision/googlepay", walletport.Mastercard, opaqueCardRequest, pushWork.plus(opcWork)},
	{"call/googlepay-visa", "Google Pay, Visa", "v1/%d/provision/googlepay", walletport.Visa, clientRequest, noRSA},
	{"call/samsungpay-mastercard", "Samsung Pay, Mastercard", "v1/%d/provision/samsungpay", walletport.Mastercard, clientRequest, pushWork},
	{"call/samsungpay-visa", "Samsung Pay, Visa", "v1/%d/provision/samsungpay", walletport.Visa, clientRequest, noRSA},
	{"call/activate-mastercard", "Activation, Mastercard", "v3/%d/activate", walletport.Mastercard, nil, tavWork},
}

// passRequest repeats what PassKit gave, with a nonce that no call had before.
func passRequest(m material) any {
	return map[string]any{"certificates": m.AppleCertificates, "nonce": randomHex(nonceBytes), "nonceSignature": m.NonceSignature}
}

func clientRequest(material) any {
	return map[string]any{
		"clientAppID": walletClient.AppID, "clientDeviceID": walletClient.DeviceID, "clientWalletAccountID": walletClient.WalletAccountID,
	}
}

func opaqueCardRequest(material) any {
	return map[string]any{"googleOpaquePaymentCardRequested": true, "serverSessionId": sessionID}
}

// of returns the call's target on a server.
func (c httpCall) of(r *running, m material) *target { return c.over([]*running{r}, m) }

// over is the call's target on servers in turn.
func (c httpCall) over(servers []*running, m material) *target {
	r := servers[0] // they have one client of their API
	t := &target{client: r.client, method: http.MethodPost, username: r.username, password: r.password}
	first := 1 + callCards.first(c.scheme)
	t.url = func(n int) string {
		return fmt.Sprintf("%s/wallet/"+c.path+"?auditUser=bench", servers[n%len(servers)].url, first+n%benchCards)
	}
	if c.body != nil {
		t.body = func(int) ([]byte, error) { return json.Marshal(c.body(m)) }
	}
	return t
}

// configText offers what httpCalls asks for, and more.
func configText(address, databaseURL, more string) string {
	return fmt.Sprintf(`http:
  listen: %s
  tls: {certificate_file: tls.pem, key_file: tls-key.pem}
database: {url: %q}
keys: {file: keystore.age, key_file: keystore.key}
api: {no_access_log: true, limits: {requests_per_second: -1, requests_per_minute: -1}}
wallet_providers:
  - {id: bench-wallet, display_name: Bench, token_requestor_id: "50199900001", scheme: MASTERCARD}
wallets:
  applepay: {root_files: [apple-root.pem], mastercard: {enabled: true}, visa: {enabled: true}}
  googlepay: {mastercard: {enabled: true}, visa: {enabled: true}}
  samsungpay: {mastercard: {enabled: true}, visa: {enabled: true}}
activation: {mastercard: {enabled: true}}
%s`, address, databaseURL, more)
}
