package server_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/sandbox"
	visaclicktopay "github.com/walletport/walletport/scheme/vts/clicktopay"
	"github.com/walletport/walletport/server"
)

// byOperator is on whose behalf flows are asked that no call came for.
func byOperator(t *testing.T) context.Context {
	t.Helper()
	return walletport.WithRequest(walletport.WithActor(t.Context(), walletport.Actor{ClientID: "operator"}), walletport.Request{ID: "op-3"})
}

// openClickToPay builds the flow as a command does, over the rooms of a sandbox.
func openClickToPay(t *testing.T, box *sandbox.Sandbox, source keys.Source, visa func(*config.VisaClickToPay)) *clicktopay.Flow {
	t.Helper()
	log, err := audit.New(audit.Config{Store: box.Database, Keys: box.Keys, Clock: time.Now, Settings: box.Settings.Audit})
	must(t, err)
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- log.Run(running) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	settings := box.Settings
	visa(&settings.ClickToPay.Visa)
	flow, err := server.OpenClickToPay(server.ClickToPayRooms{
		Settings: settings, Database: box.Database, Keys: source, Vault: box.Vault, Audit: log, Clock: time.Now,
	})
	must(t, err)
	return flow
}

func readOf(customer string) clicktopay.ReadRequest {
	return clicktopay.ReadRequest{Customer: customer, BID: "123456", AuditUser: "os:ada", Channel: clicktopay.ChannelCommand}
}

// TestEveryKindOfJobIsKnownToCommands: what a server does, jobs list shows.
func TestEveryKindOfJobIsKnownToCommands(t *testing.T) {
	box := startSandbox(t)
	if done, known := box.KindsDone(), server.JobKinds(); len(done) < 3 || !slices.Equal(slices.Sorted(slices.Values(done)), slices.Sorted(slices.Values(known))) {
		t.Errorf("the server does %v, commands know %v", done, known)
	}
}

// TestClickToPayForCommands: the flow works without a server, and asks the simulated Visa.
func TestClickToPayForCommands(t *testing.T) {
	box := startSandbox(t)
	flow := openClickToPay(t, box, box.Keys, func(*config.VisaClickToPay) {})
	_, err := flow.Read(byOperator(t), readOf("5003"))
	if walletport.CodeOf(err) != walletport.CodeNotFound {
		t.Errorf("of a customer who is not enrolled: %v", err)
	}
	read := readOf("5003")
	if read.BID = "654321"; walletport.ReasonOf(ignored(flow.Read(byOperator(t), read))) != "customer_bid_unknown" {
		t.Error("an id that no issuer has is taken")
	}
}

func ignored[T any](_ T, err error) error { return err }

// TestAServerWithoutClickToPayStarts: what was configured before goes on.
func TestAServerWithoutClickToPayStarts(t *testing.T) {
	box := startSandbox(t)
	flow := openClickToPay(t, box, box.Keys, func(c *config.VisaClickToPay) { c.BaseURL = "" })
	if err := ignored(flow.Read(byOperator(t), readOf("5003"))); walletport.ReasonOf(err) != "scheme_not_configured" {
		t.Errorf("%v, want scheme_not_configured", err)
	}
	if all := flow.Rehearse([]walletport.IssuerID{"acme"}); len(all) != 0 {
		t.Errorf("what is switched off is rehearsed: %+v", all)
	}
	settings := box.Settings
	settings.HTTP.Listen, settings.Metrics.Listen, settings.ClickToPay.Visa.BaseURL = "127.0.0.1:0", "", ""
	s, err := server.Open(t.Context(), server.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Clock: time.Now, Sandbox: true})
	must(t, err)
	t.Cleanup(s.Close)
	if got := s.Warnings(); len(got) != 0 {
		t.Errorf("it warns %v", got)
	}
}

// TestClickToPayWithoutItsKeysIsAWarning, for the issuer that has an id and no other.
func TestClickToPayWithoutItsKeysIsAWarning(t *testing.T) {
	box := startSandbox(t)
	retireAll(t, box.Keys, keys.ClickToPayEncryption)
	_, offers, warnings := foundBy(t, box.Server)
	want := "offer_unavailable: Click to Pay of VISA cards of issuer acme: key_unavailable: no active clicktopay-encryption key serves this card; an operator must add or activate one"
	if offers != "" || !slices.Equal(warnings, []string{want}) {
		t.Errorf("offers %q, warnings %q, want %q", offers, warnings, want)
	}
}

// TestAConnectionWithoutItsCertificateIsAWarning: with mutual TLS the requests are good, and
// nobody lets them in.
func TestAConnectionWithoutItsCertificateIsAWarning(t *testing.T) {
	box := startSandbox(t)
	other := box.Beside(func(s *server.Server) { s.Settings.ClickToPay.Visa.Profile.CallerAuth = visaclicktopay.ByCertificate })
	_, offers, warnings := foundBy(t, other)
	want := "offer_unavailable: the connection to Visa Click to Pay: key_unavailable: no active clicktopay-tls key serves this card; an operator must add or activate one"
	if offers != "" || !slices.Equal(warnings, []string{want}) {
		t.Errorf("offers %q, warnings %q, want %q", offers, warnings, want)
	}
}

// TestHowVisaIsAsked plays Visa, and looks at the headers alone: a request is signed, or the
// connection has a certificate and the request a login where there is one. A login that
// comes into the key store counts without a restart.
func TestHowVisaIsAsked(t *testing.T) {
	box := startSandbox(t)
	for _, c := range []struct {
		name     string
		auth     visaclicktopay.CallerAuth
		login    bool
		signed   bool
		password string
	}{
		{"signed", visaclicktopay.ByPayToken, true, true, ""},
		{"by certificate", visaclicktopay.ByCertificate, false, false, ""},
		{"by certificate and login", visaclicktopay.ByCertificate, true, false, "user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []http.Header
			far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				headers = append(headers, r.Header)
				if r.URL.Path != "/proxy/visaIdCredential/v1/getData" {
					t.Errorf("the call is %s", r.URL.Path)
				}
				w.WriteHeader(http.StatusNotFound)
			}))
			defer far.Close()
			source := keystest.NewSource(box.Keys.Current())
			flow := openClickToPay(t, box, source, func(v *config.VisaClickToPay) {
				v.BaseURL, v.Profile.CallerAuth, v.Retries.Attempts = far.URL+"/proxy", c.auth, 1
			})
			if c.login {
				login := keystest.Key(t, keys.Meta{ID: "clicktopay-login-v1", Purpose: keys.ClickToPayLogin, Version: 1, State: keys.Active, Alias: "user"})
				source.Replace(keys.NewRing(append(slices.Clone(box.Keys.Current().All()), login)))
			}
			if err := ignored(flow.Read(byOperator(t), readOf("5003"))); err == nil {
				t.Error("an answer without a body is an enrolment")
			}
			if len(headers) != 1 {
				t.Fatalf("%d calls", len(headers))
			}
			h := headers[0]
			if got := h.Get("X-Pay-Token") != ""; got != c.signed {
				t.Errorf("signed: %v", got)
			}
			user, isBasic := strings.CutPrefix(h.Get("Authorization"), "Basic ")
			plain, _ := base64.StdEncoding.DecodeString(user)
			if isBasic != (c.password != "") || !strings.HasPrefix(string(plain), c.password) {
				t.Errorf("the login is %q", plain)
			}
			if id := h.Get("X-Correlation-Id"); len(id) != 36 || h.Get("X-Request-Id") != "" {
				t.Errorf("the id of the request is %q, and %q", id, h.Get("X-Request-Id"))
			}
		})
	}
}
