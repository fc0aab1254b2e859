package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/telemetry"
)

// TestResultsInTheMetricsAreBounded: a scheme that makes up codes makes no endless page.
func TestResultsInTheMetricsAreBounded(t *testing.T) {
	o := &clickToPayObserver{metrics: telemetry.NewMetrics(), log: slog.New(slog.DiscardHandler)}
	for i := range 2 * maxResults {
		o.Completed(walletport.EnrolCard, fmt.Sprintf("VIDC-%04d", i), time.Second)
	}
	o.Completed(walletport.EnrolCard, "VIDC-0001", time.Second)
	answer := httptest.NewRecorder()
	o.metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	page := answer.Body.String()
	for _, want := range []string{`{action="enrol_card",result="VIDC-0001"} 2`, fmt.Sprintf(`{action="enrol_card",result="other"} %d`, maxResults)} {
		if !strings.Contains(page, "walletport_clicktopay_completed_total"+want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if got := strings.Count(page, "walletport_clicktopay_completed_total{"); got != maxResults+1 {
		t.Errorf("%d results, want %d", got, maxResults+1)
	}
}

// TestWhatIsEnrolledByItselfIsLogged, and so is a pass that ended early; one that found nothing
// new is not.
func TestWhatIsEnrolledByItselfIsLogged(t *testing.T) {
	for _, c := range []struct {
		name     string
		accepted int
		err      error
		want     string
	}{
		{"some were accepted", 3, nil, `level=INFO msg="new cards are to be enrolled for Click to Pay" issuer=acme accepted=3`},
		{"it ended early", 2, errors.New("no disk"), `level=ERROR msg="new cards cannot be enrolled for Click to Pay; it is tried again" issuer=acme accepted=2 err="no disk"`},
		{"nothing is new", 0, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lines bytes.Buffer
			o := portfolioObserver{slog.New(slog.NewTextHandler(&lines, nil))}
			o.PortfolioPassed("acme", clicktopay.PortfolioReport{Accepted: c.accepted}, c.err)
			if got := lines.String(); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("logged %q, want %q", got, c.want)
			}
		})
	}
}
