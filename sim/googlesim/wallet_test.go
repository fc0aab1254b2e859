package googlesim_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/googlesim"
	"github.com/walletport/walletport/sim/mdessim"
)

const (
	testIIDD = "eyJjYXJkSW5mbyI6e319"
	testJWE  = "eyJhbGciOiJBMjU2R0NNS1cifQ.a.b.c.d"
)

// fakeScheme remembers what it was asked and says what it was told to.
type fakeScheme struct {
	sim.Scheme // panics if a wallet asks for Enrol
	got        *sim.Push
	calls      atomic.Int32
	card       *sim.Card
	answer     sim.Report
	err        error
}

func (f *fakeScheme) Push(_ context.Context, p sim.Push) (sim.Report, error) {
	if f.calls.Add(1) == 1 {
		f.got = &p
	}
	return f.answer, f.err
}

func (f *fakeScheme) CardOf(string) (sim.Card, bool) {
	if f.card == nil {
		return sim.Card{}, false
	}
	return *f.card, true
}

// shop is a wallet with two schemes and a clock.
type shop struct {
	http.Handler
	mastercard, visa *fakeScheme
	now              time.Time
}

func networks(mastercard, visa sim.Scheme) sim.Networks {
	return sim.Networks{walletport.Mastercard: {Scheme: mastercard, TokenRequestorID: "50120834693"}, walletport.Visa: {Scheme: visa, TokenRequestorID: "40010075001"}}
}

func issuers() openpgp.EntityList { return openpgp.EntityList{keys().issuer()} }

func openShop() *shop {
	accepting := sim.Report{Verdict: sim.Verdict{Accepted: true, Checks: []sim.Check{{Name: "base64", OK: true, Detail: "x"}}}, Facts: "facts", Token: "token"}
	card := func() *sim.Card { return &sim.Card{Number: sim.NewCardNumber(testPAN), ExpiryMMYY: "1129"} }
	s := &shop{mastercard: &fakeScheme{answer: accepting, card: card()}, visa: &fakeScheme{answer: accepting, card: card()}, now: testNow}
	s.Handler = must(googlesim.New(googlesim.Config{Google: []*googlesim.Key{keys().google()}, Issuers: issuers, Networks: networks(s.mastercard, s.visa),
		Rand: rand.Reader, Now: func() time.Time { return s.now }}))
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

const addPath, sessionPath = "/wallets/googlepay/add", "/wallets/googlepay/session"

func (s *shop) add(t *testing.T, body members) added {
	t.Helper()
	w := s.call(http.MethodPost, addPath, strings.NewReader(string(must(json.Marshal(body)))))
	var a added
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), testPAN) {
		t.Error("the answer shows a whole PAN")
	}
	return a
}

type opened struct{ ServerSessionID, ClientDeviceID, ClientWalletAccountID string }

func (s *shop) session(t *testing.T, method string) opened {
	t.Helper()
	w := s.call(method, sessionPath, nil)
	var o opened
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	return o
}

func opcOf(session string) string {
	r := newRecipe()
	r.card["validationContext"] = members{"serverSessionId": session}
	return r.text()
}

func TestSessionGivesIDs(t *testing.T) {
	s := openShop()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		o := s.session(t, method)
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(o.ServerSessionID) ||
			len(o.ClientDeviceID) != 24 || len(o.ClientWalletAccountID) != 24 || o.ClientDeviceID == o.ClientWalletAccountID {
			t.Errorf("session %+v", o)
		}
	}
}

