package server_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/server"
)

// TestAMisspeltIssuerIsWarnedOf: a step-up rule for it would have no gate, silently.
func TestAMisspeltIssuerIsWarnedOf(t *testing.T) {
	box := startSandbox(t)
	var log strings.Builder
	s := box.Beside(func(s *server.Server) { s.SetLog(slog.New(slog.NewTextHandler(&log, nil))) })
	s.Settings.Auth.StepUp = []auth.StepUpRule{
		{Issuers: []walletport.IssuerID{"acme", "globex"}, StepUpDemand: auth.StepUpDemand{Rule: "right"}},
		{Issuers: []walletport.IssuerID{"globex", "acne"}, StepUpDemand: auth.StepUpDemand{Rule: "wrong"}},
	}
	s.Settings.Wallets.GooglePay.Visa.Issuers = []string{"globx"}
	s.WarnOfIssuers(t.Context())
	got := log.String()
	for _, want := range []string{
		"auth.step_up[1].issuers[1]: no card, client or key knows the issuer acne; did you mean acme?",
		"wallets.googlepay.visa.issuers[0]: no card, client or key knows the issuer globx",
	} {
		if strings.Count(got, "level=WARN") != 2 || !strings.Contains(got, want) {
			t.Errorf("the log says %q, want %q", got, want)
		}
	}
	must(t, box.Database.Close())
	log.Reset()
	if s.WarnOfIssuers(t.Context()); !strings.Contains(log.String(), "was not checked") {
		t.Errorf("without a database the log says %q", log.String())
	}
}
