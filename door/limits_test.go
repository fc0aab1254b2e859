package door_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
)

func TestRateLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits door.Limits
		free   int
		retry  string
		after  time.Duration
	}{
		{"50 a second by default", door.Limits{}, 50, "2", 2 * time.Second},
		{"what is configured a second", door.Limits{RequestsPerSecond: 3}, 3, "2", 2 * time.Second},
		{"what is configured a minute", door.Limits{RequestsPerSecond: -1, RequestsPerMinute: 5}, 5, "67", 2 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := mustLimitedHouse(t, c.limits)
				call := func(client string) (*http.Request, *httptest.ResponseRecorder) {
					r := mustRequest(t, http.MethodPost, goodTarget, nil)
					r.SetBasicAuth(client, "right")
					return r, h.do(r)
				}
				for i := range c.free {
					if _, w := call("provision/1"); w.Code != http.StatusOK {
						t.Fatalf("request %d answers %d", i, w.Code)
					}
				}
				r, w := call("provision/1")
				doortest.WantProblem(t, r, w, http.StatusTooManyRequests, "rate_limited")
				if got := w.Header().Get("Retry-After"); got != c.retry {
					t.Errorf("Retry-After %q, want %q", got, c.retry)
				}
				if _, w := call("provision/2"); w.Code != http.StatusOK {
					t.Errorf("another client answers %d", w.Code)
				}
				if h.things.calls != c.free+1 || len(h.trail.Take()) != 0 {
					t.Errorf("a limited request reached the flow or the trail")
				}
				time.Sleep(c.after) // of the bubble's clock
				if _, w := call("provision/1"); w.Code != http.StatusOK {
					t.Errorf("after the wait: %d", w.Code)
				}
			})
		})
	}
}

// TestLimitsHaveTheClockOfTheDoor: no other clock frees a client.
func TestLimitsHaveTheClockOfTheDoor(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h := mustHouse(t, func(p *door.Parts) {
		p.Limits = door.Limits{RequestsPerMinute: 2, FailuresPerMinute: 1}
		p.Clock = func() time.Time { return now }
	})
	for _, want := range [][]int{{200, 200, 429, 401, 429}, {200, 200, 429, 401, 429}} {
		var got []int
		for _, secret := range []string{"right", "right", "right", "wrong", "wrong"} {
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			r.SetBasicAuth("provision/1", secret)
			got = append(got, h.do(r).Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("answers %v, want %v", got, want)
		}
		now = now.Add(2 * time.Minute)
	}
}

// TestAGuesserLimitsNobodyElse: the guesses under one name from one site are limited,
// and neither others' failures behind it nor anybody's good credentials.
func TestAGuesserLimitsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustLimitedHouse(t, door.Limits{FailuresPerMinute: 3})
		call := func(address, client, secret string) (*http.Request, *httptest.ResponseRecorder) {
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			r.RemoteAddr = address
			r.SetBasicAuth(client, secret)
			return r, h.do(r)
		}
		for range 3 {
			r, w := call("[2001:db8::1]:1", "provision/1", "wrong")
			doortest.WantProblem(t, r, w, http.StatusUnauthorized, "credentials_invalid")
		}
		for range 100 {
			r, w := call("[2001:db8::2]:1", "provision/1", "wrong") // another host of the same site
			doortest.WantProblem(t, r, w, http.StatusTooManyRequests, "authentication_rate_limited")
		}
		if n := len(h.trail.Take()); n != 3 {
			t.Errorf("%d records of 103 failures, want 3", n)
		}
		if _, w := call("[2001:db8::1]:1", "provision/1", "right"); w.Code != http.StatusOK {
			t.Errorf("good credentials behind the address answer %d", w.Code)
		}
		for _, other := range [][2]string{{"[2001:db8::1]:1", "provision/2"}, {"[2001:db8:0:1::1]:1", "provision/1"}, {"odd", "provision/1"}} {
			r, w := call(other[0], other[1], "wrong")
			doortest.WantProblem(t, r, w, http.StatusUnauthorized, "credentials_invalid")
		}
		if n := len(h.trail.Take()); n != 3 {
			t.Errorf("%d records of 3 others' failures", n)
		}
	})
}

