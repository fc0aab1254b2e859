package door_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
)

// book keeps answers in memory, as those of package idempotency do in the database.
type book struct {
	mu      sync.Mutex
	claims  map[[32]byte]walletport.AnswerClaim
	answers map[[32]byte]walletport.KeptAnswer
	lease   time.Duration
	made    string // by an earlier claim
	err     error  // of all
	keepErr error  // of what comes after the call
}

func (b *book) Claim(_ context.Context, c *walletport.AnswerClaim, lease time.Duration) (*walletport.KeptAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = rand.Read(c.Holder[:])
	c.Made = b.made
	b.lease = lease
	first, isClaimed := b.claims[c.Key]
	answer, isAnswered := b.answers[c.Key]
	switch {
	case b.err != nil:
		return nil, b.err
	case !isClaimed:
		b.claims[c.Key] = *c
		return nil, nil
	case first.Request != c.Request:
		return nil, walletport.Errorf(walletport.CodeRejected, "idempotency_key_reused", "x")
	case !isAnswered:
		return nil, walletport.Errorf(walletport.CodeConflict, "idempotency_in_progress", "x").WithRetryAfter(time.Second)
	}
	return &answer, nil
}

func (b *book) Keep(ctx context.Context, c walletport.AnswerClaim, a walletport.KeptAnswer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || b.keepErr != nil {
		return errors.Join(ctx.Err(), b.keepErr)
	}
	b.answers[c.Key] = a
	return nil
}

func (b *book) Drop(ctx context.Context, c walletport.AnswerClaim) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || b.keepErr != nil {
		return errors.Join(ctx.Err(), b.keepErr)
	}
	delete(b.claims, c.Key)
	return nil
}

// mustOnceHouse has a call that is done once for each key, with a body.
func mustOnceHouse(t testing.TB, change ...func(*door.Parts)) (*house, *book) {
	t.Helper()
	b := &book{claims: map[[32]byte]walletport.AnswerClaim{}, answers: map[[32]byte]walletport.KeptAnswer{}}
	h := mustHouse(t, func(p *door.Parts) {
		p.Answers = b
		for _, c := range change {
			c(p)
		}
		match := p.API.Match
		p.API.Match = func(r *http.Request) (*door.Operation, []string) {
			op, arguments := match(r)
			if op == nil {
				return nil, nil
			}
			once := *op
			once.Once, once.Body = &door.Once{Headers: []string{"X-Why"}}, &door.Body{Members: []door.Member{{Name: "a"}}}
			return &once, arguments
		}
	})
	return h, b
}

func keyed(t testing.TB, key string, change ...func(*http.Request)) *http.Request {
	t.Helper()
	r := mustRequest(t, http.MethodPost, goodTarget, nil)
	r.Header.Set("Idempotency-Key", key)
	for _, c := range change {
		c(r)
	}
	return r
}

