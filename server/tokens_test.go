package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// askTokens lists the tokens of a sample card by the API.
func askTokens(t *testing.T, box *sandbox.Sandbox, card string) (status int, code string, body string) {
	t.Helper()
	return askTokensAt(t, box, box.File.BaseURL, card)
}

func askTokensAt(t *testing.T, box *sandbox.Sandbox, base, card string) (status int, code string, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1/card/"+card+"/tokens?auditUser=ada", nil)
	must(t, err)
	req.SetBasicAuth(box.File.Credentials.Basic.Username, box.File.Credentials.Basic.Password)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	var problem struct{ Code string }
	if answer.StatusCode != http.StatusOK {
		must(t, json.Unmarshal(text, &problem))
	}
	return answer.StatusCode, problem.Code, string(text)
}

// cardOf returns the id of a sample card of a scheme.
func cardOf(t *testing.T, box *sandbox.Sandbox, scheme walletport.SchemeID) string {
	t.Helper()
	for _, c := range box.File.Cards {
		if c.Scheme == string(scheme) && c.Status == string(walletport.CardOK) {
			return walletport.CardID(c.CardID).String()
		}
	}
	t.Fatalf("there is no card of %s", scheme)
	return ""
}

// TestSchemesAreAskedAtTheirAddresses: the far ends are the simulated ones, over HTTP.
func TestSchemesAreAskedAtTheirAddresses(t *testing.T) {
	box := startSandbox(t)
	for id, target := range map[walletport.SchemeID]string{walletport.Mastercard: "mdes.customer_service", walletport.Visa: "vts.token_api"} {
		if status, _, body := askTokens(t, box, cardOf(t, box, id)); status != http.StatusOK || strings.TrimSpace(body) != "[]" {
			t.Errorf("%s: %d %s", id, status, body)
		}
		_, page := getPage(t, box, "/metrics")
		for _, want := range []string{`outcome="ok",target="` + target + `"} 1`, `walletport_token_lists_total{scheme="` + string(id) + `",source="scheme"} 1`} {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s: the metrics lack %s", id, want)
			}
		}
	}
}

// TestASchemeOfAnotherAddressIsCalledThere plays Mastercard, badly: a breaker of one failure
// leaves it alone after the first answer.
func TestASchemeOfAnotherAddressIsCalledThere(t *testing.T) {
	var calls atomic.Int32
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if !strings.HasPrefix(r.URL.Path, "/csapi/") || !strings.HasPrefix(r.Header.Get("Authorization"), "OAuth ") || r.Header.Get("X-Request-Id") == "" {
			t.Errorf("the call is %s with the headers %v", r.URL.Path, r.Header)
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(far.Close)
	box := serving(t, openBoxWith(t, &lockedLog{}, `
schemes:
  mdes:
    customer_service:
      url: `+far.URL+`/csapi
      organization: Acme Bank
      breaker: {failures: 1, pause: 5m}
      retries: {attempts: 1}
`))
	for range 3 {
		if status, code, body := askTokens(t, box, cardOf(t, box, walletport.Mastercard)); status != http.StatusServiceUnavailable || code != "scheme_unavailable" {
			t.Errorf("%d %s", status, body)
		}
	}
	if got := calls.Load(); got != 1 {
		t.Errorf("%d calls, want 1 before it is left alone", got)
	}
	if status, _, body := askTokens(t, box, cardOf(t, box, walletport.Visa)); status != http.StatusOK {
		t.Errorf("the other scheme suffers: %d %s", status, body)
	}
}

// TestAnInterruptedChangeIsFoundAndResolved: the change stands as a kill leaves it. The
// server looks for it, its job asks the scheme, and the outcome is in the trail.
func TestAnInterruptedChangeIsFoundAndResolved(t *testing.T) {
	box := startSandbox(t)
	mustPutChange(t, box, "DWSPMC00000000010906a349d9ca4eb1a4d53e3c90a11d9c", storage.ChangeAsked, time.Minute)
	var row storage.Token
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		rows, err := box.Database.TokensOfCard(t.Context(), 1001)
		must(t, err)
		if row = rows.Tokens[0]; !row.Change.State.IsOpen() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the change stays %+v", row.Change)
		}
	}
	if row.Change.State != storage.ChangeNotDone || row.Status != walletport.TokenDeactivated {
		t.Errorf("the scheme has no such token, and the row is %s with the change %+v", row.Status, row.Change)
	}
	page := func() string {
		_, page := getPage(t, box, "/metrics")
		return string(page)
	}
	const counted = `walletport_token_changes_total{action="suspend",outcome="not_done",scheme="MASTERCARD"} 1`
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(page(), counted); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the metrics never have %s", counted)
		}
	}
	if got := page(); !strings.Contains(got, `walletport_job_wait_seconds_count{kind="tokens.resolve"} `) || !strings.Contains(got, `walletport_background_running{work="jobs"} 1`) {
		t.Error("the metrics do not tell of the job")
	}
}

