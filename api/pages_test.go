package api_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/api"
)

func TestPages(t *testing.T) {
	h := mustHouse(t, func(p *api.Parts) {
		p.Mounts = map[string]http.Handler{"/sandbox/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("sandbox " + r.URL.Path))
		})}
	})
	for _, c := range []struct{ target, contentType, holds string }{
		{"/docs", "text/html", `spec-url="/openapi.json"`},
		{"/docs/", "text/html", `spec-url="/openapi.json"`},
		{"/docs/errors", "text/html", `<dt id="card_not_eligible">`},
		{"/docs/page.css", "text/css", "body"},
		{"/docs/redoc.standalone.js", "text/javascript", "Redoc"},
		{"/openapi.json", "application/json", `"provisionIssuerwallet"`},
		{"/metrics", "text/plain", "walletport_http_requests_total"},
		{"/sandbox/x", "text/plain", "sandbox /sandbox/x"},
	} {
		t.Run(c.target, func(t *testing.T) {
			r := h.mustRequest(t, http.MethodGet, c.target, nil)
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

// TestCodesAreDocumented reads the rooms whose errors reach the door for the codes
// they use.
func TestCodesAreDocumented(t *testing.T) {
	docs := make(map[string]api.CodeDoc)
	for i, d := range api.Codes() {
		if _, twice := docs[d.Code]; twice || d.Title == "" || d.Remedy == "" || i > 0 && d.Status < api.Codes()[i-1].Status {
			t.Errorf("code %s stands twice, is not explained, or not in its place", d.Code)
		}
		docs[d.Code] = d
	}
	if len(codesIn(t, ".")) < 20 || len(codesIn(t, "../provisioning")) < 10 {
		t.Errorf("the scan no longer sees how the code gives reasons")
	}
	byHTTP := []string{"method_not_allowed", "not_acceptable", "body_too_large", "media_type_unsupported"}
	// What no call gets to hear: readers of payloads say it, or a flow asks first.
	unheard := []string{"payload_malformed", "cryptography_error", "card_data_malformed", "nonce_required"}
	for _, dir := range answering(t) {
		for _, used := range codesIn(t, dir) {
			if slices.Contains(unheard, used.code) {
				continue
			}
			if d, ok := docs[used.code]; !ok || d.Status != used.status && !slices.Contains(byHTTP, used.code) {
				t.Errorf("%s: code %s of status %d is documented as %+v", used.place, used.code, used.status, d)
			}
		}
	}
}

// answering returns the rooms whose errors a call may answer with.
func answering(t *testing.T) []string {
	t.Helper()
	rooms := []string{".", "../provisioning", "../activation", "../auth", "../wallet", "../scheme/vts"}
	encoders, err := os.ReadDir("../wallet")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range encoders {
		if e.IsDir() {
			rooms = append(rooms, "../wallet/"+e.Name())
		}
	}
	return rooms
}

type usedCode struct {
	place, code string
	status      int
}

var (
	classes = map[string]int{
		"Invalid": 400, "Unauthenticated": 401, "Forbidden": 403, "NotFound": 404, "Conflict": 409, "Unsupported": 422, "Rejected": 422,
		"RateLimited": 429, "Unavailable": 503, "Internal": 500,
	}
	ofClass   = regexp.MustCompile(`Errorf\((?:walletport\.)?Code(\w+), "(\w+)"`)
	ofInvalid = regexp.MustCompile(`(?:invalid|errCardID|errField|errCertificate|errMalformed|errContainsPAN)\((?:[^,"]+, )?"(\w+)"`)
)

// codesIn finds the codes that a room gives, by the shapes that the rooms use.
func codesIn(t *testing.T, dir string) []usedCode {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []usedCode
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		place := dir + "/" + entry.Name()
		text := mustRead(t, place)
		for _, m := range ofClass.FindAllStringSubmatch(text, -1) {
			found = append(found, usedCode{place, m[2], classes[m[1]]})
		}
		for _, m := range ofInvalid.FindAllStringSubmatch(text, -1) {
			found = append(found, usedCode{place, m[1], http.StatusBadRequest})
		}
	}
	return found
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := api.New(api.Parts{})
	if err == nil {
		t.Fatal("nothing is missing")
	}
	var missing []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		missing = append(missing, strings.TrimSuffix(strings.TrimPrefix(line, "api: "), " is missing"))
	}
	want := []string{"Provisioner", "Activator", "Authenticator", "Audit", "Log", "Metrics", "Clock", "Rand"}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAccessLog(t *testing.T) {
	h := mustHouse(t, nil)
	r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
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
		"level": "INFO", "msg": "request", "method": "POST", "route": "/v1/{cardId}/provision/issuerwallet/{walletProvider}", "status": 200.0,
		"code": "ok", "request_id": "order-7", "client_id": h.client.id, "remote_addr": "192.0.2.7", "wallet": "acme-wallet",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Run("it can be turned off, failures of ours stay", func(t *testing.T) {
		quiet := mustHouse(t, func(p *api.Parts) { p.Config.NoAccessLog = true })
		quiet.do(quiet.mustRequest(t, http.MethodPost, goodTarget, nil))
		quiet.do(quiet.mustRequest(t, http.MethodPost, goodPath, nil))
		if got := quiet.logs.String(); got != "" {
			t.Errorf("logged %s", got)
		}
		quiet.flow.err = errors.New("odd")
		quiet.do(quiet.mustRequest(t, http.MethodPost, goodTarget, nil))
		if got := quiet.logs.String(); bytes.Count([]byte(got), []byte("\n")) != 1 || !strings.Contains(got, "odd") {
			t.Errorf("logged %s", got)
		}
	})
}
