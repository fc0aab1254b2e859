package outbound_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
)

// flaky is a target that answers what it is told to.
type flaky struct {
	*bench
	client *outbound.Client
	status atomic.Int32
	calls  atomic.Int32
}

func newFlaky(t *testing.T, rule outbound.Breaker) *flaky {
	f := &flaky{}
	f.bench = newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		f.calls.Add(1)
		w.WriteHeader(int(f.status.Load()))
	})
	f.client = f.bench.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.Breaker = rule })
	f.status.Store(http.StatusServiceUnavailable)
	return f
}

// ask calls n times and returns how many of the calls reached the target.
func (f *flaky) ask(t *testing.T, n int) int {
	t.Helper()
	before := f.calls.Load()
	for range n {
		_, err := get(t, f.client, f.server.URL)
		if left := f.seen.last() == outbound.OutcomeLeftAlone; left != (err != nil) || left && !outbound.IsUnsent(err) {
			t.Errorf("error %v, outcome %q", err, f.seen.last())
		}
		if err != nil && !strings.Contains(err.Error(), "status 503") {
			t.Errorf("the error does not say how the target failed: %v", err)
		}
	}
	return int(f.calls.Load() - before)
}

func TestATargetThatFailsIsLeftAlone(t *testing.T) {
	f := newFlaky(t, outbound.Breaker{Failures: 3, Pause: time.Minute})
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d calls reached the target, want %d", what, got, want)
		}
	}
	want("until it has failed three times", f.ask(t, 10), 3)
	f.clock.pass(time.Minute - 1)
	want("within the pause", f.ask(t, 10), 0)
	f.clock.pass(1)
	want("after the pause", f.ask(t, 10), 1)
	f.clock.pass(time.Minute)
	f.status.Store(http.StatusOK)
	want("once it answers again", f.ask(t, 10), 10)
	f.status.Store(http.StatusServiceUnavailable)
	want("when it fails anew", f.ask(t, 10), 3)
	f.clock.pass(-time.Hour)
	want("with a clock that was set back", f.ask(t, 10), 1)
}

func TestWhatIsNoFailure(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusUnauthorized, http.StatusTooManyRequests} {
		f := newFlaky(t, outbound.Breaker{Failures: 1})
		f.status.Store(int32(status))
		if n := f.ask(t, 20); n != 20 {
			t.Errorf("status %d: %d of 20 calls reached the target", status, n)
		}
	}
	t.Run("a good answer between failures", func(t *testing.T) {
		f := newFlaky(t, outbound.Breaker{Failures: 2})
		for range 5 {
			f.status.Store(http.StatusServiceUnavailable)
			if f.ask(t, 1) != 1 {
				t.Error("left alone after one failure")
			}
			f.status.Store(http.StatusOK)
			f.ask(t, 1)
		}
	})
	t.Run("anything, where the breaker is off", func(t *testing.T) {
		if n := newFlaky(t, outbound.Breaker{Failures: -1}).ask(t, 20); n != 20 {
			t.Errorf("%d of 20 calls reached the target", n)
		}
	})
}

// TestOneCallIsLetThrough of many that come together after the pause.
func TestOneCallIsLetThrough(t *testing.T) {
	f := newFlaky(t, outbound.Breaker{Failures: 1, Pause: time.Minute})
	f.ask(t, 1)
	f.clock.pass(time.Minute)
	before := f.calls.Load()
	done := make(chan struct{})
	for range 20 {
		go func() {
			_, _ = f.client.Do(t.Context(), outbound.Request{Method: http.MethodGet, URL: f.server.URL})
			done <- struct{}{}
		}()
	}
	for range 20 {
		<-done
	}
	if n := f.calls.Load() - before; n != 1 {
		t.Errorf("%d calls were let through, want 1", n)
	}
}

// TestEachTargetHasItsOwn: one that fails does not close another, nor a second client.
func TestEachTargetHasItsOwn(t *testing.T) {
	bad, good := newFlaky(t, outbound.Breaker{Failures: 1}), newFlaky(t, outbound.Breaker{Failures: 1})
	good.status.Store(http.StatusOK)
	bad.ask(t, 5)
	if n := good.ask(t, 5); n != 5 {
		t.Errorf("%d of 5 calls reached the target that answers", n)
	}
}
