package exchange_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
	"github.com/walletport/walletport/scheme"
)

// TestAQuestionIsAskedAgain where another answer may come, and not where it is decided.
func TestAQuestionIsAskedAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		first    http.HandlerFunc
		requests int
		reason   string // "" is the second answer
	}{
		{"after a connection that broke", drop, 2, ""},
		{"after an answer that was cut", cut, 2, ""},
		{"after what is no HTTP", rubbish, 2, ""},
		{"after 500", status(500), 2, ""},
		{"after 502", status(502), 2, ""},
		{"after 503 with Retry-After", status(503, "Retry-After", "1"), 2, ""},
		{"after 503 with a time that is past", status(503, "Retry-After", "Fri, 01 Jan 2016 00:00:00 GMT"), 2, ""},
		{"after an answer that cannot be read", status(200, "Content-Type", "text/html"), 2, ""},
		{"after 429 with seconds", status(429, "Retry-After", "1"), 2, ""},
		{"after 429 with a date", status(429, "Date", "Sun, 29 Nov 2026 12:00:00 GMT", "Retry-After", "Sun, 29 Nov 2026 12:00:01 GMT"), 2, ""},
		{"not after 429 with seconds that are too many", status(429, "Retry-After", "60"), 1, "scheme_rate_limited"},
		{"not after 429 with a date that is too far", status(429, "Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT"), 1, "scheme_rate_limited"},
		{"not after 429 alone", status(429), 1, "scheme_rate_limited"},
		{"not after 503 that lasts too long", status(503, "Retry-After", "3600"), 1, "scheme_unavailable"},
		{"not after 401", status(401), 1, "scheme_access_refused"},
		{"not after 403", status(403, "Retry-After", "1"), 1, "scheme_access_refused"},
		{"not after a refusal", status(404), 1, "token_not_at_scheme"},
		{"not after 10 MB", huge, 1, "scheme_answer_unreadable"},
		{"not where a redirect leads", status(302, "Location", "/elsewhere", "Content-Type", "text/plain"), 1, ""},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+c.name, func(t *testing.T) {
				t.Parallel()
				f := newFar(t, false, c.first, says("found"))
				got, err := scheme.Ask(t.Context(), f.line(t, nil), f.query(method))
				if n := len(f.requests()); n != c.requests || walletport.ReasonOf(err) != c.reason || c.reason == "" && c.requests > 1 && got != "found" {
					t.Errorf("%d requests, answer %q, %v; want %d requests and %q", n, got, err, c.requests, c.reason)
				}
				f.checkSecrets(t, err)
			})
		}
	}
}

func TestAttemptsHaveAnEnd(t *testing.T) {
	for want, retries := range map[int]exchange.Retries{
		3: {Pause: time.Millisecond},
		1: {Attempts: 1},
		5: {Attempts: 5, Pause: time.Millisecond},
	} {
		f := newFar(t, false, status(503))
		line := f.line(t, func(_ *outbound.Target, c *exchange.Config) { c.Retries = retries })
		_, err := scheme.Ask(t.Context(), line, f.query(http.MethodPost))
		if n := len(f.requests()); n != want || walletport.ReasonOf(err) != "scheme_unavailable" {
			t.Errorf("%+v: %d requests, %v", retries, n, err)
		}
	}
}

// TestNoAnswerAtAll: what is said when nobody is there, or nothing comes.
func TestNoAnswerAtAll(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		f := newFar(t, false, says(""))
		line := f.line(t, nil)
		f.server.Close()
		_, err := scheme.Ask(t.Context(), line, f.query(http.MethodPost))
		if walletport.ReasonOf(err) != "scheme_unavailable" || f.outcomes() != "unreachable unreachable unreachable" {
			t.Errorf("error %v, outcomes %s", err, f.outcomes())
		}
	})
	t.Run("the scheme is slow", func(t *testing.T) {
		f := newFar(t, true, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		line := f.line(t, func(target *outbound.Target, _ *exchange.Config) { target.Limits.Headers = 50 * time.Millisecond })
		_, err := scheme.Ask(t.Context(), line, f.query(http.MethodPost))
		if walletport.ReasonOf(err) != "scheme_no_answer" || f.outcomes() != "timeout timeout timeout" {
			t.Errorf("error %v, outcomes %s", err, f.outcomes())
		}
		f.checkSecrets(t, err)
	})
	t.Run("the caller's time is over", func(t *testing.T) {
		f := newFar(t, true, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := scheme.Ask(ctx, f.line(t, nil), f.query(http.MethodPost))
		if !errors.Is(err, context.DeadlineExceeded) || len(f.seen) != 1 {
			t.Errorf("error %v, calls %q", err, f.seen)
		}
	})
	t.Run("the caller goes away in a pause", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := newFar(t, false, func(w http.ResponseWriter, r *http.Request) { status(500)(w, r); cancel() })
		line := f.line(t, func(_ *outbound.Target, c *exchange.Config) { c.Retries.Pause = 5 * time.Second })
		_, err := scheme.Ask(ctx, line, f.query(http.MethodPost))
		if err == nil || len(f.requests()) != 1 {
			t.Errorf("error %v after %d requests", err, len(f.requests()))
		}
	})
}