// TestTokensForCommands: the flow works without a server, over rooms that a command opens.
func TestTokensForCommands(t *testing.T) {
	box := startSandbox(t)
	log, err := audit.New(audit.Config{Store: box.Database, Keys: box.Keys, Clock: time.Now, Settings: box.Settings.Audit})
	must(t, err)
	running, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- log.Run(running) }()
	flow, err := server.OpenTokens(server.TokenRooms{
		Settings: box.Settings, Database: box.Database, Keys: box.Keys, Vault: box.Vault, Audit: log, Clock: time.Now,
	})
	must(t, err)
	ctx := walletport.WithRequest(walletport.WithActor(t.Context(), walletport.Actor{ClientID: "operator"}), walletport.Request{ID: "op-2"})
	list, err := flow.List(ctx, tokens.ListRequest{CardID: 1001, AuditUser: "os:ada", Channel: storage.ChannelCommand})
	if err != nil || list.Tokens == nil || len(list.Tokens) != 0 || list.AsOf.IsZero() {
		t.Errorf("list %+v, error %v", list, err)
	}
	stop()
	must(t, <-done)
}

// TestASchemeWithoutItsKeysIsAWarning, as other offers are.
func TestASchemeWithoutItsKeysIsAWarning(t *testing.T) {
	box := startSandbox(t)
	retireAll(t, box.Keys, keys.VTSSigning)
	_, offers, warnings := foundBy(t, box.Server)
	want := "offer_unavailable: tokens of VISA cards of issuer acme: key_unavailable: no active vts-signing key serves this card; an operator must add or activate one"
	if offers != "" || !slices.Contains(warnings, want) {
		t.Errorf("offers %q, warnings %q, want %q", offers, warnings, want)
	}
	if status, code, body := askTokens(t, box, cardOf(t, box, walletport.Visa)); status != http.StatusServiceUnavailable || code != "key_unavailable" {
		t.Errorf("%d %s", status, body)
	}
}

// TestAServerWithoutSchemesStarts: what was configured before there were tokens goes on.
func TestAServerWithoutSchemesStarts(t *testing.T) {
	box := startSandbox(t)
	settings := box.Settings
	settings.HTTP.Listen, settings.Metrics.Listen = "127.0.0.1:0", ""
	settings.Schemes.MDES.CustomerService.BaseURL, settings.Schemes.VTS.TokenAPI.BaseURL = "", ""
	s, err := server.Open(t.Context(), server.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Clock: time.Now, Sandbox: true})
	must(t, err)
	t.Cleanup(s.Close)
	if got := s.Warnings(); len(got) != 0 {
		t.Errorf("it warns %v", got)
	}
	must(t, s.Listen(t.Context(), nil))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for _, id := range []walletport.SchemeID{walletport.Mastercard, walletport.Visa} {
		if status, code, body := askTokensAt(t, box, s.URL()+"/wallet", cardOf(t, box, id)); status != http.StatusServiceUnavailable || code != "scheme_not_configured" {
			t.Errorf("%s: %d %s", id, status, body)
		}
	}
	stop()
	must(t, <-done)
}
