package exchange_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
	"github.com/walletport/walletport/scheme"
)

// once answers each request once for a second that it is signed as of, as Visa does.
type once struct {
	mu    sync.Mutex
	spent map[string]bool
}

func (o *once) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	key := r.Method + r.URL.Path + r.Header.Get("X-Signed")
	isSpent := o.spent[key]
	if o.spent == nil {
		o.spent = make(map[string]bool)
	}
	o.spent[key] = true
	o.mu.Unlock()
	if isSpent {
		spent(w, r)
		return
	}
	says("found")(w, r)
}

// spent refuses a signature.
func spent(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, "9121")
}

// at returns a change of a Line whose clock stands, and where each call has its turn.
func at(now *time.Time) func(*outbound.Target, *exchange.Config) {
	return func(target *outbound.Target, c *exchange.Config) {
		target.Caps.Concurrent = -1
		c.Clock = func() time.Time { return *now }
	}
}

// details asks for one token.
func (f *far) details(token int) scheme.Query[string] {
	q := f.query(http.MethodGet)
	q.Request = func(now time.Time, random io.Reader) (scheme.Request, error) {
		r, err := f.form(http.MethodGet)(now, random)
		r.URL += fmt.Sprint("/", token)
		return r, err
	}
	return q
}

// TestTwoProcessesAskTheSame: neither knows what the other signs, all in one second, and the
// scheme takes no signature twice.
func TestTwoProcessesAskTheSame(t *testing.T) {
	const questions, tokens = 200, 20
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	f := newFar(t, true, (&once{}).ServeHTTP)
	lines := []*exchange.Line{f.line(t, at(&now)), f.line(t, at(&now))}
	var all sync.WaitGroup
	for i := range questions {
		all.Go(func() {
			got, err := scheme.Ask(t.Context(), lines[i%2], f.details(i/2%tokens))
			if got != "found" || err != nil {
				t.Errorf("question %d: %q, %v", i, got, err)
			}
		})
	}
	all.Wait()
	if n := len(f.requests()); n == questions {
		t.Error("no signature was refused, so nothing is tested")
	}
	f.checkSigned(t, now)
}

// checkSigned: a request is signed as of now or up to two minutes before.
func (f *far) checkSigned(t *testing.T, now time.Time) {
	t.Helper()
	for _, r := range f.requests() {
		if second, err := strconv.ParseInt(r.Header.Get("X-Signed"), 10, 64); err != nil || second > now.Unix() || second < now.Unix()-120 {
			t.Errorf("signed as of %s, %v", r.Header.Get("X-Signed"), err)
		}
	}
}

// TestASignatureThatIsAlwaysSpent, as where a clock is wrong: questions have an end, and a
// command is sent once.
func TestASignatureThatIsAlwaysSpent(t *testing.T) {
	f := newFar(t, false, spent)
	line := f.line(t, nil)
	_, err := scheme.Ask(t.Context(), line, f.query(http.MethodPost))
	if n := len(f.requests()); n != 7 || walletport.ReasonOf(err) != "scheme_signature_spent" {
		t.Errorf("error %v after %d requests", err, n)
	}
	o := line.Send(t.Context(), f.command(http.MethodPost))
	if n := len(f.requests()); n != 8 || o.Effect != scheme.Refused || walletport.ReasonOf(o.Err) != "scheme_signature_spent" {
		t.Errorf("outcome %+v after %d requests", o, n)
	}
	f.checkSecrets(t, err)
}

// TestAQuestionIsSignedAnewAtOnce: that is no attempt, and not waited for.
func TestAQuestionIsSignedAnewAtOnce(t *testing.T) {
	f := newFar(t, false, spent, status(503), spent, says("found"))
	line := f.line(t, func(_ *outbound.Target, c *exchange.Config) { c.Retries.Attempts = 2 })
	if got, err := scheme.Ask(t.Context(), line, f.query(http.MethodGet)); got != "found" || err != nil {
		t.Errorf("answer %q, %v", got, err)
	}
	f.checkSigned(t, time.Now())
}

// TestEqualRequestsAreSignedAsOfDifferentSeconds, without waiting for them: Visa takes the
// second for a replay, and a command is not sent again.
func TestEqualRequestsAreSignedAsOfDifferentSeconds(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	now := noon
	f := newFar(t, false, (&once{}).ServeHTTP)
	line := f.line(t, at(&now))
	for range 40 {
		if o := line.Send(t.Context(), f.command(http.MethodGet)); o.Err != nil {
			t.Fatal(o.Err)
		}
	}
	f.checkSigned(t, now)
	// Another request, another minute, and a clock that was set back are signed as of now.
	for _, c := range []struct {
		method string
		now    time.Time
	}{{http.MethodPost, noon}, {http.MethodGet, noon.Add(time.Minute)}, {http.MethodGet, noon.Add(-time.Hour)}} {
		now = c.now
		if o := line.Send(t.Context(), f.command(c.method)); o.Err != nil {
			t.Fatal(o.Err)
		}
		all := f.requests()
		if got := all[len(all)-1].Header.Get("X-Signed"); got != strconv.FormatInt(now.Unix(), 10) {
			t.Errorf("%s at %s is signed as of %s", c.method, now, got)
		}
	}
}
