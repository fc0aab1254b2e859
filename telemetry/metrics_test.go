package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/telemetry"
)

func TestMetricsPage(t *testing.T) {
	m := telemetry.NewMetrics()
	m.RequestBegan()
	m.RequestBegan()
	m.RequestEnded("/v1/x", "ok", 3*time.Millisecond)
	m.AuditCommitted(32, 300*time.Microsecond)
	m.AuditFailed()
	m.CardLookedUp("card_not_found")
	m.CallEnded("login.bank.example", "", "timeout", 5*time.Second)
	m.JobBegan("tokens.resolve", 40*time.Millisecond)
	m.JobEnded("tokens.resolve", "again", 2*time.Second)
	m.JobDepth("tokens.resolve", 3, time.Minute, 1)
	m.JobQueueFailed()
	m.TokensListed("VISA", "old")
	m.TokenChanged("MASTERCARD", "suspend", "unknown")
	m.TokenOdd("VISA", "status")
	m.TokenChangesOpen("unknown", 2, 90*time.Second)
	m.ClickToPayAccepted("enrol_card", "portfolio")
	m.ClickToPayCompleted("enrol_card", "VIDC-7000", 1500*time.Millisecond)
	m.ClickToPayOpen("in_progress", 4, 3*time.Minute)
	m.WatchKeys(func() []telemetry.KeyExpiry {
		return []telemetry.KeyExpiry{
			{ID: "tav-signing-v3", Purpose: "tav-signing", ValidUntil: time.Unix(1_800_000_000, 0)},
			{ID: "vault-kek-v1", Purpose: "vault-kek"},
		}
	})
	sealed := m.StepBegan("seal")
	m.StepBegan("record")
	sealed()
	signed := m.KeyBegan("tav-signing", "sign")
	m.KeyBegan("vault-kek", "unwrap")
	signed()
	m.UsesRSAEngine("openssl", "OpenSSL 3.0.19 27 Jan 2026", true)
	m.WatchWarnings(func() map[string]int { return map[string]int{"offer_unavailable": 3} })
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	page := answer.Body.String()
	for _, want := range []string{
		`walletport_http_requests_total{outcome="ok",route="/v1/x"} 1`,
		`walletport_http_request_seconds_bucket{outcome="ok",route="/v1/x",le="0.002"} 0`,
		`walletport_http_request_seconds_bucket{outcome="ok",route="/v1/x",le="0.004"} 1`,
		`walletport_http_requests_in_flight 1`,
		`walletport_audit_batch_records_sum 32`,
		`walletport_audit_commit_seconds_count 1`,
		`walletport_audit_failures_total 1`,
		`walletport_card_lookups_total{outcome="card_not_found"} 1`,
		`walletport_outbound_calls_total{call="",outcome="timeout",target="login.bank.example"} 1`,
		`walletport_outbound_call_seconds_bucket{call="",outcome="timeout",target="login.bank.example",le="5"} 1`,
		`walletport_key_expiry_timestamp_seconds{key="tav-signing-v3",purpose="tav-signing"} 1.8e+09`,
		`walletport_rsa_engine_info{engine="openssl",fips="true",version="OpenSSL 3.0.19 27 Jan 2026"} 1`,
		`walletport_warnings{code="offer_unavailable"} 3`,
		`walletport_job_wait_seconds_bucket{kind="tokens.resolve",le="0.05"} 1`,
		`walletport_job_attempts_total{kind="tokens.resolve",outcome="again"} 1`,
		`walletport_job_attempt_seconds_sum{kind="tokens.resolve"} 2`,
		`walletport_jobs_waiting{kind="tokens.resolve"} 3`,
		`walletport_job_oldest_seconds{kind="tokens.resolve"} 60`,
		`walletport_jobs_parked{kind="tokens.resolve"} 1`,
		`walletport_job_queue_failures_total 1`,
		`walletport_step_seconds_bucket{step="seal",le="5"} 1`,
		`walletport_steps_in_flight{step="seal"} 0`,
		`walletport_steps_in_flight{step="record"} 1`,
		`walletport_key_operation_seconds_bucket{operation="sign",purpose="tav-signing",le="5"} 1`,
		`walletport_key_operations_in_flight{operation="sign",purpose="tav-signing"} 0`,
		`walletport_key_operations_in_flight{operation="unwrap",purpose="vault-kek"} 1`,
		`walletport_token_lists_total{scheme="VISA",source="old"} 1`,
		`walletport_token_changes_total{action="suspend",outcome="unknown",scheme="MASTERCARD"} 1`,
		`walletport_tokens_odd_total{scheme="VISA",why="status"} 1`,
		`walletport_token_changes_open{state="unknown"} 2`,
		`walletport_token_change_oldest_seconds{state="unknown"} 90`,
		`walletport_clicktopay_accepted_total{action="enrol_card",channel="portfolio"} 1`,
		`walletport_clicktopay_completed_total{action="enrol_card",result="VIDC-7000"} 1`,
		`walletport_clicktopay_completion_seconds_bucket{action="enrol_card",le="1"} 0`,
		`walletport_clicktopay_completion_seconds_bucket{action="enrol_card",le="2"} 1`,
		`walletport_clicktopay_requests_open{state="in_progress"} 4`,
		`walletport_clicktopay_request_oldest_seconds{state="in_progress"} 180`,
		`go_goroutines`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "vault-kek-v1") {
		t.Errorf("a key that never ends has an expiry")
	}
}
