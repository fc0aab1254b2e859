package server

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
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
