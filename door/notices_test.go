package door_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/door"
)

// noticeLine is a log line about a refusal.
type noticeLine struct {
	Level    string `json:"level"`
	Msg      string `json:"msg"`
	Code     string `json:"code"`
	ClientID string `json:"client_id"`
	Remote   string `json:"remote_addr"`
	Untold   int    `json:"untold"`
}

// noticesOf returns the lines of the log that are no access log.
func (h *house) noticesOf(t *testing.T) []noticeLine {
	t.Helper()
	var all []noticeLine
	for line := range strings.Lines(h.logs.String()) {
		var n noticeLine
		if err := json.Unmarshal([]byte(line), &n); err != nil {
			t.Fatalf("no JSON: %s", line)
		}
		if n.Msg != "request" {
			all = append(all, n)
		}
	}
	return all
}

func TestRateLimitIsLoggedOnceAMinuteAndClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustLimitedHouse(t, door.Limits{RequestsPerSecond: -1, RequestsPerMinute: 2})
		flood := func(client string) {
			for range 50 {
				r := mustRequest(t, http.MethodPost, goodTarget, nil)
				r.SetBasicAuth(client, "right")
				h.do(r)
			}
		}
		flood("provision/1")
		flood("provision/2")
		flood("provision/1")
		got := h.noticesOf(t)
		if len(got) != 2 || got[0].ClientID != "provision/1" || got[1].ClientID != "provision/2" || got[0].Code != "rate_limited" || got[0].Level != "WARN" {
			t.Fatalf("lines %+v", got)
		}
		time.Sleep(61 * time.Second) // of the bubble's clock
		flood("provision/1")
		if got = h.noticesOf(t); len(got) != 3 || got[2].Untold != 97 {
			t.Errorf("a minute later, after 98 refusals of which one was told: %+v", got)
		}
	})
}

func TestGuessersAreLoggedOnceAMinuteAndAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustLimitedHouse(t, door.Limits{FailuresPerMinute: 1})
		guess := func(address string) {
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			r.RemoteAddr = address
			r.SetBasicAuth("provision/1", "wrong")
			h.do(r)
		}
		for range 20 {
			guess("192.0.2.1:1")
			guess("192.0.2.2:1")
			guess("[2606:4700:4700:1119::1]:1") // whose groups of digits read like a PAN
		}
		got := h.noticesOf(t)
		if len(got) != 3 || got[2].Remote != "2606:4700:4700:1119::1" || got[0].Remote != "192.0.2.1" || got[0].Code != "authentication_rate_limited" || got[0].ClientID != "" {
			t.Errorf("lines %+v", got)
		}
	})
}

func TestManyGuessersDoNotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustLimitedHouse(t, door.Limits{FailuresPerMinute: 1})
		for i := range 3000 {
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			r.RemoteAddr = fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)
			r.SetBasicAuth("provision/1", "wrong")
			h.do(r)
			h.do(r)
		}
		if got := len(h.noticesOf(t)); got != 1001 {
			t.Errorf("%d lines about 3000 addresses, want 1000 and one for the rest", got)
		}
	})
}

func TestConnectionsCloseWhileDraining(t *testing.T) {
	h := mustHouse(t, nil)
	server := httptest.NewServer(h.door)
	defer server.Close()
	get := func() *http.Response {
		t.Helper()
		answer, err := http.Get(server.URL + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer
	}
	if get().Close {
		t.Error("connections close though nobody drains")
	}
	h.door.Drain()
	if !get().Close {
		t.Error("an answer of a draining server does not say Connection: close")
	}
}
