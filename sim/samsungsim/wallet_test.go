package samsungsim_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/samsungsim"
	"github.com/walletport/walletport/sim/simtest"
)

const testJWE = "eyJhbGciOiJBMjU2R0NNS1cifQ.a.b.c.d"

type members = map[string]any

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func base64Text(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

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

// shop is a wallet with two schemes.
type shop struct {
	http.Handler
	mastercard, visa *fakeScheme
}

func networks(mastercard, visa sim.Scheme) sim.Networks {
	return sim.Networks{walletport.Mastercard: {Scheme: mastercard, TokenRequestorID: "50139059239"}, walletport.Visa: {Scheme: visa, TokenRequestorID: "40010043095"}}
}

func openShop() *shop {
	accepting := sim.Report{Verdict: sim.Verdict{Accepted: true, Checks: []sim.Check{{Name: "base64", OK: true, Detail: "x"}}}, Facts: "facts", Token: "token"}
	s := &shop{mastercard: &fakeScheme{answer: accepting}, visa: &fakeScheme{answer: accepting}}
	s.Handler = must(samsungsim.New(samsungsim.Config{Networks: networks(s.mastercard, s.visa), Rand: rand.Reader}))
	return s
}

func (s *shop) call(method, target string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, body))
	return w
}

type added struct {
	Accepted bool
	Checks   []sim.Check
	Fault    *sim.Fault `json:"firstFault"`
	Facts    map[string]any
	Token    string
}

func (a added) code() string {
	if a.Fault == nil {
		return ""
	}
	return a.Fault.Code
}

const addPath, devicePath = "/wallets/samsungpay/add", "/wallets/samsungpay/device"

func (s *shop) add(t *testing.T, body members) added {
	t.Helper()
	w := s.call(http.MethodPost, addPath, strings.NewReader(string(must(json.Marshal(body)))))
	var a added
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	if walletport.ContainsPAN(w.Body.String()) {
		t.Error("the answer shows what reads like a PAN")
	}
	return a
}

type ids struct{ ClientDeviceID, ClientWalletAccountID string }

func (s *shop) device(t *testing.T, method string) ids {
	t.Helper()
	w := s.call(method, devicePath, nil)
	var i ids
	if err := json.Unmarshal(w.Body.Bytes(), &i); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	return i
}

func TestDeviceGivesIDs(t *testing.T) {
	s := openShop()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if i := s.device(t, method); len(i.ClientDeviceID) != 24 || len(i.ClientWalletAccountID) != 24 || i.ClientDeviceID == i.ClientWalletAccountID {
			t.Errorf("ids %+v", i)
		}
	}
}

var own = sim.Client{AppID: "app", DeviceID: "device", WalletAccountID: "account"}

func withIDs(payload string) members {
	return members{"digitizationData": payload, "clientAppID": own.AppID, "clientDeviceID": own.DeviceID, "clientWalletAccountID": own.WalletAccountID}
}

func TestAddHandsThePayloadToTheScheme(t *testing.T) {
	iidd := base64Text(`{"cardInfo":{}}`)
	for _, c := range []struct {
		name string
		body members
		visa bool
		want sim.Push
	}{
		{"Mastercard", members{"digitizationData": iidd}, false, sim.Push{TokenRequestorID: "50139059239", Wallet: "samsungpay", Payload: iidd}},
		{"Mastercard with ids", withIDs(iidd), false, sim.Push{TokenRequestorID: "50139059239", Wallet: "samsungpay", Payload: iidd, Client: own}},
		{"base64 in lines is for Mastercard to judge", members{"digitizationData": iidd[:8] + "\n" + iidd[8:]}, false,
			sim.Push{TokenRequestorID: "50139059239", Wallet: "samsungpay", Payload: iidd[:8] + "\n" + iidd[8:]}},
		{"Visa", withIDs(testJWE), true, sim.Push{TokenRequestorID: "40010043095", Wallet: "samsungpay", Payload: testJWE, Client: own}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop()
			a := s.add(t, c.body)
			if !a.Accepted || a.code() != "" || a.Token != "token" || a.Facts["digitizationDataFacts"] != "facts" {
				t.Fatalf("answer %+v", a)
			}
			got := s.mastercard.got
			if c.visa {
				got = s.visa.got
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("the scheme was asked (-want +got):\n%s", diff)
			}
		})
	}
}

