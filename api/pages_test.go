package api_test

import (
	"cmp"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/door"
)

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
	docs := make(map[string]door.CodeDoc)
	for i, d := range api.Codes() {
		if _, twice := docs[d.Code]; twice || d.Title == "" || d.Remedy == "" || i > 0 && d.Status < api.Codes()[i-1].Status {
			t.Errorf("code %s stands twice, is not explained, or not in its place", d.Code)
		}
		docs[d.Code] = d
	}
	if len(codesIn(t, "."))+len(codesIn(t, "../door")) < 20 || len(codesIn(t, "../provisioning")) < 10 {
		t.Errorf("the scan no longer sees how the code gives reasons")
	}
	byHTTP := []string{"method_not_allowed", "not_acceptable", "body_too_large", "media_type_unsupported"}
	unheard := make(map[string]bool) // whether a room gives it
	for _, code := range codesNoCallHears {
		unheard[code] = false
	}
	for _, dir := range answering(t) {
		for _, used := range codesIn(t, dir) {
			if _, is := unheard[used.code]; is {
				unheard[used.code] = true
				continue
			}
			if d, ok := docs[used.code]; !ok || d.Status != used.status && !slices.Contains(byHTTP, used.code) {
				t.Errorf("%s: code %s of status %d is documented as %+v", used.place, used.code, used.status, d)
			}
		}
	}
	for code, isGiven := range unheard {
		if _, isDocumented := docs[code]; !isGiven || isDocumented {
			t.Errorf("%s is said to be heard by no call: a room gives it: %v, it is documented: %v", code, isGiven, isDocumented)
		}
	}
}

// codesNoCallHears are the codes of these rooms that no call is answered with.
var codesNoCallHears = []string{
	// Readers of payloads and of schemes' answers say it, or the flow asks first.
	"payload_malformed", "cryptography_error", "card_data_malformed", "nonce_required",
	"token_note_too_long", "token_note_malformed", "token_note_contains_pan", "scheme_busy", "request_not_at_scheme", "trace_id_malformed",
	// Requests of Click to Pay end with it, or are tried again because of it.
	"customer_opted_out", "clicktopay_given_up", "clicktopay_outcome_unknown", "clicktopay_not_done", "clicktopay_overtaken",
	// Commands say it.
	"customer_number_malformed", "portfolio_not_configured", "portfolio_product_unknown", "portfolio_rate_invalid", "enrolment_not_new", "reconcile_invalid",
}

// answering returns the rooms whose errors a call may answer with.
func answering(t *testing.T) []string {
	t.Helper()
	rooms := []string{".", "../door", "../act", "../provisioning", "../activation", "../tokens", "../clicktopay", "../auth", "../wallet", "../scheme", "../scheme/vts", "../scheme/vts/clicktopay"}
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
	ofInvalid = regexp.MustCompile(`(?:invalid|errCardID|errStepUp|errField|errCertificate|errMalformed|errContainsPAN|errContainsNumber)\((?:[^,"]+, )?"(\w+)"|ErrField\("(\w+)"|Missing: "(\w+)"`)
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
			found = append(found, usedCode{place, cmp.Or(m[1], m[2], m[3]), http.StatusBadRequest})
		}
	}
	return found
}

func TestPagesShowTheCalls(t *testing.T) {
	h := mustHouse(t, nil)
	for target, holds := range map[string]string{
		"/docs":         `spec-url="/openapi.json"`,
		"/docs/errors":  `<dt id="card_not_eligible">`,
		"/openapi.json": `"provisionIssuerwallet"`,
	} {
		r := h.mustRequest(t, http.MethodGet, target, nil)
		r.Header.Del("Authorization")
		if w := h.do(r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), holds) {
			t.Errorf("%s answers %d without %s", target, w.Code, holds)
		}
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := api.New(api.Flows{}, nil)
	if want := "api: Provisioner is missing\napi: Activator is missing\napi: Tokens is missing\napi: ClickToPay is missing"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
