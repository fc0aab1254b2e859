package door_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/door"
)

func TestPages(t *testing.T) {
	h := mustHouse(t, func(p *door.Parts) {
		p.API.Specification = []byte("openapi: 3.0.3\npaths: {}\n")
		p.Mounts = map[string]http.Handler{"/sandbox/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("sandbox " + r.URL.Path))
		})}
	})
	for _, c := range []struct{ target, contentType, holds string }{
		{"/docs", "text/html", `spec-url="/openapi.json"`},
		{"/docs/", "text/html", `spec-url="/openapi.json"`},
		{"/docs/errors", "text/html", `<dt id="user_missing">`},
		{"/docs/page.css", "text/css", "body"},
		{"/docs/redoc.standalone.js", "text/javascript", "Redoc"},
		{"/openapi.json", "application/json", `"3.0.3"`},
		{"/metrics", "text/plain", "walletport_http_requests_total"},
		{"/sandbox/x", "text/plain", "sandbox /sandbox/x"},
	} {
		t.Run(c.target, func(t *testing.T) {
			r := mustRequest(t, http.MethodGet, c.target, nil)
			r.Header.Del("Authorization")
			w := h.do(r)
			if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), c.contentType) || !strings.Contains(w.Body.String(), c.holds) {
				t.Errorf("answer %d, %s", w.Code, w.Header().Get("Content-Type"))
			}
			if w.Header().Get("X-Request-Id") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
			policy := w.Header().Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "http") {
				t.Errorf("policy %q", policy)
			}
		})
	}
}

// TestPageLoadsNothingFromOutside reads the pages for what a browser would fetch.
func TestPageLoadsNothingFromOutside(t *testing.T) {
	fetched := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for _, file := range []string{"docs/index.html", "docs/errors.html"} {
		for _, m := range fetched.FindAllStringSubmatch(mustRead(t, file), -1) {
			if !strings.HasPrefix(m[1], "/") && m[1] != "data:," {
				t.Errorf("%s fetches %s", file, m[1])
			}
		}
	}
}

func TestRendererIsTheRecordedOne(t *testing.T) {
	digest := sha512.Sum384([]byte(mustRead(t, "docs/redoc.standalone.js")))
	want := base64.StdEncoding.EncodeToString(digest[:])
	if !strings.Contains(mustRead(t, "docs/README.md"), "| "+want+" |") {
		t.Errorf("docs/README.md records another SHA-384 than %s", want)
	}
	if !strings.Contains(mustRead(t, "docs/index.html"), `integrity="sha384-`+want+`"`) {
		t.Errorf("docs/index.html loads another file")
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := door.New(door.Parts{})
	if err == nil {
		t.Fatal("nothing is missing")
	}
	var missing []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		missing = append(missing, strings.TrimSuffix(strings.TrimPrefix(line, "door: "), " is missing"))
	}
	want := []string{"API.BasePath", "API.Match", "API.Handler", "Authenticator", "Audit", "Log", "Metrics", "Clock", "Rand"}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAccessLog(t *testing.T) {
	h := mustHouse(t, nil)
	r := mustRequest(t, http.MethodPost, goodTarget, nil)
	r.Header.Set("X-Request-Id", "order-7")
	h.do(r)
	lines := strings.Split(strings.TrimSpace(h.logs.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("%d lines for a request", len(lines))
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	delete(line, "took_us")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "route": "/v1/things/{id}", "status": 200.0,
		"code": "ok", "request_id": "order-7", "client_id": "provision/1", "remote_addr": "192.0.2.7", "wallet": "applepay", "things": "one",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Run("it can be turned off, failures of ours stay", func(t *testing.T) {
		quiet := mustHouse(t, func(p *door.Parts) { p.NoAccessLog = true })
		quiet.do(mustRequest(t, http.MethodPost, goodTarget, nil))
		quiet.do(mustRequest(t, http.MethodPost, goodPath, nil))
		if got := quiet.logs.String(); got != "" {
			t.Errorf("logged %s", got)
		}
		quiet.things.err = errors.New("odd")
		quiet.do(mustRequest(t, http.MethodPost, goodTarget, nil))
		if got := quiet.logs.String(); bytes.Count([]byte(got), []byte("\n")) != 1 || !strings.Contains(got, "odd") {
			t.Errorf("logged %s", got)
		}
	})
}