func TestAdd(t *testing.T) {
	for _, c := range []struct {
		name, code string
		accepted   bool
		change     func(s *shop, o opened, body members)
	}{
		{"both payloads", "", true, func(*shop, opened, members) {}},
		{"with its session beside it", "", true, func(_ *shop, o opened, b members) { b["serverSessionId"] = o.ServerSessionID }},
		{"a session of the app's own", "", true, func(_ *shop, _ opened, b members) { b["googleOpaquePaymentCard"] = opcOf(testSession) }},
		{"a session of the app's own, beside it too", "", true, func(_ *shop, _ opened, b members) {
			b["googleOpaquePaymentCard"], b["serverSessionId"] = opcOf(testSession), testSession
		}},
		{"another session than beside it", "session_other", false, func(_ *shop, _ opened, b members) { b["serverSessionId"] = testSession }},
		{"a session of 15 minutes", "", true, func(s *shop, _ opened, _ members) { s.now = s.now.Add(15 * time.Minute) }},
		{"an older session", "session_expired", false, func(s *shop, _ opened, _ members) { s.now = s.now.Add(16 * time.Minute) }},
		{"no opaque payment card", "", true, func(_ *shop, _ opened, b members) { delete(b, "googleOpaquePaymentCard") }},
		{"an empty one", "opc_missing", false, func(_ *shop, _ opened, b members) { b["googleOpaquePaymentCard"] = "" }},
		{"a number", "opc_not_string", false, func(_ *shop, _ opened, b members) { b["googleOpaquePaymentCard"] = 7 }},
		{"no digitizationData", "digitization_data_missing", false, func(_ *shop, _ opened, b members) { delete(b, "digitizationData") }},
		{"a number as digitizationData", "digitization_data_not_string", false, func(_ *shop, _ opened, b members) { b["digitizationData"] = 7 }},
		{"another card", "card_other", false, func(s *shop, _ opened, _ members) { s.mastercard.card.Number = sim.NewCardNumber(otherPAN) }},
		{"another expiry", "card_other_expiry", false, func(s *shop, _ opened, _ members) { s.mastercard.card.ExpiryMMYY = "1130" }},
		{"a payload that tells no card is for the scheme", "", true, func(s *shop, _ opened, _ members) { s.mastercard.card = nil }},
		{"ids of another session", "wallet_account_other", false, func(s *shop, _ opened, b members) { b["clientDeviceID"] = "another" }},
		{"ids of the session", "", true, func(_ *shop, o opened, b members) {
			b["clientDeviceID"], b["clientWalletAccountID"] = o.ClientDeviceID, o.ClientWalletAccountID
		}},
		{"an unknown issuer", "signature_unknown_key", false, func(_ *shop, o opened, b members) {
			r := newRecipe()
			r.card["validationContext"] = members{"serverSessionId": o.ServerSessionID}
			signedBy(func(k *ring) *packet.PrivateKey { return k.unknown().PrivateKey })(r)
			b["googleOpaquePaymentCard"] = r.text()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop()
			o := s.session(t, http.MethodGet)
			body := members{"digitizationData": testIIDD, "googleOpaquePaymentCard": opcOf(o.ServerSessionID)}
			c.change(s, o, body)
			a := s.add(t, body)
			if a.Accepted != c.accepted || a.code() != c.code {
				t.Fatalf("accepted %v, fault %q; want %v, %q\n%v", a.Accepted, a.code(), c.accepted, c.code, a.Checks)
			}
			if !c.accepted {
				if s.mastercard.got != nil {
					t.Error("the scheme was asked all the same")
				}
				return
			}
			if a.Token != "token" || a.Facts["digitizationDataFacts"] != "facts" || s.mastercard.got.TokenRequestorID != "50120834693" {
				t.Errorf("answer %+v, asked %+v", a, s.mastercard.got)
			}
			again := s.add(t, body)
			if _, hasOPC := body["googleOpaquePaymentCard"]; hasOPC && (again.Accepted || again.code() != "session_used") {
				t.Errorf("a second time: accepted %v, fault %q", again.Accepted, again.code())
			}
		})
	}
}

func TestAddHandsTheBareJWEToVisa(t *testing.T) {
	client := sim.Client{AppID: "app", DeviceID: "device", WalletAccountID: "account"}
	for _, c := range []struct{ name, text, code string }{
		{"bare", testJWE, ""},
		{"in base64", base64.StdEncoding.EncodeToString([]byte(testJWE)), "jwe_in_base64"},
	} {
		s := openShop()
		a := s.add(t, members{"digitizationData": c.text, "clientAppID": "app", "clientDeviceID": "device", "clientWalletAccountID": "account"})
		if !a.Accepted || a.code() != c.code {
			t.Errorf("%s: accepted %v, fault %q", c.name, a.Accepted, a.code())
		}
		want := &sim.Push{TokenRequestorID: "40010075001", Wallet: "googlepay", Payload: testJWE, Client: client}
		if diff := cmp.Diff(want, s.visa.got); diff != "" {
			t.Errorf("%s: Visa was asked (-want +got):\n%s", c.name, diff)
		}
	}
	s := openShop()
	o := s.session(t, http.MethodGet)
	s.add(t, members{"digitizationData": testJWE, "serverSessionId": o.ServerSessionID})
	if s.visa.got == nil || s.visa.got.Client != (sim.Client{DeviceID: o.ClientDeviceID, WalletAccountID: o.ClientWalletAccountID}) {
		t.Errorf("the ids of the session are not handed on: %+v", s.visa.got)
	}
}

