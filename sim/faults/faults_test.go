package faults

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// scheme is a server whose one call counts how often it was done.
type scheme struct {
	*httptest.Server
	library *Library
	done    atomic.Int64
	waited  chan time.Duration
	wrong   atomic.Int64 // how often WrongKey was met
}

const answerOfScheme = `{"answer":"done","detail":"a member that is long enough to be cut"}`

func newScheme(t *testing.T) *scheme {
	t.Helper()
	s := &scheme{library: New(map[string][]string{"mdes": {"search", "suspend"}, "vts": {"details"}}), waited: make(chan time.Duration, 10)}
	s.library.wait = func(d time.Duration) { s.waited <- d }
	call := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.done.Add(1)
		if r.URL.Path == "/search" && Take(r.Context(), WrongKey) {
			s.wrong.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answerOfScheme)
	})
	mux := http.NewServeMux()
	mux.Handle("/faults", s.library)
	mux.Handle("/", s.library.Around(Scheme{
		Name:   "mdes",
		CallOf: func(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/") },
		Refuse: func(w http.ResponseWriter, status int) { w.WriteHeader(status) },
	}, call))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// ask sends a request, and returns status and body of the answer; 0 is none.
func (s *scheme) ask(t *testing.T, method, path, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(req)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s %s: %v", method, path, err)
		}
		return 0, "", nil
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

func (s *scheme) post(t *testing.T, body string) {
	t.Helper()
	if status, text, _ := s.ask(t, http.MethodPost, "/faults", body); status != http.StatusCreated {
		t.Fatalf("POST /faults %s: %d %s", body, status, text)
	}
}

func TestEachFault(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		status      int
		isDone      bool
	}{
		{"slow", `"slow"`, 200, true},
		{"slow, done late", `"slow","seed":1`, 200, true},
		{"slow beyond patience", `"slow","seed":2`, 200, true},
		{"slow beyond patience, done late", `"slow","seed":3`, 200, true},
		{"503", `"error_5xx"`, 503, false},
		{"500", `"error_5xx","seed":1`, 500, true},
		{"502", `"error_5xx","seed":2`, 502, false},
		{"504", `"error_5xx","seed":7`, 504, true},
		{"dropped before", `"drop_before"`, 0, false},
		{"dropped after commit", `"drop_after_commit"`, 0, true},
		{"rate limited", `"rate_limited"`, 429, false},
		{"half an answer", `"garbage"`, 200, true},
		{"a page", `"garbage","seed":1`, 200, true},
		{"another shape", `"garbage","seed":2`, 200, true},
		{"random bytes", `"garbage","seed":3`, 200, true},
		{"10 MB", `"garbage","seed":4`, 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScheme(t)
			s.post(t, `{"scheme":"mdes","call":"suspend","fault":`+c.fault+`}`)
			status, body, _ := s.ask(t, http.MethodPost, "/suspend", "{}")
			if status != c.status || (s.done.Load() == 1) != c.isDone {
				t.Errorf("status %d, done %d times", status, s.done.Load())
			}
			if isGarbage := strings.Contains(c.fault, "garbage"); isGarbage && looksDone(body) || c.status == 200 && !isGarbage && body != answerOfScheme {
				t.Errorf("body of %d bytes: %.80s", len(body), body)
			}
			if c.fault == `"garbage","seed":4` && len(body) < 10<<20 {
				t.Errorf("%d bytes", len(body))
			}
			if status, body, _ := s.ask(t, http.MethodPost, "/suspend", "{}"); status != 200 || body != answerOfScheme {
				t.Errorf("the call after it: %d %s", status, body)
			}
		})
	}
}

// looksDone reports whether a reader of the answer finds what it looks for.
func looksDone(body string) bool {
	var members map[string]any
	return json.Unmarshal([]byte(body), &members) == nil && members["answer"] != nil
}

func TestSlowIsLateByTheSeed(t *testing.T) {
	for seed, want := range []time.Duration{late, late, tooLate, tooLate} {
		s := newScheme(t)
		s.post(t, `{"scheme":"mdes","call":"*","fault":"slow","seed":`+string(rune('0'+seed))+`}`)
		if status, _, _ := s.ask(t, http.MethodPost, "/suspend", ""); status != 200 {
			t.Errorf("status %d", status)
		}
		if got := <-s.waited; got != want {
			t.Errorf("seed %d waits %s, want %s", seed, got, want)
		}
	}
}

// A caller who gives up does not undo what it asked for.
func TestWhoLeavesASlowCallIsServedAllTheSame(t *testing.T) {
	s := newScheme(t)
	left := make(chan struct{})
	s.library.wait = func(time.Duration) { <-left }
	s.post(t, `{"scheme":"mdes","call":"suspend","fault":"slow","seed":3}`)
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/suspend", nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if answer, err := s.Client().Do(req); err == nil {
		answer.Body.Close()
		t.Fatal("there is an answer")
	}
	close(left)
	s.Close() // ends when the call has
	if s.done.Load() != 1 {
		t.Error("it was not done")
	}
}

