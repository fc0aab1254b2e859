package clicktopay_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// TestPauses: what Visa is at work at is asked for after as long as it has been so, and what
// failed after twice as long as before.
func TestPauses(t *testing.T) {
	const single, many = clicktopay.RequestKind, clicktopay.PortfolioKind
	away := scheme.ErrUnavailable()
	for _, c := range []struct {
		name  string
		kind  jobs.Kind
		nth   int
		state storage.RequestState
		had   time.Duration
		why   error
		want  time.Duration
	}{
		{"the second question", single, 1, storage.RequestInProgress, 150 * time.Millisecond, jobs.ErrNotYet, 500 * time.Millisecond},
		{"a later one", single, 3, storage.RequestInProgress, 4 * time.Second, jobs.ErrNotYet, 4 * time.Second},
		{"after an hour", single, 200, storage.RequestInProgress, time.Hour, jobs.ErrNotYet, 30 * time.Second},
		{"after a clock was set back", single, 1, storage.RequestInProgress, -time.Hour, jobs.ErrNotYet, 500 * time.Millisecond},
		{"the first look for what got lost", single, 2, storage.RequestSent, 100 * time.Millisecond, jobs.ErrNotYet, time.Second},
		{"a later look", single, 4, storage.RequestSent, 9 * time.Second, jobs.ErrNotYet, 9 * time.Second},
		{"Visa is away", single, 1, storage.RequestAccepted, time.Hour, away, time.Second},
		{"Visa is still away", single, 4, storage.RequestAccepted, time.Hour, away, 8 * time.Second},
		{"Visa is away for long", single, 400, storage.RequestAccepted, time.Hour, away, time.Minute},
		{"Visa is away for long, one of many", many, 400, storage.RequestAccepted, time.Hour, away, 5 * time.Minute},
		{"Visa says when", single, 1, storage.RequestAccepted, 0, away.WithRetryAfter(90 * time.Second), 90 * time.Second},
		{"Visa says when, and that is soon", single, 4, storage.RequestAccepted, 0, away.WithRetryAfter(time.Second), 8 * time.Second},
		{"Visa says tomorrow", single, 1, storage.RequestAccepted, 0, away.WithRetryAfter(24 * time.Hour), 15 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clicktopay.PauseOf(c.kind, c.nth, c.state, c.had, c.why); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestThePageSaysWhenVisaIsAsked holds docs/click-to-pay.md to the times of questions.
func TestThePageSaysWhenVisaIsAsked(t *testing.T) {
	page, err := os.ReadFile("../docs/click-to-pay.md")
	must(t, err)
	_, told, _ := strings.Cut(string(page), "\n**Visa is asked for the result**")
	told, _, _ = strings.Cut(told, "\n\n")
	for _, want := range []string{
		fmt.Sprintf("first %d ms after it took the request", clicktopay.FirstQuestion.Milliseconds()),
		fmt.Sprintf("asked after %d ms", clicktopay.MinQuestion.Milliseconds()),
		fmt.Sprintf("double up to %.0f s", clicktopay.MaxQuestion.Seconds()),
	} {
		if !strings.Contains(told, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
