package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/provisioning"
)

// A session id as Google's SDK makes them, and an app id of the longest kind.
const (
	sessionID = "3d1f7b52-8a2e-4c6d-9b10-6a5f0f5d2c77"
	appID     = "f8e1a6b0-3c55-4a53-9c2e-0f6f4b0b8a11"
)

const (
	appleBody   = `{"certificates":["bGVhZg==","c3ViQ0E="],"nonce":"9b1c4e6f","nonceSignature":"405a1c7e9d"}`
	googleBody  = `{"clientAppID":"` + appID + `","clientDeviceID":"dev-1","clientWalletAccountID":"acc-1","googleOpaquePaymentCardRequested":true,"serverSessionId":"` + sessionID + `"}`
	samsungBody = `{"clientAppID":"` + appID + `","clientDeviceID":"dev-1","clientWalletAccountID":"acc-1"}`
)

// walletCall is a call with a body, as a good caller sends it.
type walletCall struct {
	name       string // the operationId
	path       string // with {cardId}
	body       string
	needsBody  bool
	action     walletport.Action
	wallet     string
	deprecated bool
}

var walletCalls = []walletCall{
	{name: "provisionApplepay", path: "/v1/{cardId}/provision/applepay", body: appleBody, needsBody: true, action: walletport.ActionProvision(walletport.ApplePay), wallet: "applepay"},
	{name: "provisionGooglepay", path: "/v1/{cardId}/provision/googlepay", body: googleBody, action: walletport.ActionProvision(walletport.GooglePay), wallet: "googlepay"},
	{name: "provisionSamsungpay", path: "/v1/{cardId}/provision/samsungpay", body: samsungBody, action: walletport.ActionProvision(walletport.SamsungPay), wallet: "samsungpay"},
	{name: "activate", path: "/v3/{cardId}/activate", body: `{"nonce":"9b1c4e6f","tokenUniqueReference":"DWSPMC0"}`, action: walletport.ActionActivate},
	{name: "activateMdesTav2V1", path: "/v1/{cardId}/activate/mdes/tav2", body: `{"tokenUniqueReference":"DWSPMC0"}`, action: walletport.ActionActivateTAV2, deprecated: true},
	{name: "activateMdesTav2V2", path: "/v2/{cardId}/activate/mdes/tav2", body: `{"tokenUniqueReference":"DWSPMC0"}`, action: walletport.ActionActivateTAV2, deprecated: true},
}

func (c walletCall) at(card, query string) string {
	return "/wallet" + strings.ReplaceAll(c.path, "{cardId}", card) + query
}

const byAda = "?auditUser=ada%40bank.example"

func (c walletCall) good() string { return c.at("42", byAda) }