func body(t testing.TB, text string) func(*http.Request) {
	return func(r *http.Request) {
		other := mustRequest(t, http.MethodPost, goodTarget, strings.NewReader(text))
		r.Body, r.ContentLength = other.Body, other.ContentLength
		r.Header.Set("Content-Type", "application/json")
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestTheSameRequestIsDoneOnce(t *testing.T) {
	h, b := mustOnceHouse(t)
	first := h.do(keyed(t, "k-1", body(t, `{"a":"b"}`), header("X-Request-Id", "first")))
	h.trail.Take()
	again := h.do(keyed(t, "k-1", body(t, `{"a":"b"}`), header("X-Request-Id", "again")))
	if h.things.calls != 1 || h.things.body != `{"a":"b"}` {
		t.Errorf("done %d times, with the body %s", h.things.calls, h.things.body)
	}
	if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get("X-Request-Id") != "again" {
		t.Errorf("%d %s, then %d %s under the id %s", first.Code, first.Body, again.Code, again.Body, again.Header().Get("X-Request-Id"))
	}
	if first.Header().Get("Idempotent-Replayed") != "" || again.Header().Get("Idempotent-Replayed") != "true" || again.Header().Get("Deprecation") == "" {
		t.Errorf("headers %v, then %v", first.Header(), again.Header())
	}
	records := h.trail.Take()
	if len(records) != 1 || records[0].RequestID != "again" || records[0].Outcome != "ok" || records[0].ClientID != "provision/1" || records[0].AuditUser != "ada/42" || records[0].Details.Get(walletport.DetailRepeats) != "first" {
		t.Errorf("recorded %+v", records)
	}
	if b.lease != 25*time.Second {
		t.Errorf("the lease is %s", b.lease)
	}
	if !strings.Contains(h.logs.String(), `"repeats":"first"`) || strings.Contains(h.logs.String(), "k-1") {
		t.Errorf("logged %s", h.logs)
	}
	t.Run("not without its record", func(t *testing.T) {
		h.trail.Fail(walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "no"))
		r := keyed(t, "k-1", body(t, `{"a":"b"}`))
		doortest.WantProblem(t, r, h.do(r), 503, "audit_unavailable")
	})
}

// TestACallHasItsClaim, by which what it does is tied to its key; without a key it has none.
func TestACallHasItsClaim(t *testing.T) {
	h, b := mustOnceHouse(t)
	b.made = "req-1"
	var claim walletport.AnswerClaim
	var isClaimed bool
	h.things.do = func(ctx context.Context) { claim, isClaimed = walletport.AnswerClaimFrom(ctx) }
	h.do(keyed(t, "k"))
	if stored, ok := b.claims[claim.Key]; !isClaimed || !ok || stored != claim || claim.Made != "req-1" {
		t.Errorf("the call has the claim %+v, %t", claim, isClaimed)
	}
	h.do(mustRequest(t, http.MethodPost, goodTarget, nil))
	if isClaimed {
		t.Errorf("without a key the call has the claim %+v", claim)
	}
}

func TestWithoutAKeyEachRequestIsDone(t *testing.T) {
	h, b := mustOnceHouse(t)
	for range 2 {
		h.do(mustRequest(t, http.MethodPost, goodTarget, nil))
	}
	if h.things.calls != 2 || len(b.claims) != 0 {
		t.Errorf("done %d times, %d claims", h.things.calls, len(b.claims))
	}
}

// TestACallThatDoesNotTakeKeysPassesThemOver, even those that are none.
func TestACallThatDoesNotTakeKeysPassesThemOver(t *testing.T) {
	h := mustHouse(t, nil)
	for range 2 {
		if w := h.do(keyed(t, "no key")); w.Code != http.StatusOK || w.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("answer %d", w.Code)
		}
	}
	if h.things.calls != 2 {
		t.Errorf("done %d times", h.things.calls)
	}
}

func TestAnotherRequestDoesNotGetTheKey(t *testing.T) {
	path := func(path string) func(*http.Request) {
		return func(r *http.Request) { r.URL.Path = path }
	}
	for _, c := range []struct {
		name    string
		change  func(*testing.T) func(*http.Request)
		isOther bool // else it is the same, or of another client
		calls   int
	}{
		{"another body", func(t *testing.T) func(*http.Request) { return body(t, `{"a":"c"}`) }, true, 1},
		{"no body", func(*testing.T) func(*http.Request) { return func(*http.Request) {} }, true, 1},
		{"another argument", func(t *testing.T) func(*http.Request) {
			return func(r *http.Request) { body(t, `{"a":"b"}`)(r); path("/made-up/v1/things/43")(r) }
		}, true, 1},
		{"another query", func(t *testing.T) func(*http.Request) {
			return func(r *http.Request) { body(t, `{"a":"b"}`)(r); r.URL.RawQuery = "user=bob" }
		}, true, 1},
		{"another header that counts", func(t *testing.T) func(*http.Request) {
			return func(r *http.Request) { body(t, `{"a":"b"}`)(r); r.Header.Set("X-Why", "lost") }
		}, true, 1},
		{"a header that does not count", func(t *testing.T) func(*http.Request) {
			return func(r *http.Request) { body(t, `{"a":"b"}`)(r); r.Header.Set("User-Agent", "other") }
		}, false, 1},
		{"a query escaped in another way", func(t *testing.T) func(*http.Request) {
			return func(r *http.Request) { body(t, `{"a":"b"}`)(r); r.URL.RawQuery = "user=%61da" }
		}, false, 1},
		{"another client", func(t *testing.T) func(*http.Request) {
			return func(r *http.Request) { body(t, `{"a":"c"}`)(r); r.SetBasicAuth("provision/2", "right") }
		}, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, _ := mustOnceHouse(t)
			h.do(keyed(t, "k", body(t, `{"a":"b"}`)))
			h.trail.Take()
			r := keyed(t, "k", c.change(t))
			w := h.do(r)
			if h.things.calls != c.calls {
				t.Errorf("done %d times, want %d", h.things.calls, c.calls)
			}
			if !c.isOther {
				if w.Code != http.StatusOK {
					t.Errorf("answer %d %s", w.Code, w.Body)
				}
				return
			}
			doortest.WantProblem(t, r, w, 422, "idempotency_key_reused")
			if records := h.trail.Take(); len(records) != 1 || records[0].Outcome != "idempotency_key_reused" {
				t.Errorf("recorded %+v", records)
			}
		})
	}
}

