package issuerwalletsim_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/issuerwalletsim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/simtest"
)

// fakeScheme remembers what it was asked and says what it was told to.
type fakeScheme struct {
	sim.Scheme // panics if a wallet asks for anything but Push and CardOf
	got        *sim.Push
	answer     sim.Report
	err        error
}

func (f *fakeScheme) Push(_ context.Context, p sim.Push) (sim.Report, error) {
	f.got = &p
	return f.answer, f.err
}

// CardOf knows one payload; of all others it says that they do not open.
func (f *fakeScheme) CardOf(payload string) (sim.Card, bool) {
	if payload != knownPayload {
		return sim.Card{}, false
	}
	return sim.Card{Number: sim.NewCardNumber(knownPAN), ExpiryMMYY: "1129"}, true
}

const (
	knownPayload = "eyJhbGciOiJBMjU2R0NNS1cifQ.known.b.c.d"
	knownPAN     = "6011000990139424" // of no scheme that is told by its prefix
)

func open(t *testing.T, scheme sim.Scheme) http.Handler {
	t.Helper()
	h, err := issuerwalletsim.New(issuerwalletsim.Config{Scheme: scheme, TokenRequestors: map[walletport.WalletProviderID]string{"acme": "50110030273"}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func call(h http.Handler, method, target string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, body))
	return w
}

const add = "/wallets/issuerwallet/add"

func TestAddHandsThePayloadToMDES(t *testing.T) {
	refused := sim.Report{Kind: "digitizationData", Verdict: sim.Verdict{Checks: []sim.Check{}, FirstFault: &sim.Fault{Code: "base64_twice"}}}
	const body = `{"kind":"digitizationData","accepted":false,"checks":[],"firstFault":{"code":"base64_twice","detail":"","remedy":""}}`
	for _, c := range []struct{ name, target, body, data string }{
		{"provider in the body", add, `{"walletProvider":"acme","digitizationData":"eyJ9"}`, "eyJ9"},
		{"the raw answer and the provider in the query", add + "?walletProvider=acme", `{"digitizationData":"eyJ9"}`, "eyJ9"},
		{"the body's provider beats the query's", add + "?walletProvider=other", `{"digitizationData":"eyJ9","walletProvider":"acme"}`, "eyJ9"},
		{"unknown members", add, `{"walletProvider":"acme","digitizationData":"eyJ9","deviceId":7,"x":null}`, "eyJ9"},
		{"line breaks reach MDES", add, `{"walletProvider":"acme","digitizationData":"ey\nJ9"}`, "ey\nJ9"},
		{"an empty payload is for MDES to judge", add, `{"walletProvider":"acme","digitizationData":""}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			scheme := &fakeScheme{answer: refused}
			w := call(open(t, scheme), http.MethodPost, c.target, strings.NewReader(c.body))
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || w.Body.String() != body {
				t.Errorf("status %d, type %s, body %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if diff := cmp.Diff(&sim.Push{TokenRequestorID: "50110030273", Wallet: "acme", Payload: c.data}, scheme.got); diff != "" {
				t.Errorf("MDES was asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownProviderIsANamedFault(t *testing.T) {
	for _, provider := range []string{"other", "a/b", strings.Repeat("a", 10_000), "5204247750001471"} {
		scheme := &fakeScheme{}
		body, err := json.Marshal(map[string]string{"walletProvider": provider, "digitizationData": "x"})
		if err != nil {
			t.Fatal(err)
		}
		w := call(open(t, scheme), http.MethodPost, add, strings.NewReader(string(body)))
		var answer struct {
			Accepted   *bool
			Checks     []struct{ Name, Detail string }
			FirstFault struct{ Code, Detail, Remedy string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusOK || answer.Accepted == nil || *answer.Accepted || answer.FirstFault.Code != "wallet_provider_unknown" ||
			answer.FirstFault.Remedy == "" || len(answer.Checks) != 1 || scheme.got != nil {
			t.Errorf("status %d, answer %+v", w.Code, answer)
		}
		if strings.Contains(w.Body.String(), provider) && provider != "other" {
			t.Errorf("the answer repeats the provider")
		}
	}
}

// The card that MDES opens is looked for in all that stands beside the payload.
func TestCardDataInClearBesideThePayload(t *testing.T) {
	judge := func(body map[string]any) (code string, asked bool) {
		t.Helper()
		scheme := &fakeScheme{answer: sim.Report{Verdict: sim.Verdict{Accepted: true}}}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		w := call(open(t, scheme), http.MethodPost, add, strings.NewReader(string(text)))
		var report sim.Report
		if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || w.Code != http.StatusOK {
			t.Fatalf("status %d, %s", w.Code, w.Body)
		}
		if walletport.ContainsPAN(w.Body.String()) {
			t.Error("the answer shows what reads like a PAN")
		}
		if report.FirstFault != nil {
			code = report.FirstFault.Code
		}
		return code, scheme.got != nil
	}
	for _, l := range simtest.Leaks("5204247750001471") {
		code, asked := judge(l.In(map[string]any{"walletProvider": "acme", "digitizationData": "eyJ9"}))
		if (code == "clear_card_data") == l.OnlyOpened || asked != l.OnlyOpened {
			t.Errorf("%s: fault %q, MDES was asked: %v", l.Name, code, asked)
		}
	}
	for _, name := range []string{"comment", "deviceId"} {
		if code, asked := judge(map[string]any{"walletProvider": "acme", "digitizationData": knownPayload, name: knownPAN}); code != "clear_card_data" || asked {
			t.Errorf("%s: fault %q, MDES was asked: %v", name, code, asked)
		}
	}
	for name, value := range simtest.NoLeaks() {
		if code, _ := judge(map[string]any{"walletProvider": "acme", "digitizationData": knownPayload, name: value}); code != "" {
			t.Errorf("%s: fault %q", name, code)
		}
	}
}

func TestGarbageIsRefused(t *testing.T) {
	const whole = `{"walletProvider":"acme","digitizationData":"x"}`
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		code, allow                string
	}{
		{"no body", "POST", add, "", 400, "body_malformed", ""},
		{"no JSON", "POST", add, "hello", 400, "body_malformed", ""},
		{"an array", "POST", add, "[]", 400, "body_malformed", ""},
		{"two objects", "POST", add, whole + whole, 400, "body_malformed", ""},
		{"a payload that is no string", "POST", add, `{"walletProvider":"acme","digitizationData":{}}`, 400, "body_malformed", ""},
		{"a provider that is no string", "POST", add, `{"walletProvider":1,"digitizationData":"x"}`, 400, "body_malformed", ""},
		{"no payload", "POST", add, `{"walletProvider":"acme"}`, 400, "digitization_data_missing", ""},
		{"a null payload", "POST", add, `{"walletProvider":"acme","digitizationData":null}`, 400, "digitization_data_missing", ""},
		{"no provider", "POST", add, `{"digitizationData":"x"}`, 400, "wallet_provider_missing", ""},
		{"a broken query", "POST", add + "?walletProvider=%zz", `{"digitizationData":"x"}`, 400, "query_malformed", ""},
		{"a body over 64 KiB", "POST", add, strings.Repeat(" ", 64<<10) + whole, 413, "body_too_large", ""},
		{"GET where POST belongs", "GET", add, "", 405, "method_not_allowed", "POST"},
		{"an unknown path", "GET", "/wallets", "", 404, "not_found", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			scheme := &fakeScheme{}
			w := call(open(t, scheme), c.method, c.target, strings.NewReader(c.body))
			var p struct {
				Title, Detail, Code string
				Status              int
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("body %s: %v", w.Body, err)
			}
			if w.Code != c.status || p.Status != c.status || p.Code != c.code || p.Title == "" || p.Detail == "" {
				t.Errorf("status %d, problem %+v; want %d %s", w.Code, p, c.status, c.code)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Allow") != c.allow {
				t.Errorf("headers %v", w.Header())
			}
			if scheme.got != nil {
				t.Errorf("MDES was asked")
			}
		})
	}
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	w := call(open(t, &fakeScheme{}), http.MethodPost, add, brokenBody{})
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "body_unreadable") {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// The simulated scheme fits behind the wallet as it is.
func TestWithTheSimulatedScheme(t *testing.T) {
	scheme, err := mdessim.New(mdessim.Config{Dir: t.TempDir(), Keys: func() mdessim.Keys { return mdessim.Keys{} }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	defer scheme.Close()
	h := open(t, scheme)
	w := call(h, http.MethodPost, add, strings.NewReader(`{"walletProvider":"acme","digitizationData":"e30="}`))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"firstFault":{"code":"shape_none"`) {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

func TestASchemeThatFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"a scheme that is away is 503", walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away"), 503, "store_unavailable"},
		{"another error is 500 and keeps its text", errors.New("secret text"), 500, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call(open(t, &fakeScheme{err: c.err}), http.MethodPost, add, strings.NewReader(`{"walletProvider":"acme","digitizationData":"x"}`))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.code) || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("status %d, body %s", w.Code, w.Body)
			}
		})
	}
}

func TestNewAsksForWhatItNeeds(t *testing.T) {
	requestors := map[walletport.WalletProviderID]string{"acme": "50110030273"}
	for name, config := range map[string]issuerwalletsim.Config{
		"a scheme":                      {TokenRequestors: requestors},
		"token requestors":              {Scheme: &fakeScheme{}},
		"token requestors of 11 digits": {Scheme: &fakeScheme{}, TokenRequestors: map[walletport.WalletProviderID]string{"acme": "5011003027x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := issuerwalletsim.New(config); err == nil {
				t.Errorf("New goes on without")
			}
		})
	}
}