func TestTheSchemesVerdictIsJoined(t *testing.T) {
	s := openShop()
	s.mastercard.answer = sim.Report{Verdict: sim.Verdict{Checks: []sim.Check{{Name: "tav_card"}}, FirstFault: &sim.Fault{Code: "tav_other_card"}}}
	if a := s.add(t, members{"digitizationData": testIIDD}); a.Accepted || a.code() != "tav_other_card" {
		t.Errorf("answer %+v", a)
	}
}

func TestOfTwoCallsWithOneSessionOneWins(t *testing.T) {
	s := openShop()
	body := string(must(json.Marshal(members{"digitizationData": testIIDD, "googleOpaquePaymentCard": opcOf(testSession)})))
	var wins atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if w := s.call(http.MethodPost, addPath, strings.NewReader(body)); strings.Contains(w.Body.String(), `"accepted":true`) {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 || s.mastercard.calls.Load() != 1 {
		t.Errorf("%d of 8 were accepted, the scheme was asked %d times", wins.Load(), s.mastercard.calls.Load())
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
		{"DELETE of a session", "DELETE", sessionPath, "", 405, "method_not_allowed", "GET, HEAD, POST"},
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
	s := openShop()
	s.mastercard.err = errors.New("secret text")
	w := s.call(http.MethodPost, addPath, strings.NewReader(`{"digitizationData":"`+testIIDD+`"}`))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
	s.mastercard.err = walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "away")
	w = s.call(http.MethodPost, addPath, strings.NewReader(`{"digitizationData":"`+testIIDD+`"}`))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "store_unavailable") {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNewAsksForWhatItNeeds(t *testing.T) {
	scheme := &fakeScheme{}
	whole := googlesim.Config{Google: []*googlesim.Key{keys().google()}, Issuers: issuers, Networks: networks(scheme, scheme), Rand: rand.Reader}
	for name, change := range map[string]func(*googlesim.Config){
		"a key":      func(c *googlesim.Config) { c.Google = nil },
		"issuers":    func(c *googlesim.Config) { c.Issuers = nil },
		"randomness": func(c *googlesim.Config) { c.Rand = nil },
		"networks":   func(c *googlesim.Config) { c.Networks = nil },
	} {
		config := whole
		change(&config)
		if _, err := googlesim.New(config); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("without %s: %v", name, err)
		}
	}
	whole.Rand = noRandom{}
	s := &shop{Handler: must(googlesim.New(whole))}
	if w := s.call(http.MethodGet, sessionPath, nil); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"random"`) {
		t.Errorf("without random bytes: status %d, body %s", w.Code, w.Body)
	}
}

// The simulated scheme fits behind the wallet as it is, and a prefix in front.
func TestWithTheSimulatedScheme(t *testing.T) {
	scheme := must(mdessim.New(mdessim.Config{Dir: t.TempDir(), Keys: func() mdessim.Keys { return mdessim.Keys{} }, Rand: rand.Reader}))
	defer scheme.Close()
	h := must(googlesim.New(googlesim.Config{Google: []*googlesim.Key{keys().google()}, Issuers: issuers, Networks: networks(scheme, scheme), Rand: rand.Reader, Now: now}))
	s := &shop{Handler: http.StripPrefix("/sandbox", h)}
	w := s.call(http.MethodPost, "/sandbox"+addPath, strings.NewReader(`{"digitizationData":"e30="}`))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"firstFault":{"code":"shape_none"`) {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}