func TestRetryAfterByTheSeed(t *testing.T) {
	for seed, want := range map[string]string{"0": "1", "1": "", "2": "Thu, 01 Jan 1970 00:00:02 GMT"} {
		s := newScheme(t)
		s.library.now = func() time.Time { return time.Unix(0, 0) }
		s.post(t, `{"scheme":"mdes","call":"*","fault":"rate_limited","seed":`+seed+`}`)
		if status, _, header := s.ask(t, http.MethodPost, "/search", ""); status != 429 || header.Get("Retry-After") != want {
			t.Errorf("seed %s: status %d, Retry-After %q", seed, status, header.Get("Retry-After"))
		}
	}
}

func TestWhatAFaultIsFor(t *testing.T) {
	s := newScheme(t)
	s.post(t, `{"scheme":"vts","call":"*","fault":"drop_before","times":9}`)
	s.post(t, `{"scheme":"mdes","call":"search","fault":"error_5xx","times":2}`)
	for _, step := range []struct {
		path   string
		status int
	}{{"/suspend", 200}, {"/search", 503}, {"/suspend", 200}, {"/search", 503}, {"/search", 200}, {"/", 200}} {
		if status, _, _ := s.ask(t, http.MethodPost, step.path, ""); status != step.status {
			t.Errorf("%s: %d, want %d", step.path, status, step.status)
		}
	}
	if _, body, _ := s.ask(t, http.MethodGet, "/faults", ""); body != `{"faults":[{"scheme":"vts","call":"*","fault":"drop_before","times":9,"seed":0}]}` {
		t.Errorf("what waits: %s", body)
	}
	s.post(t, `{"scheme":"mdes","call":"*","fault":"drop_before","times":5}`)
	if status, _, _ := s.ask(t, http.MethodDelete, "/faults", ""); status != http.StatusNoContent {
		t.Errorf("DELETE: %d", status)
	}
	if status, _, _ := s.ask(t, http.MethodPost, "/suspend", ""); status != 200 {
		t.Errorf("after DELETE: %d", status)
	}
}

// A fault of keys waits for a call that uses them.
func TestAFaultOfKeysHappensWhereTheKeysAre(t *testing.T) {
	s := newScheme(t)
	s.post(t, `{"scheme":"mdes","call":"*","fault":"wrong_key"}`)
	for range 2 {
		s.ask(t, http.MethodPost, "/suspend", "")
	}
	for range 2 {
		s.ask(t, http.MethodPost, "/search", "")
	}
	if s.wrong.Load() != 1 || s.done.Load() != 4 {
		t.Errorf("met %d times in %d calls", s.wrong.Load(), s.done.Load())
	}
	if Take(t.Context(), WrongKey) {
		t.Error("there is a fault outside of any call")
	}
}

// A fault of keys has as many forms as the scheme says, by the seed.
func TestFormsOfAFaultWithin(t *testing.T) {
	library := New(map[string][]string{"mdes": {"search"}})
	var got []uint64
	handler := library.Around(Scheme{Name: "mdes", CallOf: func(*http.Request) string { return "search" }}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if form, happens := TakeForm(r.Context(), WrongKey, 3); happens {
			got = append(got, form)
		}
	}))
	for _, seed := range []uint64{0, 5, 7} {
		library.waiting = append(library.waiting, Waiting{Scheme: "mdes", Call: AnyCall, Fault: WrongKey, Times: 1, Seed: seed})
	}
	for range 4 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	}
	if !slices.Equal(got, []uint64{0, 2, 1}) {
		t.Errorf("forms %v", got)
	}
	if _, happens := TakeForm(t.Context(), WrongKey, 3); happens {
		t.Error("there is a fault outside of any call")
	}
}

func TestFaultsThatThereAreNot(t *testing.T) {
	s := newScheme(t)
	for _, c := range []struct{ body, code string }{
		{`{"scheme":"amex","call":"*","fault":"slow"}`, "fault_scheme_unknown"},
		{`{"scheme":"mdes","call":"details","fault":"slow"}`, "fault_call_unknown"},
		{`{"scheme":"mdes","fault":"slow"}`, "fault_call_unknown"},
		{`{"scheme":"mdes","call":"*","fault":"fire"}`, "fault_unknown"},
		{`{"scheme":"mdes","call":"*","fault":"slow","times":0}`, "fault_times_invalid"},
		{`{"scheme":"mdes","call":"*","fault":"slow","times":-1}`, "fault_times_invalid"},
		{`{"scheme":"mdes","call":"*","fault":"slow","seed":-1}`, "body_malformed"},
		{`[]`, "body_malformed"},
		{``, "body_malformed"},
	} {
		if status, text, _ := s.ask(t, http.MethodPost, "/faults", c.body); status != 400 || !strings.Contains(text, `"code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s", c.body, status, text)
		}
	}
	if status, _, _ := s.ask(t, http.MethodPut, "/faults", "{}"); status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", status)
	}
	for range maxWaiting {
		s.library.waiting = append(s.library.waiting, Waiting{})
	}
	if status, text, _ := s.ask(t, http.MethodPost, "/faults", `{"scheme":"mdes","call":"*","fault":"slow"}`); status != http.StatusConflict {
		t.Errorf("one too many: %d %s", status, text)
	}
}
