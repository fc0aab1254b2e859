package e2e_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// What the calls of the device wallets take. A nonce and its signature are hex of these.
const (
	nonceCanary     = "NONCE-CANARY-"
	signatureCanary = "SIGNATURE-CANARY-81"
	leafCanary      = "LEAF-CANARY-LABEL"
	appCanary       = "app-canary-20"
	deviceCanary    = "device-canary-20"
	accountCanary   = "account-canary-20"
	sessionCanary   = "ca4a4700-5e55-4104-8ca4-a4700cafe000"
	proofCanary     = "PROOF-CANARY-JTI"
	tokenCanary     = "DWSPMC0CANARY00000000000000000000000000000000001"
	visaPAN         = "4012888888881881" // of servedVisa
	visaName        = "MARY JACKSON"
)

var walletCanaries = []string{nonceCanary, signatureCanary, leafCanary, appCanary, deviceCanary, accountCanary, sessionCanary, proofCanary, tokenCanary, visaPAN, visaName}

// walletSecrets brings the canaries in on the calls of the device wallets.
type walletSecrets struct {
	*server
	chain  []string
	key    *ecdsa.PrivateKey // of the identity provider
	serial int
}

// mustCanaryProduction is a server whose second issuer asks for a step-up, with what is
// needed to call it.
func mustCanaryProduction(t *testing.T, databaseURL, config string) (*production, *walletSecrets) {
	t.Helper()
	apple := mustAuthority(t)
	p := mustWalletProduction(t, databaseURL, stepUpRule+config, apple)
	p.client = p.mustClient(t, "provision", "--scope", "activate", "--scope", "tokens:read", "--scope", "tokens:write", "--issuer", secondIssuer)
	w := &walletSecrets{key: mustECKey(t)}
	mustJWKS(t, filepath.Join(p.dir, "id.jwks"), w.key)
	leaf := apple.mustLeaf(t, func(c *x509.Certificate) { c.Subject.CommonName = leafCanary })
	w.chain = []string{leaf.der(), apple.sub.der()}
	return p, w
}

func (w *walletSecrets) request() members {
	w.serial++
	return members{
		"certificates": w.chain, "nonce": hex.EncodeToString(fmt.Appendf(nil, "%s%d", nonceCanary, w.serial)),
		"nonceSignature": hex.EncodeToString([]byte(signatureCanary)),
	}
}

var canaryClient = members{
	"clientAppID": appCanary, "clientDeviceID": deviceCanary, "clientWalletAccountID": accountCanary,
	"serverSessionId": sessionCanary, "googleOpaquePaymentCardRequested": true,
}

func (w *walletSecrets) proof(t *testing.T, walletName string) func(*http.Request) {
	t.Helper()
	return withHeader("Step-Up-Assertion", mustProof(t, w.key, proofFor(walletName).with(members{"jti": proofCanary})))
}

// mustSend makes good calls and bad ones. It returns what the good ones were answered,
// which nobody but the caller may have either.
func (w *walletSecrets) mustSend(t *testing.T) (answered []string) {
	t.Helper()
	for _, c := range w.goodCalls(t) {
		a := w.post(c.path, c.body, "canary-wallets", c.change)
		if a.code() != "ok" {
			t.Errorf("%s: %v", c.name, a)
			continue
		}
		wantNoCanary(t, "the answer to "+c.name, a.body+joined(a.header))
		for _, value := range mustJSON(t, []byte(a.body)) {
			text := value.(string)
			middle := len(text) / 2
			answered = append(answered, text[middle:middle+40])
		}
	}
	for _, c := range w.badCalls(t) {
		a := w.post(c.path, c.body, "leak-wallets", c.change)
		if a.err != nil || a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %v", c.name, a.status)
		}
		wantNoCanary(t, "the answer to "+c.name, a.body+joined(a.header))
	}
	return answered
}