// TestAFloodOfRefusals leaves a bounded number of records that still tell of each
// call.
func TestAFloodOfRefusals(t *testing.T) {
	for _, c := range []struct {
		name        string
		address     func(i int) string
		client      func(i int) string
		single      int // records of their own
		sums        int
		namelessSum bool
	}{
		{"of one guesser", func(int) string { return "192.0.2.1:1" }, func(int) string { return "provision/1" }, 3, 1, false},
		{"of one address under many names", func(int) string { return "192.0.2.1:1" }, func(i int) string { return fmt.Sprint("provision/", i) }, 10, 1, false},
		{"of some addresses", func(i int) string { return fmt.Sprintf("192.0.2.%d:1", i%20) }, func(i int) string { return fmt.Sprint("provision/", i) }, 40, 20, false},
		{"of one host with many addresses of its IPv6 site", func(i int) string { return fmt.Sprintf("[2001:db8::%x]:1", i+1) }, func(i int) string { return fmt.Sprint("provision/", i) }, 10, 1, false},
		{"of many addresses", func(i int) string { return fmt.Sprintf("198.51.%d.%d:1", i/200, i%200) }, func(i int) string { return fmt.Sprint("provision/", i) }, 40, 101, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const calls = 2000
				h := mustLimitedHouse(t, door.Limits{FailuresPerMinute: 3, RefusalsPerMinute: 40})
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- h.door.Run(ctx) }()
				for i := range calls {
					r := mustRequest(t, http.MethodPost, goodTarget, nil)
					r.RemoteAddr = c.address(i)
					r.SetBasicAuth(c.client(i), "wrong")
					h.do(r)
				}
				if n := len(h.trail.Take()); n != c.single {
					t.Errorf("%d records of their own, want %d", n, c.single)
				}
				h.trail.Fail(errors.New("no room"))
				time.Sleep(time.Minute + time.Second)
				synctest.Wait()
				h.trail.Fail(nil)
				time.Sleep(time.Minute)
				synctest.Wait()
				sums, counted, nameless := h.trail.Take(), c.single, false
				for _, r := range sums {
					n, err := strconv.Atoi(r.Details.Get(walletport.DetailCalls))
					if err != nil || r.Action != walletport.ActionCallsRefused || r.Outcome != "credentials_invalid" || r.RequestID == "" || r.ClientID != "" {
						t.Errorf("record %+v", r)
					}
					counted, nameless = counted+n, nameless || r.RemoteAddress == ""
				}
				if len(sums) > c.sums || c.sums <= 20 && len(sums) != c.sums || counted != calls || nameless != c.namelessSum {
					t.Errorf("%d sums of %d calls, nameless %v; want %d of %d, %v", len(sums), counted, nameless, c.sums, calls, c.namelessSum)
				}
				r := mustRequest(t, http.MethodPost, goodTarget, nil)
				for range 5 {
					r.SetBasicAuth("provision/1", "wrong")
					r.RemoteAddr = "203.0.113.1:1"
					h.do(r)
				}
				stop()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if end := h.trail.Take(); len(end) == 0 || end[len(end)-1].Action != walletport.ActionCallsRefused {
					t.Errorf("the end of Run records %+v", end)
				}
			})
		})
	}
}

// TestStrangersCannotFloodTheLogWithAnOutage: calls that name a token issuer whose
// keys are away count as failed authentications.
func TestStrangersCannotFloodTheLogWithAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mustLimitedHouse(t, door.Limits{FailuresPerMinute: 3})
		call := func(secret string) (*http.Request, *httptest.ResponseRecorder) {
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			r.SetBasicAuth("provision/1", secret)
			return r, h.do(r)
		}
		for range 3 {
			r, w := call("outage")
			doortest.WantProblem(t, r, w, http.StatusServiceUnavailable, "token_keys_unavailable")
		}
		r, w := call("outage")
		doortest.WantProblem(t, r, w, http.StatusTooManyRequests, "authentication_rate_limited")
		if n := strings.Count(h.logs.String(), `"level":"ERROR"`); n != 3 {
			t.Errorf("%d lines of ERROR, want 3", n)
		}
		if n := len(h.trail.Take()); n != 0 {
			t.Errorf("an outage is recorded as %d refusals", n)
		}
	})
}

func TestLimitsValidate(t *testing.T) {
	for _, bad := range []door.Limits{{BodyBytes: -1}, {HeaderBytes: -1}, {RequestTime: -1}, {IdleTime: -1}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if err := (door.Limits{}).Validate(); err != nil {
		t.Errorf("the zero limits: %v", err)
	}
}

func TestServerRefusesEndlessHeaders(t *testing.T) {
	h := mustLimitedHouse(t, door.Limits{HeaderBytes: 8 << 10})
	server := h.door.NewServer()
	if server.ReadHeaderTimeout == 0 || server.ReadTimeout == 0 || server.WriteTimeout == 0 || server.IdleTimeout == 0 {
		t.Errorf("a time has no bound: %+v", server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	send := func(size int) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listener.Addr().String()+goodTarget, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("provision/1", "right")
		r.Header.Set("X-Large", strings.Repeat("a", size))
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := send(100); got != http.StatusOK {
		t.Errorf("a small request answers %d", got)
	}
	if got := send(64 << 10); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 kB of headers answer %d", got)
	}
}
