package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

func answerOf(h http.HandlerFunc, method, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h(w, httptest.NewRequest(method, "/", strings.NewReader(body)))
	return w
}

func TestReadBody(t *testing.T) {
	read := func(w http.ResponseWriter, req *http.Request) {
		var members struct {
			Name *string `json:"name"`
		}
		if _, p := sim.ReadBody(w, req, &members); p != nil {
			sim.WriteProblem(w, *p)
			return
		}
		sim.WriteJSON(w, http.StatusOK, members)
	}
	for body, code := range map[string]string{
		`{"name":"x"}`: "", ` {"name":"x","other":1}`: "",
		"": "body_malformed", "[]": "body_malformed", "null": "body_malformed", `{"name":1}`: "body_malformed", `{}{}`: "body_malformed",
		strings.Repeat(" ", sim.MaxBodyBytes) + "{}": "body_too_large",
	} {
		w := answerOf(read, http.MethodPost, body)
		switch {
		case code == "" && (w.Code != http.StatusOK || w.Body.String() != `{"name":"x"}`):
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		case code != "":
			checkProblem(t, w, code)
		}
	}
	w := httptest.NewRecorder()
	read(w, httptest.NewRequest(http.MethodPost, "/", brokenBody{}))
	checkProblem(t, w, "body_unreadable")
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func checkProblem(t *testing.T, w *httptest.ResponseRecorder, code string) {
	t.Helper()
	var p sim.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if p.Code != code || p.Status != w.Code || p.Title != http.StatusText(w.Code) || p.Detail == "" || w.Header().Get("Content-Type") != "application/problem+json" ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, problem %+v, headers %v; want %s", w.Code, p, w.Header(), code)
	}
}

// tokens is a scheme of which only the list is asked.
type tokens struct {
	list string
	err  error
}

func (s tokens) TokensJSON() ([]byte, error) { return []byte(s.list), s.err }

func TestServeTokens(t *testing.T) {
	w := answerOf(sim.ServeTokens(tokens{list: `[{"status":"ACTIVE"}]`}), http.MethodGet, "")
	if w.Code != http.StatusOK || w.Body.String() != `{"tokens":[{"status":"ACTIVE"}]}` || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := answerOf(sim.ServeTokens(tokens{list: "[]"}), http.MethodHead, ""); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
	w = answerOf(sim.ServeTokens(tokens{}), http.MethodPost, "")
	checkProblem(t, w, "method_not_allowed")
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("status %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	away := walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "secret text")
	w = answerOf(sim.ServeTokens(tokens{err: away}), http.MethodGet, "")
	checkProblem(t, w, "store_unavailable")
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	checkProblem(t, answerOf(sim.ServeTokens(tokens{err: errors.New("secret")}), http.MethodGet, ""), "internal")
	checkProblem(t, answerOf(sim.ServeTokens(tokens{list: "no JSON"}), http.MethodGet, ""), "internal")
}

func TestNotFound(t *testing.T) {
	w := answerOf(sim.NotFound, http.MethodGet, "")
	checkProblem(t, w, "not_found")
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

func TestCheckRequest(t *testing.T) {
	if err := sim.CheckRequest(t.Context(), "40010075001"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"", "4001007500", "400100750011", "4001007500x"} {
		if err := sim.CheckRequest(t.Context(), id); walletport.CodeOf(err) != walletport.CodeInvalid || walletport.ReasonOf(err) != "token_requestor_id" {
			t.Errorf("%d characters: %v", len(id), err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sim.CheckRequest(gone, "40010075001"); walletport.CodeOf(err) != walletport.CodeUnavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