// wantDigestOfNonce wants the first nonce to stand in the database, as its digest.
func wantDigestOfNonce(t *testing.T, content string) {
	t.Helper()
	digest := sha256.Sum256([]byte(nonceCanary + "1"))
	if !strings.Contains(content, string(digest[:])) {
		t.Error("the database does not hold the nonce's digest: there is nothing to look through")
	}
}

func (w *walletSecrets) goodCalls(t *testing.T) []badWalletCall {
	keep := func(*http.Request) {}
	var calls []badWalletCall
	for _, card := range []int64{8001, servedVisa} {
		calls = append(calls,
			badWalletCall{name: "Apple Pay", path: provisionPath(card, "applepay"), body: w.request(), change: keep},
			badWalletCall{name: "Google Pay", path: provisionPath(card, "googlepay"), body: canaryClient, change: keep},
			badWalletCall{name: "activation", path: fmt.Sprintf("/v3/%d/activate", card), body: members{"nonce": w.request()["nonce"]}, change: keep},
		)
	}
	return append(calls,
		badWalletCall{name: "Samsung Pay", path: provisionPath(8001, "samsungpay"), body: canaryClient, change: keep},
		badWalletCall{name: "the deprecated call", path: "/v2/8001/activate/mdes/tav2", body: members{"tokenUniqueReference": tokenCanary}, change: keep},
		badWalletCall{name: "a call with proof", path: provisionPath(steppedCard, "applepay"), body: w.request(), change: w.proof(t, "applepay")},
		badWalletCall{name: "a card number as nonce", path: provisionPath(servedVisa, "applepay"), body: w.request().with(members{"nonce": bodyPAN}), change: keep},
		badWalletCall{name: "proof where nobody asks", path: provisionPath(servedVisa, "applepay"), body: w.request(), change: w.proof(t, "applepay")},
	)
}

func (w *walletSecrets) badCalls(t *testing.T) []badWalletCall {
	keep := func(*http.Request) {}
	apple, google := provisionPath(servedVisa, "applepay"), provisionPath(servedVisa, "googlepay")
	used := w.request()
	used["nonce"] = hex.EncodeToString([]byte(nonceCanary + "1"))
	calls := []badWalletCall{
		{name: "a nonce that was used", path: apple, body: used, change: keep},
		{name: "proof for another wallet", path: provisionPath(steppedCard, "googlepay"), body: canaryClient, change: w.proof(t, "applepay")},
		{name: "a card number as proof", path: provisionPath(steppedCard, "googlepay"), body: canaryClient, change: withHeader("Step-Up-Assertion", headerPAN)},
		{name: "proof given twice", path: google, body: canaryClient, change: func(r *http.Request) {
			r.Header["Step-Up-Assertion"] = []string{headerPAN, headerPAN}
		}},
		{name: "a leaf alone", path: apple, body: w.request().with(members{"certificates": w.chain[:1]}), change: keep},
		{name: "ids and a card that are not", path: provisionPath(424242, "googlepay"), body: canaryClient, change: keep},
		{name: "a card number as token", path: "/v3/8001/activate", body: members{"tokenUniqueReference": bodyPAN + "|"}, change: keep},
		{name: "a body that is cut", path: apple, body: canaryClient, change: withBody(`{"nonce":"` + bodyPAN)},
	}
	for field, body := range map[string]members{"certificates": w.request(), "nonce": w.request(), "nonceSignature": w.request(), "clientAppID": canaryClient,
		"clientDeviceID": canaryClient, "clientWalletAccountID": canaryClient, "serverSessionId": canaryClient} {
		path, value := google, any(bodyPAN+"\x00")
		if body["nonce"] != nil {
			path, value = apple, strings.ToUpper(nonceCanary)+bodyPAN
		}
		calls = append(calls, badWalletCall{name: "a card number in " + field, path: path, body: body.with(members{field: value}), change: keep})
	}
	return calls
}