func TestTheSameRequestAtOnce(t *testing.T) {
	h, _ := mustOnceHouse(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	h.things.do = func(context.Context) { close(began); <-goOn }
	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- h.do(keyed(t, "k")) }()
	<-began
	r := keyed(t, "k")
	w := h.do(r)
	doortest.WantProblem(t, r, w, 409, "idempotency_in_progress")
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	if records := h.trail.Take(); len(records) != 1 || records[0].Outcome != "idempotency_in_progress" {
		t.Errorf("recorded %+v", records)
	}
	close(goOn)
	if w := <-first; w.Code != http.StatusOK {
		t.Errorf("the first: %d", w.Code)
	}
	if w := h.do(keyed(t, "k")); w.Code != http.StatusOK || h.things.calls != 1 {
		t.Errorf("after it: %d, done %d times", w.Code, h.things.calls)
	}
}

func TestMalformedKeys(t *testing.T) {
	h, b := mustOnceHouse(t)
	for _, c := range []struct {
		name   string
		values []string
		code   string // "" is taken
	}{
		{"empty", []string{""}, "idempotency_key_malformed"},
		{"65 characters", []string{strings.Repeat("a", 65)}, "idempotency_key_malformed"},
		{"64 characters", []string{strings.Repeat("a", 64)}, ""},
		{"one character", []string{"~"}, ""},
		{"in quotes, as a structured field", []string{`"8e03978e-40d5-43e8-bc93-6894a57f9324"`}, ""},
		{"a space", []string{"a b"}, "idempotency_key_malformed"},
		{"a tab", []string{"a\tb"}, "idempotency_key_malformed"},
		{"a control character", []string{"a\x01"}, "idempotency_key_malformed"},
		{"DEL", []string{"a\x7f"}, "idempotency_key_malformed"},
		{"an umlaut", []string{"schlüssel"}, "idempotency_key_malformed"},
		{"no UTF-8", []string{"a\xff"}, "idempotency_key_malformed"},
		{"twice", []string{"a", "b"}, "idempotency_key_repeated"},
		{"twice the same", []string{"a", "a"}, "idempotency_key_repeated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.trail.Take()
			h.things.calls = 0
			claims := len(b.claims)
			r := keyed(t, "", func(r *http.Request) { r.Header["Idempotency-Key"] = c.values })
			w := h.do(r)
			if c.code == "" {
				if w.Code != http.StatusOK || len(b.claims) != claims+1 {
					t.Errorf("answer %d, %d claims", w.Code, len(b.claims))
				}
				return
			}
			p := doortest.WantProblem(t, r, w, 400, c.code)
			if len(p.Errors) != 1 || p.Errors[0].Field != "Idempotency-Key" || h.things.calls != 0 || len(b.claims) != claims {
				t.Errorf("the problem is %+v; done %d times, %d claims", p, h.things.calls, len(b.claims))
			}
			if records := h.trail.Take(); len(records) != 1 || records[0].Outcome != c.code {
				t.Errorf("recorded %+v", records)
			}
		})
	}
}

