package server

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/telemetry"
)

const resolve jobs.Kind = "tokens.resolve"

func TestOutcomesOfJobsAreCountedAndThoseThatMatterAreLogged(t *testing.T) {
	rude := errors.New("the scheme was rude")
	for _, c := range []struct {
		outcome jobs.Outcome
		err     error
		level   string // "" is no line
	}{
		{jobs.Done, rude, ""},
		{jobs.Again, rude, "INFO"},
		{jobs.Again, jobs.After(time.Second, jobs.ErrNotYet), ""},
		{jobs.Park, rude, "ERROR"},
		{jobs.GiveBack, rude, ""},
		{jobs.Lost, rude, "WARN"},
	} {
		t.Run(string(c.outcome)+" "+walletport.ReasonOf(c.err), func(t *testing.T) {
			var log bytes.Buffer
			o := &jobObserver{metrics: telemetry.NewMetrics(), log: slog.New(slog.NewTextHandler(&log, nil)), clock: time.Now}
			o.Began(resolve, 3, time.Second)
			o.Ended(jobs.Job{Kind: resolve, Key: jobs.Key{Of: "token", ID: 12}, Attempt: 3}, c.outcome, time.Second, c.err)
			switch said := log.String(); {
			case c.level == "" && said != "":
				t.Errorf("the log says %s", said)
			case c.level != "" && (!strings.Contains(said, "level="+c.level) || !strings.Contains(said, "the scheme was rude") || !strings.Contains(said, `kind=tokens.resolve of="token 12"`)):
				t.Errorf("the log says %q, want a line of %s with kind, key and cause", said, c.level)
			}
			mustShow(t, o.metrics, `walletport_job_attempts_total{kind="tokens.resolve",outcome="`+string(c.outcome)+`"} 1`)
		})
	}
}

// TestAJobSaysWhichNumberItHas: an operator looks for a token by its id, and would take the row
// of a customer for the issuer's number.
func TestAJobSaysWhichNumberItHas(t *testing.T) {
	for of, want := range map[string]string{"token": "token 12", clicktopay.KeyOf: "customer row 12"} {
		if got := JobOf(jobs.Key{Of: of, ID: 12}); got != want {
			t.Errorf("of %s: %q, want %q", of, got, want)
		}
	}
}

func mustShow(t *testing.T, m *telemetry.Metrics, lines ...string) {
	t.Helper()
	page := httptest.NewRecorder()
	m.Handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, line := range lines {
		if !strings.Contains(page.Body.String(), line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// TestAQueueThatDoesNotAnswerIsLoggedOnceAMinute: it is asked again each second.
func TestAQueueThatDoesNotAnswerIsLoggedOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(1_800_000_000, 0)
	o := &jobObserver{metrics: telemetry.NewMetrics(), log: slog.New(slog.NewTextHandler(&log, nil)), clock: func() time.Time { return now }}
	for range 90 {
		o.Failed(errors.New("away"))
		now = now.Add(time.Second)
	}
	if got := strings.Count(log.String(), "level=ERROR"); got != 2 {
		t.Errorf("%d lines in one and a half minutes, want 2", got)
	}
	mustShow(t, o.metrics, "walletport_job_queue_failures_total 90")
}

func TestOddTokensAreCountedEachTimeAndLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	o := &tokenObserver{metrics: telemetry.NewMetrics(), log: slog.New(slog.NewTextHandler(&log, nil))}
	for i := range maxOddTold + 2 {
		ref := walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010030273", Reference: strings.Repeat("a", i)}
		o.Odd("acme", ref, "status")
		o.Odd("acme", ref, "status")
	}
	if got := strings.Count(log.String(), "level=WARN"); got != maxOddTold {
		t.Errorf("%d lines, want one for each of the first %d", got, maxOddTold)
	}
	mustShow(t, o.metrics, `walletport_tokens_odd_total{scheme="VISA",why="status"} 2004`)
}

// TestASchemeThatGivesNoWordIsLoggedOnceAMinute for each reason: it is asked for each list.
func TestASchemeThatGivesNoWordIsLoggedOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(1_800_000_000, 0)
	o := &tokenObserver{metrics: telemetry.NewMetrics(), log: slog.New(slog.NewTextHandler(&log, nil)), clock: func() time.Time { return now }}
	for range 90 {
		o.Unanswered(walletport.Visa, "scheme_access_refused")
		o.Unanswered(walletport.Visa, "scheme_unavailable")
		o.Unanswered(walletport.Mastercard, "scheme_unavailable")
		now = now.Add(time.Second)
	}
	for _, want := range []string{"VISA reason=scheme_access_refused", "VISA reason=scheme_unavailable", "MASTERCARD reason=scheme_unavailable"} {
		if got := strings.Count(log.String(), "scheme="+want+"\n"); got != 2 {
			t.Errorf("%d lines of %s in one and a half minutes, want 2", got, want)
		}
	}
}
