package applesim_test

import (
	"context"
	"crypto/rand"
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

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/applesim"
	"github.com/walletport/walletport/sim/mdessim"
)

// fakeScheme remembers what it was asked and says what it was told to.
type fakeScheme struct {
	sim.Scheme // panics if a wallet asks for anything but Enrol
	got        *sim.Enrolment
	calls      atomic.Int32
	answer     sim.Report
	err        error
}

func (f *fakeScheme) Enrol(_ context.Context, e sim.Enrolment) (sim.Report, error) {
	if f.calls.Add(1) == 1 {
		f.got = &e
	}
	return f.answer, f.err
}

// shop is a wallet with two schemes and a clock.
type shop struct {
	http.Handler
	mastercard, visa *fakeScheme
	now              time.Time
}

func networks(mastercard, visa sim.Scheme) sim.Networks {
	return sim.Networks{walletport.Mastercard: {Scheme: mastercard, TokenRequestorID: "50110030273"}, walletport.Visa: {Scheme: visa, TokenRequestorID: "40010030273"}}
}

func openShop(t *testing.T) *shop {
	t.Helper()
	accepting := sim.Report{Kind: "enrolment", Verdict: sim.Verdict{Accepted: true, Checks: []sim.Check{{Name: "tav_signature", OK: true, Detail: "x"}}}, Facts: "facts", Token: "token"}
	s := &shop{mastercard: &fakeScheme{answer: accepting}, visa: &fakeScheme{answer: accepting}, now: testNow}
	h, err := applesim.New(applesim.Config{Authority: testAuthority(), Networks: networks(s.mastercard, s.visa), Rand: rand.Reader, Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = h
	return s
}

func (s *shop) call(method, target string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, body))
	return w
}

type added struct {
	Kind     string
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

const addPath, requestPath = "/wallets/applepay/add", "/wallets/applepay/request"

func (s *shop) add(t *testing.T, r *recipe) added {
	t.Helper()
	w := s.call(http.MethodPost, addPath, strings.NewReader(string(r.json())))
	var a added
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	for _, secret := range []string{testPAN, visaPAN, testName} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("the answer shows a secret")
		}
	}
	return a
}

type callback struct {
	Certificates          []string
	Nonce, NonceSignature string
}

// request asks for what PassKit gives, and returns a recipe that repeats the nonce.
func (s *shop) request(t *testing.T, method string) (callback, *recipe) {
	t.Helper()
	w := s.call(method, requestPath, nil)
	var c callback
	if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	r := newRecipe()
	r.pass["nonce"], r.pass["nonceSignature"] = c.Nonce, c.NonceSignature
	return c, r
}

func TestRequestGivesWhatPassKitGives(t *testing.T) {
	s := openShop(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		c, _ := s.request(t, method)
		if diff := cmp.Diff(testAuthority().Certificates(), c.Certificates); diff != "" {
			t.Errorf("certificates (-want +got):\n%s", diff)
		}
		if !regexp.MustCompile(`^[0-9a-f]{8}$`).MatchString(c.Nonce) || !regexp.MustCompile(`^40[0-9a-f]{160}$`).MatchString(c.NonceSignature) {
			t.Errorf("nonce %s, signature of %d characters", c.Nonce, len(c.NonceSignature))
		}
	}
}

func TestAddEnrolsTheCard(t *testing.T) {
	s := openShop(t)
	c, r := s.request(t, http.MethodGet)
	a := s.add(t, r)
	if !a.Accepted || a.Fault != nil || a.Token != "token" || a.Facts["activationFacts"] != "facts" || a.Checks[len(a.Checks)-1].Name != "tav_signature" {
		t.Fatalf("answer %+v", a)
	}
	e := s.mastercard.got
	if e == nil || e.TokenRequestorID != "50110030273" || e.Wallet != "applepay" || e.Card.Number.Clear() != testPAN || string(e.ActivationData) != testTAV || e.Nonce != c.Nonce {
		t.Errorf("Mastercard was asked %+v", e)
	}
	_, r = s.request(t, http.MethodGet)
	visa(r)
	if a := s.add(t, r); !a.Accepted || s.visa.got == nil || s.visa.got.TokenRequestorID != "40010030273" {
		t.Errorf("Visa: answer %+v, asked %+v", a, s.visa.got)
	}
}

