package exchange

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/scheme"
)

// Ask has a question answered, see scheme.Line. It is asked again after no answer, an
// answer that cannot be read, a failure of the scheme's, and after 429 when the scheme says
// for how long; never after a refusal, also not of how we identify ourselves, and not of a
// scheme that is left alone. Where the scheme had the same signature before, from another
// process, it is signed anew at once, as of another second. Where it is known how long the
// scheme is left alone, or wants to be, the error's RetryAfter says so.
func (l *Line) Ask(ctx context.Context, q scheme.Question) error {
	for attempt, refusals := 1, 0; ; attempt++ {
		wait, again, err := l.askOnce(ctx, q, refusals)
		for isSpent(err) && refusals < maxRefusals && ctx.Err() == nil {
			refusals++
			wait, again, err = l.askOnce(ctx, q, refusals)
		}
		if err == nil || !again || attempt == l.c.Retries.Attempts || ctx.Err() != nil {
			return err
		}
		pause, drawErr := l.pause(attempt)
		if drawErr != nil || !pauseFor(ctx, max(wait, pause)) {
			return err
		}
	}
}

// maxRefusals is how often a question is signed anew because its signature was spent. If
// ten processes ask at once, a few in a million are refused so often; if it is our clock
// that is wrong, all are.
const maxRefusals = 6

func isSpent(err error) bool {
	return walletport.ReasonOf(err) == scheme.ErrSignatureSpent().Reason
}

// askOnce makes one attempt. again says whether there may be another one, after wait.
func (l *Line) askOnce(ctx context.Context, q scheme.Question, refusals int) (wait time.Duration, again bool, _ error) {
	a, id, _, err := l.call(ctx, sending{name: q.Name, form: q.Request, refusals: refusals, yields: true})
	if err != nil {
		outcome := outbound.OutcomeOf(err)
		again = outcome == outbound.OutcomeUnreachable || outcome == outbound.OutcomeTimeout
		return 0, again, named(notBefore(err, outbound.RetryAfter(err)), q.Name, id)
	}
	_, err = q.Read(a)
	return a.RetryAfter, mayAskAgain(a, err), named(notBefore(err, a.RetryAfter), q.Name, id)
}

// notBefore adds to an error how long to wait before another try, where it is known.
func notBefore(err error, wait time.Duration) error {
	if e, ok := err.(*walletport.Error); ok && wait > 0 { //nolint:errorlint // one that is wrapped keeps its wrapping
		return e.WithRetryAfter(wait)
	}
	return err
}

// mayAskAgain reports whether what the scheme answered may be another answer soon.
func mayAskAgain(a scheme.Answer, err error) bool {
	if err == nil || a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
		return false
	}
	switch walletport.ReasonOf(err) {
	case scheme.ErrUnavailable().Reason, scheme.ErrUnreadable().Reason, scheme.ErrNoAnswer().Reason:
		return true
	case scheme.ErrRateLimited().Reason:
		return a.RetryAfter > 0
	}
	return false
}

// pause draws how long to wait after an attempt: together, those who failed together would
// come again together.
func (l *Line) pause(attempt int) (time.Duration, error) {
	var drawn [8]byte
	if _, err := io.ReadFull(l.c.Rand, drawn[:]); err != nil {
		return 0, err
	}
	whole := min(l.c.Retries.Pause<<(attempt-1), maxPause)
	off := time.Duration(binary.BigEndian.Uint64(drawn[:]) % uint64(whole/2+1))
	return whole - off, nil
}

// pauseFor waits, and reports whether there is time left for another attempt. It does not
// begin to wait for what is too far, or later than ctx allows.
func pauseFor(ctx context.Context, wait time.Duration) bool {
	if until, ok := ctx.Deadline(); wait > maxPause || ok && time.Until(until) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
