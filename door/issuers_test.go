package door_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
)

func TestIssuerLimits(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	limits := door.NewIssuerLimits(func(issuer walletport.IssuerID) door.IssuerRate {
		return map[walletport.IssuerID]door.IssuerRate{"acme": {PerSecond: 3}, "bank": {PerMinute: 5}}[issuer]
	}, func() time.Time { return now })
	admitted := func(issuer walletport.IssuerID) (n int) {
		for range 100 {
			err := limits.Admit(issuer)
			if err == nil {
				n++
			} else if walletport.CodeOf(err) != walletport.CodeRateLimited || walletport.ReasonOf(err) != "issuer_rate_limited" {
				t.Fatalf("refused with %v", err)
			}
		}
		return n
	}
	for _, c := range []struct {
		after  time.Duration
		issuer walletport.IssuerID
		want   int
	}{
		{0, "acme", 3}, {0, "acme", 0}, {0, "bank", 5}, {0, "free", 100},
		{2 * time.Second, "acme", 3}, {0, "bank", 0},
		{2 * time.Minute, "bank", 5},
	} {
		now = now.Add(c.after)
		if got := admitted(c.issuer); got != c.want {
			t.Errorf("%v later, %d calls of %s pass, want %d", c.after, got, c.issuer, c.want)
		}
	}
}

// TestAnIssuersLimitIsAnswered: a flow that finds the card gets the refusal, and the door
// that it goes back to says how long to wait, however the flow wrapped it.
func TestAnIssuersLimitIsAnswered(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	limits := door.NewIssuerLimits(func(walletport.IssuerID) door.IssuerRate { return door.IssuerRate{PerMinute: 2} }, func() time.Time { return now })
	h := mustHouse(t, nil)
	h.things.do = func(context.Context) {
		if h.things.err = limits.Admit("acme"); h.things.err != nil {
			h.things.err = &walletport.Redacted{Err: fmt.Errorf("find the card: %w", h.things.err)}
		}
	}
	for client := range 2 {
		r := mustRequest(t, http.MethodPost, goodTarget, nil)
		r.SetBasicAuth(fmt.Sprint("provision/", client), "right")
		if w := h.do(r); w.Code != http.StatusOK {
			t.Fatalf("answer %d", w.Code)
		}
	}
	began := now
	for _, c := range []struct {
		at   time.Duration // since the limit was reached
		wait string        // "" is an answer
	}{{0, "76"}, {2 * time.Second, "74"}, {70 * time.Second, "6"}, {74 * time.Second, "2"}, {75 * time.Second, "1"}, {76 * time.Second, ""}} {
		now = began.Add(c.at)
		r := mustRequest(t, http.MethodPost, goodTarget, nil)
		w := h.do(r)
		if c.wait == "" {
			if w.Code != http.StatusOK {
				t.Errorf("answer %d after the wait", w.Code)
			}
			continue
		}
		doortest.WantProblem(t, r, w, http.StatusTooManyRequests, "issuer_rate_limited")
		if got := w.Header().Get("Retry-After"); got != c.wait {
			t.Errorf("Retry-After %q after %v, want %q", got, c.at, c.wait)
		}
	}
	if n := strings.Count(h.logs.String(), "a client has met the rate limit of an issuer"); n != 1 || !strings.Contains(h.logs.String(), "acme") {
		t.Errorf("the log tells of it %d times: %s", n, h.logs)
	}
}
