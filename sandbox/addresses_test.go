package sandbox

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// statusOf sends something to an address.
func statusOf(t *testing.T, address, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	must(t, err)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	must(t, err)
	must(t, answer.Body.Close())
	return answer.StatusCode
}

// TestTheSimulatedClickToPayIsAnotherHost: its API is on a listener of its own and nowhere else;
// what tests ask for, faults of it too, is where it is for every scheme.
func TestTheSimulatedClickToPayIsAnotherHost(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	const call = "/visaIdCredential/v1/getData"
	own := box.File.ClickToPay.BaseURL
	if own != "http://"+box.clickToPay.Addr().String() || strings.HasPrefix(box.File.SandboxURL, own) {
		t.Errorf("it is at %s, beside the sandbox at %s", own, box.File.SandboxURL)
	}
	for address, want := range map[string]int{
		own + call:                          http.StatusUnauthorized, // by Visa
		own + "/sandbox/clicktopay/reports": http.StatusNotFound,
		own + "/faults":                     http.StatusNotFound,
		strings.TrimSuffix(box.File.SandboxURL, frontDoorPath) + call: http.StatusNotFound,
		box.File.SandboxURL + "/clicktopay/api" + call:                http.StatusNotFound,
	} {
		if got := statusOf(t, address, "{}"); got != want {
			t.Errorf("%s: status %d, want %d", address, got, want)
		}
	}
	asked := statusOf(t, box.File.SandboxURL+"/faults", `{"scheme":"clicktopay","call":"getData","fault":"rate_limited"}`)
	if met := statusOf(t, own+call, "{}"); asked != http.StatusCreated || met != http.StatusTooManyRequests {
		t.Errorf("a fault is taken with %d, and met with %d", asked, met)
	}
}

// TestTheSimulatedClickToPayKeepsItsPort, so that an issuer's server finds it again. One that is
// taken meanwhile is no reason not to start.
func TestTheSimulatedClickToPayKeepsItsPort(t *testing.T) {
	dir := t.TempDir()
	box, stop := startSandbox(t, dir)
	before := box.File.ClickToPay.BaseURL
	stop()
	box, stop = startSandbox(t, dir)
	if box.File.ClickToPay.BaseURL != before {
		t.Errorf("it has moved from %s to %s", before, box.File.ClickToPay.BaseURL)
	}
	stop()
	taken, err := net.Listen("tcp", strings.TrimPrefix(before, "http://"))
	must(t, err)
	defer taken.Close()
	box, _ = startSandbox(t, dir)
	if box.File.ClickToPay.BaseURL == before || box.Settings.ClickToPay.Visa.BaseURL != box.File.ClickToPay.BaseURL {
		t.Errorf("it is at %s, called at %s; %s is taken", box.File.ClickToPay.BaseURL, box.Settings.ClickToPay.Visa.BaseURL, before)
	}
}

// TestAnAddressOfClickToPay: one that is asked for is taken, or the sandbox does not start; the
// port of the API, where a release before had Click to Pay too, is not asked for.
func TestAnAddressOfClickToPay(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	if box, err := Open(t.Context(), Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", ClickToPay: taken.Addr().String(), Clock: time.Now}); err == nil {
		box.Close()
		t.Error("it starts without the address")
	}
	for _, c := range []struct{ api, clickToPay, port string }{
		{"http://127.0.0.1:8080/wallet", "http://127.0.0.1:8081", "8081"},
		{"http://127.0.0.1:8080/wallet", "http://127.0.0.1:8080/sandbox/clicktopay/api", ""},
		{"http://127.0.0.1:8080/wallet", "", ""},
	} {
		if got := (File{BaseURL: c.api, ClickToPay: clickToPaySecrets{BaseURL: c.clickToPay}}).clickToPayPort(); got != c.port {
			t.Errorf("beside %s the port of %q is %q, want %q", c.api, c.clickToPay, got, c.port)
		}
	}
}
