package sandbox

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/config"
)

func TestLoopbackOf(t *testing.T) {
	for _, c := range []struct{ address, want, problem string }{
		{"http://127.0.0.1:8080/sandbox", "http://127.0.0.1:8080/sandbox", ""},
		{"http://[::1]:8080/sandbox", "http://[::1]:8080/sandbox", ""},
		{"http://0.0.0.0:8080/sandbox", "http://127.0.0.1:8080/sandbox", ""},
		{"http://[::]:8080/sandbox", "http://[::1]:8080/sandbox", ""},
		{"http://192.0.2.1:8080/sandbox", "", "on loopback only"},
		{"https://127.0.0.1:8080/sandbox", "", "leave http.tls out"},
		{"http://sandbox.example/sandbox", "", "leave http.tls out"},
		{"http://127.0.0.1:99999999999999x/", "", "address of the sandbox"},
	} {
		t.Run(c.address, func(t *testing.T) {
			got, err := loopbackOf(c.address)
			if got != c.want || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%q, %v; want %q %s", got, err, c.want, c.problem)
			}
		})
	}
}

// TestRunningConfig: commands on a sandbox's folder find its schemes at the port of the
// moment, and say so where it does not run.
func TestRunningConfig(t *testing.T) {
	dir := t.TempDir()
	if _, err := RunningConfig(dir); err == nil {
		t.Error("a folder without a configuration has one")
	}
	box, stop := startSandbox(t, dir)
	settings, err := RunningConfig(dir)
	must(t, err)
	for _, in := range []config.Config{settings, box.Settings} {
		wantSchemes(t, in, box.File.MDES.CustomerService.BaseURL, box.File.VTS.TokenAPI.BaseURL)
		wantClickToPay(t, in, box.File.ClickToPay.BaseURL, box.File.ClickToPay.BID)
	}
	stop()
	if _, err := RunningConfig(dir); err == nil || !strings.Contains(err.Error(), "no sandbox is running on "+dir) {
		t.Errorf("of a sandbox that was stopped: %v", err)
	}

	const elsewhere = "http://127.0.0.1:9/scheme"
	text := string(mustRead(t, ConfigPath(dir))) + "schemes:\n  vts:\n    token_api: {url: " + elsewhere + "}\n"
	must(t, os.WriteFile(ConfigPath(dir), []byte(text), 0o600))
	box, stop = startSandbox(t, dir)
	wantSchemes(t, box.Settings, box.File.MDES.CustomerService.BaseURL, elsewhere)
	stop()
	if _, err := RunningConfig(dir); err == nil {
		t.Error("one scheme is the sandbox's own, which is stopped")
	}
	text = strings.Replace(text, "schemes:\n", "clicktopay: {visa: {url: "+elsewhere+", bids: {acme: [B1]}}}\nschemes:\n  mdes:\n    customer_service: {url: "+elsewhere+", organization: Acme Bank}\n", 1)
	must(t, os.WriteFile(ConfigPath(dir), []byte(text), 0o600))
	settings, err = RunningConfig(dir)
	must(t, err)
	wantSchemes(t, settings, elsewhere, elsewhere)
	wantClickToPay(t, settings, elsewhere, "B1")
}

func wantClickToPay(t *testing.T, settings config.Config, address, bid string) {
	t.Helper()
	got := settings.ClickToPay.Visa
	if bids := got.OfIssuers()[Issuer]; got.BaseURL != address || !slices.Equal(bids, []string{bid}) {
		t.Errorf("Click to Pay is called at %q with %v, want %q with %q", got.BaseURL, bids, address, bid)
	}
}

func wantSchemes(t *testing.T, settings config.Config, mdes, visa string) {
	t.Helper()
	if got := settings.Schemes.MDES.CustomerService; got.BaseURL != mdes || got.Organization == "" {
		t.Errorf("MDES is called at %q for %q, want %q", got.BaseURL, got.Organization, mdes)
	}
	if got := settings.Schemes.VTS.TokenAPI.BaseURL; got != visa {
		t.Errorf("VTS is called at %q, want %q", got, visa)
	}
}
