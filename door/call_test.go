package door_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
)

func codeOf(w *httptest.ResponseRecorder) string {
	var p doortest.Problem
	if json.Unmarshal(w.Body.Bytes(), &p) != nil {
		return ""
	}
	return p.Code
}

func TestWrongMethod(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct{ method, target, allow string }{
		{http.MethodGet, goodTarget, "POST"},
		{http.MethodHead, goodTarget, "POST"},
		{http.MethodPut, goodTarget, "POST"},
		{http.MethodDelete, goodTarget, "POST"},
		{http.MethodOptions, goodTarget, "POST"},
		{"BREW", goodTarget, "POST"},
		{http.MethodPost, "/healthz", "GET, HEAD"},
	} {
		t.Run(c.method+" "+c.allow, func(t *testing.T) {
			r := mustRequest(t, c.method, c.target, nil)
			w := h.do(r)
			doortest.WantProblem(t, r, w, http.StatusMethodNotAllowed, "method_not_allowed")
			if got := w.Header().Get("Allow"); got != c.allow {
				t.Errorf("Allow: %q, want %q", got, c.allow)
			}
			if records := h.trail.Take(); len(records) != 0 {
				t.Errorf("recorded %+v", records)
			}
		})
	}
}

// TestErrors walks all classes: what is recorded already is answered with the
// class's status, and not recorded a second time.
func TestErrors(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"invalid", walletport.Errorf(walletport.CodeInvalid, "parameter_malformed", "x"), 400, "parameter_malformed"},
		{"forbidden", walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "the card has expired"), 403, "card_not_eligible"},
		{"not found", walletport.ErrCardNotFound(), 404, "card_not_found"},
		{"conflict", walletport.Errorf(walletport.CodeConflict, "clash", "x"), 409, "clash"},
		{"unsupported", walletport.Errorf(walletport.CodeUnsupported, "unsupported", "x"), 422, "unsupported"},
		{"rejected", walletport.Errorf(walletport.CodeRejected, "scheme_refused", "x"), 422, "scheme_refused"},
		{"rate limited", walletport.Errorf(walletport.CodeRateLimited, "scheme_busy", "x"), 429, "scheme_busy"},
		{"unavailable", walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "x").WithCause(errors.New("disk full")), 503, "audit_unavailable"},
		{"internal", walletport.Errorf(walletport.CodeInternal, "internal", "x"), 500, "internal"},
		{"a class that nobody knows", walletport.Errorf("odd", "odd", "x"), 500, "odd"},
		{"a foreign error", errors.New("driver: " + testPAN), 500, "internal"},
		{"out of time", context.DeadlineExceeded, 503, "timed_out"},
		{"the caller gone", context.Canceled, 503, "request_canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.things.err = c.err
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			w := h.do(r)
			doortest.WantProblem(t, r, w, c.status, c.code)
			if strings.Contains(w.Body.String(), "driver") || strings.Contains(w.Body.String(), "disk") {
				t.Errorf("a cause is shown: %s", w.Body.String())
			}
			if retry := w.Header().Get("Retry-After"); (c.status == 503 || c.status == 429) != (retry != "") {
				t.Errorf("Retry-After %q", retry)
			}
			if records := h.trail.Take(); len(records) != 0 {
				t.Errorf("recorded twice: %+v", records)
			}
		})
	}
	logs := h.logs.String()
	if !strings.Contains(logs, "disk full") || strings.Contains(logs, testPAN) {
		t.Errorf("the log lacks the cause, or has the PAN: %s", logs)
	}
}

// TestAnErrorSaysHowLongToWait: what a scheme asks for is passed on, in whole seconds.
func TestAnErrorSaysHowLongToWait(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		code   walletport.Code
		wait   time.Duration
		status int
		want   string
	}{
		{walletport.CodeUnavailable, 0, 503, "1"},
		{walletport.CodeUnavailable, 30 * time.Second, 503, "30"},
		{walletport.CodeUnavailable, 1200 * time.Millisecond, 503, "2"},
		{walletport.CodeRateLimited, 0, 429, "1"},
		{walletport.CodeRateLimited, 2 * time.Minute, 429, "120"},
		{walletport.CodeRejected, 0, 422, ""},
	} {
		t.Run(fmt.Sprint(c.code, " ", c.wait), func(t *testing.T) {
			h.things.err = fmt.Errorf("ask: %w", walletport.Errorf(c.code, "audit_unavailable", "x").WithRetryAfter(c.wait))
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			w := h.do(r)
			doortest.WantProblem(t, r, w, c.status, "audit_unavailable")
			if got := w.Header().Get("Retry-After"); got != c.want {
				t.Errorf("Retry-After %q, want %q", got, c.want)
			}
		})
	}
}