var mangledAnswers = []struct {
	name, code string
	body       members
}{
	{"nothing", "digitization_data_missing", members{}},
	{"an empty payload", "digitization_data_missing", members{"digitizationData": ""}},
	{"a number", "digitization_data_not_string", members{"digitizationData": 5204247750001471}},
	{"words", "samsung_payload_unknown", members{"digitizationData": "hello"}},
	{"JSON as it is", "samsung_payload_raw_json", members{"digitizationData": `{"cardInfo":{}}`}},
	{"fundingAccountInfo", "samsung_needs_card_info", members{"digitizationData": base64Text(`{"fundingAccountInfo":{}}`)}},
	{"a JWE in base64", "jwe_in_base64", withIDs(base64Text(testJWE))},
	{"a JWE cut short", "jwe_parts", withIDs("eyJhbGciOiJBMjU2R0NNS1cifQ.a.b")},
	{"a JWE without ids", "client_ids_missing", members{"digitizationData": testJWE}},
	{"a JWE without an account", "client_ids_missing", members{"digitizationData": testJWE, "clientDeviceID": "device"}},
}

func TestEveryFaultIsNamed(t *testing.T) {
	for _, c := range mangledAnswers {
		t.Run(c.name, func(t *testing.T) {
			s := openShop()
			a := s.add(t, c.body)
			if a.Accepted || a.code() != c.code || a.Fault.Detail == "" || a.Fault.Remedy == "" {
				t.Errorf("accepted %v, fault %+v, want %s", a.Accepted, a.Fault, c.code)
			}
			if s.mastercard.got != nil || s.visa.got != nil {
				t.Error("a scheme was asked all the same")
			}
		})
	}
}

func TestDeviceAndAccountBelongTogether(t *testing.T) {
	s := openShop()
	one, other := s.device(t, http.MethodGet), s.device(t, http.MethodGet)
	body := members{"digitizationData": testJWE, "clientDeviceID": one.ClientDeviceID, "clientWalletAccountID": one.ClientWalletAccountID}
	if a := s.add(t, body); !a.Accepted || a.Facts["notes"] != nil {
		t.Errorf("of one device: %+v", a)
	}
	body["clientWalletAccountID"] = other.ClientWalletAccountID
	if a := s.add(t, body); a.Accepted || a.code() != "wallet_account_other" {
		t.Errorf("of two devices: fault %q", a.code())
	}
	if a := s.add(t, withIDs(testJWE)); !a.Accepted || a.Facts["notes"] == nil {
		t.Errorf("of the app's own: %+v", a)
	}
}

func TestFaultsAreDistinctAndTested(t *testing.T) {
	shown := map[string]bool{"wallet_account_other": true} // TestDeviceAndAccountBelongTogether
	for _, c := range mangledAnswers {
		shown[c.code] = true
	}
	parsed := must(parser.ParseFile(token.NewFileSet(), "faults.go", nil, parser.SkipObjectResolution))
	seen := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Code" {
			code := must(strconv.Unquote(pair.Value.(*ast.BasicLit).Value))
			if seen[code] || !shown[code] {
				t.Errorf("the code %s is there twice, or no test shows it", code)
			}
			seen[code] = true
		}
		return true
	})
	if len(seen) < 9 {
		t.Errorf("only %d codes found in the source", len(seen))
	}
}

// The card that the scheme opens is looked for in all that stands beside the payload.
func TestCardDataInClearBesideThePayload(t *testing.T) {
	for _, l := range simtest.Leaks("5204247750001471") {
		s := openShop()
		if a := s.add(t, l.In(withIDs(testJWE))); (a.code() == "clear_card_data") == l.OnlyOpened || a.Accepted != l.OnlyOpened || s.visa.got != nil && !l.OnlyOpened {
			t.Errorf("%s: fault %q, accepted %v", l.Name, a.code(), a.Accepted)
		}
	}
	for name, body := range map[string]members{"in a sentence": withIDs(knownPayload), "as the id of the device": {"clientDeviceID": knownPAN}} {
		body["digitizationData"] = knownPayload
		body["comment"] = "for " + knownPAN
		if name != "in a sentence" {
			delete(body, "comment")
		}
		if a := openShop().add(t, body); a.code() != "clear_card_data" || a.Accepted {
			t.Errorf("%s: fault %q, accepted %v", name, a.code(), a.Accepted)
		}
	}
	for name, value := range simtest.NoLeaks() {
		if a := openShop().add(t, simtest.Leak{Member: name, Value: value}.In(withIDs(knownPayload))); a.code() == "clear_card_data" {
			t.Errorf("%s: %+v", name, a.Fault)
		}
	}
}