// mustPost returns a request with a JSON body; an empty one has no content type.
func (h *house) mustPost(t testing.TB, target, body string) *http.Request {
	t.Helper()
	r := h.mustRequest(t, http.MethodPost, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func TestWalletCalls(t *testing.T) {
	const card, user = walletport.CardID(42), walletport.AuditUser("ada@bank.example")
	client := provisioning.Client{AppID: appID, DeviceID: "dev-1", WalletAccountID: "acc-1"}
	const digitized, activated, activated2 = `{"digitizationData":"` + goodData + `"}`, `{"activationData":"YWN0"}`, `{"activationData":"dGF2Mg=="}`
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name   string
		call   walletCall
		body   string
		want   any
		answer string
	}{
		{
			"Apple Pay", walletCalls[0], appleBody,
			provisioning.ApplePayRequest{CardID: card, AuditUser: user, Certificates: []string{"bGVhZg==", "c3ViQ0E="}, Nonce: "9b1c4e6f", NonceSignature: "405a1c7e9d"},
			`{"activationData":"YWN0","encryptedPassData":"cGFzcw==","ephemeralPublicKey":"a2V5"}`,
		},
		{
			"Apple Pay with members in another order, and more of them", walletCalls[0],
			`{"more":{"nonce":1},"nonceSignature":"05","nonce":"01","certificates":[],"Nonce":null}`,
			provisioning.ApplePayRequest{CardID: card, AuditUser: user, Certificates: []string{}, Nonce: "01", NonceSignature: "05"},
			`{"activationData":"YWN0","encryptedPassData":"cGFzcw==","ephemeralPublicKey":"a2V5"}`,
		},
		{
			"Google Pay", walletCalls[1], googleBody,
			provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.GooglePay, Client: client, OpaquePaymentCardRequested: true, ServerSessionID: sessionID},
			`{"digitizationData":"` + goodData + `","googleOpaquePaymentCard":"b3Bj"}`,
		},
		{"Google Pay without a body", walletCalls[1], "", provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.GooglePay}, digitized},
		{"Google Pay with an empty object", walletCalls[1], "{}", provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.GooglePay}, digitized},
		{
			"Google Pay with a session id that counts for nothing", walletCalls[1], `{"serverSessionId":"no uuid"}`,
			provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.GooglePay, ServerSessionID: "no uuid"}, digitized,
		},
		{
			"an app id over 36 is for the flow to refuse", walletCalls[1], `{"clientAppID":"` + appID + `x"}`,
			provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.GooglePay, Client: provisioning.Client{AppID: appID + "x"}}, digitized,
		},
		{"Samsung Pay", walletCalls[2], samsungBody, provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.SamsungPay, Client: client}, digitized},
		{"Samsung Pay without a body", walletCalls[2], "", provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.SamsungPay}, digitized},
		{"activation without a body", walletCalls[3], "", activation.Request{CardID: card, AuditUser: user}, activated},
		{
			"activation with a nonce and a token", walletCalls[3], walletCalls[3].body,
			activation.Request{CardID: card, AuditUser: user, Nonce: "9b1c4e6f", TokenUniqueReference: "DWSPMC0"}, activated,
		},
		{"TAV version 2, first call", walletCalls[4], "", tav2Request{CardID: card, AuditUser: user}, activated2},
		{"TAV version 2, first call, with a token", walletCalls[4], walletCalls[4].body, tav2Request{CardID: card, AuditUser: user, TokenUniqueReference: "DWSPMC0"}, activated2},
		{"TAV version 2, second call", walletCalls[5], walletCalls[5].body, tav2Request{CardID: card, AuditUser: user, TokenUniqueReference: "DWSPMC0"}, activated2},
		{"TAV version 2 takes no nonce", walletCalls[5], `{"nonce":"9b"}`, tav2Request{CardID: card, AuditUser: user}, activated2},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.flow.calls = nil
			r := h.mustPost(t, c.call.good(), c.body)
			w := h.do(r)
			if w.Code != http.StatusOK || w.Body.String() != c.answer {
				t.Fatalf("answer %d %s, want %s", w.Code, w.Body.String(), c.answer)
			}
			wantSpecified(t, r, w)
			if diff := cmp.Diff([]any{c.want}, h.flow.calls); diff != "" {
				t.Errorf("the flow was called with (-want +got):\n%s", diff)
			}
			if records := h.trail.Take(); len(records) != 0 {
				t.Errorf("the door recorded what the flow records: %+v", records)
			}
		})
	}
}

func TestHarmlessBodiesPass(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name, body  string
		contentType string
		change      func(*http.Request)
	}{
		{"with a charset", googleBody, "application/json; charset=UTF-8", nil},
		{"in another case", googleBody, "Application/JSON", nil},
		{"with space around", " \r\n\t{} \n", "application/json", nil},
		{"of unknown length", googleBody, "application/json", func(r *http.Request) { r.ContentLength = -1 }},
		{"none, of unknown length", "", "", func(r *http.Request) { r.ContentLength = -1 }},
		{"none, with a content type", "", "text/csv", nil},
		{"identity coding", googleBody, "application/json", func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }},
		{"an escaped name", `{"client\u0044eviceID":"dev-1"}`, "application/json", nil},
		{"an unknown member twice", `{"a":1,"a":2}`, "application/json", nil},
		{"the largest body", `{"a":"` + strings.Repeat("x", 64<<10-8) + `"}`, "application/json", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.mustPost(t, walletCalls[1].good(), c.body)
			r.Header.Set("Content-Type", c.contentType)
			if c.contentType == "" {
				r.Header.Del("Content-Type")
			}
			if c.change != nil {
				c.change(r)
			}
			if w := h.do(r); w.Code != http.StatusOK {
				t.Errorf("answer %d %s", w.Code, w.Body.String())
			}
		})
	}
}