// TestAPauseThatDoesNotFitIsNotBegun: what the caller would not see is not waited for.
func TestAPauseThatDoesNotFitIsNotBegun(t *testing.T) {
	f := newFar(t, false, status(429, "Retry-After", "4"))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := scheme.Ask(ctx, f.line(t, nil), f.query(http.MethodPost))
	if walletport.ReasonOf(err) != "scheme_rate_limited" || ctx.Err() != nil {
		t.Errorf("error %v, context %v", err, ctx.Err())
	}
}

// TestWhenToAskAgain is what a scheme says, for whoever asked.
func TestWhenToAskAgain(t *testing.T) {
	for _, c := range []struct {
		answer http.HandlerFunc
		want   time.Duration
	}{
		{status(429, "Retry-After", "60"), time.Minute},
		{status(503, "Retry-After", "3600"), time.Hour},
		{status(429), 0},
		{status(403, "Retry-After", "60"), 0},
	} {
		f := newFar(t, false, c.answer)
		_, err := scheme.Ask(t.Context(), f.line(t, nil), f.query(http.MethodPost))
		if e, _ := errors.AsType[*walletport.Error](err); e == nil || e.RetryAfter != c.want {
			t.Errorf("the error is %+v, want %s", e, c.want)
		}
	}
}

// TestASchemeThatIsLeftAloneIsNotWaitedFor: the breaker answers at once, and for all.
func TestASchemeThatIsLeftAloneIsNotWaitedFor(t *testing.T) {
	f := newFar(t, false, status(503))
	line := f.line(t, func(target *outbound.Target, _ *exchange.Config) {
		target.Breaker = outbound.Breaker{Failures: 2, Pause: time.Minute}
	})
	_, err := scheme.Ask(t.Context(), line, f.query(http.MethodPost))
	if got := f.outcomes(); got != "server_error server_error left_alone" || walletport.ReasonOf(err) != "scheme_unavailable" {
		t.Errorf("outcomes %s, error %v", got, err)
	}
	if e, _ := errors.AsType[*walletport.Error](err); e.RetryAfter <= 0 || e.RetryAfter > time.Minute {
		t.Errorf("retry after %s", e.RetryAfter)
	}
	o := line.Send(t.Context(), f.command(http.MethodPost))
	if o.Effect != scheme.Refused || walletport.ReasonOf(o.Err) != "scheme_unavailable" || o.RetryAfter <= 0 || o.RetryAfter > time.Minute || len(f.requests()) != 2 {
		t.Errorf("outcome %+v after %d requests", o, len(f.requests()))
	}
}

// TestAQuestionThatCannotBeMade is not asked at all, nor is it tried again.
func TestAQuestionThatCannotBeMade(t *testing.T) {
	f := newFar(t, false, says(""))
	unusable := walletport.Errorf(walletport.CodeUnavailable, "key_unusable", "a key cannot be used")
	for want, cause := range map[string]error{"key_unusable": unusable, "scheme_unavailable": errors.New("the HSM is silent")} {
		tries := 0
		form := func(time.Time, io.Reader) (scheme.Request, error) { tries++; return scheme.Request{}, cause }
		_, err := scheme.Ask(t.Context(), f.line(t, nil), scheme.Query[string]{Name: "search", Request: form, Read: read})
		if walletport.ReasonOf(err) != want || !strings.Contains(err.Error(), cause.Error()) || tries != 1 {
			t.Errorf("error %v after %d tries", err, tries)
		}
		o := f.line(t, nil).Send(t.Context(), scheme.Command{Name: "suspend", Request: form})
		if o.Effect != scheme.Refused || walletport.ReasonOf(o.Err) != want {
			t.Errorf("outcome %+v", o)
		}
	}
	if len(f.seen) > 0 {
		t.Errorf("calls were made: %q", f.seen)
	}
}
