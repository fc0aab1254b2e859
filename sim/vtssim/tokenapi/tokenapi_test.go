package tokenapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/vtssim/tokenapi"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

func TestListOfACard(t *testing.T) {
	w := newWorld(t, nil)
	first, inApple, other := googlePay(testPAN), googlePay(testPAN), googlePay(otherPAN)
	inApple.TokenRequestorID, inApple.Wallet, inApple.NeedsStepUp = apple, "applepay", true
	one, two, three := provision(t, w.vault, first), provision(t, w.vault, inApple), provision(t, w.vault, other)
	item := func(token tokenvault.Token, kind string) any {
		return members{
			"tokenRequestorID": token.TokenRequestorID, "tokenReferenceID": token.TokenReferenceID, "panReferenceID": token.PANReferenceID, "tokenType": kind,
			"tokenStatus": string(token.Status), "lastFourOfPAN": token.LastFourOfPAN, "panSource": "KEY_ENTERED", "clientWalletAccountID": token.TokenRequestorName + "-account",
		}
	}
	ofCard := []any{item(one, "HCE"), item(two, "SECURE_ELEMENT")}
	cases := []struct {
		name string
		step step
		want []any
	}{
		{"by number", w.list(step{"seal": cardInfo(testPAN)}), ofCard},
		{"the other spelling", w.list(step{"seal": strings.Replace(cardInfo(testPAN), "holder", "Holder", 1)}), ofCard},
		{"headers with as little as they need", w.list(step{"seal": cardInfo(testPAN), "inner": step{"iat": "1700000000"}, "bareHeaders": true}), ofCard},
		{"by reference", w.list(step{"body": `{"panReferenceID":"` + one.PANReferenceID + `"}`}), ofCard},
		{"another card", w.list(step{"seal": cardInfo(otherPAN)}), []any{item(three, "HCE")}},
		{"a card without tokens", w.list(step{"seal": cardInfo("4012888888881881")}), []any{}},
		{"apikey in lower case", step{"method": "POST", "url": w.URL + "/sandbox/vts/api/vtis/v1/pan/retrieveTokenInfo?apikey=" + testAPIKey, "path": "vtis/v1/pan/retrieveTokenInfo", "seal": cardInfo(testPAN)}, ofCard},
	}
	steps := make([]step, len(cases))
	for i, c := range cases {
		steps[i] = c.step
	}
	for i, got := range ask(t, steps...) {
		t.Run(cases[i].name, func(t *testing.T) {
			var said struct{ TokenDetails []any }
			if err := json.Unmarshal([]byte(got.Body), &said); err != nil || got.Status != http.StatusOK {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if diff := cmp.Diff(cases[i].want, said.TokenDetails); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
			if strings.Contains(got.Body, testPAN) {
				t.Error("the answer holds the card number")
			}
		})
	}
}

func TestAnUnknownCardByProfile(t *testing.T) {
	w := newWorld(t, func(c *tokenapi.Config) { c.RefuseUnknownCard = true })
	if got := ask(t, w.list(step{"seal": cardInfo(testPAN)}))[0]; got.Status != http.StatusNotFound || got.reason(t) != "VSE40003" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestListsThatAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	sealed := func(more step) step {
		s := w.list(step{"seal": cardInfo(testPAN)})
		maps.Copy(s, more)
		return s
	}
	cases := []struct {
		name, reason string
		step         step
	}{
		{"neither card nor reference", "VSE40001", w.list(step{"body": `{}`})},
		{"both", "VSE40000", sealed(step{"body": `{"panReferenceID":"` + token.PANReferenceID + `"}`})},
		{"a reference that is a number", "VSE40000", w.list(step{"body": `{"panReferenceID":1}`})},
		{"no JSON", "invalidRequest", w.list(step{"body": `panReferenceID`})},
		{"a member twice", "invalidRequest", w.list(step{"body": `{"panReferenceID":"a","panReferenceID":"b"}`})},
		{"noise as encryptedData", "VSE40010", w.list(step{"body": `{"encryptedData":"a.b.c"}`})},
		{"too long", "VSE40000", w.list(step{"body": `{"encryptedData":"` + strings.Repeat("A", 7001) + `"}`})},
		{"a JWE without a JWS", "VSE40010", sealed(step{"bare": true})},
		{"a cut signature", "VSE40010", sealed(step{"cut": 4})},
		{"a signature with more behind it", "VSE40010", sealed(step{"pad": 4})},
		{"signed by a stranger", "VSE40010", sealed(step{"signer": privatePEM(t, stranger())})},
		{"signed by another key id", "VSE40010", sealed(step{"outer": step{"kid": "other"}})},
		{"RS256", "VSE40010", sealed(step{"outer": step{"alg": "RS256"}})},
		{"another content type", "VSE40010", sealed(step{"outer": step{"cty": "JWT"}})},
		{"encrypted to a stranger", "VSE40010", sealed(step{"recipient": publicPEM(t, stranger())})},
		{"encrypted to another key id", "VSE40010", sealed(step{"inner": step{"kid": "other"}})},
		{"A128GCM", "VSE40010", sealed(step{"inner": step{"enc": "A128GCM"}})},
		{"RSA-OAEP", "VSE40010", sealed(step{"inner": step{"alg": "RSA-OAEP"}})},
		{"sealed text", "VSE40000", sealed(step{"seal": testPAN})},
		{"no number", "VSE40001", sealed(step{"seal": `{"cardholderInfo":{}}`})},
		{"no holder", "VSE40001", sealed(step{"seal": `{"primaryAccountNumber":"` + testPAN + `"}`})},
		{"a number without its check digit", "VSE40000", sealed(step{"seal": cardInfo("4111111111111112")})},
	}
	steps := make([]step, len(cases))
	for i, c := range cases {
		steps[i] = c.step
	}
	for i, got := range ask(t, steps...) {
		if reason := got.reason(t); got.Status != http.StatusBadRequest || reason != cases[i].reason {
			t.Errorf("%s: %d %s", cases[i].name, got.Status, got.Body)
		}
	}
}

// members of the details' sealed part, where numbers and strings are both read.
type sealedDetails struct {
	TokenInfo struct {
		Token, TokenType, TokenStatus, TokenActivationDate, TokenDeactivationDate, LastTokenStatusUpdatedTime string
		TokenExpirationDate                                                                                   struct{ Month, Year any }
		NumberOfActiveTokensForPAN, NumberOfSuspendedTokensForPAN                                             int
	}
	DeviceInfo struct{ DeviceID, DeviceType, DeviceName string }
}

func (a answer) sealed(t *testing.T) (s sealedDetails) {
	t.Helper()
	if a.Status != http.StatusOK || a.Opened == nil || a.Opened.Fault != "" {
		t.Fatalf("%d %s, opened %+v", a.Status, a.Body, a.Opened)
	}
	if err := json.Unmarshal([]byte(a.Opened.Plaintext), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDetails(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	bind := operation("TOKEN_DEVICE_BINDING_APPROVE")
	bind["deviceInfo"] = members{"deviceID": "0123", "deviceIndex": "1"}
	more := w.details(token)
	more["url"] = more["url"].(string) + "&deviceBindingInfo=true&cardHolderVerificationRetrieve=true"
	answers := ask(t, w.details(token), w.lifecycle(t, token, bind), w.lifecycle(t, token, operation("CARDHOLDER_STEPUP_CALL_CENTER")), more)
	got := answers[0].sealed(t)
	if number := got.TokenInfo.Token; !walletport.IsPAN(number) || strings.Contains(answers[0].Body, number) {
		t.Errorf("token number %q", number)
	}
	if got.TokenInfo.TokenStatus != "ACTIVE" || got.TokenInfo.TokenType != "HCE" || got.TokenInfo.NumberOfActiveTokensForPAN != 1 || got.DeviceInfo.DeviceID != "3458604036415c7c4b1a24c6" {
		t.Errorf("details %+v", got)
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", got.TokenInfo.TokenActivationDate); err != nil || at.Sub(token.CreatedAt).Abs() > time.Millisecond {
		t.Errorf("activated at %s, %v", got.TokenInfo.TokenActivationDate, err)
	}
	wantOuter := members{"alg": "PS256", "typ": "JOSE", "kid": "715EA257", "cty": "JWE"}
	if diff := cmp.Diff(wantOuter, answers[0].Opened.Outer); diff != "" {
		t.Errorf("signed header (-want +got):\n%s", diff)
	}
	if inner := answers[0].Opened.Inner; inner["alg"] != "RSA-OAEP-256" || inner["enc"] != "A256GCM" || inner["kid"] != "issuer-reader" {
		t.Errorf("encrypted header %v", inner)
	}
	var beside struct {
		PANReferenceID, LastFourOfPAN string
		DeviceBindingInfoList         []struct{ DeviceID, DeviceIndex string }
		CardholderVerificationList    []struct {
			LifeCycleTraceID int64
			Status           string
		}
	}
	if err := json.Unmarshal([]byte(answers[3].Body), &beside); err != nil {
		t.Fatal(err)
	}
	if beside.PANReferenceID != token.PANReferenceID || beside.LastFourOfPAN != "1111" || len(beside.DeviceBindingInfoList) != 1 || beside.DeviceBindingInfoList[0].DeviceID != "0123" ||
		len(beside.CardholderVerificationList) != 1 || beside.CardholderVerificationList[0].Status != "APPROVED" || beside.CardholderVerificationList[0].LifeCycleTraceID < 1e14 {
		t.Errorf("beside it: %s", answers[3].Body)
	}
	if strings.Contains(answers[0].Body, "BindingInfoList") {
		t.Error("a list that nobody asked for")
	}
}

func TestTokensThatThereAreNot(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	unknown, elsewhere := token, token
	unknown.TokenReferenceID, elsewhere.TokenRequestorID = "DNITHE000000000000000000", apple
	for i, got := range ask(t, w.details(unknown), w.details(elsewhere), w.lifecycle(t, unknown, operation("SUSPEND")), w.lifecycle(t, elsewhere, operation("SUSPEND"))) {
		if got.Status != http.StatusNotFound || got.reason(t) != "VSE40003" {
			t.Errorf("%d: %d %s", i, got.Status, got.Body)
		}
	}
	if s := w.story(t, token); s.Status != "ACTIVE" || len(s.History) != 1 {
		t.Errorf("the story is %+v", s)
	}
}

// Over many answers every spelling is met, and each reads as the same token: its device type
// stays.
func TestSpellings(t *testing.T) {
	w := newWorld(t, func(c *tokenapi.Config) { c.Seed = 7 })
	var steps []step
	for range 24 {
		token := provision(t, w.vault, googlePay(testPAN))
		steps = append(steps, w.details(token), w.details(token))
	}
	met, before := map[string]bool{}, ""
	for i, got := range ask(t, steps...) {
		s := got.sealed(t)
		if i%2 == 1 && s.DeviceInfo.DeviceType != before {
			t.Errorf("the device type of a token was %s and is %s", before, s.DeviceInfo.DeviceType)
		}
		before = s.DeviceInfo.DeviceType
		met[fmt.Sprintf("year %T", s.TokenInfo.TokenExpirationDate.Year)] = true
		met[fmt.Sprintf("iat %T", got.Opened.Inner["iat"])] = true
		met[s.DeviceInfo.DeviceType] = true
		met[s.DeviceInfo.DeviceName] = true
	}
	want := []string{"Ada's phone", "MOBILE_PHONE", "PHONE", "QWRhJ3MgcGhvbmU=", "iat float64", "iat string", "year float64", "year string"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(met))); diff != "" {
		t.Errorf("spellings (-want +got):\n%s", diff)
	}
}