// TestDeprecatedCalls: whoever still calls them is told so in every answer.
func TestDeprecatedCalls(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range walletCalls {
		refused := h.mustPost(t, c.good(), "")
		refused.Header.Del("Authorization")
		for what, r := range map[string]*http.Request{"success": h.mustPost(t, c.good(), c.body), "refusal": refused} {
			t.Run(c.name+", "+what, func(t *testing.T) {
				w := h.do(r)
				since, link := w.Header().Get("Deprecation"), w.Header().Get("Link")
				if !c.deprecated && (since != "" || link != "") {
					t.Errorf("Deprecation %q, Link %q of a current call", since, link)
				}
				if c.deprecated && (since != "@1767225600" || link != `</docs#tag/Activation-data/operation/activate>; rel="successor-version"`) {
					t.Errorf("Deprecation %q, Link %q", since, link)
				}
			})
		}
	}
}

func TestStepUpReachesTheFlow(t *testing.T) {
	h := mustHouse(t, nil)
	long := strings.Repeat("a", 8<<10)
	calls := append([]walletCall{{name: "provisionIssuerwallet", path: "/v1/{cardId}/provision/issuerwallet/acme-wallet", action: walletport.ActionProvision(walletport.IssuerWallet), wallet: "acme-wallet"}}, walletCalls...)
	for _, call := range calls {
		for _, c := range []struct {
			name  string
			given []string
			want  string
			code  string
		}{
			{name: "none"},
			{name: "an empty one", given: []string{""}},
			{name: "one", given: []string{"eyJ.eyJ.c2ln"}, want: "eyJ.eyJ.c2ln"},
			{name: "one of 8 KiB", given: []string{long}, want: long},
			{name: "a longer one", given: []string{long + "a"}, code: "step_up_too_long"},
			{name: "two", given: []string{"eyJ.eyJ.c2ln", "eyJ.eyJ.c2ln"}, code: "step_up_repeated"},
		} {
			t.Run(call.name+", "+c.name, func(t *testing.T) {
				h.trail.Take()
				h.flow.calls = nil
				r := h.mustPost(t, call.good(), call.body)
				r.Header["Step-Up-Assertion"] = c.given
				w := h.do(r)
				if c.code != "" {
					p := wantProblem(t, r, w, http.StatusBadRequest, c.code)
					if len(p.Errors) != 1 || p.Errors[0].Field != "Step-Up-Assertion" || len(h.flow.calls) != 0 {
						t.Errorf("errors %+v, %d calls of the flow", p.Errors, len(h.flow.calls))
					}
					record := &walletport.AuditRecord{ClientID: h.client.id, CardID: 42, Wallet: call.wallet, AuditUser: "ada@bank.example", Action: call.action}
					wantRecord(t, h.trail.Take(), record, c.code, p.RequestID)
					return
				}
				if w.Code != http.StatusOK {
					t.Fatalf("answer %d %s", w.Code, w.Body.String())
				}
				if got := walletport.RequestFrom(h.flow.ctx).StepUp.JWT(); got != c.want {
					t.Errorf("the flow saw %d characters of proof, want %d", len(got), len(c.want))
				}
				if walletport.RequestFrom(h.flow.ctx).ID != w.Header().Get("X-Request-Id") || walletport.ActorFrom(h.flow.ctx).ClientID != h.client.id {
					t.Errorf("the flow saw another request or actor")
				}
			})
		}
	}
}

// TestWalletCallsInTheLog: the wallet is in the line, and how Apple's certificates
// came.
func TestWalletCallsInTheLog(t *testing.T) {
	for _, c := range walletCalls {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, nil)
			h.do(h.mustPost(t, c.good(), c.body))
			var line struct{ Route, Wallet, Certificates, Code string }
			if err := json.Unmarshal([]byte(h.logs.String()), &line); err != nil {
				t.Fatal(err)
			}
			certificates := ""
			if c.wallet == "applepay" {
				certificates = "PEM, base64, leaf first"
			}
			if line.Route != c.path || line.Wallet != c.wallet || line.Certificates != certificates || line.Code != "ok" {
				t.Errorf("logged %+v", line)
			}
		})
	}
}