func TestTheSchemesVerdictIsJoined(t *testing.T) {
	s := openShop()
	s.visa.answer = sim.Report{Verdict: sim.Verdict{Checks: []sim.Check{{Name: "alg"}}, FirstFault: &sim.Fault{Code: "alg_other"}}}
	if a := s.add(t, withIDs(testJWE)); a.Accepted || a.code() != "alg_other" || a.Checks[len(a.Checks)-1].Name != "alg" {
		t.Errorf("answer %+v", a)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		code, allow                string
	}{
		{"no body", "POST", addPath, "", 400, "body_malformed", ""},
		{"an array", "POST", addPath, "[]", 400, "body_malformed", ""},
		{"a body over 64 KiB", "POST", addPath, strings.Repeat(" ", 64<<10) + "{}", 413, "body_too_large", ""},
		{"GET where POST belongs", "GET", addPath, "", 405, "method_not_allowed", "POST"},
		{"DELETE of a device", "DELETE", devicePath, "", 405, "method_not_allowed", "GET, HEAD, POST"},
		{"an unknown path", "GET", "/wallets", "", 404, "not_found", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openShop().call(c.method, c.target, strings.NewReader(c.body))
			if w.Code != c.status || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) || w.Header().Get("Allow") != c.allow {
				t.Errorf("status %d, allow %q, body %s", w.Code, w.Header().Get("Allow"), w.Body)
			}
		})
	}
}

func TestASchemeThatFails(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away"), 503, "store_unavailable"},
		{errors.New("secret text"), 500, "internal"},
	} {
		s := openShop()
		s.visa.err = c.err
		w := s.call(http.MethodPost, addPath, strings.NewReader(string(must(json.Marshal(withIDs(testJWE))))))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.code) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("status %d, body %s", w.Code, w.Body)
		}
	}
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNewAsksForWhatItNeeds(t *testing.T) {
	scheme := &fakeScheme{}
	for name, config := range map[string]samsungsim.Config{
		"randomness": {Networks: networks(scheme, scheme)},
		"networks":   {Rand: rand.Reader},
	} {
		if _, err := samsungsim.New(config); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("without %s: %v", name, err)
		}
	}
	s := &shop{Handler: must(samsungsim.New(samsungsim.Config{Networks: networks(scheme, scheme), Rand: noRandom{}}))}
	if w := s.call(http.MethodGet, devicePath, nil); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"random"`) {
		t.Errorf("without random bytes: status %d, body %s", w.Code, w.Body)
	}
}

// The simulated scheme fits behind the wallet as it is, and a prefix in front.
func TestWithTheSimulatedScheme(t *testing.T) {
	scheme := must(mdessim.New(mdessim.Config{Dir: t.TempDir(), Keys: func() mdessim.Keys { return mdessim.Keys{} }, Rand: rand.Reader}))
	defer scheme.Close()
	s := &shop{Handler: http.StripPrefix("/sandbox", must(samsungsim.New(samsungsim.Config{Networks: networks(scheme, scheme), Rand: rand.Reader})))}
	w := s.call(http.MethodPost, "/sandbox"+addPath, strings.NewReader(`{"digitizationData":"e30="}`))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"firstFault":{"code":"shape_none"`) {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

// What the wallet lets through goes to the scheme as it came.
func FuzzAdd(f *testing.F) {
	for _, c := range mangledAnswers {
		f.Add(string(must(json.Marshal(c.body))))
	}
	f.Add(string(must(json.Marshal(withIDs(testJWE)))))
	f.Fuzz(func(t *testing.T, body string) {
		s := openShop()
		w := s.call(http.MethodPost, addPath, strings.NewReader(body))
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", w.Code)
		}
		if walletport.ContainsPAN(w.Body.String()) {
			t.Error("the answer shows what reads like a PAN")
		}
		for _, got := range []*sim.Push{s.mastercard.got, s.visa.got} {
			if got != nil && got.Payload == "" {
				t.Error("a scheme got nothing")
			}
		}
	})
}
