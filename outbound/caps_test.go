package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/outbound"
)

// instant answers at once, without a network, so that a test can have a clock of its own.
type instant struct{ calls atomic.Int32 }

func (i *instant) RoundTrip(*http.Request) (*http.Response, error) {
	i.calls.Add(1)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// capped returns a client whose target has caps, and calls n at one time by it; the
// outcomes are counted.
func capped(t *testing.T, caps outbound.Caps) (far *instant, client *outbound.Client) {
	t.Helper()
	far = &instant{}
	client, err := outbound.Clients{Clock: time.Now, Transport: far}.To(outbound.Target{Name: "bank", URL: "https://bank.example", Caps: caps})
	if err != nil {
		t.Fatal(err)
	}
	return far, client
}

// together makes n calls at one time and returns the errors of those that were not made.
func together(ctx context.Context, client *outbound.Client, n int) (refused []error) {
	var mu sync.Mutex
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			if _, err := client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: "https://bank.example"}); err != nil {
				mu.Lock()
				defer mu.Unlock()
				refused = append(refused, err)
			}
		})
	}
	calls.Wait()
	return refused
}

// TestCallsBeginAtTheirRate on the clock of the test: those that would wait too long are
// refused at once, and say when they would not.
func TestCallsBeginAtTheirRate(t *testing.T) {
	for _, c := range []struct {
		name  string
		caps  outbound.Caps
		calls int
		made  int
		took  time.Duration
		again time.Duration // of the last that is refused
	}{
		{"a burst goes at once", outbound.Caps{PerSecond: 10, Burst: 5}, 5, 5, 0, 0},
		{"the next wait", outbound.Caps{PerSecond: 10, Burst: 5}, 7, 7, 200 * time.Millisecond, 0},
		{"not for too long", outbound.Caps{PerSecond: 10, Burst: 5, Wait: 300 * time.Millisecond}, 100, 8, 300 * time.Millisecond, 400 * time.Millisecond},
		{"one by one", outbound.Caps{PerSecond: 10, Burst: 1, Wait: time.Second}, 100, 11, time.Second, 1100 * time.Millisecond},
		{"200 a second by default", outbound.Caps{Concurrent: -1}, 1000, 300, 500 * time.Millisecond, 505 * time.Millisecond},
		{"without a cap", outbound.Caps{PerSecond: -1, Concurrent: -1}, 1000, 1000, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.caps.Concurrent == 0 {
					c.caps.Concurrent = 1000
				}
				far, client := capped(t, c.caps)
				began := time.Now()
				refused := together(t.Context(), client, c.calls)
				if n := int(far.calls.Load()); n != c.made || len(refused) != c.calls-c.made || time.Since(began) != c.took {
					t.Errorf("%d calls were made and %d refused in %s; want %d in %s", n, len(refused), time.Since(began), c.made, c.took)
				}
				for _, err := range refused {
					if !outbound.IsUnsent(err) || outbound.OutcomeOf(err) != outbound.OutcomeNoTurn || outbound.RetryAfter(err) != c.again {
						t.Fatalf("error %v (%s), retry after %s; want %s", err, outbound.OutcomeOf(err), outbound.RetryAfter(err), c.again)
					}
				}
			})
		})
	}
}

// TestTheRateHoldsOverTime, and a clock that is set back does not hold calls up.
func TestTheRateHoldsOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, client := capped(t, outbound.Caps{PerSecond: 20, Burst: 1, Wait: 50 * time.Millisecond})
		for range 1000 { // 100 a second come for ten seconds
			go func() { _ = together(t.Context(), client, 1) }()
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if n := far.calls.Load(); n < 199 || n > 202 {
			t.Errorf("%d calls were made in ten seconds, want 20 a second", n)
		}
	})
	t.Run("with a clock that was set back", func(t *testing.T) {
		now := &clock{now: time.Unix(1_800_000_000, 0)}
		client, err := outbound.Clients{Clock: now.Now, Transport: &instant{}}.To(outbound.Target{
			Name: "bank", URL: "https://bank.example", Caps: outbound.Caps{PerSecond: 1, Burst: 1, Wait: time.Millisecond},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{0, 1} {
			if got := len(together(t.Context(), client, 1)); got != want {
				t.Errorf("%d refused, want %d", got, want)
			}
		}
		now.pass(-time.Hour)
		if refused := together(t.Context(), client, 1); len(refused) > 0 {
			t.Errorf("an hour back: %v", refused)
		}
	})
}

// TestConcurrentCalls has a real server that counts how many are with it.
func TestConcurrentCalls(t *testing.T) {
	var with, most, came atomic.Int32
	four := make(chan struct{})
	b := newBench(t, func(http.ResponseWriter, *http.Request) {
		n := with.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if came.Add(1) == 4 {
			close(four)
		}
		<-four
		with.Add(-1)
	})
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
		target.Caps = outbound.Caps{Concurrent: 4, PerSecond: -1, Wait: 10 * time.Second}
	})
	var calls sync.WaitGroup
	for range 200 {
		calls.Go(func() {
			if _, err := client.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: b.server.URL}); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if most.Load() != 4 {
		t.Errorf("%d calls were under way at one time, want 4", most.Load())
	}
}