func TestTheSchemesVerdictIsJoined(t *testing.T) {
	s := openShop(t)
	s.mastercard.answer = sim.Report{Verdict: sim.Verdict{Checks: []sim.Check{{Name: "tav_card"}}, FirstFault: &sim.Fault{Code: "tav_other_card"}}}
	_, r := s.request(t, http.MethodGet)
	if a := s.add(t, r); a.Accepted || a.code() != "tav_other_card" {
		t.Errorf("answer %+v", a)
	}
}

func TestNonces(t *testing.T) {
	given := func(nonce, signature any) func(*recipe) {
		return inAnswer(func(m members) { m["nonce"], m["nonceSignature"] = nonce, signature })
	}
	for _, c := range []struct {
		name, code string
		change     func(s *shop, c callback, r *recipe)
		accepted   bool
	}{
		{"of this wallet", "", func(*shop, callback, *recipe) {}, true},
		{"of nobody: the app's own", "", func(_ *shop, _ callback, r *recipe) {
			r.pass["nonce"], r.pass["nonceSignature"] = testNonce, testSignature
		}, true},
		{"given beside the answer", "", func(_ *shop, _ callback, r *recipe) {
			r.pass["nonce"], r.pass["nonceSignature"] = testNonce, testSignature
			given(testNonce, testSignature)(r)
		}, true},
		{"given beside the answer, without its signature", "", func(_ *shop, c callback, r *recipe) { given(c.Nonce, nil)(r) }, true},
		{"given in upper case", "", func(_ *shop, c callback, r *recipe) { given(strings.ToUpper(c.Nonce), c.NonceSignature)(r) }, true},
		{"other than given", "nonce_other", func(_ *shop, _ callback, r *recipe) { given("b9ef8f31", testSignature)(r) }, false},
		{"another than the signature's", "nonce_other", func(_ *shop, _ callback, r *recipe) { r.pass["nonce"] = "b9ef8f31" }, false},
		{"with another signature", "nonce_signature_other", func(_ *shop, _ callback, r *recipe) { r.pass["nonceSignature"] = testSignature }, false},
		{"swapped with its signature", "nonce_swapped", func(_ *shop, c callback, r *recipe) {
			r.pass["nonce"], r.pass["nonceSignature"] = c.NonceSignature, c.Nonce
		}, false},
		{"five minutes old", "", func(s *shop, _ callback, _ *recipe) { s.now = s.now.Add(5 * time.Minute) }, true},
		{"older", "nonce_expired", func(s *shop, _ callback, _ *recipe) { s.now = s.now.Add(5*time.Minute + time.Second) }, false},
		{"older, and given", "nonce_expired", func(s *shop, c callback, r *recipe) {
			s.now = s.now.Add(6 * time.Minute)
			given(c.Nonce, c.NonceSignature)(r)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			back, r := s.request(t, http.MethodGet)
			c.change(s, back, r)
			if a := s.add(t, r); a.code() != c.code || a.Accepted != c.accepted {
				t.Fatalf("fault %q, accepted %v; want %q, %v\n%v", a.code(), a.Accepted, c.code, c.accepted, a.Checks)
			}
			if !c.accepted && s.mastercard.got != nil {
				t.Error("the scheme was asked all the same")
			}
			if !c.accepted {
				return
			}
			again := newRecipe() // another answer with the same nonce
			again.pass, again.answer = r.pass, r.answer
			if a := s.add(t, again); a.code() != "nonce_used" || a.Accepted || s.mastercard.calls.Load() != 1 {
				t.Errorf("a second time: fault %q, accepted %v", a.code(), a.Accepted)
			}
		})
	}
}

