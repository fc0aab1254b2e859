package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// keyed returns a request of the house's client with an Idempotency-Key.
func (h *house) keyed(t testing.TB, target, key string) *http.Request {
	t.Helper()
	r := h.mustRequest(t, http.MethodPut, target, nil)
	r.Header.Set("Idempotency-Key", key)
	return r
}

func TestAChangeIsMadeOnceForAKey(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.token = someTokens(t)[1]
	r := h.keyed(t, suspend, "k")
	first := h.do(r)
	wantSpecified(t, r, first)
	h.flow.token = someTokens(t)[2] // by now it is another
	again := h.do(h.keyed(t, suspend, "k"))
	wantSpecified(t, r, again)
	if first.Code != http.StatusOK || again.Code != first.Code || again.Body.String() != first.Body.String() || len(h.flow.calls) != 1 {
		t.Errorf("%d %s, then %d %s; the flow was called with %+v", first.Code, first.Body, again.Code, again.Body, h.flow.calls)
	}
	if first.Header().Get("Idempotent-Replayed") != "" || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("headers %v, then %v", first.Header(), again.Header())
	}
	records := h.trail.Take()
	if len(records) != 1 {
		t.Fatalf("recorded %+v", records)
	}
	got := records[0]
	if got.Action != "tokens.suspend" || got.Outcome != "ok" || got.AuditUser != "ada@bank.example" || got.ClientID != h.client.id ||
		got.Details.Get(walletport.DetailTokenID) != "7" || got.Details.Get(walletport.DetailRepeats) != first.Header().Get("X-Request-Id") {
		t.Errorf("recorded %+v", got)
	}
	for name, c := range map[string]struct {
		target string
		reason string
	}{
		"another action":     {"/wallet/v1/tokens/7/resume" + byAda, ""},
		"another token":      {"/wallet/v1/tokens/8/suspend" + byAda, ""},
		"another audit user": {suspendPath + "?auditUser=bob", ""},
		"another reason":     {suspend, "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.keyed(t, c.target, "k")
			if c.reason != "" {
				r.Header.Set("X-Reason", c.reason)
			}
			wantProblem(t, r, h.do(r), 422, "idempotency_key_reused")
			if records := h.trail.Take(); len(records) != 1 || records[0].Outcome != "idempotency_key_reused" || len(h.flow.calls) != 1 {
				t.Errorf("recorded %+v, the flow was called %d times", records, len(h.flow.calls))
			}
		})
	}
	t.Run("another client has keys of its own", func(t *testing.T) {
		r := h.mustRequest(t, http.MethodPut, "/wallet/v1/tokens/8/resume"+byAda, nil)
		r.Header.Set("Idempotency-Key", "k")
		r.Header.Set("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(time.Hour), "tokens:write"))
		if w := h.do(r); w.Code != http.StatusOK || len(h.flow.calls) != 2 {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	})
}

// TestManyAtOnceWithOneKey: one runs, the others are told so or get its answer.
func TestManyAtOnceWithOneKey(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.token = someTokens(t)[1]
	server := httptest.NewServer(h.door)
	defer server.Close()
	var all sync.WaitGroup
	codes := make([]int, 16)
	for i := range codes {
		r := h.keyed(t, suspend, "k")
		r.RequestURI = ""
		r.URL.Scheme, r.URL.Host = "http", server.Listener.Addr().String()
		all.Go(func() {
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			codes[i] = resp.StatusCode
			_ = resp.Body.Close()
		})
	}
	all.Wait()
	odd := func(code int) bool { return code != http.StatusOK && code != http.StatusConflict }
	if len(h.flow.calls) != 1 || slices.ContainsFunc(codes, odd) || !slices.Contains(codes, http.StatusOK) {
		t.Errorf("the flow was called %d times, the answers are %v", len(h.flow.calls), codes)
	}
}

// TestWhatIsKeptHasNoCardNumber: not a token's whole number, and not a request id with one.
func TestWhatIsKeptHasNoCardNumber(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.token = someTokens(t)[0]
	first, again := h.do(h.keyed(t, suspend, "whole")), h.do(h.keyed(t, suspend, "whole"))
	want := strings.Replace(first.Body.String(), tokenNumber, "520473******4784", 1)
	if !strings.Contains(first.Body.String(), tokenNumber) || again.Body.String() != want {
		t.Errorf("%s, then %s", first.Body, again.Body)
	}
	h.flow.err = &walletport.Redacted{Err: walletport.ErrTokenNotFound(), RequestID: true}
	for range 2 {
		r := h.keyed(t, suspend, "discreet")
		r.Header.Set("X-Request-Id", "user"+testPAN)
		wantProblem(t, r, h.do(r), 404, "token_not_found")
	}
	if len(h.flow.calls) != 3 {
		t.Errorf("the flow was called %d times, want 3: an answer that shows a card number is not kept", len(h.flow.calls))
	}
}

// TestDataForWalletsAreMadeAnew: calls whose answers are not stored look at no key.
func TestDataForWalletsAreMadeAnew(t *testing.T) {
	h := mustHouse(t, nil)
	for range 2 {
		r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
		r.Header["Idempotency-Key"] = []string{"no key", "twice"}
		if w := h.do(r); w.Code != http.StatusOK || w.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	}
	if len(h.flow.calls) != 2 {
		t.Errorf("the flow was called %d times", len(h.flow.calls))
	}
}

func TestKeysThatAreNone(t *testing.T) {
	h := mustHouse(t, nil)
	for name, values := range map[string][]string{
		"idempotency_key_malformed": {strings.Repeat("a", 65)},
		"idempotency_key_repeated":  {"a", "a"},
	} {
		r := h.keyed(t, suspend, "")
		r.Header["Idempotency-Key"] = values
		wantProblem(t, r, h.do(r), 400, name)
	}
	if len(h.flow.calls) != 0 {
		t.Errorf("the flow was called with %+v", h.flow.calls)
	}
}

// TestNoChangeWithoutTheDatabase: who cannot be told apart from another is not served.
func TestNoChangeWithoutTheDatabase(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.token = someTokens(t)[1]
	h.do(h.keyed(t, suspend, "first")) // who calls is remembered for a while
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	r := h.keyed(t, suspend, "k")
	wantProblem(t, r, h.do(r), 503, "store_unavailable")
	if len(h.flow.calls) != 1 {
		t.Errorf("the flow was called %d times", len(h.flow.calls))
	}
}

// TestAFailureIsNotKept: the same request runs again.
func TestAFailureIsNotKept(t *testing.T) {
	h := mustHouse(t, nil)
	h.flow.err = walletport.Errorf(walletport.CodeUnavailable, "scheme_outcome_unknown", "x")
	r := h.keyed(t, suspend, "k")
	wantProblem(t, r, h.do(r), 503, "scheme_outcome_unknown")
	h.flow.err = storage.ErrTokenChangeInProgress(storage.TokenChange{})
	r = h.keyed(t, suspend, "k")
	wantProblem(t, r, h.do(r), 409, "token_change_in_progress")
	h.flow.err, h.flow.token = nil, someTokens(t)[1]
	if w := h.do(h.keyed(t, suspend, "k")); w.Code != http.StatusOK || w.Header().Get("Idempotent-Replayed") != "" {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
}
