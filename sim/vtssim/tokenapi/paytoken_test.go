package tokenapi_test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/vtssim/tokenapi"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

func TestRequestsThatAreNotLetIn(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	path := tokenPath(token, "lifecycle")
	with := func(more step) step {
		s := w.lifecycle(t, token, operation("SUSPEND"))
		maps.Copy(s, more)
		return s
	}
	body := with(nil)["body"].(string)
	to := func(url string) step { return with(step{"url": w.URL + "/sandbox/vts/api/" + url}) }
	cases := []struct {
		name, code string
		step       step
	}{
		{"no signature", "9159", with(step{"unsigned": true})},
		{"another environment's API key", "9201", to(path + "?apiKey=other")},
		{"no API key", "9201", to(path)},
		{"the API key twice", "9201", to(path + "?apiKey=" + testAPIKey + "&apikey=" + testAPIKey)},
		{"the secret of another environment", "9159", with(step{"secret": "other"})},
		{"an older version", "9159", with(step{"version": "x"})},
		{"hex in capitals", "9159", with(step{"upper": true})},
		{"the path with a slash before it", "9159", with(step{"path": "/" + path})},
		{"the path without its first part", "9159", with(step{"path": strings.TrimPrefix(path, "vtis/")})},
		{"the question mark signed", "9159", with(step{"signs": path + "?apiKey=" + testAPIKey + body})},
		{"the body left out", "9159", with(step{"signs": path + "apiKey=" + testAPIKey})},
		{"ten minutes late", "9121", with(step{"age": 600})},
		{"ten minutes early", "9121", with(step{"age": -600})},
	}
	steps := make([]step, len(cases))
	for i, c := range cases {
		steps[i] = c.step
	}
	for i, got := range ask(t, steps...) {
		if got.Status != http.StatusUnauthorized || got.reason(t) != cases[i].code || !strings.Contains(got.Body, `"responseStatus"`) {
			t.Errorf("%s: %d %s", cases[i].name, got.Status, got.Body)
		}
	}
	if s := w.story(t, token); len(s.History) != 1 {
		t.Errorf("the story is %+v", s)
	}
}

func TestATokenIsGoodOnce(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	again := w.details(token)
	again["repeat"] = true
	answers := ask(t, w.details(token), again)
	if answers[0].Status != http.StatusOK || answers[1].Status != http.StatusUnauthorized || answers[1].reason(t) != "9121" {
		t.Errorf("%d, then %d %s", answers[0].Status, answers[1].Status, answers[1].Body)
	}
}

func TestPathsThatThereAreNot(t *testing.T) {
	w := newWorld(t, nil)
	token := provision(t, w.vault, googlePay(testPAN))
	for path, want := range map[string]int{
		"vtis/v1/pan/lifecycle":             404,
		"vtis/v2/pan/retrieveTokenInfo":     404,
		"vtis/v1/pan/details":               404,
		tokenPath(token, "history"):         404,
		tokenPath(token, "lifecycle") + "/": 404,
		tokenPath(token, "lifecycle"):       405,
		"vtis/v1/pan/retrieveTokenInfo":     405,
	} {
		if status, text := w.send(t, http.MethodGet, "/vts/api/"+path, ""); status != want || !strings.Contains(string(text), `"errorResponse"`) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, _ := w.send(t, http.MethodPost, "/vts/api/vtis/v1/pan/retrieveTokenInfo", strings.Repeat(" ", 70_000)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge body: %d", status)
	}
}

// While an issuer renews its secret and its keys it has two entries: either signs, and
// answers are encrypted to the later one.
func TestRenewedSecretAndKeys(t *testing.T) {
	w := newWorld(t, func(c *tokenapi.Config) {
		renewed := c.Clients()[0]
		old := renewed
		old.Secret, old.Signer.Key, old.Recipient.Key = []byte("the old secret"), &stranger().PublicKey, &stranger().PublicKey
		c.Clients = func() []tokenapi.Client { return []tokenapi.Client{old, renewed} }
	})
	token := provision(t, w.vault, googlePay(testPAN))
	withOld := w.list(step{"seal": cardInfo(testPAN), "secret": "the old secret", "signer": privatePEM(t, stranger())})
	answers := ask(t, withOld, w.list(step{"seal": cardInfo(testPAN)}), w.details(token))
	if answers[0].Status != http.StatusOK || answers[1].Status != http.StatusOK || answers[0].Body != answers[1].Body {
		t.Errorf("lists: %+v", answers[:2])
	}
	answers[2].sealed(t)
}

func TestAServiceNeedsAll(t *testing.T) {
	vault, err := tokenvault.Open(t.TempDir(), rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = vault.Close() })
	for name, takeOut := range map[string]func(*tokenapi.Config){
		"the vault":  func(c *tokenapi.Config) { c.Vault = nil },
		"clients":    func(c *tokenapi.Config) { c.Clients = nil },
		"keys":       func(c *tokenapi.Config) { c.Keys = nil },
		"faults":     func(c *tokenapi.Config) { c.Faults = nil },
		"randomness": func(c *tokenapi.Config) { c.Rand = nil },
		"a clock":    func(c *tokenapi.Config) { c.Now = nil },
	} {
		config := newConfig(vault)
		takeOut(&config)
		if _, err := tokenapi.New(config); walletport.ReasonOf(err) != "config_incomplete" {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