// A refused answer leaves its nonce alone, so that a mended one can be tried.
func TestARefusedAnswerDoesNotUseItsNonceUp(t *testing.T) {
	s := openShop(t)
	_, r := s.request(t, http.MethodGet)
	r.pass["expiration"] = "1129"
	if a := s.add(t, r); a.Accepted {
		t.Fatal("accepted")
	}
	r.pass["expiration"] = "11/29"
	if a := s.add(t, r); !a.Accepted {
		t.Errorf("mended: fault %q", a.code())
	}
}

func TestOfTwoCallsWithOneNonceOneWins(t *testing.T) {
	s := openShop(t)
	_, r := s.request(t, http.MethodGet)
	body := string(r.json())
	var wins atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if w := s.call(http.MethodPost, addPath, strings.NewReader(body)); strings.Contains(w.Body.String(), `"accepted":true`) {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 || s.mastercard.calls.Load() != 1 {
		t.Errorf("%d of 16 were accepted, the scheme was asked %d times", wins.Load(), s.mastercard.calls.Load())
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
		{"DELETE of a request", "DELETE", requestPath, "", 405, "method_not_allowed", "GET, HEAD, POST"},
		{"an unknown path", "GET", "/wallets", "", 404, "not_found", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openShop(t).call(c.method, c.target, strings.NewReader(c.body))
			if w.Code != c.status || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) || w.Header().Get("Allow") != c.allow {
				t.Errorf("status %d, allow %q, body %s", w.Code, w.Header().Get("Allow"), w.Body)
			}
		})
	}
	if a := openShop(t).call("POST", addPath, strings.NewReader("{}")); !strings.Contains(a.Body.String(), "encrypted_pass_data_missing") {
		t.Errorf("an empty object: %s", a.Body)
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
			s := openShop(t)
			s.mastercard.err = c.err
			_, r := s.request(t, http.MethodGet)
			w := s.call(http.MethodPost, addPath, strings.NewReader(string(r.json())))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.code) || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("status %d, body %s", w.Code, w.Body)
			}
		})
	}
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNewAsksForWhatItNeeds(t *testing.T) {
	scheme := &fakeScheme{}
	whole := applesim.Config{Authority: testAuthority(), Networks: networks(scheme, scheme), Rand: rand.Reader}
	for name, change := range map[string]func(*applesim.Config){
		"an authority":  func(c *applesim.Config) { c.Authority = nil },
		"randomness":    func(c *applesim.Config) { c.Rand = nil },
		"networks":      func(c *applesim.Config) { c.Networks = nil },
		"both networks": func(c *applesim.Config) { c.Networks = sim.Networks{walletport.Visa: c.Networks[walletport.Visa]} },
		"schemes":       func(c *applesim.Config) { c.Networks = networks(nil, scheme) },
		"ids of token requestor": func(c *applesim.Config) {
			c.Networks[walletport.Visa] = sim.Network{Scheme: scheme, TokenRequestorID: "4"}
		},
	} {
		config := whole
		config.Networks = networks(scheme, scheme)
		change(&config)
		if _, err := applesim.New(config); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("without %s: %v", name, err)
		}
	}
	whole.Rand = noRandom{}
	h := must(applesim.New(whole))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, requestPath, nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"random"`) {
		t.Errorf("without random bytes: status %d, body %s", w.Code, w.Body)
	}
	if _, err := applesim.NewAuthority(noRandom{}, testNow); walletport.ReasonOf(err) != "random" {
		t.Errorf("an authority without random bytes: %v", err)
	}
}

// The simulated scheme fits behind the wallet as it is, and a prefix in front.
func TestWithTheSimulatedScheme(t *testing.T) {
	scheme := must(mdessim.New(mdessim.Config{Dir: t.TempDir(), Keys: func() mdessim.Keys { return mdessim.Keys{} }, Rand: rand.Reader}))
	defer scheme.Close()
	h := must(applesim.New(applesim.Config{Authority: testAuthority(), Networks: networks(scheme, scheme), Rand: rand.Reader, Now: now}))
	s := &shop{Handler: http.StripPrefix("/sandbox", h)}
	w := s.call(http.MethodPost, "/sandbox"+addPath, strings.NewReader(string(newRecipe().json())))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"firstFault":{"code":"tav_member_missing"`) {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}
