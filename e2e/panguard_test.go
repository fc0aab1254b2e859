package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// keptText is a text of a caller that is kept: in the trail, in the log, in the answer.
type keptText struct {
	name string
	put  func(t *testing.T, s *sandbox, r *http.Request, text string)
}

var keptTexts = []keptText{
	{"auditUser", func(_ *testing.T, _ *sandbox, r *http.Request, text string) {
		r.URL.RawQuery = "auditUser=" + url.QueryEscape(text)
	}},
	{"X-Request-Id", func(_ *testing.T, _ *sandbox, r *http.Request, text string) { r.Header.Set("X-Request-Id", text) }},
	{"the client of a token", func(t *testing.T, s *sandbox, r *http.Request, text string) {
		r.Header.Set("Authorization", "Bearer "+s.mustTokenOf(t, text))
	}},
}

func (s *sandbox) mustKept(t *testing.T, k keptText, card int64, text string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.file.BaseURL+fmt.Sprintf("/v1/%d/provision/issuerwallet/%s?auditUser=ada", card, wallet), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	s.caller().authorize(r)
	k.put(t, s, r, text)
	return s.caller().do(r)
}

// TestCardNumbersInDisguiseAreKeptNowhere sends what people write for a card number, and
// what no card number is, in each text that is kept.
func TestCardNumbersInDisguiseAreKeptNowhere(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, t.TempDir(), "")
	own := s.file.mustCard(t, goodCard).PAN
	var sent []string
	for _, k := range keptTexts {
		for _, honest := range []string{
			"01a22591-4c3b-78d5-bd65-80581728677a", "831fb558-d0b4-4566-8285-38049c915104", "3458604036415c7c4b1a24c6", "345860403641111111111111",
		} {
			a := s.mustKept(t, k, goodCard, honest)
			if a.err != nil || a.status != http.StatusOK {
				t.Errorf("%s %s: %v", k.name, honest, a)
			}
			if id := a.header.Get("X-Request-Id"); k.name == "X-Request-Id" && id != honest {
				t.Errorf("the request id %s came back as %s", honest, id)
			}
		}
		for _, text := range []string{
			"5204 2477  5000 1471", "5555 - 5555 - 5555 - 4444", "5555--5555--5555--4444", "5555x5555x5555x4444", "⑤②⓪④②④⑦⑦⑤⓪⓪⓪①④⑦①",
			"user" + own, "a" + own + "f", "7" + own + "7", own[:8] + "-" + own[8:12] + "-" + own[12:] + "-8000-000000000000",
			own[:8] + ".and." + own[8:],
		} {
			sent = append(sent, text)
			a := s.mustKept(t, k, goodCard, text)
			if k.name != "X-Request-Id" && a.status/100 != 4 {
				t.Errorf("%s %q: %v", k.name, text, a)
			}
			if strings.Contains(a.body, text) || strings.Contains(joined(a.header), text) {
				t.Errorf("%s: the answer repeats %q: %v", k.name, text, a)
			}
		}
		for _, unknown := range []int64{424242, 2001} { // no card, and another issuer's
			text := "user" + own
			if a := s.mustKept(t, k, unknown, text); a.status != http.StatusNotFound {
				t.Errorf("%s for card %d: %v", k.name, unknown, a)
			}
		}
	}
	tr := mustExport(t, s.at())
	for _, text := range sent {
		for place, kept := range map[string]string{"trail": tr.text, "log": s.out.String()} {
			if strings.Contains(kept, text) {
				t.Errorf("the %s holds %q", place, text)
			}
		}
	}
	mustVerify(t, s.at(), tr)
}

// TestDeviceIDsAreIdentifiers: ids that wallets give are taken whatever their digits are.
func TestDeviceIDsAreIdentifiers(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, t.TempDir(), "")
	const visa = 1006
	own := s.file.mustCard(t, visa).PAN
	for device, code := range map[string]string{
		"345860403641111111111111": "ok", "401288888888188100000000": "ok", "3458604036415c7c4b1a24c6": "ok", "x5555555555554444": "ok",
		"x" + own: "client_device_id_contains_pan", "4111-1111-1111-1111": "client_device_id_contains_pan",
	} {
		a := s.caller().post(fmt.Sprintf("/v1/%d/provision/googlepay", visa), goodClient.with(members{"clientDeviceID": device}), requestIDOf("device "+code))
		if a.code() != code {
			t.Errorf("device id of %d characters: %v, want %s", len(device), a, code)
		}
	}
}

// mustTokenOf signs a token of the sandbox's own issuer for a client of that name.
func (s *sandbox) mustTokenOf(t *testing.T, client string) string {
	t.Helper()
	return s.mustTokenWith(t, map[string]any{"client_id": client, "scope": "provision", "exp": time.Now().Add(time.Hour).Unix()})
}

// TestPlainHTTPOnTheTLSPort says so in plain HTTP.
func TestPlainHTTPOnTheTLSPort(t *testing.T) {
	t.Parallel()
	pair := mustKeyPair(t, "server", nil)
	p := mustProduction(t, "", tlsFiles)
	p.mustWritePair(t, pair)
	s := p.mustServe(t)
	conn, err := net.DialTimeout("tcp", mustHost(t, s.base), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	mustSend(t, conn, "POST /wallet/v1/1/activate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	text, err := io.ReadAll(conn)
	if err != nil && !os.IsTimeout(err) && len(text) == 0 {
		t.Fatal(err)
	}
	if answer := string(text); !strings.HasPrefix(answer, "HTTP/1.0 400") || !strings.Contains(answer, "HTTPS") {
		t.Errorf("plain HTTP is answered %q", answer)
	}
	s.mustStop(t)
}