func TestWhichAnswersAreKept(t *testing.T) {
	soon := func(code walletport.Code) error { return walletport.Errorf(code, "x", "x").WithRetryAfter(time.Second) }
	for _, c := range []struct {
		name   string
		err    error
		do     func(context.Context)
		isLong bool
		isKept bool
	}{
		{"done", nil, nil, false, true},
		{"not found", walletport.Errorf(walletport.CodeNotFound, "x", "x"), nil, false, true},
		{"refused", walletport.Errorf(walletport.CodeRejected, "x", "x"), nil, false, true},
		{"a conflict", walletport.Errorf(walletport.CodeConflict, "x", "x"), nil, false, true},
		{"a conflict that will pass", soon(walletport.CodeConflict), nil, false, false},
		{"too many requests", walletport.Errorf(walletport.CodeRateLimited, "x", "x"), nil, false, false},
		{"unavailable", walletport.Errorf(walletport.CodeUnavailable, "x", "x"), nil, false, false},
		{"internal", errors.New("x"), nil, false, false},
		{"a panic", nil, func(context.Context) { panic("x") }, false, false},
		{"too long", nil, nil, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := mustOnceHouse(t)
			h.things.err, h.things.do, h.things.long = c.err, c.do, c.isLong
			first := h.do(keyed(t, "k"))
			h.things.do = nil
			again := h.do(keyed(t, "k"))
			if isKept := h.things.calls == 1; isKept != c.isKept {
				t.Errorf("done %d times; %d claims", h.things.calls, len(b.claims))
			}
			if c.isKept && (first.Code != again.Code || first.Body.String() != again.Body.String() || first.Header().Get("Content-Type") != again.Header().Get("Content-Type")) {
				t.Errorf("%d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
			}
		})
	}
}

// TestAnAnswerIsKeptThoughTheCallerHungUp: who did not hear it will ask again.
func TestAnAnswerIsKeptThoughTheCallerHungUp(t *testing.T) {
	h, _ := mustOnceHouse(t)
	ctx, hangUp := context.WithCancel(t.Context())
	h.things.do = func(context.Context) { hangUp() }
	h.do(keyed(t, "k").WithContext(ctx))
	h.things.do = nil
	if w := h.do(keyed(t, "k")); w.Code != http.StatusOK || h.things.calls != 1 {
		t.Errorf("answer %d, done %d times", w.Code, h.things.calls)
	}
}

func TestNothingIsDoneWithoutTheBook(t *testing.T) {
	h, b := mustOnceHouse(t)
	b.err = walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "no")
	r := keyed(t, "k")
	doortest.WantProblem(t, r, h.do(r), 503, "store_unavailable")
	if h.things.calls != 0 {
		t.Errorf("done %d times", h.things.calls)
	}
	t.Run("what was done is answered though it cannot be kept", func(t *testing.T) {
		b.err, b.keepErr = nil, errors.New("lost")
		if w := h.do(keyed(t, "k")); w.Code != http.StatusOK || !strings.Contains(h.logs.String(), "an answer is not kept") {
			t.Errorf("answer %d, log %s", w.Code, h.logs)
		}
		r := keyed(t, "k")
		doortest.WantProblem(t, r, h.do(r), 409, "idempotency_in_progress")
	})
}

func TestAnotherBodyMayBeKept(t *testing.T) {
	h, _ := mustOnceHouse(t)
	h.things.do = func(ctx context.Context) { door.CallFrom(ctx).KeepBody([]byte(`{"masked":true}`)) }
	first, again := h.do(keyed(t, "k")), h.do(keyed(t, "k"))
	if first.Body.String() != `{}` || again.Body.String() != `{"masked":true}` {
		t.Errorf("%s, then %s", first.Body, again.Body)
	}
}

// issuersAuth is scopeAuth for clients that act for issuers.
type issuersAuth struct {
	scopeAuth
	issuers *[]walletport.IssuerID
}

func (a issuersAuth) Authenticate(r *http.Request) (door.Caller, error) {
	caller, err := a.scopeAuth.Authenticate(r)
	caller.Actor.Issuers = *a.issuers
	return caller, err
}

// TestWhoActsForOthersNowBeginsAnew: what the client was answered then may be of an issuer
// that it must not see any more.
func TestWhoActsForOthersNowBeginsAnew(t *testing.T) {
	issuers := []walletport.IssuerID{"acme", "best"}
	h, _ := mustOnceHouse(t, func(p *door.Parts) { p.Authenticator = issuersAuth{issuers: &issuers} })
	h.do(keyed(t, "k"))
	for _, c := range []struct {
		issuers []walletport.IssuerID
		calls   int
	}{{[]walletport.IssuerID{"best", "acme"}, 1}, {[]walletport.IssuerID{"best"}, 2}} {
		issuers = c.issuers
		if h.do(keyed(t, "k")); h.things.calls != c.calls {
			t.Errorf("as one who acts for %v: done %d times, want %d", c.issuers, h.things.calls, c.calls)
		}
	}
}