// TestAPlaceIsFreeAgain after each call, whatever came of it, and a caller who goes away
// while it waits has none.
func TestAPlaceIsFreeAgain(t *testing.T) {
	began := make(chan struct{})
	b := newBench(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			close(began)
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	})
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
		target.Caps, target.Breaker = outbound.Caps{Concurrent: 1, Wait: 30 * time.Second}, outbound.Breaker{Failures: -1}
	})
	for range 5 {
		if _, err := get(t, client, b.server.URL); err == nil || outbound.OutcomeOf(err) != outbound.OutcomeUnreachable {
			t.Errorf("error %v", err)
		}
	}
	holding, letGo := context.WithCancel(t.Context())
	held := make(chan struct{})
	go func() {
		_, _ = client.Do(holding, outbound.Request{Method: http.MethodGet, URL: b.server.URL + "/hang"})
		close(held)
	}()
	<-began
	for name, waiting := range map[string]func() (context.Context, context.CancelFunc){
		outbound.OutcomeCanceled: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			return ctx, cancel
		},
		outbound.OutcomeNoTurn: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 10*time.Millisecond)
		},
	} {
		ctx, cancel := waiting()
		_, err := client.Do(ctx, outbound.Request{Method: http.MethodGet, URL: b.server.URL})
		if outbound.OutcomeOf(err) != name || !outbound.IsUnsent(err) {
			t.Errorf("error %v, outcome %s, want %s", err, outbound.OutcomeOf(err), name)
		}
		cancel()
	}
	letGo()
	<-held
	if _, err := get(t, client, b.server.URL); outbound.OutcomeOf(err) != outbound.OutcomeUnreachable {
		t.Errorf("error %v", err)
	}
}

// TestWhoGetsNoTurnUsesNoTrial: the one call of a pause that finds out whether a target
// answers again is one that is made.
func TestWhoGetsNoTurnUsesNoTrial(t *testing.T) {
	began := make(chan struct{})
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			began <- struct{}{}
			<-r.Context().Done()
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) {
		target.Caps, target.Breaker = outbound.Caps{Concurrent: 2, Wait: 10 * time.Millisecond}, outbound.Breaker{Failures: 1, Pause: time.Minute}
	})
	hang := func() (letGo func()) {
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			_, _ = client.Do(ctx, outbound.Request{Method: http.MethodGet, URL: b.server.URL + "/hang"})
			close(over)
		}()
		<-began
		return func() { cancel(); <-over }
	}
	ask := func(want string, after time.Duration) {
		t.Helper()
		_, err := get(t, client, b.server.URL)
		if got := b.seen.last(); got != want || outbound.RetryAfter(err) != after {
			t.Errorf("outcome %s, retry after %s; want %s, %s", got, outbound.RetryAfter(err), want, after)
		}
	}
	first := hang()
	ask(outbound.OutcomeServerError, 0)
	b.clock.pass(20 * time.Second)
	ask(outbound.OutcomeLeftAlone, 40*time.Second)
	b.clock.pass(40 * time.Second)
	trial := hang()
	b.clock.pass(time.Minute)
	ask(outbound.OutcomeNoTurn, 0)
	first()
	ask(outbound.OutcomeServerError, 0)
	trial()
}

func TestSettingsThatAreNone(t *testing.T) {
	for want, settings := range map[string]interface{ Validate() error }{
		"connect: ":      outbound.Limits{Connect: -1},
		"tls: ":          outbound.Limits{TLS: time.Hour},
		"headers: ":      outbound.Limits{Headers: 1},
		"whole: ":        outbound.Limits{Whole: time.Hour},
		"answer_bytes: ": outbound.Limits{AnswerBytes: 1 << 40},
		"concurrent: ":   outbound.Caps{Concurrent: 1 << 20},
		"per_second: ":   outbound.Caps{PerSecond: 1 << 20},
		"burst: ":        outbound.Caps{Burst: -1},
		"wait: ":         outbound.Caps{Wait: time.Hour},
		"failures: ":     outbound.Breaker{Failures: 1 << 20},
		"pause: ":        outbound.Breaker{Pause: time.Hour},
	} {
		if err := settings.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s%v", want, err)
		}
	}
	if err := errors.Join(outbound.Limits{}.Validate(), outbound.Caps{}.Validate(), outbound.Breaker{}.Validate(), outbound.Caps{Concurrent: -1, PerSecond: -1}.Validate()); err != nil {
		t.Error(err)
	}
	if l, c := (outbound.Limits{}).WithDefaults(), (outbound.Caps{}).WithDefaults(); l.Validate() != nil || c.Validate() != nil || c.Burst != 200 {
		t.Errorf("the defaults are none: %+v, %+v", l, c)
	}
}
