package e2e_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// The cards of a sandbox that go into the device wallets.
const (
	mastercardCard = 1001
	visaCard       = 1006
)

// members is a JSON object on its way between app, issuer and wallet.
type members map[string]any

// with returns a copy with other members, and without those that are nil.
func (m members) with(changes members) members {
	changed := maps.Clone(m)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}

func (m members) text(name string) string {
	text, _ := m[name].(string)
	return text
}

// mustMembers reads an answer that must be good and have exactly these members.
func (a answer) mustMembers(t *testing.T, names ...string) members {
	t.Helper()
	var got members
	if err := json.Unmarshal([]byte(a.body), &got); a.status != http.StatusOK || err != nil {
		t.Fatalf("no good answer: %v", a)
	}
	for _, name := range names {
		if got.text(name) == "" {
			t.Errorf("%s is missing or empty: %v", name, a)
		}
	}
	if len(got) != len(names) {
		t.Errorf("%d members, want %q", len(got), names)
	}
	return got
}

// atWallet calls the front door of a simulated wallet, as the app does.
func (s *sandbox) atWallet(t *testing.T, path string, body members) answer {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.file.SandboxURL+"/wallets/"+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return s.caller().do(r)
}

// firstWords are what a wallet gives the app before anything else.
var firstWords = map[string]string{"applepay": "request", "googlepay": "session", "samsungpay": "device"}

// mustAsk gets what the wallet gives the app: Apple's certificates and nonce, or the
// ids of a device.
func (s *sandbox) mustAsk(t *testing.T, walletName string) members {
	t.Helper()
	var given members
	a := s.atWallet(t, walletName+"/"+firstWords[walletName], nil)
	if err := json.Unmarshal([]byte(a.body), &given); err != nil || a.status != http.StatusOK {
		t.Fatalf("%s gives the app nothing: %v", walletName, a)
	}
	return given
}

// mustHandOn gives an answer to the wallet, which must take it and show a token of
// the card.
func (s *sandbox) mustHandOn(t *testing.T, walletName string, handed members, card sampleCard) {
	t.Helper()
	s.wantCardInClearRefused(t, walletName, handed, card)
	lastFour := card.PAN[12:]
	var found struct {
		Accepted   bool    `json:"accepted"`
		FirstFault any     `json:"firstFault"`
		Token      members `json:"token"`
	}
	a := s.atWallet(t, walletName+"/add", handed)
	if err := json.Unmarshal([]byte(a.body), &found); err != nil || !found.Accepted {
		t.Fatalf("%s refused, %v: %v", walletName, found.FirstFault, a)
	}
	status := found.Token.text("status") + found.Token.text("tokenStatus")
	suffix := found.Token.text("accountPanSuffix") + found.Token.text("lastFourOfPAN")
	if status != "ACTIVE" || suffix != lastFour {
		t.Errorf("%s made a token of %s that is %s, want %s ACTIVE", walletName, suffix, status, lastFour)
	}
}

// wantCardInClearRefused hands on a good answer with the card beside it, which the
// wallet refuses before it looks at anything else.
func (s *sandbox) wantCardInClearRefused(t *testing.T, walletName string, handed members, card sampleCard) {
	t.Helper()
	groups := strings.Join([]string{card.PAN[:4], card.PAN[4:8], card.PAN[8:12], card.PAN[12:]}, " ")
	for name, value := range map[string]string{"comment": groups, "cardholderName": card.CardholderName, "deviceId": card.PAN} {
		a := s.atWallet(t, walletName+"/add", handed.with(members{name: value}))
		var found report
		if err := json.Unmarshal([]byte(a.body), &found); err != nil || found.FirstFault == nil || found.FirstFault.Code != "clear_card_data" {
			t.Errorf("%s with the card in clear as %s: %v", walletName, name, a)
		}
		if strings.Contains(a.body, card.PAN) {
			t.Errorf("%s shows a whole PAN", walletName)
		}
	}
}

// appleRequest is a request as an app makes it, with a nonce of its own.
func appleRequest(certificates []string) members {
	return members{"certificates": certificates, "nonce": randomHex(8), "nonceSignature": "40" + randomHex(80)}
}

// chain is Apple's in a sandbox, as an app sends it: leaf first.
func (f sandboxFile) chain() []string {
	return []string{derOf(f.Apple.LeafCertificate), derOf(f.Apple.SubCACertificate)}
}

// derOf is the base64 of what stands in the PEM.
func derOf(text string) string {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

// randomHex draws n bytes, in lower-case hex.
func randomHex(n int) string {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

func provisionPath(card int64, walletName string) string {
	return fmt.Sprintf("/v1/%d/provision/%s", card, walletName)
}