// TestAnswersOfTheFlowKeepTheirFields: what a flow says of a member reaches the
// caller, under the flow's own reason.
func TestAnswersOfTheFlowKeepTheirFields(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.err = &walletport.Error{
		Code: walletport.CodeInvalid, Reason: "server_session_id_malformed", Message: "serverSessionId must be a UUID",
		Fields: []walletport.Field{{Name: "serverSessionId", Reason: "must be a UUID"}},
	}
	r := h.mustPost(t, walletCalls[1].good(), googleBody)
	p := wantProblem(t, r, h.do(r), http.StatusBadRequest, "server_session_id_malformed")
	if len(p.Errors) != 1 || p.Errors[0].Field != "serverSessionId" {
		t.Errorf("errors %+v", p.Errors)
	}
	h.flow.err = walletport.Errorf(walletport.CodeConflict, "nonce_reused", "the nonce was used before")
	r = h.mustPost(t, walletCalls[0].good(), appleBody)
	wantProblem(t, r, h.do(r), http.StatusConflict, "nonce_reused")
}

// FuzzApplePay and FuzzGooglePay send made-up bodies: a fault of the caller is never
// answered 5xx, never a panic, and never lets anything but a whole request through.
func FuzzApplePay(f *testing.F) { fuzzBody(f, walletCalls[0]) }

func FuzzGooglePay(f *testing.F) { fuzzBody(f, walletCalls[1]) }

func fuzzBody(f *testing.F, call walletCall) {
	h := mustHouse(f, func(p *parts) { p.NoAccessLog = true })
	for _, body := range []string{call.body, "", "{}", "null", "[]", `{"nonce":null}`, `{"certificates":[[]]}`, `{"nonce":"a","nonce":"b"}`, "{\"nonce\":\"\xff\"}", `{"nonce":"\ud800"}`, strings.Repeat(`{"a":`, 1000)} {
		f.Add([]byte(body), "application/json", "")
	}
	f.Add([]byte(call.body), "application/json;charset=utf-16", "eyJ")
	f.Fuzz(func(t *testing.T, body []byte, contentType, assertion string) {
		h.flow.calls = nil
		r := h.mustPost(t, call.good(), string(body))
		r.Header["Content-Type"] = []string{contentType}
		r.Header["Step-Up-Assertion"] = []string{assertion}
		w := h.do(r)
		checkFuzzed(t, h, r, w, body)
	})
}

func checkFuzzed(t *testing.T, h *house, r *http.Request, w *httptest.ResponseRecorder, body []byte) {
	t.Helper()
	switch {
	case w.Code >= 500:
		t.Fatalf("answer %d %s", w.Code, w.Body.String())
	case w.Code != http.StatusOK:
		wantProblem(t, r, w, w.Code, problemCode(w.Body.Bytes()))
		if len(h.flow.calls) != 0 {
			t.Errorf("the flow was called all the same")
		}
		return
	case len(body) > 0 && !json.Valid(body):
		t.Errorf("what is no JSON was taken: %q", body)
	}
	want := map[string]any{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(wantedOf(want, h.flow.calls[0]), h.flow.calls[0]); diff != "" {
		t.Errorf("encoding/json reads it differently (-it +the flow):\n%s", diff)
	}
}

// wantedOf is the request that encoding/json reads from a body, of the type of got.
func wantedOf(body map[string]any, got any) any {
	const card, user = walletport.CardID(42), walletport.AuditUser("ada@bank.example")
	text := func(name string) string { s, _ := body[name].(string); return s }
	switch got := got.(type) {
	case provisioning.ApplePayRequest:
		certificates := []string{}
		list, _ := body["certificates"].([]any)
		for _, c := range list {
			certificates = append(certificates, fmt.Sprint(c))
		}
		return provisioning.ApplePayRequest{CardID: card, AuditUser: user, Certificates: certificates, Nonce: text("nonce"), NonceSignature: text("nonceSignature")}
	case provisioning.PushRequest:
		requested, _ := body["googleOpaquePaymentCardRequested"].(bool)
		return provisioning.PushRequest{
			CardID: card, AuditUser: user, Wallet: got.Wallet, OpaquePaymentCardRequested: requested, ServerSessionID: text("serverSessionId"),
			Client: provisioning.Client{AppID: text("clientAppID"), DeviceID: text("clientDeviceID"), WalletAccountID: text("clientWalletAccountID")},
		}
	}
	return nil
}