func TestRefusalWithoutARecordIs503(t *testing.T) {
	h := mustHouse(t, nil)
	h.trail.Fail(walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the audit trail cannot be written"))
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
	}{
		{"401", goodTarget, func(r *http.Request) { r.Header.Del("Authorization") }},
		{"403", goodTarget, func(r *http.Request) { r.SetBasicAuth("tokens:read", "right") }},
		{"400", goodPath, func(*http.Request) {}},
	} {
		t.Run("instead of "+c.name, func(t *testing.T) {
			r := mustRequest(t, http.MethodPost, c.target, nil)
			c.change(r)
			w := h.do(r)
			doortest.WantProblem(t, r, w, 503, "audit_unavailable")
			if w.Header().Get("Www-Authenticate") != "" {
				t.Errorf("the answer says 401 in a header")
			}
		})
	}
}

func TestRefusalIsRecordedThoughTheCallerHungUp(t *testing.T) {
	h := mustHouse(t, nil)
	ctx, hangUp := context.WithCancel(t.Context())
	r := mustRequest(t, http.MethodPost, goodPath, nil).WithContext(ctx)
	if w := h.do(r); w.Code != 400 { // fills the client cache
		t.Fatal(w.Code)
	}
	h.trail.Take()
	hangUp()
	h.do(mustRequest(t, http.MethodPost, goodPath, nil).WithContext(ctx))
	if records := h.trail.Take(); len(records) != 1 {
		t.Errorf("%d records, want 1", len(records))
	}
}

func TestRequestID(t *testing.T) {
	h := mustHouse(t, nil)
	for _, c := range []struct {
		name, given string
		taken       bool
	}{
		{"a harmless id is taken", "Order_7.1-b", true},
		{"64 letters are taken", strings.Repeat("a", 64), true},
		{"65 letters are not", strings.Repeat("a", 65), false},
		{"nothing is not", "", false},
		{"a space is not", "a b", false},
		{"a quote is not", `a"b`, false},
		{"a PAN is not", testPAN, false},
		{"a dashed PAN is not", "5204-2477-5000-1471", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mustRequest(t, http.MethodPost, goodTarget, nil)
			r.Header.Set("X-Request-Id", c.given)
			got := h.do(r).Header().Get("X-Request-Id")
			if (got == c.given) != c.taken || got == "" || walletport.ContainsPAN(got) {
				t.Errorf("X-Request-Id %q of %q", got, c.given)
			}
		})
	}
}

func TestInstanceIsShownOnlyWhenHarmless(t *testing.T) {
	h := mustHouse(t, nil)
	for target, want := range map[string]string{
		goodPath:                               goodPath,
		"/made-up/v1/" + testPAN:               "",
		"/made-up/v1/5204-2477-5000-1471":      "",
		"/made-up/v1/a%20b":                    "",
		"/made-up/" + strings.Repeat("a", 300): "",
	} {
		r := mustRequest(t, http.MethodPost, target, nil)
		w := h.do(r)
		if p := doortest.WantProblem(t, r, w, w.Code, codeOf(w)); p.Instance != want {
			t.Errorf("instance of %s: %q, want %q", target, p.Instance, want)
		}
	}
}

func TestPanic(t *testing.T) {
	h := mustHouse(t, nil)
	h.things.do = func(context.Context) { panic("card " + testPAN + " is odd") }
	r := mustRequest(t, http.MethodPost, goodTarget, nil)
	w := h.do(r)
	doortest.WantProblem(t, r, w, 500, "internal")
	logs := h.logs.String()
	if !strings.Contains(logs, "things") || strings.Contains(logs, testPAN) || strings.Contains(w.Body.String(), "odd") {
		t.Errorf("the log lacks the stack, or something leaks: %s", logs)
	}
	t.Run("http.ErrAbortHandler passes", func(t *testing.T) {
		h.things.do = func(context.Context) { panic(http.ErrAbortHandler) }
		defer func() {
			if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("it was swallowed")
			}
		}()
		h.do(mustRequest(t, http.MethodPost, goodTarget, nil))
	})
}

func TestRequestTime(t *testing.T) {
	h := mustLimitedHouse(t, door.Limits{RequestTime: 10 * time.Millisecond})
	h.things.do = func(ctx context.Context) { <-ctx.Done() }
	h.things.err = context.DeadlineExceeded
	r := mustRequest(t, http.MethodPost, goodTarget, nil)
	_ = h.do(r) // the first may run out of time in authentication already
	doortest.WantProblem(t, r, h.do(r), 503, codeOf(h.do(r)))
}
