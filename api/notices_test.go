package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
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

// TestClientsThatAreGoneAreLogged: somebody still has their secret.
func TestClientsThatAreGoneAreLogged(t *testing.T) {
	for _, reason := range []string{"client_revoked", "client_expired"} {
		t.Run(reason, func(t *testing.T) {
			h := mustHouse(t, nil)
			client := map[string]credential{"client_revoked": h.revoked, "client_expired": h.ended}[reason]
			for _, secret := range []string{client.secret, "guessed"} {
				for range 3 {
					r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
					r.SetBasicAuth(client.id, secret)
					h.do(r)
				}
			}
			got := h.noticesOf(t)
			if len(got) != 1 || got[0].ClientID != client.id || got[0].Code != reason {
				t.Errorf("lines %+v, want one about %s: a guess of its secret is none", got, client.id)
			}
		})
	}
}
